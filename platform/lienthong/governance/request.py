"""What a request says of itself: its purpose, and the headers by which X-Road names who asks for whom.

Source: X-Road Message Protocol for REST 1.0; 47/2020/NĐ-CP Điều 45 (what a log of sharing holds).
"""

from collections.abc import Mapping
from dataclasses import replace

from lienthong.governance.subject import Subject
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both, nfc

PURPOSE = "lienthong-purpose"
TWIN = "lienthong-twin"
XROAD = (
    "X-Road-Client",
    "X-Road-Service",
    "X-Road-Id",
    "X-Road-UserId",
    "X-Road-Issue",
    "X-Road-Represented-Party",
    "X-Road-Request-Id",
)
_LONGEST = 255
_BY_NAME = tuple((name.lower(), name) for name in XROAD)


def stated(subject: Subject, headers: Mapping[str, str]) -> Subject:
    """`subject` with the purpose, the wish for twins and the X-Road headers of this request. Raises QueryInvalid."""
    purpose = headers.get(PURPOSE)
    context = tuple((name, _text(name, headers[key])) for key, name in _BY_NAME if key in headers)
    twin = _truth(headers[TWIN]) if TWIN in headers else bool(subject.scopes and "twin" in subject.scopes)
    if purpose is None and not context and not twin:
        return subject
    return replace(subject, purpose=_text(PURPOSE, purpose) if purpose else None, context=context, twin=twin)


def _truth(given: str) -> bool:
    if given.strip().lower() not in ("true", "false"):
        detail = both(f"{TWIN} là true hoặc false", f"{TWIN} is true or false")
        raise QueryInvalid(detail, place=TWIN, fix=both("Gửi true", "Send true"))
    return given.strip().lower() == "true"


def _text(name: str, given: str) -> str:
    text = nfc(given.strip())
    if len(text) > _LONGEST or not text.isprintable():
        raise QueryInvalid(
            both(f"{name} dài quá {_LONGEST} ký tự hoặc có ký tự điều khiển", f"{name} is too long or holds controls"),
            place=name,
        )
    return text
