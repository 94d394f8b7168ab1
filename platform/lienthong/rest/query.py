"""Parameters of the rows endpoints -> `Query`."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from lienthong.contract.model import Contract
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.rest import grammar, groups
from lienthong.rest.grammar import Reach
from lienthong.store.condition import compare, value_of
from lienthong.store.query import MAX_LIMIT, Condition, Page, Query, Text, all_of
from lienthong.store.scope import Scope
from lienthong.web.moments import as_of
from lienthong.web.parameters import text, unknown

DEFAULT_LIMIT = 100
ROW = ("fields", "include", "as_of")
RESERVED = (*ROW, "sort", "cursor", "limit", "q", "count", "filter", "offset", *groups.NAMES)
COUNTS = ("none", "estimated", "exact")
Given = Mapping[str, str]
ELSEWHERE = {
    "purpose": both("Gửi header Lienthong-Purpose", "Send the header Lienthong-Purpose"),
    "format": both("Dùng đuôi: rows.csv, hoặc Accept", "Use a suffix, rows.csv, or Accept"),
    "page": both("Dùng cursor: page.next của trang trước", "Use cursor: page.next of the page before"),
    "select": both("Dùng fields", "Use fields"),
    "order": both("Dùng sort", "Use sort"),
}
"""What is asked for in another way here than elsewhere."""


def rows(reach: Reach, scope: Scope, given: Given, limit: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> Query:
    """The query of a list: `limit` rows unless asked otherwise, at most `most`. Raises QueryInvalid with the name."""
    moment = as_of(given.get("as_of"))
    where = all_of(*_conditions(reach, scope, given))
    limit = _limit(given.get("limit"), limit, most)
    if given.get("count", "none") not in COUNTS:
        raise QueryInvalid(both("count là none, estimated, exact", "count is none, estimated or exact"), place="count")
    if groups.asked(given):
        return groups.query(scope, given, where, limit).but(as_of=moment)
    if "offset" in given:
        fix = both("Dùng cursor", "Use cursor")
        raise QueryInvalid(both("offset chỉ dùng với nhóm", "offset goes with groups only"), place="offset", fix=fix)
    return Query(
        scope.contract.id,
        grammar.items(reach, scope, given, _options(given), moment),
        where=where,
        order=grammar.order(scope, given.get("sort")),
        page=Page(limit=limit, after=given.get("cursor"), most=most),
        as_of=moment,
        total=_counted(scope, given.get("count")),
    )


def row(reach: Reach, scope: Scope, raw_key: bytes, given: Given) -> Query:
    """The query of one row; the key's parts are percent-decoded after they are split at commas."""
    options = _options(given)
    for name in given:
        if name not in ROW and name not in options:
            raise unknown(name, ROW)
    moment = as_of(given.get("as_of"))
    return Query(
        scope.contract.id,
        grammar.items(reach, scope, given, options, moment),
        key=_key(scope.contract, raw_key),
        page=Page(limit=1),
        as_of=moment,
    )


def _counted(scope: Scope, count: str | None) -> bool:
    """Are the rows that fit counted? An estimate over governed rows would tell of rows that are hidden."""
    return count == "exact" or (count == "estimated" and scope.schema == "governed")


def _options(given: Given) -> Given:
    """What is said of rows inside rows: `cases.limit=3`."""
    return {n: v for n, v in given.items() if "." in n and n.rpartition(".")[2] in grammar.OPTIONS}


def _conditions(reach: Reach, scope: Scope, given: Given) -> list[Condition | None]:
    options = _options(given)
    dotted = {name: value for name, value in given.items() if "." in name and name not in options}
    plain = [name for name in given if name not in RESERVED and "." not in name]
    found: list[Condition | None] = [_condition(scope, name, given[name]) for name in plain]
    found += grammar.over_relations(reach, scope.contract, dotted)
    if "filter" in given:
        found.append(grammar.tree(reach, scope.contract, given["filter"], "filter"))
    if words := given.get("q"):
        found.append(_text(scope, words))
    return found


def _condition(scope: Scope, name: str, value: str) -> Condition:
    known = scope.contract.by_name
    if name in known:
        return compare(known[name], "eq", value)
    field, mark, op = name.rpartition("__")
    if not mark or field not in known:
        if name in ELSEWHERE:
            detail = both(f"Không có tham số “{name}”", f"Unknown parameter “{name}”")
            raise QueryInvalid(detail, place=name, fix=ELSEWHERE[name])
        raise unknown(name, [*scope.visible, *RESERVED, *(f"{n}__{op}" for n in scope.visible if mark)])
    return compare(known[field], op, value)


def _text(scope: Scope, words: str) -> Condition:
    # Of governed data the door decides, which names the field that the caller may not look in.
    known = scope.contract.by_name if scope.schema == "governed" else scope.fields
    if not any(field.search and field.name in known for field in scope.contract.fields):
        raise QueryInvalid(
            both("Bộ dữ liệu không có trường tìm kiếm", "The dataset has no field for text search"), place="q"
        )
    return Text(words)


def _limit(given: str | None, default: int, most: int) -> int:
    if given is None:
        return default
    if re.fullmatch(r"[0-9]{1,9}", given) and int(given) <= most:
        return int(given)
    raise QueryInvalid(
        both(f"limit là số nguyên từ 0 đến {most}", f"limit is a whole number from 0 to {most}"),
        place="limit",
        fix=both(
            "Nhiều hơn: đọc tiếp bằng cursor, hoặc cả luồng ở rows.csv, rows.ndjson",
            "More: go on with cursor, or stream rows.csv, rows.ndjson",
        ),
    )


def key_parts(raw: bytes) -> list[str]:
    """The parts of a key as it stands in an address. Raises QueryInvalid."""
    return [text(unquote_to_bytes(part), "key") for part in raw.split(b",")]


def _key(contract: Contract, raw: bytes) -> tuple[object, ...]:
    parts, names = key_parts(raw), contract.primary_key
    if len(parts) != len(names):
        form = ",".join(f"{{{name}}}" for name in names)
        detail = both(f"Khóa gồm {len(names)} phần", f"The key has {len(names)} parts")
        raise QueryInvalid(detail, place="key", fix=both(f"Viết: {form}", f"Write: {form}"))
    return tuple(value_of(contract.by_name[name], "eq", part) for name, part in zip(names, parts, strict=True))
