"""The key that signs releases, and the public keys that verify them: one line each, the newest first.

`keys/release.pem` signs. `keys/release.pub` lists its public key and those of the keys before it (C2SP verifier keys:
name+id+key): a release stays signed by the key of its day. Made when there is none, replaced by `rotate`.
"""

import base64
import contextlib
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lienthong.governance.ledger.note import VerifierKey
from lienthong.kernel.problem import Invalid
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

PRIVATE, PUBLIC = "release.pem", "release.pub"
ALGORITHM = "Ed25519"
SIGNATURES = "signatures"


def canonical(manifest: Mapping[str, Any]) -> bytes:
    """What is signed: the manifest without its signatures as RFC 8785 writes it, whatever order it was read in."""
    told = {name: value for name, value in manifest.items() if name != SIGNATURES}
    return orjson.dumps(_whole(told), option=orjson.OPT_SORT_KEYS)


def _whole(value: Any) -> Any:
    """JavaScript's numbers: 1.0 is 1."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {name: _whole(part) for name, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list | tuple) else value


def signed(settings: Settings, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with its one signature."""
    private, key = _pair(settings)
    signature = base64.b64encode(private.sign(canonical(manifest))).decode()
    name = {"algorithm": ALGORITHM, "key": f"{key.name}+{key.id.hex()}", "signature": signature}
    return {**manifest, SIGNATURES: [name]}


def signer_of(manifest: Mapping[str, Any], keys: Iterable[VerifierKey]) -> VerifierKey | None:
    """The first of `keys` that signed the manifest; None when none did."""
    try:
        content, given = canonical(manifest), manifest.get(SIGNATURES)
    except TypeError:  # a number or a text that we never wrote
        return None
    for entry in given if isinstance(given, list) else ():
        for key in keys:
            if isinstance(entry, dict) and _fits(entry, key, content):
                return key
    return None


def _fits(entry: Mapping[str, Any], key: VerifierKey, content: bytes) -> bool:
    if entry.get("algorithm") != ALGORITHM or entry.get("key") != f"{key.name}+{key.id.hex()}":
        return False
    try:
        signature = base64.b64decode(str(entry.get("signature")), validate=True)
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def names_of(manifest: Mapping[str, Any]) -> list[str]:
    """The keys that the manifest says it was signed with."""
    given = manifest.get(SIGNATURES)
    return [str(e.get("key")) for e in given if isinstance(e, dict)] if isinstance(given, list) else []


def public_text(settings: Settings) -> str:
    """All public keys, a line each, the one in use first; makes a key when there is none."""
    _pair(settings)
    return (settings.home / "keys" / PUBLIC).read_text("utf-8")


def keys_in(path: Path) -> list[VerifierKey]:
    """The keys in a file, a line each; lines that begin with # are remarks. Raises Invalid."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        detail = both("Không đọc được tệp khóa công khai", "The file of public keys cannot be read")
        raise Invalid(detail, place=str(path)) from error
    found = [VerifierKey.parse(line) for line in lines if line and not line.startswith("#")]
    if not found:
        raise Invalid(both("Tệp không có khóa nào", "The file holds no key"), place=str(path))
    return found


def rotate(settings: Settings) -> VerifierKey:
    """Make a new key; the one before stays in the list, and its private part is destroyed."""
    folder, (_, before) = settings.home / "keys", _pair(settings)
    private = Ed25519PrivateKey.generate()
    key = VerifierKey(before.name, _raw(private))
    known = (folder / PUBLIC).read_text("utf-8")
    # The list first: a key that signs is always on it.
    _replace(folder / PUBLIC, f"{key.text}\n{known}".encode(), 0o644)
    _replace(folder / PRIVATE, _pem(private), 0o600)
    return key


def _pair(settings: Settings) -> tuple[Ed25519PrivateKey, VerifierKey]:
    """The key in use, made when there is none."""
    folder = settings.home / "keys"
    private, public = folder / PRIVATE, folder / PUBLIC
    if not private.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            _create(private, _pem(Ed25519PrivateKey.generate()), 0o600)
    loaded = serialization.load_pem_private_key(private.read_bytes(), None)
    assert isinstance(loaded, Ed25519PrivateKey)
    if not public.exists():
        made = VerifierKey(urlsplit(settings.public_url).netloc + "/releases", _raw(loaded))
        with contextlib.suppress(FileExistsError):
            _create(public, made.text.encode() + b"\n", 0o644)
    mine = _raw(loaded)
    for key in keys_in(public):
        if key.public == mine:
            return loaded, key
    detail = both("Khóa ký không có trong danh sách khóa công khai", "The signing key is not in the public list")
    raise Invalid(detail, place=str(public))


def _raw(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _pem(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _aside(path: Path, content: bytes, mode: int) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _create(path: Path, content: bytes, mode: int) -> None:
    """A whole file or none. Raises FileExistsError."""
    temporary = _aside(path, content, mode)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()


def _replace(path: Path, content: bytes, mode: int) -> None:
    _aside(path, content, mode).replace(path)
