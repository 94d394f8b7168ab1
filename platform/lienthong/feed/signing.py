"""Signatures of messages as Standard Webhooks 1.0 has them, over id, time and body.

`v1`: HMAC-SHA256 with the secret that both sides hold. `v1a`: Ed25519, which a receiver checks with the public key
alone, so it holds nothing that could forge a message. Every message bears both.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lienthong.access.webhooks import PREFIX, PUBLIC_PREFIX, Sealed

TOLERANCE_SECONDS = 300


def signed(sealed: Sealed, id: str, moment: int, body: bytes) -> dict[str, str]:
    """The headers of a message. `moment`: seconds since 1970, of this very attempt."""
    content = _content(id, moment, body)
    signatures = [_mac(secret, content) for secret in sealed.secrets]
    if sealed.seed is not None:
        signatures.append("v1a," + _text(Ed25519PrivateKey.from_private_bytes(sealed.seed).sign(content)))
    return {"webhook-id": id, "webhook-timestamp": str(moment), "webhook-signature": " ".join(signatures)}


def verified(key: str, headers: Mapping[str, str], body: bytes, moment: int) -> bool:
    """Does a message bear our signature, and is it not an old one sent again? For receivers.

    `key`: the secret (`whsec_...`) or the public key (`whpk_...`).
    """
    sent = int(headers["webhook-timestamp"])
    content = _content(headers["webhook-id"], sent, body)
    check = _by_public if key.startswith(PUBLIC_PREFIX) else _by_secret
    return abs(moment - sent) <= TOLERANCE_SECONDS and any(
        check(key, each, content) for each in headers["webhook-signature"].split(" ")
    )


def _by_secret(secret: str, signature: str, content: bytes) -> bool:
    return hmac.compare_digest(_mac(secret, content), signature)


def _by_public(key: str, signature: str, content: bytes) -> bool:
    version, _, text = signature.partition(",")
    if version != "v1a":
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix(PUBLIC_PREFIX)))
        public.verify(base64.b64decode(text, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _content(id: str, moment: int, body: bytes) -> bytes:
    return f"{id}.{moment}.".encode() + body


def _mac(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + _text(hmac.new(key, content, hashlib.sha256).digest())


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
