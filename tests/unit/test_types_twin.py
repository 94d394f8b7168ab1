"""DuckDB's set-based reading of a cell equals Python's: the same texts are valid, and mean the same value."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.contract import vocabulary
from lienthong.contract.types import TYPES, LogicalType, Options, ParseError
from lienthong.contract.types.dates import Date, DateTime, PartialDate
from lienthong.kernel.text import nfc

SAMPLES = Path(__file__).parent / "contract_samples"

# (type, options, what is drawn from: texts near the type's values)
CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("text", {}, ["Lạng Sơn", "Hòa Bình – Đồng Đăng", "O'Neil; 1=1 --"]),
    ("text", {"max_length": 5, "pattern": "[a-zđ]+"}, ["abc", "đđđđđ", "abcdef", "it's"]),
    ("identifier", {}, ["LN-0001", "KQ.G15.000021", "mã số"]),
    ("uuid", {}, ["6f9619ff-8b86-d011-b42d-00cf4fc964ff", "6F9619FF-8B86-D011-B42D-00CF4FC964FF"]),
    ("integer", {}, ["0", "-12", "2147483647", "2147483648", "-2147483648", "5.0", "007", "1e3"]),
    ("integer", {"min": 1, "max": 99, "formats": ["vi", "en"]}, ["12", "1.234", "1,234", "99", "0"]),
    ("decimal", {}, ["1.005", "-1.005", "0.004", "12.300000000000001", "123456789012345678", "1234567890123456789"]),
    (
        "decimal",
        {"scale": 4, "precision": 9, "min": -5, "formats": ["vi", "plain"]},
        ["1.234,5", "-5,00001", "99999.99995"],
    ),
    (
        "money",
        {"formats": ["plain", "vi", "en"]},
        ["1500000000", "1.500.000.000", "9007199254740991", "9007199254740992", "12.50"],
    ),
    ("boolean", {}, ["true", "FALSE", "Có", "KHÔNG", "x", "1", "Đúng", "sai", "2"]),
    (
        "date",
        {"formats": list(Date.source_formats)},
        ["2024-02-29", "29/2/2023", "1/12/1999", "2020-13-01", "0999-01-01"],
    ),
    (
        "date",
        {"formats": ["%Y%m%d%H%M%S", "%d.%m.%Y", "excel_serial"]},
        ["20260131083000", "31.1.2026", "45000", "45000.99", "2958465.99"],
    ),
    (
        "partial_date",
        {"formats": list(PartialDate.source_formats)},
        ["1979", "1979-02", "1979-02-30", "2/1979", "28/02/1979"],
    ),
    (
        "datetime",
        {"formats": list(DateTime.source_formats)},
        [
            "2026-01-31T08:30:00+07:00",
            "2026-01-31 08:30Z",
            "2026-01-31",
            "31/1/2026 8:05",
            "31/01/2026 24:00:00",
            "2026-01-31T08:30:00.123456-14:59",
        ],
    ),
    (
        "datetime",
        {"formats": ["%Y%m%d%H%M%S", "excel_serial"]},
        ["20260131083000", "20260131083060", "45000.5", "45000.123456789", "1.5"],
    ),
    ("enum", {"values": ["a", "b'c", "đ"]}, ["a", "b'c", "đ", "A"]),
    ("enum", {"list": "shop_kind"}, ["food", "no", "nothing"]),
    ("vsic_code", {"version": "field:version"}, ["4711", "A", "47111", "W", "1"]),
    ("agency_code", {}, ["H37.01.02", "Z12ABC", "H37.", "G15"]),
    ("legacy_agency_code", {}, ["000.00.01.H22", "000.00.01.22H"]),
    ("procedure_code", {}, ["1.001193", "2.000815.01", "1.001234.000.00.00.H03"]),
    ("dossier_code", {}, ["000.00.01.H22-190101-0001", "H15.50.05.13-261008-0975", "H15-261308-0975"]),
    ("rank_code", {}, ["01.003", "V.07.03.29", "16b.120"]),
    (
        "document_number",
        {},
        [
            "47/2020/NĐ-CP",
            "Quyết định số 6225/QÐ-BQP",
            "1654 / NQ-UBTVQH15",
            "16/2013/TTLT-BYT-BNN&PTNT",
            "số: 12/QĐ-UBND",
        ],
    ),
    ("citizen_id", {}, ["020099000001", "096399123456", "003099000001", "020499000001"]),
    ("tax_code", {}, ["0100109106", "0100109106-001", "0100109106001", "0100109107", "0100109106-000", "020099000001"]),
    ("tax_code", {"repair": True}, ["100109106", "100109106.0", "100109106-001", "0100109106"]),
    ("phone", {}, ["0912345678", "+84 912 345 678", "(0205) 3.812.345", "0084912345678", "19001234", "84912345678"]),
    ("email", {}, ["LienHe@Langson.gov.vn", "a.b-c_d+e@x-y.vn", "a..b@x.vn"]),
    (
        "url",
        {},
        [
            "https://dichvucong.gov.vn/a?b=c#d",
            "http://x:80",
            "javascript:alert(1)",
            "https://a@b.vn",
            "https://thủtục.vn/",
        ],
    ),
    ("admin_unit", {}, ["06022", "6022", "20"]),
    ("admin_unit", {"level": "any"}, ["06022", "182", "20"]),
    ("admin_unit", {"level": "commune", "repair": True}, ["1", "22", "333", "4444", "55555", "666666"]),
    (
        "point",
        {},
        [
            "POINT(106.76 21.85)",
            "106.76 21.85",
            "106.76, 21.85",
            "POINT (181 21)",
            "21 106.7",
            '{"type": "Point", "coordinates": [106.76, 21.85, 3.1]}',
        ],
    ),
    (
        "multipolygon",
        {},
        [
            "POLYGON((1 2,3 4,5 6,1 2))",
            "MULTIPOLYGON (((1 2, 3 4, 5 6, 1 2)), ((10 20, 30 40, 50 60, 10 20),(1 1,2 2,3 3,1 1)))",
            "POLYGON((1 2,3 4,5 6,1 3))",
            '{"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]}',
            '{"type":"MultiPolygon","coordinates":[[[[1.5,2],[3,4],[5,6],[1.5,2]]],[[[1,2],[3,4],[5,6],[1,2]]]]}',
        ],
    ),
    ("list", {}, ['["a", "đ"]', "[]", '["a", null]', '{"a": 1}', "[1, true, 1.5]", '[["a"]]', "["]),
    (
        "list",
        {"items": {"logicalType": "integer", "options": {"max": 9}}},
        ["[1, 2]", '["3"]', "[10]", "[1.0]", "[true]"],
    ),
    (
        "list",
        {"items": {"logicalType": "enum", "options": {"values": ["bo", "tinh"]}, "map": {"Cấp Bộ": "bo", "khác": ""}}},
        ['["Cấp Bộ", "tinh"]', '["khác", "bo"]', '["Cấp Xã"]', '[""]', '["Cấp Bộ ", null]'],
    ),
    (
        "list",
        {
            "items": {
                "properties": [
                    {
                        "name": "copies",
                        "logicalType": "integer",
                        "from": "ghi chú",
                        "extract": "Bản sao: *([0-9]{1,3})",
                    },
                    {"name": "paper", "from": "ten'giay"},
                ]
            }
        },
        ['[{"ghi chú": "Bản chính: 1 Bản sao: 2", "ten\'giay": "Đơn"}]', '[{"ghi chú": "-"}, {"copies": 3}]'],
    ),
    (
        "list",
        {
            "items": {
                "properties": [
                    {"name": "code", "logicalType": "procedure_code", "required": True},
                    {"name": "on", "logicalType": "date"},
                    {"name": "days", "logicalType": "decimal", "options": {"scale": 1}},
                    {"name": "main", "logicalType": "boolean"},
                ]
            }
        },
        [
            '[{"code": "1.001193", "on": "2026-01-31", "days": "2.5", "main": true}]',
            '[{"code": "1.001193", "days": 3}]',
            '[{"on": null}]',
            '[{"code": "x"}]',
            '[{"code": "1.001193", "on": ""}, {"code": " 2.000815 ", "more": 1}]',
            '[{"code": ["1.001193"]}]',
        ],
    ),
]
ALPHABET = "0123456789 .,-/:+()[]{}\"'TZHVaxđĐÐ\u0301\u00a0\t\x00\n,"


@pytest.fixture(scope="module", autouse=True)
def vocabularies() -> Iterator[None]:
    before = vocabulary.current()
    vocabulary.use(vocabulary.load_vocabularies(SAMPLES / "_vocab"))
    yield
    vocabulary.use(before)


def comparable(value: Any) -> Any:
    """A value of Python and of DuckDB in one form."""
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    return value


def by_python(kind: LogicalType, options: Options, text: str) -> Any:
    try:
        return comparable(kind.parse(text, options))
    except ParseError as error:
        assert error.reason.vi and error.reason.en
        return None


def by_duckdb(kind: LogicalType, options: Options, texts: list[str]) -> list[Any]:
    expr = kind.duckdb("cell", options)
    if kind.name == "datetime":
        expr = f"epoch_us({expr}) / 1000000"
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'America/New_York'")
        found = connection.execute(
            f"select ({expr}) from (select unnest($texts) as cell, unnest(range(len($texts))) as n) order by n",
            {"texts": texts},
        ).fetchall()
    values = [row[0] for row in found]
    if kind.name == "list":
        values = [None if v is None else json.loads(v) for v in values]
    if kind.name == "datetime":
        return values
    return [comparable(v) for v in values]


def agree(kind: LogicalType, options: Mapping[str, Any], raw: list[str]) -> None:
    """Both readings of the texts, as the pipeline gives them: NFC, trimmed, not empty."""
    texts = [t for t in (nfc(t).strip() for t in raw) if t]
    expected = [by_python(kind, options, text) for text in texts]
    for text, python, duck in zip(texts, expected, by_duckdb(kind, options, texts), strict=True):
        assert (python is None) == (duck is None), (text, python, duck)
        if isinstance(python, float):
            assert duck == pytest.approx(python, abs=1e-6), (text, python, duck)
        else:
            assert python == duck, (text, python, duck)


def mutated(samples: list[str], random: Random) -> str:
    """A sample with up to three edits."""
    text = random.choice(samples)
    for _ in range(random.randint(0, 3)):
        at = random.randint(0, len(text))
        code = random.choice([random.randint(0, 0x17F), random.randint(0x1EA0, 0x1EF9), random.randint(0x2000, 0xD7FF)])
        new = random.choice([random.choice(ALPHABET), random.choice(ALPHABET), "", chr(code)])
        text = text[:at] + new + text[at + random.randint(0, 1) :]
    return text


IDS = [f"{name}-{n}" for n, (name, _, _) in enumerate(CASES)]


@pytest.mark.parametrize(("name", "options", "samples"), CASES, ids=IDS)
def test_duckdb_reads_as_python_does(name: str, options: dict[str, Any], samples: list[str]) -> None:
    kind = TYPES[name]
    assert kind.lint(options) == []
    agree(kind, options, samples)

    @settings(max_examples=5, deadline=None, database=None)
    @given(st.integers(0, 2**32))
    def mutations_agree(seed: int) -> None:
        random = Random(seed)  # hypothesis draws the seed; drawing each edit would take minutes
        agree(kind, options, [mutated(samples, random) for _ in range(250)])

    mutations_agree()


def test_every_type_has_a_case() -> None:
    assert {name for name, _, _ in CASES} == set(TYPES)


@pytest.mark.parametrize(("name", "options", "samples"), CASES, ids=IDS)
def test_samples_hold_good_and_bad_values(name: str, options: dict[str, Any], samples: list[str]) -> None:
    good = [text for text in samples if by_python(TYPES[name], options, text) is not None]
    assert good, "a case without a valid value proves nothing"


@settings(max_examples=10, deadline=None, database=None)
@given(st.lists(st.integers(0, 10**9 - 1), min_size=20, max_size=20))
def test_check_digits_of_drawn_numbers(prefixes: list[int]) -> None:
    """Of ten numbers that differ in the tenth digit at most one is a tax code; both engines know which."""
    kind = TYPES["tax_code"]
    agree(kind, {}, [f"{prefix:09}{digit}" for prefix in prefixes for digit in range(10)])
    for prefix in prefixes:
        assert sum(by_python(kind, {}, f"{prefix:09}{digit}") is not None for digit in range(10)) <= 1
