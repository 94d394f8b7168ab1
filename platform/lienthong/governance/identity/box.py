"""Texts that only this installation can read and make: secrets at rest, and state handed to a browser for a while."""

import base64
import binascii
import hashlib
import hmac
import json
import os
import time
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Box:
    """AES-256-GCM under a key derived from the home's secret; what was sealed for one use opens for no other."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(_derived(secret, b"lienthong sealed"))
        self._hash_key = _derived(secret, b"lienthong keyed hash")

    def seal(self, use: str, content: dict[str, Any], seconds: int | None = None) -> str:
        """`content` as a text; good for so many seconds, or for ever."""
        until = int(time.time()) + seconds if seconds else None
        nonce = os.urandom(_NONCE)
        plain = json.dumps({"until": until, "content": content}).encode()
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, use.encode())).decode()

    def open(self, use: str, sealed: str | None) -> dict[str, Any] | None:
        """What was sealed for this use; None when it is absent, altered or over."""
        try:
            raw = base64.b64decode((sealed or "").encode("ascii"), altchars=b"-_", validate=True)
            found = json.loads(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], use.encode()))
        except (ValueError, binascii.Error, InvalidTag):
            return None
        if found["until"] is not None and found["until"] <= time.time():
            return None
        return dict(found["content"])

    def keyed_hash(self, use: str, text: str) -> str:
        """A hash that nobody without the home's secret can compute (64 hexadecimal digits)."""
        return hmac.new(self._hash_key, f"{use}\0{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _derived(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(secret)
