"""Signatures of messages as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, time and body."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from lienthong.access.webhooks import PREFIX

TOLERANCE_SECONDS = 300


def signed(secret: str, id: str, moment: int, body: bytes) -> dict[str, str]:
    """The headers of a message. `moment`: seconds since 1970, of this very attempt."""
    signature = _signature(secret, id, moment, body)
    return {"webhook-id": id, "webhook-timestamp": str(moment), "webhook-signature": signature}


def verified(secret: str, headers: Mapping[str, str], body: bytes, moment: int) -> bool:
    """Does a message bear our signature, and is it not an old one sent again? For receivers."""
    sent = int(headers["webhook-timestamp"])
    expected = _signature(secret, headers["webhook-id"], sent, body)
    given = headers["webhook-signature"].split(" ")
    return abs(moment - sent) <= TOLERANCE_SECONDS and any(hmac.compare_digest(expected, each) for each in given)


def _signature(secret: str, id: str, moment: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    made = hmac.new(key, f"{id}.{moment}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()
