"""Query parameters of `/items` -> `Query`. Unknown parameters are refused, as the standard asks (requirement 8)."""

from collections.abc import Iterable
from datetime import date, datetime

from lienthong.contract.model import Contract
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.condition import compare, field_of, unknown
from lienthong.store.query import Condition, Page, Query, all_of
from lienthong.store.scope import Scope

OWN = ("bbox", "limit", "offset", "cursor", "datetime", "f", "bbox-crs", "crs")
MAX_LIMIT = 10_000


def query(scope: Scope, geometry: str, parameters: Iterable[tuple[str, str]]) -> Query:
    """The query that the parameters mean. Raises QueryInvalid naming the parameter."""
    given, contract = _once(parameters), scope.contract
    conditions: list[Condition | None] = []
    for name, value in given.items():
        if name == "bbox":
            field = field_of(contract, geometry)
            conditions.append(compare(field, "bbox", _flat(value)))
        elif name not in OWN:
            # A field that is there and not the caller's is for the door to refuse, with the clause.
            if name not in contract.by_name:
                raise unknown("tham số", "parameter", name, [*OWN, *scope.visible])
            conditions.append(compare(field_of(contract, name), "eq", value))
    limit = min(_number(given, "limit", 10), MAX_LIMIT)
    if limit < 1:
        raise QueryInvalid(both("limit phải từ 1", "limit must be 1 or more"), place="limit")
    page = Page(limit, given.get("cursor"), _number(given, "offset", 0))
    return Query(
        contract.id,
        where=all_of(*conditions),
        page=page,
        as_of=_moment(contract, given.get("datetime")),
        total=True,
    )


def _once(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in parameters:
        if name in given:
            raise QueryInvalid(both(f"Tham số {name} lặp lại", f"The parameter {name} is repeated"), place=name)
        given[name] = value
    return given


def _flat(bbox: str) -> str:
    """A box of six numbers loses its heights."""
    parts = bbox.split(",")
    return ",".join([*parts[0:2], *parts[3:5]]) if len(parts) == 6 else bbox


def _number(given: dict[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise QueryInvalid(both("Cần số nguyên không âm", "A whole number, 0 or more, is needed"), place=name)
    return int(text)


def _moment(contract: Contract, text: str | None) -> date | datetime | None:
    """The moment of `datetime`; of an interval, its last bounded end. Only for data that says when it is valid."""
    if text is None or not contract.validity:
        return None
    ends = [part for part in text.split("/") if part not in {"", ".."}]
    if not ends:
        return None
    try:
        last = ends[-1]
        return date.fromisoformat(last) if len(last) == 10 else datetime.fromisoformat(last)
    except ValueError as error:
        detail = both("Cần thời điểm theo RFC 3339", "A moment as in RFC 3339 is needed")
        raise QueryInvalid(detail, place="datetime", fix="2025-07-01T00:00:00Z") from error
