"""Query parameters of `/items` -> `Query`. Unknown parameters are refused, as the standard asks (requirement 8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from lienthong.contract.model import Contract
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.ogc.asking import Place, is_geometry
from lienthong.store import cql2, cql2_shapes
from lienthong.store.condition import compare, field_of, unknown
from lienthong.store.formula import Formula, Shape
from lienthong.store.query import ROW_NUMBER, Compare, Condition, Either, Item, Order, Page, Query, all_of, fields
from lienthong.store.scope import Scope
from lienthong.store.spatial import CRS84, SYSTEMS, Crs

OWN = (
    "bbox", "limit", "offset", "cursor", "datetime", "f", "bbox-crs", "crs", "filter", "filter-lang", "filter-crs",
    "sortby", "properties", "count",
)  # fmt: skip
MAX_LIMIT = 10_000
WHOLE = 100_000_000
"""A limit beyond `MAX_LIMIT`, up to this one, is a download: a stream without further pages."""
LANGUAGES = ("cql2-text", "cql2-json")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a collection, and how positions are to be written."""

    query: Query
    crs: Crs = CRS84
    streamed: bool = False
    bare: bool = True
    """Is nothing asked but a page of all rows?"""


def asked(place: Place, given: Mapping[str, str]) -> Asked:
    """What the parameters mean. Raises QueryInvalid naming the parameter."""
    contract = place.scope.contract
    limit = number(given, "limit", 10)
    if not 1 <= limit <= WHOLE:
        raise QueryInvalid(both(f"limit từ 1 đến {WHOLE}", f"limit is 1 to {WHOLE}"), place="limit")
    streamed = limit > MAX_LIMIT
    where = condition(place, given, OWN)
    query = Query(
        contract.id,
        items=shown(place.scope, given.get("properties"), place.geometry.name),
        where=where,
        order=order(place.scope, given.get("sortby")) or natural(place.scope),
        page=Page(limit, given.get("cursor"), number(given, "offset", 0), WHOLE if streamed else MAX_LIMIT),
        as_of=moment(contract, given.get("datetime")),
        total=_counted(given.get("count")),
    )
    return Asked(query, system(given, "crs"), streamed, where is None and query.as_of is None)


def condition(place: Place, given: Mapping[str, str], own: tuple[str, ...]) -> Condition | None:
    """Box, interval, filter and fields with a value, all of them to be met."""
    contract = place.scope.contract
    parts: list[Condition | None] = []
    for name, value in given.items():
        if name == "bbox":
            parts.append(_box(place, value, system(given, "bbox-crs")))
        elif name == "filter":
            parts.append(_filter(place.scope, value, given))
        elif name == "datetime":
            parts.append(_overlap(contract, value))
        elif name not in own:
            # A field that is there and not the caller's is for the door to refuse, with the clause.
            if name not in contract.by_name:
                raise unknown("tham số", "parameter", name, [*own, *place.scope.visible])
            parts.append(compare(field_of(contract, name), "eq", value))
    return all_of(*parts)


def system(given: Mapping[str, str], name: str) -> Crs:
    """The coordinate system that a parameter names, as address or as safe CURIE. Raises QueryInvalid."""
    text = given.get(name)
    if text is None:
        return CRS84
    address = text.strip("[]").replace("EPSG:", "http://www.opengis.net/def/crs/EPSG/0/", 1)
    found = SYSTEMS.get(address.replace("OGC:CRS84", CRS84.uri, 1))
    if found is None:
        detail = both("Không hỗ trợ hệ tọa độ này", "This coordinate system is not supported")
        raise QueryInvalid(detail, place=name, fix=", ".join(SYSTEMS))
    return found


def shown(scope: Scope, names: str | None, geometry: str | None = None) -> tuple[Item, ...]:
    """The properties that are asked for; by default all but further geometries."""
    if names is None:
        listed = tuple(n for n in scope.visible if n == geometry or not is_geometry(scope.contract.by_name[n]))
        return () if listed == scope.visible else fields(listed)
    found = list(dict.fromkeys(name.strip() for name in names.split(",")))
    for name in found:
        if name not in scope.contract.by_name:
            raise unknown("trường", "field", name, scope.visible, "properties")
    return fields([*found, *([geometry] if geometry and geometry not in found else [])])


def order(scope: Scope, text: str | None) -> tuple[Order, ...]:
    """`sortby=+name,-date`. Raises QueryInvalid."""
    if not text:
        return ()
    found: dict[str, Order] = {}
    for part in text.split(","):
        name = part.strip().lstrip("+-")
        field = scope.contract.by_name.get(name)
        if field is None or not field.type.sortable:
            sortable = [n for n in scope.visible if scope.contract.by_name[n].type.sortable]
            raise unknown("trường sắp xếp", "field to sort by", name, sortable, "sortby")
        found[name] = Order(name, part.strip().startswith("-"))
    return tuple(found.values())


