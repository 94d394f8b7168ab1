"""Identifiers of persons in free text, found by PostgreSQL; what looks like them is left alone."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from lienthong.contract.loader import load
from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.text import both
from lienthong.privacy.classification import faults
from lienthong.privacy.detectors import DETECTORS, WORTH_A_LOOK, looks
from lienthong.privacy.identifiers import find
from lienthong.store.cluster import Cluster
from lienthong.store.disclosure import leave_out, worth_sql
from tests.journey.release_world import DEFINITIONS
from tests.security.identifiers.byhand import byhand
from tests.security.identifiers.clerks import clerks
from tests.security.identifiers.counters import counters
from tests.security.identifiers.desks import seeds as desks
from tests.security.identifiers.everyday import everyday
from tests.security.identifiers.genres import seeds as genres
from tests.security.identifiers.letters import letters
from tests.security.identifiers.machines import seeds as machines
from tests.security.identifiers.notes import notes
from tests.security.identifiers.strangers import strangers
from tests.security.identifiers.wards import wards

PERSONAL: dict[str, str] = {
    "CCCD 020099000001 cấp năm 2021": "citizen_id",
    "số định danh:020 099 000001": "citizen_id",
    "0200 9900 0001": "citizen_id",
    "020.099.000.001": "citizen_id",
    "CMND020099000001": "citizen_id",
    "Gọi 0912345678": "mobile_phone",
    "ĐT: 0912 345 678, gặp anh Ba": "mobile_phone",
    "(+84) 912.345.678": "mobile_phone",
    "+84912345678": "mobile_phone",
    "0084 912 345 678": "mobile_phone",
    "ban@mail.com": "email",
    "viết cho nguyen.van-a+1@sub.example.vn nhé": "email",
}
HARMLESS = [
    "Công ty TNHH 123 456 789",
    "MST: 0309532909",
    "mã số thuế 0309532909",
    "Mã số doanh nghiệp 0309532909",
    "Hồ sơ 000.00.05.H37-261008-0975",
    "H01-201008-0975",
    "1.001193.000.00.00.H03",
    "1900 1234 và 18001234",
    "0205 3812 345",
    "099999999999",
    "7020099000001",
    "0200990000012",
    "47/2020/NĐ-CP",
    "12.345.678.901.234 đồng",
    "lienhe@langson.gov.vn",
    "vanthu@so.langson.gov.vn, gọi tổng đài",
    "@langson",
    "0912345",
    "09123456789012",
]


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name), "test")
        with psycopg.connect(cluster.start()) as made:
            made.execute("create schema release")
            yield made
        cluster.stop()


def found_in(connection: psycopg.Connection, text: str) -> set[str]:
    """What is found in a text that PostgreSQL holds to be worth a look."""
    looked = sql.SQL("select {}").format(worth_sql(sql.Literal(text), WORTH_A_LOOK))
    worth = connection.execute(looked).fetchone() == (True,)
    assert worth or not find(text)
    return find(text)


@pytest.mark.parametrize(("text", "detector"), PERSONAL.items())
def test_identifiers_are_found(connection: psycopg.Connection, text: str, detector: str) -> None:
    assert found_in(connection, text) == {detector}
    assert found_in(connection, f"đầu ({text}) cuối") == {detector}


def test_every_text_in_which_something_is_found_leaves_the_database(connection: psycopg.Connection) -> None:
    """The cheap patterns of PostgreSQL pass whatever the scanner would find."""
    written = [
        *notes(1000, 5),
        *letters(1000, 5),
        *((text, kind) for kind, text in [*desks(5200, 5), *machines(1040, 5), *genres(3900, 5), *strangers(1300, 5)]),
        *((text, kind) for kind, text in [*wards(2600, 5), *byhand()]),
        *((text, kinds) for kinds, text in everyday(3, 5)[0]),
        *((text, kinds) for kinds, text in clerks(3, 5)[0]),
        *((text, kinds) for kinds, text in counters(3, 5)[0]),
    ]
    texts = [text for text, _ in written if find(text)]
    looked = sql.SQL("select t from unnest(%s::text[]) t where not ({})").format(
        worth_sql(sql.Identifier("t"), WORTH_A_LOOK)
    )
    assert connection.execute(looked, (texts,)).fetchall() == []


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_and_addresses_are_left_alone(connection: psycopg.Connection, text: str) -> None:
    assert not found_in(connection, text)
    assert not found_in(connection, f"đầu {text}, cuối")


def field(name: str, logical_type: str, **options: object) -> FieldContract:
    return FieldContract(
        name=name, title=both(name, name), logical_type=logical_type, options=options, classification="public"
    )


def test_where_it_is_looked() -> None:
    people = {
        "properties": [
            {"name": "full_name"},
            {"name": "phone", "logicalType": "phone"},
            {"name": "n", "logicalType": "integer"},
        ]
    }
    fields = (
        field("note", "text"),
        field("contact", "email"),
        field("tax", "tax_code"),
        field("amount", "money"),
        field("id", "uuid"),
        field("tags", "list", items={"logicalType": "text"}),
        field("people", "list", items=people),
    )
    found: dict[str, set[str]] = {}
    for look in looks(fields):
        found.setdefault(look.place, set()).update(look.kinds)
    everything = {d.name for d in DETECTORS}
    assert found == {
        "note": everything,
        "contact": {"citizen_id"},
        "tax": {"citizen_id"},  # the twelve digits of a household business are those of a person
        "tags": everything,
        "people.full_name": everything,
    }


def test_rows_are_left_out_and_counted_by_place(connection: psycopg.Connection) -> None:
    fields = (
        field("note", "text"),
        field("people", "list", items={"properties": [{"name": "who"}, {"name": "code", "logicalType": "tax_code"}]}),
    )
    connection.execute("create table release.things (id int, note text, people jsonb)")
    connection.execute(
        "insert into release.things values (1, 'sạch', null), (2, '0912345678 và ban@mail.com', '[]'),"
        ' (3, null, \'[{"who": "A", "code": "0912345678"}, {"who": "020099000001"}]\'),'
        ' (4, \'ban@mail.com\', \'[{"who": "Hai", "code": "0312345678"}]\'), (5, null, null)'
    )
    found = leave_out(connection, "things", ["id"], looks(fields), find)
    assert found.rows == 3
    assert set(found.by_place) == {("note", "mobile_phone", 1), ("note", "email", 2), ("people.who", "citizen_id", 1)}
    assert [key for key, _ in found.keys] == [{"id": 2}, {"id": 3}, {"id": 4}]
    assert connection.execute("select id from release.things order by 1").fetchall() == [(1,), (5,)]


def test_what_must_not_be_published() -> None:
    contract = load(DEFINITIONS / "market_office" / "stalls" / "contract.yaml")
    assert not list(faults(contract))
    wrong = {"keeper": {"open": "publish"}, "name": {"logical_type": "citizen_id"}, "code": {"open": "suppress"}}
    fields = tuple(FieldContract.model_validate(_parts(f) | wrong.get(f.name, {})) for f in contract.fields)
    given = _parts(contract) | {"fields": fields}
    assert [fault.en for fault in faults(Contract.model_validate(given))] == [
        "name: the number of a person",
        "keeper: personal, yet published row by row",
        "code: the key is not published",
    ]


def _parts(model: Contract | FieldContract) -> dict[str, object]:
    return {name: getattr(model, name) for name in type(model).model_fields}
