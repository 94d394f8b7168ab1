"""CQL2 against an oracle: whatever an expression says, in text or in JSON, the rows are those that Python finds."""

import json
import operator
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.surface.small import Row, World, firms

ITEMS = "/ogc/collections/firms/items"
Node = Any
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


# --- the oracle -----------------------------------------------------------------------------------------------------


def truth(node: Node, row: Row) -> bool | None:
    """Three-valued logic, as in SQL."""
    op, args = node["op"], node["args"]
    if op == "not":
        return None if (found := truth(args[0], row)) is None else not found
    if op in ("and", "or"):
        found = [truth(arg, row) for arg in args]
        decisive = op == "or"
        return decisive if decisive in found else None if None in found else not decisive
    if op == "isNull":
        return value(args[0], row) is None
    if op == "in":
        left = value(args[0], row)
        return None if left is None else left in [value(a, row) for a in args[1]]
    found = [value(arg, row) for arg in args]
    if None in found:
        return None
    if op == "between":
        return found[1] <= found[0] <= found[2]
    if op == "like":
        made = {"%": ".*", "_": "."}
        pattern = "".join(made.get(c) or re.escape(c[-1]) for c in re.findall(r"\\.|.", found[1], re.DOTALL))
        return re.fullmatch(pattern, found[0], re.DOTALL) is not None
    if op == "s_intersects":
        (x, y), (west, south, east, north) = found
        return west <= x <= east and south <= y <= north
    if op.startswith("t_"):
        at, (start, end) = found
        return {"t_during": start < at < end, "t_intersects": start <= at <= end, "t_before": at < start}[op]
    if op == "a_contains":
        return set(found[1]) <= set(found[0])
    return SIGNS[op](found[0], found[1])


def value(node: Node, row: Row) -> Any:
    if not isinstance(node, dict):
        return Decimal(str(node)) if isinstance(node, int | float) and not isinstance(node, bool) else node
    if "property" in node:
        return stored(node["property"], row.get(node["property"]))
    if "date" in node:
        return date.fromisoformat(node["date"])
    if "interval" in node:
        return tuple(date.fromisoformat(end) for end in node["interval"])
    if "bbox" in node:
        return node["bbox"]
    parts = [value(arg, row) for arg in node["args"]]
    if None in parts:
        return None
    match node["op"]:
        case "casei":
            return parts[0].lower()
        case "accenti":
            marks = unicodedata.normalize("NFD", parts[0]).replace("đ", "d").replace("Đ", "D")
            return "".join(c for c in marks if not unicodedata.combining(c))
        case "+":
            return parts[0] + parts[1]
        case "-":
            return parts[0] - parts[1]
        case "*":
            return parts[0] * parts[1]
        case op:
            raise AssertionError(op)


def stored(name: str, given: Any) -> Any:
    if given is None:
        return None
    if name in ("capital", "staff", "score"):
        return Decimal(str(given))
    if name == "position":
        return tuple(map(float, re.findall(r"[0-9.]+", given.partition(";")[2])))
    return json.loads(given) if name == "tags" else given


# --- expressions -----------------------------------------------------------------------------------------------------


def op(name: str, *args: Node) -> Node:
    return {"op": name, "args": list(args)}


def field(name: str) -> Node:
    return {"property": name}


numbers = st.one_of(st.integers(-5, 70), st.sampled_from([1.5, 10.25, 30.25, 0.5]))
staff = st.recursive(
    st.one_of(st.sampled_from([field("staff"), field("score")]), numbers),
    lambda inner: st.builds(op, st.sampled_from("+-*"), inner, inner),
    max_leaves=3,
)
words = st.sampled_from(["active", "closed", "Công ty Hồng Hà số 3", "F0010", "F0033", "it's", "", "2019-05", "A%_\\b"])
texts = st.sampled_from([field(name) for name in ("name", "status", "firm_code", "founded", "email")])
changed = st.one_of(texts, st.builds(op, st.sampled_from(["casei", "accenti"]), texts))
patterns = st.sampled_from(["Công ty%", "%Hà%", "%so 1_", "F00_3", "cong%", "CÔNG TY%", "%\\%%", "hang%", "%", ""])
days = st.dates(date(2019, 12, 25), date(2020, 2, 5)).map(lambda day: {"date": day.isoformat()})
spans = st.tuples(st.dates(date(2019, 12, 25), date(2020, 1, 15)), st.dates(date(2020, 1, 16), date(2020, 2, 5))).map(
    lambda ends: {"interval": [end.isoformat() for end in ends]}
)
boxes = st.tuples(st.integers(10600, 10630), st.integers(10631, 10660), st.sampled_from([(21, 22), (22, 23)])).map(
    lambda found: {"bbox": [found[0] / 100 - 0.005, found[2][0], found[1] / 100 + 0.005, found[2][1]]}
)
signs = st.sampled_from(list(SIGNS))
leaves = st.one_of(
    st.builds(op, signs, staff, staff),
    st.builds(op, st.sampled_from(["=", "<>"]), changed, words),
    st.builds(op, st.just("like"), changed, patterns),
    st.builds(op, signs, st.just(field("registered_on")), days),
    st.builds(op, st.sampled_from(["t_during", "t_intersects"]), st.just(field("registered_on")), spans),
    st.builds(op, st.just("between"), staff, numbers, numbers),
    st.builds(lambda n, v: op("in", field(n), v), st.sampled_from(["staff", "score"]), st.lists(numbers, min_size=1, max_size=4)),
    st.builds(lambda v: op("in", field("firm_code"), v), st.lists(words, min_size=1, max_size=4)),
    st.builds(lambda n: op("isNull", field(n)), st.sampled_from(["capital", "position", "tags", "name", "exporter"])),
    st.builds(lambda v: op("=", field("exporter"), v), st.booleans()),
    st.builds(lambda b: op("s_intersects", field("position"), b), boxes),
    st.builds(lambda v: op("a_contains", field("tags"), v), st.lists(st.sampled_from("ab"), min_size=1, max_size=2, unique=True)),
)  # fmt: skip
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts, word: op(word, *parts), st.lists(inner, min_size=2, max_size=3), st.sampled_from(["and", "or"])),
        st.builds(lambda part: op("not", part), inner),
    ),
    max_leaves=6,
)  # fmt: skip


