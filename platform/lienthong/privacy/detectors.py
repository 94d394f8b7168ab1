"""Personal identifiers as they stand in free text. Patterns are PostgreSQL's (ARE), for a set-based search.

Old 9-digit identity cards are not looked for: any number of nine digits would do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lienthong.contract.model import FieldContract
from lienthong.contract.types import TYPES, LogicalType
from lienthong.contract.types.persons import CitizenId
from lienthong.kernel.text import Bilingual, both
from lienthong.store.disclosure import Look

_FREE_TEXT = frozenset({"text"})
# Types whose form leaves room for twelve digits of a person; a household business has them as its tax code.
_ROOMY = _FREE_TEXT | {"identifier", "tax_code", "url", "email", "document_number"}
# Digits in groups count only where a number can begin: codes such as H01-201008-0975 are no numbers of persons.
_APART = "(?<![0-9A-Za-z.-])"
_BLANK = "[ .-]?"
# Words after which ten digits are a tax code.
_TAX_CODE_BEFORE = "(?<!(MST|[Tt]huế|THUẾ|[Dd]oanh nghiệp|MSDN)[: ]{0,2})"


@dataclass(frozen=True)
class Detector:
    """A kind of identifier, and the logical types in whose values it is looked for."""

    name: str
    title: Bilingual
    pattern: str
    types: frozenset[str]


_DIGIT = "[0-9]"
_BY_FOUR = f"{_DIGIT}{{4}}[ .-]{_DIGIT}{{4}}[ .-]{_DIGIT}{{4}}"
_BY_THREE = f"{_DIGIT}{{3}}[ .-]{_DIGIT}{{3}}[ .-]({_DIGIT}{{6}}|{_DIGIT}{{3}}[ .-]{_DIGIT}{{3}})"
# Province 0dd, century and sex 0 to 3: as strict as groups allow.
_BEGINS = f"0{_DIGIT}{{2}}{_BLANK}[0-3]"
_GROUPED = f"{_APART}(?={_BEGINS})({_BY_FOUR}|{_BY_THREE})(?!{_DIGIT})"
_MOBILE = f"\\(?(0|(\\+|00)?84)\\)?{_BLANK}[35789]({_BLANK}[0-9]){{8}}(?![0-9])"

DETECTORS: tuple[Detector, ...] = (
    Detector(
        "citizen_id",
        both("số định danh cá nhân", "personal identification number"),
        f"(?<![0-9]){CitizenId.pattern}(?![0-9])|{_GROUPED}",
        _ROOMY,
    ),
    Detector(
        "mobile_phone",
        both("số điện thoại di động", "mobile phone number"),
        f"{_TAX_CODE_BEFORE}{_APART}{_MOBILE}",
        _FREE_TEXT,
    ),
    Detector(
        "email",
        both("thư điện tử không phải của cơ quan", "e-mail address that is no agency's"),
        r"[A-Za-z0-9_%+-]@(?![A-Za-z0-9.-]*gov\.vn(?![A-Za-z0-9.-]))([A-Za-z0-9-]+\.)+[A-Za-z]{2,}",
        _FREE_TEXT,
    ),
)
# Every finding holds nine digits, at most two signs apart, or an at sign.
FIRST = r"[0-9]([ .-]{0,2}[0-9]){8}|@"


def looks(fields: tuple[FieldContract, ...]) -> list[Look]:
    """Where to look, and for what, in the published fields."""
    return [look for field in fields for look in _looks(field)]


def _looks(field: FieldContract) -> Iterator[Look]:
    for place, part, kind in _texts(field):
        for detector in DETECTORS:
            if kind.name in detector.types:
                free = kind.name in _FREE_TEXT
                yield Look(place, detector.name, field.name, part, detector.pattern, free)


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
