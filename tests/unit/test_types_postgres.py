"""What a type says of PostgreSQL, said to a real PostGIS: types, checks, staging, JSON."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import psycopg
import pytest

from lienthong.contract import vocabulary
from lienthong.contract.types import TYPES, ParseError
from lienthong.store.cluster import Cluster

SAMPLES = Path(__file__).parent / "contract_samples"

# type, options, texts that are valid, values of the column that the CHECK refuses
VALUES: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("text", {"max_length": 8, "pattern": "[^;]+"}, ["Lạng Sơn", "O'Neil"], ["123456789", "a;b"]),
    ("identifier", {}, ["LN-0001", "mã"], ["a b", ""]),
    ("uuid", {}, ["6F9619FF-8B86-D011-B42D-00CF4FC964FF"], []),
    ("integer", {"min": 0, "max": 600}, ["0", "600"], ["-1", "601"]),
    ("decimal", {"scale": 3, "precision": 9, "min": 0}, ["1.0005", "99999.5"], ["-1"]),
    ("money", {"min": 0}, ["9007199254740991", "0"], ["-1", "9007199254740992"]),
    ("boolean", {}, ["Có", "false"], []),
    ("date", {}, ["2024-02-29"], []),
    ("partial_date", {}, ["1979", "1979-02", "1979-02-03"], ["79", "1979-13", "1979-2"]),
    ("datetime", {}, ["2026-01-31T08:30:00Z", "1965-01-31T08:30:00", "2026-01-31"], []),
    ("enum", {"values": ["a", "b'c"]}, ["a", "b'c"], ["d"]),
    ("enum", {"list": "shop_kind"}, ["food", "no"], []),
    ("vsic_code", {"version": "field:version"}, ["4711", "A"], ["W1", "471111"]),
    ("agency_code", {}, ["H37.01.02", "Z12ABC"], ["H3", "h37"]),
    ("legacy_agency_code", {}, ["000.00.01.H22"], ["H22"]),
    ("procedure_code", {}, ["1.001193", "1.001234.000.00.00.H03"], ["1.00119"]),
    ("dossier_code", {}, ["000.00.01.H22-190101-0001"], ["H22-191301-0001"]),
    ("rank_code", {}, ["01.003", "V.07.03.29"], ["1.3"]),
    ("document_number", {}, ["Quyết định số 6225/QÐ-BQP"], ["Quyết định", "12"]),
    ("citizen_id", {}, ["020099000001"], ["999999999999"]),
    ("tax_code", {}, ["0100109106", "0100109106001", "020099000001"], ["0100109107", "0100109106-000", "x"]),
    ("phone", {}, ["+84 912 345 678"], ["+84912345678"]),
    ("email", {}, ["LienHe@Langson.gov.vn"], ["a@b"]),
    ("url", {}, ["https://x.vn/ă?b=c"], ["javascript:1", "https://x.vn/<"]),
    ("admin_unit", {"level": "any"}, ["06022", "20"], ["6"]),
    ("point", {}, ["106.76 21.85", '{"type":"Point","coordinates":[106.76,21.85]}'], []),
    ("multipolygon", {}, ["POLYGON((1 2,3 4,5 1,1 2))"], []),
    ("list", {}, ['["a", "đ"]', "[]"], ['{"a": 1}']),
    ("list", {"items": {"properties": [{"name": "n", "logicalType": "integer"}]}}, ['[{"n": 1}, {"n": null}]'], []),
]
IDS = [f"{name}-{n}" for n, (name, *_) in enumerate(VALUES)]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[Any]]:
    vocabulary.use(vocabulary.load_vocabularies(SAMPLES / "_vocab"))
    cluster = Cluster(tmp_path_factory.mktemp("types"), "test")
    with psycopg.connect(cluster.start(), autocommit=True) as connection:
        yield connection
    cluster.stop()


def test_every_type_is_here() -> None:
    assert {name for name, *_ in VALUES} == set(TYPES)


@pytest.mark.parametrize(("name", "options", "texts", "refused"), VALUES, ids=IDS)
def test_values_are_stored_and_rendered(
    connection: psycopg.Connection[Any], name: str, options: dict[str, Any], texts: list[str], refused: list[str]
) -> None:
    kind = TYPES[name]
    columns = kind.columns("value", options)
    body = ", ".join(f'"{c.name}" {c.sql_type}' + (f" check ({c.check})" if c.check else "") for c in columns)
    connection.execute(f"create temp table stored ({body})".encode())
    connection.execute(f'create temp table staged ("value" {kind.staging_sql(options)})'.encode())
    try:
        _stage(connection, name, options, texts)
        made = kind.from_staging('"value"', options)
        connection.execute(f'insert into stored ("value") select {made} from staged'.encode())
        shown = f"select to_json({kind.json_expr(chr(34) + 'value' + chr(34), options)})::text from stored"
        schema = kind.json_schema(options)
        for (rendered,) in connection.execute(shown.encode()):
            jsonschema.validate(json.loads(rendered), schema, format_checker=jsonschema.FormatChecker())
        for value in refused:
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute('insert into stored ("value") values (%s)', [value])
    finally:
        connection.execute("drop table stored, staged")


def _stage(connection: psycopg.Connection[Any], name: str, options: dict[str, Any], texts: list[str]) -> None:
    """Put the values that DuckDB makes of the texts into the staged table."""
    kind = TYPES[name]
    for text in texts:
        with duckdb.connect() as duck:
            read = f"select cast(({kind.duckdb('cell', options)}) as varchar) from (select ?::varchar as cell)"
            duck.execute("set timezone = 'UTC'")
            row = duck.execute(read, [text]).fetchone()
        assert row is not None and row[0] is not None, text
        connection.execute(f"insert into staged values (%s::{kind.staging_sql(options)})".encode(), [row[0]])


@pytest.mark.parametrize(("name", "options", "texts"), [v[:3] for v in VALUES if "eq" in TYPES[v[0]].operators])
def test_a_parsed_value_finds_its_row(
    connection: psycopg.Connection[Any], name: str, options: dict[str, Any], texts: list[str]
) -> None:
    """A filter's value, parsed, is what psycopg compares with the stored one."""
    kind = TYPES[name]
    for text in texts:
        found = connection.execute(f"select %s = %s::{kind.sql(options)}".encode(), [kind.parse(text, options)] * 2)
        assert found.fetchone() == (True,)


def test_moments_are_rendered_with_the_offset_of_viet_nam(connection: psycopg.Connection[Any]) -> None:
    kind = TYPES["datetime"]
    connection.execute("set timezone = 'America/New_York'")
    for text, shown in (
        ("2026-01-31T08:30:00Z", "2026-01-31T15:30:00+07:00"),
        ("1965-01-31T08:30:00", "1965-01-31T08:30:00+07:00"),
    ):
        expression = kind.json_expr("%s::timestamptz", {}).replace("%s", "$1", 1)
        row = psycopg.RawCursor(connection).execute(f"select {expression}".encode(), [kind.parse(text, {})]).fetchone()
        assert row == (shown,)


def test_postgresql_checks_tax_codes_as_python_does(connection: psycopg.Connection[Any]) -> None:
    kind = TYPES["tax_code"]
    draw = random.Random(7)
    codes = [f"{draw.randrange(10**10):010}" for _ in range(400)]
    condition = kind.check("code", {})
    rows = connection.execute(f"select code, {condition} from unnest(%s::text[]) as code".encode(), [codes]).fetchall()
    for code, good in rows:
        try:
            kind.parse(code, {})
            assert good, code
        except ParseError:
            assert not good, code
    assert any(good for _, good in rows)