def text(node: Node) -> str:
    """The expression as CQL2 text."""
    if isinstance(node, bool):
        return str(node).upper()
    if isinstance(node, str):
        return "'" + node.replace("'", "''") + "'"
    if isinstance(node, int | float):
        return str(node)
    if isinstance(node, list):
        return f"({', '.join(map(text, node))})"
    if "property" in node:
        return str(node["property"])
    if "date" in node:
        return f"DATE('{node['date']}')"
    if "interval" in node:
        return "INTERVAL('{}', '{}')".format(*node["interval"])
    if "bbox" in node:
        return f"BBOX({', '.join(map(str, node['bbox']))})"
    word, args = node["op"], [text(arg) for arg in node["args"]]
    if word in ("and", "or"):
        return f"({f' {word.upper()} '.join(args)})"
    if word in (*SIGNS, "like", "in", "+", "-", "*"):
        return f"({args[0]} {word.upper()} {args[1]})"
    if word == "between":
        return f"({args[0]} BETWEEN {args[1]} AND {args[2]})"
    if word == "isNull":
        return f"({args[0]} IS NULL)"
    return f"(NOT {args[0]})" if word == "not" else f"{word.upper()}({', '.join(args)})"


def found(world: World, expression: str, **more: str) -> set[str]:
    answer = world.anonymous.get(ITEMS, params={"filter": expression, "limit": "1000", **more})
    assert answer.status_code == 200, (expression, answer.text)
    return {feature["id"] for feature in answer.json()["features"]}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(expressions)
def test_the_rows_are_those_of_the_oracle(world: World, node: Node) -> None:
    wanted = {row["firm_code"] for row in firms() if truth(node, row) is True}
    assert found(world, json.dumps(node)) == wanted
    assert found(world, text(node)) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("staff = 3 OR staff = 4 AND firm_code = 'F0004'", {"F0003", "F0004"}),
        ("NOT staff > 1", {"F0001"}),
        ("staff <> 1 AND staff < 4", {"F0002", "F0003"}),
        ("staff ^ 2 = 9", {"F0003"}),
        ("staff % 50 = 9 AND staff DIV 50 = 1", {"F0059"}),
        ("10 / staff = 5", {"F0002"}),
        ("exporter AND staff < 5", {"F0002", "F0004"}),
        ("staff = -(-3)", {"F0003"}),
        ("CASEI(ACCENTI(name)) LIKE CASEI(ACCENTI('%HỒNG%3'))", {"F0003", "F0033"}),
        ("S_WITHIN(position, POLYGON((106.025 21, 106.045 21, 106.045 22, 106.025 22, 106.025 21)))", {"F0003", "F0004"}),
        ("S_EQUALS(position, POINT(106.03 21.5))", {"F0003"}),
        ("S_INTERSECTS(POINT(106.03 21.5), position)", {"F0003"}),
        ("S_INTERSECTS(position, GEOMETRYCOLLECTION(POINT(106.03 21.5), POINT(106.04 21.5)))", {"F0003", "F0004"}),
        ("seen_at < TIMESTAMP('2026-01-02T08:00:00Z') AND staff < 30", {"F0001", "F0029"} - {"F0028", "F0000"}),
        ("T_AFTER(registered_on, DATE('2020-01-29'))", {"F0058", "F0059"} - {"F0058"} | {"F0058"}),
        ("T_INTERSECTS(registered_on, INTERVAL('2020-01-30', '..'))", {"F0058", "F0059"}),
        ("A_OVERLAPS(tags, ('b')) AND staff < 6", {"F0002", "F0005"}),
        ("ref = '00000000-0000-0000-0000-000000000005'", {"F0005"}),
        ('"staff" IN (1, 2.0, 99)', {"F0001", "F0002"}),
        ("name LIKE '%số 1' OR name NOT LIKE 'Công%'", {"F0001"}),
        ("staff IS NOT NULL AND staff NOT BETWEEN 2 AND 100", {"F0001"}),
    ],
)  # fmt: skip
def test_what_an_expression_finds(world: World, expression: str, wanted: set[str]) -> None:
    assert found(world, expression) == wanted