def natural(scope: Scope) -> tuple[Order, ...]:
    """Rows of a release lie in the order of their key, and numbers are compared faster than keys."""
    return (Order(ROW_NUMBER),) if scope.schema == "open" else ()


def _box(place: Place, text: str, crs: Crs) -> Condition:
    geometry = place.geometry
    masked = geometry.name in place.scope.masked
    if crs == CRS84 and not masked and "," in text:
        parts = text.split(",")
        flat = ",".join([*parts[0:2], *parts[3:5]]) if len(parts) == 6 else text
        if not _crosses(flat):
            return compare(geometry, "bbox", flat)
        west, south, east, north = flat.split(",")
        halves = (f"{west},{south},180,{north}", f"-180,{south},{east},{north}")
        return Either(tuple(compare(geometry, "bbox", half) for half in halves))
    wkt = cql2_shapes.box(text.split(","), crs, "bbox")
    return Formula("s_intersects", (cql2.place_property(place.scope, geometry.name), Shape(wkt, crs.srid)))


def _crosses(text: str) -> bool:
    """Does a box go over the antimeridian?"""
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        return False
    return -180 <= east < west <= 180 and -90 <= south <= north <= 90


def _filter(scope: Scope, text: str, given: Mapping[str, str]) -> Condition:
    language = given.get("filter-lang", "cql2-json" if text.lstrip().startswith("{") else "cql2-text")
    if language not in LANGUAGES:
        detail = both(f"Không có ngôn ngữ lọc “{language}”", f"There is no filter language “{language}”")
        raise QueryInvalid(detail, place="filter-lang", fix=", ".join(LANGUAGES))
    crs = system(given, "filter-crs")
    if language == "cql2-text":
        return cql2.text_condition(scope, text, crs=crs)
    return cql2.condition(scope, json_of(text), crs=crs)


def json_of(text: str) -> Any:
    """CQL2 JSON. Raises QueryInvalid."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        detail = both(f"filter không phải JSON, từ ký tự {error.pos + 1}", f"filter is no JSON, at {error.pos + 1}")
        raise QueryInvalid(detail, place=f"filter:{error.pos + 1}") from error


def _counted(text: str | None) -> bool:
    if text not in (None, "exact", "none"):
        detail = both("count nhận exact hoặc none", "count takes exact or none")
        raise QueryInvalid(detail, place="count", fix="exact")
    return text == "exact"


def address(path: str, query: bytes, **changes: str | None) -> str:
    """An address with the parameters of a request as they were written, some of them changed or left out."""
    kept = [part for part in query.decode("latin-1").split("&") if part and part.partition("=")[0] not in changes]
    kept += [f"{name}={value}" for name, value in changes.items() if value is not None]
    return f"{path}?{'&'.join(kept)}" if kept else path


def number(given: Mapping[str, str], name: str, default: int) -> int:
    """A whole number. Raises QueryInvalid."""
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise QueryInvalid(both("Cần số nguyên không âm", "A whole number, 0 or more, is needed"), place=name)
    return int(text)


def ends(text: str) -> tuple[date | datetime | None, ...]:
    """One moment, or the two ends of an interval; None is an open one."""
    return tuple(None if part in {"", ".."} else _read(part) for part in text.split("/", 2))


def _read(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError as error:
        detail = both("Cần thời điểm theo RFC 3339", "A moment as in RFC 3339 is needed")
        raise QueryInvalid(detail, place="datetime", fix="2025-07-01T00:00:00Z") from error


def moment(contract: Contract, text: str | None) -> date | datetime | None:
    """The moment that rows must be valid at. Data that does not say when it is valid has no time to ask for."""
    if text is None:
        return None
    found = ends(text)
    return found[0] if contract.validity and len(found) == 1 else None


def _overlap(contract: Contract, text: str) -> Condition | None:
    """Rows that are valid at some time of an interval."""
    found = ends(text)
    if len(found) == 1 or not contract.validity:
        return None
    if len(found) > 2 or found == (None, None):
        detail = both("Khoảng cần hai đầu, ít nhất một đầu đóng", "An interval has two ends, one of them closed")
        raise QueryInvalid(detail, place="datetime", fix="2025-07-01/..")
    start, until = (end.date() if isinstance(end, datetime) else end for end in found)
    if start and until and start > until:
        raise QueryInvalid(both("Khoảng bị ngược", "The interval is the wrong way round"), place="datetime")
    parts: list[Condition | None] = []
    if until is not None:
        begun = contract.validity.from_
        parts.append(Either((Compare(begun, "is_null", True), Compare(begun, "lte", until))))
    if start is not None:
        over = contract.validity.to
        parts.append(Either((Compare(over, "is_null", True), Compare(over, "gte", start))))
    return all_of(*parts)
