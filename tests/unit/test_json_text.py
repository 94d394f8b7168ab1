"""Rows as texts say what `row_to_json` says of them, whatever is stored."""

import json
import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from lienthong.contract.model import FieldContract
from lienthong.contract.types import TYPES
from lienthong.kernel.text import both
from lienthong.store import jsontext
from lienthong.store.cluster import Cluster
from tests.unit.test_types_postgres import VALUES

ESCAPED = ['"', "\\", *map(chr, range(1, 32))]
HOSTILE = [
    "", " ", "a", 'say "no"', "back\\slash", '\\"', "tab\tline\nreturn\r", "\x01\x1f\x7f\x80\x9f", "\u2028\u2029",
    "Lạng Sơn", "😀", "</script>", "'; drop table x; --", "$1", "%s", '","is_admin":true,"x":"', "}", "null", "\ufeff",
]  # fmt: skip
# logical type, options, values of the column whatever a check would say of them
STORED: list[tuple[str, dict[str, Any], list[str | None]]] = [
    ("text", {}, [*HOSTILE, None]),
    ("identifier", {}, [*HOSTILE, None]),
    ("partial_date", {}, [*HOSTILE, None]),
    ("enum", {"values": ["a", "Lạng Sơn", "b'c", 'say "no"', "back\\slash"]}, [*HOSTILE, None]),
    ("enum", {"values": [f"c{n}" for n in range(40)]}, [*HOSTILE, "c1", None]),
    ("integer", {}, ["0", "-2147483648", "2147483647", None]),
    ("decimal", {"scale": 3, "precision": 38}, ["NaN", "0", "-0.001", "99999999999999999999999999999999999.999", None]),
    ("money", {}, ["NaN", "99999999999999999999", "-1", None]),
    ("boolean", {}, ["true", "false", None]),
    ("date", {}, ["2024-02-29", "0044-03-15 BC", "12026-01-01", "infinity", "-infinity", None]),
    ("datetime", {}, ["2026-01-31T08:30:00.123456Z", "0044-03-15 BC", "12026-01-01", "infinity", None]),
    ("uuid", {}, ["6F9619FF-8B86-D011-B42D-00CF4FC964FF", None]),
    ("point", {}, ["POINT(106.761234567 21.85)", "POINT EMPTY", None]),
    ("multipolygon", {}, ["MULTIPOLYGON(((1 2,3 4,5 1,1 2)))", None]),
    ("list", {}, ['["a\\"b", "đ\\u2028"]', '{"a": [1, 1.50, null]}', '"x"', "null", None]),
]
IDS = [f"{name}-{n}" for n, (name, *_) in enumerate(STORED)]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[Any]]:
    cluster = Cluster(tmp_path_factory.mktemp("json"), "test")
    with psycopg.connect(cluster.start(), autocommit=True) as connection:
        connection.execute("create extension if not exists postgis")
        connection.execute("set datestyle = 'ISO'")
        yield connection
    cluster.stop()


def field(name: str, kind: str, options: dict[str, Any], required: bool) -> FieldContract:
    """A public field."""
    return FieldContract(
        name=name, title=both("x", "x"), logical_type=kind, options=options, required=required, classification="public"
    )


def told(connection: psycopg.Connection[Any], fields: list[FieldContract], rows: list[list[str | None]]) -> None:
    """The rows as texts and as `row_to_json` has them are the same JSON, number by number."""
    columns = [f.columns[0] for f in fields]
    shown = ", ".join(f'{f.type.json_expr(f"t.{f.name}", f.options)} as "{f.name}"' for f in fields)
    for checked in (False, True):
        made = jsontext.object_text((f.name, jsontext.of_field(f, f"t.{f.name}", checked)) for f in fields)
        connection.execute("drop table if exists told")
        connection.execute(f"create table told (n int, {', '.join(f'{c.name} {c.sql_type}' for c in columns)})")
        marks = ", ".join(f"%s::{c.sql_type}" for c in columns)
        with connection.cursor() as cursor:
            cursor.executemany(f"insert into told values (%s, {marks})", [[n, *row] for n, row in enumerate(rows)])
        found = connection.execute(
            f"select {made}, row_to_json(r)::text from told t cross join lateral (select {shown}) r order by n"
        ).fetchall()
        assert len(found) == len(rows)
        for text, wanted in found:
            assert _read(text) == _read(wanted)


def _read(text: str) -> Any:
    """Numbers stay as they are written; members keep their order."""
    return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=list)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(("kind", "options", "values"), STORED, ids=IDS)
def test_a_value_is_written_as_postgresql_writes_it(
    connection: psycopg.Connection[Any], kind: str, options: dict[str, Any], values: list[str | None], required: bool
) -> None:
    told_one = [field("value", kind, options, required)]
    assert not TYPES[kind].bare
    told(connection, told_one, [[value] for value in values])


def test_many_fields_of_a_row_do_not_disturb_each_other(connection: psycopg.Connection[Any]) -> None:
    chance = random.Random(7)
    fields = [field(f"f{n}", kind, options, n % 3 == 0) for n, (kind, options, _) in enumerate(STORED)]
    rows = [[chance.choice(values) for _, _, values in STORED] for _ in range(200)]
    told(connection, fields, rows)


BARE = [(kind, options, texts) for kind, options, texts, _ in VALUES if TYPES[kind].bare]


def test_there_are_bare_types() -> None:
    assert {kind for kind, _, _ in BARE} == {name for name, kind in TYPES.items() if kind.bare}


@pytest.mark.parametrize(("kind", "options", "texts"), BARE, ids=[kind for kind, *_ in BARE])
def test_the_check_of_a_bare_type_refuses_what_json_escapes(
    connection: psycopg.Connection[Any], kind: str, options: dict[str, Any], texts: list[str]
) -> None:
    type_ = TYPES[kind]
    good = [type_.parse(text, options) for text in texts]
    bad = [v[:n] + c + v[n + cut :] for v in good for c in ESCAPED for n in range(len(v) + 1) for cut in (0, 1)]
    check = type_.check("v", options)
    assert check
    count = f"select count(*) from unnest(%s::text[]) v where {check.replace('%', '%%')}"
    assert connection.execute(count, [good]).fetchone() == (len(good),)
    assert connection.execute(count, [bad]).fetchone() == (0,)


def test_a_bare_value_stands_as_it_is_where_its_column_is_checked(connection: psycopg.Connection[Any]) -> None:
    fields = [field(f"f{n}", kind, options, n % 2 == 0) for n, (kind, options, _) in enumerate(BARE)]
    good = [[TYPES[kind].parse(text, options) for text in texts] for kind, options, texts in BARE]
    chance = random.Random(3)
    told(connection, fields, [[chance.choice([*values, None]) for values in good] for _ in range(100)])


def test_hostile_keys_and_constants_stay_what_they_are(connection: psycopg.Connection[Any]) -> None:
    members = [(key, jsontext.constant(key)) for key in HOSTILE]
    found = connection.execute(f"select {jsontext.object_text(members)}").fetchone()
    assert found and json.loads(found[0]) == {key: key for key in HOSTILE}
    assert connection.execute(f"select {jsontext.object_text([])}").fetchone() == ("{}",)


def test_an_object_may_have_as_many_members_as_a_table_has_columns(connection: psycopg.Connection[Any]) -> None:
    members = [(f"k{n}", jsontext.of_any("x" if n % 2 else "null::int")) for n in range(1_600)]
    found = connection.execute(f"select {jsontext.object_text(members)} from (values ('a')) v(x)").fetchone()
    assert found and json.loads(found[0]) == {f"k{n}": "a" if n % 2 else None for n in range(1_600)}