def test_positions_of_the_filter_may_be_in_another_system(world: World) -> None:
    box = "S_INTERSECTS(position, BBOX({}))"
    mercator = box.format("11802700, 2450000, 11803800, 2460000")
    wanted = {row["firm_code"] for row in firms() if truth(op("s_intersects", field("position"), {"bbox": [106.02548, 21, 106.03536, 22]}), row)}  # fmt: skip
    assert found(world, mercator, **{"filter-crs": "http://www.opengis.net/def/crs/EPSG/0/3857"}) == wanted == {"F0003"}
    turned = box.format("21, 106.025, 22, 106.035")
    assert found(world, turned, **{"filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}) == wanted


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("status = ", "filter:10"),
        ("status == 'active'", "filter:9"),
        ("status = 'active' AND (staff > 3", "filter:33"),
        ("stauts = 'active'", "filter:1"),
        ("staff > 3 AND nme = 'x'", "filter:15"),
        ("staff > 'many'", "filter:1"),
        ("registered_on > DATE('2020-13-01')", "filter:17"),
        ("S_INTERSECTS(position, POLYGON((0 0, 1 1, 1 0)))", "filter:24"),
        ("S_INTERSECTS(position, POINT(500 21))", "filter:24"),
        ("S_NEAR(position, POINT(106 21))", "filter:1"),
        ("LOWER(name) = 'x'", "filter:1"),
        ("name LIKE 'a\\'", "filter:11"),
        ("staff", "filter:1"),
        ("'a'; drop table x", "filter:4"),
        ("staff = 1 -- comment", "filter:"),
        ("name = 'x' UNION SELECT 1", "filter:12"),
        ("(" * 3000 + "staff = 1", "filter:"),
        ("NOT " * 1500 + "staff = 1", "filter"),
        ("staff = 1" * 1000, "filter"),
        ("9" * 31 + " = staff", "filter:"),
        ("staff = 1e99", "filter"),
        ('{"op": "=", "args": [{"property": "stauts"}, "x"]}', "filter.args[0]"),
        ('{"op": "and", "args": [{"op": "=", "args": [1]}, true]}', "filter.args[0]"),
        ('{"op": "=", "args": [{"property": "name"}, null]}', "filter.args[1]"),
        ('{"op": {"a": 1}, "args": []}', "filter"),
        ('{"op": "like", "args": [{"property": "name"}, {"property": "name"}]}', "filter"),
        ("[" * 5000, "filter"),
        ('{"op"', "filter:"),
        ('{"op": "in", "args": [{"property": "staff"}, []]}', "filter"),
        ("status = '\0'", "filter"),
    ],
)  # fmt: skip
def test_a_wrong_expression_is_refused_with_its_place(world: World, expression: str, place: str) -> None:
    answer = world.anonymous.get(ITEMS, params={"filter": expression})
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["code"] == "BAD_USER_INPUT" and problem["place"].startswith(place), problem
    assert problem["detail"]


@pytest.mark.parametrize("expression", [
    "S_CROSSES(position, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))",
    "staff / 0 = 1",
    "staff ^ 400 > 1",
    "S_OVERLAPS(position, LINESTRING(0 0, 1 1))",
    "S_INTERSECTS(position, MULTIPOLYGON(((0 0, 1 1, 1 0, 0 1, 0 0)), ((0 0, 1 1, 1 0, 0 1, 0 0))))",
    "S_TOUCHES(position, position)",
    "name LIKE '" + "%a" * 200 + "'",
    "staff * 1e60 * 1e60 * 1e60 > 1",
])  # fmt: skip
def test_odd_expressions_are_answered_or_refused_never_an_error_of_ours(world: World, expression: str) -> None:
    answer = world.anonymous.get(ITEMS, params={"filter": expression})
    assert answer.status_code in (200, 400), answer.text


def test_moments(world: World) -> None:
    rows = [row for row in firms() if row.get("seen_at")]
    wanted = {
        r["firm_code"]
        for r in rows
        if datetime.fromisoformat(r["seen_at"]) >= datetime.fromisoformat("2026-01-20T00:00:00+07:00")
    }
    assert found(world, "seen_at >= DATE('2026-01-20')") == wanted and wanted
    assert found(world, "T_DURING(seen_at, INTERVAL('2026-01-19T23:59:59+07:00', '..'))") == wanted
