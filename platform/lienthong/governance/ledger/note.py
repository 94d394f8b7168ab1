"""Signed checkpoints that anybody can check: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519 (RFC 8032).

A note is the origin, the number of entries, the root in base64, the time of sealing, a blank line, a signature line.
"""

import base64
import contextlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lienthong.kernel.problem import Invalid
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

ED25519 = b"\x01"
SIGNED_BY = "— "
PUBLIC, PRIVATE = "ledger.pub", "ledger.pem"


@dataclass(frozen=True)
class Checkpoint:
    """What a note says: the root over the first `size` entries, at `at` (UTC, ISO 8601)."""

    origin: str
    size: int
    root: bytes
    at: str
    note: str

    @property
    def signatures(self) -> list[tuple[str, bytes]]:
        """(name of the key, key id and signature) of each signature line."""
        lines = self.note.partition("\n\n")[2].splitlines()
        parts = [line.removeprefix(SIGNED_BY).split(" ") for line in lines if line.startswith(SIGNED_BY)]
        return [(part[0], base64.b64decode(part[1])) for part in parts if len(part) == 2]


def read(note: str) -> Checkpoint:
    """The checkpoint in a note; its signature is not checked yet. Raises Invalid."""
    try:
        text, blank, _ = note.partition("\n\n")
        origin, size, root, *rest = text.split("\n")
        at = next((line.removeprefix("time ") for line in rest if line.startswith("time ")), "")
        found = Checkpoint(origin, int(size), base64.b64decode(root, validate=True), at, note)
        if not blank or not size.isascii() or str(found.size) != size or len(found.root) != 32 or not found.signatures:
            raise ValueError("not a checkpoint")
    except ValueError as error:
        raise Invalid(both("Không phải điểm niêm phong", "This is no signed checkpoint"), place="note") from error
    return found


@dataclass(frozen=True)
class VerifierKey:
    """A public key as C2SP signed-note writes it: name+id+key."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read name+id+key. Raises Invalid."""
        try:
            name, id_, key = text.strip().split("+", 2)
            raw = base64.b64decode(key, validate=True)
            found = cls(name, raw[1:])
            if raw[:1] != ED25519 or len(raw) != 33 or found.id.hex() != id_:
                raise ValueError("the id is not that of the key")
        except ValueError as error:
            raise Invalid(both("Không phải khóa của sổ", "This is no key of a ledger"), place="key") from error
        return found

    @property
    def id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """name+id+key"""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    def verifies(self, checkpoint: Checkpoint) -> bool:
        """Did this key sign the note?"""
        signed = checkpoint.note.partition("\n\n")[0].encode() + b"\n"
        for name, signature in checkpoint.signatures:
            if name == self.name and signature[:4] == self.id:
                with contextlib.suppress(InvalidSignature):
                    Ed25519PublicKey.from_public_bytes(self.public).verify(signature[4:], signed)
                    return True
        return False


class Signer:
    """The platform's private key and its name, which is the origin of every checkpoint."""

    def __init__(self, private: Ed25519PrivateKey, name: str) -> None:
        raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self._private = private
        self.key = VerifierKey(name, raw)

    def sign(self, size: int, root: bytes, at: str) -> Checkpoint:
        """A signed checkpoint."""
        text = f"{self.key.name}\n{size}\n{base64.b64encode(root).decode()}\ntime {at}\n"
        signature = base64.b64encode(self.key.id + self._private.sign(text.encode())).decode()
        return read(f"{text}\n{SIGNED_BY}{self.key.name} {signature}\n")


def signer(settings: Settings) -> Signer:
    """The key in the home folder (0600), made when there is none. Its name stays what it was when it was made."""
    folder = settings.home / "keys"
    private, public = folder / PRIVATE, folder / PUBLIC
    if not private.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with contextlib.suppress(FileExistsError):
            _write_once(private, pem, 0o600)
    loaded = serialization.load_pem_private_key(private.read_bytes(), None)
    assert isinstance(loaded, Ed25519PrivateKey)
    if not public.exists():
        name = urlsplit(settings.public_url).netloc + "/ledger"
        with contextlib.suppress(FileExistsError):
            _write_once(public, Signer(loaded, name).key.text.encode() + b"\n", 0o644)
    return Signer(loaded, VerifierKey.parse(public.read_text()).name)


def _write_once(path: Path, content: bytes, mode: int) -> None:
    """A whole file or none. Raises FileExistsError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()


def public_keys(paths: Iterable[Path]) -> list[VerifierKey]:
    """The keys in these files, a line each; files that are not there are passed over. Raises Invalid."""
    found = (VerifierKey.parse(line) for p in paths if p.exists() for line in p.read_text("utf-8").split())
    return list(dict.fromkeys(found))
