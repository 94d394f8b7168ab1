"""Tokens and passwords: made here, kept only as hashes."""

import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

PREFIX = "lt_"
_HASHER = PasswordHasher()


def new_token() -> str:
    """A fresh bearer token: 256 random bits, recognisable by its prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token. A plain SHA-256 is enough: the token is random, not chosen."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def password_hash(password: str) -> str:
    """What is kept of a password (argon2id)."""
    return _HASHER.hash(password)


def password_fits(kept: str | None, password: str) -> bool:
    """Does `password` fit? An absent hash takes as long as a wrong password."""
    try:
        return _HASHER.verify(kept or _nobody(), password) and kept is not None
    except VerificationError:
        return False


@cache
def _nobody() -> str:
    """The hash of a password that nobody has."""
    return _HASHER.hash(secrets.token_hex(16))
