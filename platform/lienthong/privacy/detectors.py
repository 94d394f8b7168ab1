"""What is looked for in the published texts, and where. The finding itself is `identifiers.find`."""

from collections.abc import Iterator
from dataclasses import dataclass

from lienthong.contract.model import FieldContract
from lienthong.contract.types import TYPES, LogicalType
from lienthong.kernel.text import Bilingual, both
from lienthong.store.disclosure import Look, Worth

FREE_TEXT = frozenset({"text"})
# Types whose form leaves room for twelve digits of a person; a household business has them as its tax code.
_ROOMY = frozenset({"identifier", "tax_code", "email", "document_number"})
_ADDRESSES = frozenset({"url"})


@dataclass(frozen=True)
class Detector:
    """A kind of identifier, and the logical types in whose values it is looked for."""

    name: str
    title: Bilingual
    types: frozenset[str] = FREE_TEXT


DETECTORS: tuple[Detector, ...] = (
    Detector(
        "citizen_id", both("số định danh cá nhân", "personal identification number"), FREE_TEXT | _ROOMY | _ADDRESSES
    ),
    Detector("old_identity_card", both("số chứng minh nhân dân", "number of an old identity card")),
    Detector("mobile_phone", both("số điện thoại di động", "mobile phone number"), FREE_TEXT | _ADDRESSES),
    Detector("home_phone", both("số điện thoại nhà riêng", "telephone number of a home")),
    Detector(
        "email",
        both("thư điện tử không phải của cơ quan", "e-mail address that is no agency's"),
        FREE_TEXT | _ADDRESSES,
    ),
    Detector("personal_tax_code", both("mã số thuế của cá nhân", "tax code of a person")),
    Detector("bank_account", both("số tài khoản ngân hàng", "bank account number")),
    Detector("bank_card", both("số thẻ ngân hàng", "payment card number")),
    Detector("social_insurance", both("mã số bảo hiểm xã hội", "social insurance number")),
    Detector("health_insurance", both("mã thẻ bảo hiểm y tế", "health insurance number")),
    Detector("passport", both("số hộ chiếu", "passport number")),
    Detector("driving_licence", both("số giấy phép lái xe", "driving licence number")),
    Detector("vehicle_plate", both("biển số xe", "number plate")),
)
BY_NAME = {detector.name: detector for detector in DETECTORS}

_OTHER_DIGITS = "\u0660-\u0669\u2460-\u2469\uff10-\uff19\U0001d7ce-\U0001d7ff\u2070-\u2089\u00b2\u00b3\u00b9"
_REAL = f"0-9{_OTHER_DIGITS}"
_READ = f"[0-9OoQDIlSBZ|{_OTHER_DIGITS}\u041e\u043e\u039f\u03bf]"
_GAP = "[^0-9A-Za-z]{0,3}"
_PAUSE = "[^0-9A-Za-z]{1,3}"
_O, _A, _I, _U = (f"({vowel}[^ -~]{{0,2}}|[^ -~]{{1,3}})" for vowel in "oaiu")  # with marks, in one sign or in more
_NUMBERS = f"kh{_O}ng|m{_O}t|hai|ba|b{_O}n|t{_U}|n{_A}m|s{_A}u|b{_A}y|t{_A}m|ch{_I}n"
# What every finding in running text has, as patterns of PostgreSQL (ARE), the cheapest first: five digits, and seven
# signs that may be digits, not far apart, or a number plate, or groups with the same words between them; or an at sign,
# or the word for it; or digits said, four or two after a written one.
_FIVE = f"[{_REAL}].*[{_REAL}].*[{_REAL}].*[{_REAL}].*[{_REAL}]"
WORTH_A_LOOK: Worth = (
    (_FIVE, f"{_READ}([^0-9A-Za-z]{{0,9}}{_READ}){{6}}"),
    (
        _FIVE,
        f"[{_REAL}]{_GAP}[A-Za-z\uff21-\uff5a]([^ -~]{{0,2}}[A-Za-z{_REAL}\uff21-\uff5a])?"
        f"{_GAP}[{_REAL}]{{3}}{_GAP}[{_REAL}]",
    ),
    (_FIVE, r"[0-9]{2}([ ,.\u2026]{1,3}([[:alpha:]]{1,8}[ ,]{1,2}){0,3})[0-9]{2,6}\1[0-9]"),
    (
        "(?i)[@\uff20\ufe6b]|&#|[[({<] {0,2}(at|a[ -]{0,3}[cm]|a ?[])}>])"
        "|[ _\u00a0](at|a[ -]{0,3}(c(ò|o\u0300?)ng|m(ó|o\u0301?)c))[ _\u00a0]",
    ),
    (f"(?i)({_NUMBERS})({_PAUSE}({_NUMBERS})){{3}}|[{_REAL}]{_PAUSE}({_NUMBERS}){_PAUSE}({_NUMBERS})",),
)
WORTH_A_LOOK_IN_CODES: Worth = (("[0-9]([ .-]?[0-9]){11}",),)


def looks(fields: tuple[FieldContract, ...]) -> list[Look]:
    """Where to look, and for what, in the published fields."""
    return [look for field in fields for look in _looks(field)]


def _looks(field: FieldContract) -> Iterator[Look]:
    allowed = frozenset(field.may_hold.identifiers if field.may_hold else ())
    for place, part, kind in _texts(field):
        wanted = frozenset(d.name for d in DETECTORS if kind.name in d.types) - allowed
        if wanted:
            worth = WORTH_A_LOOK_IN_CODES if kind.name in _ROOMY else WORTH_A_LOOK
            yield Look(place, field.name, part, wanted, worth)


def _texts(field: FieldContract) -> Iterator[tuple[str, str | None, LogicalType]]:
    """The texts of a field: itself, the items of a list, or the properties of its records."""
    if field.logical_type != "list":
        yield field.name, None, field.type
        return
    items = field.options.get("items") or {}
    given = items if isinstance(items, dict) else {"logicalType": items}
    properties = given.get("properties")
    if not properties:
        yield field.name, None, TYPES[given.get("logicalType", "text")]
        return
    for part in properties:
        yield f"{field.name}.{part['name']}", part["name"], TYPES[part.get("logicalType", "text")]
