"""Searches of an open release by bits that are kept with it: the same answers as PostgreSQL finds, and only for everybody."""

import random
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lienthong.access.held import Recent
from lienthong.access.hits import Scattered
from lienthong.catalog.snapshot import REFRESH_SECONDS
from lienthong.ckan import datastore
from lienthong.store import bits, owner, release, schema
from tests.surface.small import ADMIN, Row, World, firms, insert

ROWS = 5_000
WORDS = ("Xây dựng", "Thương mại", "Vận tải", "An-Phú", "Hưng Thịnh", "3A", "1e5", "số 7", "Ñandú–Ω", "½x", "Đức")
QUERIES = ("cong ty", "xay", "van tai", "thuong mai hung", "an phu", "3a", "1e5", "7", "f0042", "khong co", "Ñandú",
           "nandu", "ω", "½x", "\"van tai\"", "\"tai van\"", "hun*", "duc an", "cong ty so 7 duc", "!!", "x")  # fmt: skip


def many() -> list[Row]:
    """Firms as there are, with names of words that are frequent and words that are rare."""
    chance, known = random.Random(7), [row for row in firms() if "staff" in row]
    rows = []
    for n in range(ROWS):
        name = " ".join(chance.sample(WORDS, chance.randint(1, 4)))
        row = known[n % len(known)] | {"firm_code": f"F{n:05}", "name": f"Công ty {name}", "owner_name": f"Người {n}"}
        row |= {"status": chance.choice(("active", "active", "closed")), "exporter": chance.choice((True, False, None))}
        rows.append(row | {"staff": chance.choice((None, chance.randint(1, 60)))})
    return rows


@pytest.fixture(scope="module")
def large(own_world: World) -> Iterator[World]:
    """The world with a second release of the firms, in pieces of 2,048 rows."""
    contract, kept = own_world.registry.get("firms"), bits.CHUNK
    bits.CHUNK = 2_048
    with owner.connect(own_world.settings) as connection:
        schema.create_release(connection, contract, contract.open_fields, "firms_2")
        shown = {column.name for f in contract.open_fields for column in f.columns}
        rows = [{k: v for k, v in row.items() if k in shown} for row in many()]
        insert(connection, "release", "firms_2", rows, {"_from": "2026-02-01T00:00:00+07:00"})
        release.index_release(connection, own_world.registry, contract, "firms_2")
        schema.serve(connection, contract, contract.open_fields, "firms_2")
        connection.execute("update platform.release set state = 'superseded' where dataset = 'firms'")
        connection.execute(
            "insert into platform.release (id, dataset, number, state, published_at, contract_version, fingerprint, "
            "rows, manifest, changed_at) values (%s, 'firms', 2, 'published', now(), '1.0.0', '', %s, '{}', now())",
            (uuid.uuid4(), ROWS),
        )
    time.sleep(REFRESH_SECONDS + 0.1)
    yield own_world
    bits.CHUNK = kept


@pytest.fixture
def connection(large: World) -> Iterator[psycopg.Connection]:
    with owner.connect(large.settings) as found:
        yield found


def search(world: World, token: str | None = None, **params: Any) -> dict[str, Any]:
    given = {"resource_id": "firms", **params}
    answer = world.client(token).post("/api/3/action/datastore_search", json=given)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["result"])


def condition(chance: random.Random) -> tuple[dict[str, Any], sql.Composable]:
    """A filter, and the same in SQL."""
    number, staff = chance.randint(-5, ROWS + 5), chance.randint(1, 65)
    choices: list[tuple[dict[str, Any], str, tuple[Any, ...]]] = [
        ({"status": "active"}, "status = {}", ("active",)),
        ({"status": ["closed", "no such one"]}, "status in ({}, {})", ("closed", "no such one")),
        ({"exporter": True}, "exporter = {}", (True,)),
        ({"staff": staff}, "staff = {}", (staff,)),
        ({"staff": [staff, 3]}, "staff in ({}, 3)", (staff,)),
        ({"staff": {"gt": staff}}, "staff > {}", (staff,)),
        ({"_id": {"gt": number}}, "_id > {}", (number,)),
        ({"_id": {"lte": number, "gte": 17}}, "_id <= {} and _id >= 17", (number,)),
        ({"_id": [number, 3, 9_999]}, "_id in ({}, 3, 9999)", (number,)),
        ({"_id": {"lt": number}, "status": "closed"}, "_id < {} and status = {}", (number, "closed")),
        ({"$or": [{"status": "closed"}, {"staff": 5}, {"_id": 12}]}, "(status = 'closed' or staff = 5 or _id = 12)", ()),
        ({"place_code": "20000"}, "place_code = {}", ("20000",)),
        ({"firm_code": f"F{number:05}"}, "firm_code = {}", (f"F{number:05}",)),
        ({"status": None}, "false", ()),
    ]  # fmt: skip
    given, text, values = chance.choice(choices)
    return given, sql.SQL(text).format(*values)


def word(given: str) -> sql.Composable:
    """Rows with all words of a search without phrases and beginnings of words, as a regular expression finds them."""
    parts = [sql.SQL("translate(_search, '-', ' ') ~ {}").format(f"\\m{one.lower()}\\M") for one in given.split()]
    return sql.SQL(" and ").join(parts)


@pytest.mark.parametrize("seed", range(150))
def test_a_search_by_bits_finds_what_sql_finds(large: World, connection: psycopg.Connection, seed: int) -> None:
    chance = random.Random(seed)
    params: dict[str, Any] = {"limit": chance.choice((0, 1, 7, 100)), "fields": ["_id"]}
    parts: list[sql.Composable] = [sql.SQL("true")]
    if chance.random() < 0.7:
        params["filters"], part = condition(chance)
        parts.append(part)
    if chance.random() < 0.6:
        params["q"] = chance.choice([q for q in QUERIES if q.isascii() and q.replace(" ", "").isalnum()])
        parts.append(word(params["q"]))
    if way := chance.choice(("", "_id", "_id desc")):
        params["sort"] = way
    params["offset"] = chance.choice((0, 0, 1, 30, 1_000, 4_999, 5_100))
    where = sql.SQL(" and ").join(parts)
    rows = connection.execute(
        sql.SQL("select _id from open.firms where {} order by {}").format(where, sql.SQL(way or "_id"))
    ).fetchall()
    found = search(large, **params)
    assert found["total"] == len(rows)
    page = rows[params["offset"] :][: params["limit"]]
    assert [record["_id"] for record in found["records"]] == [number for (number,) in page]


@pytest.mark.parametrize("q", QUERIES)
@pytest.mark.parametrize("more", [{}, {"offset": 40}, {"filters": {"status": "active"}}, {"sort": "_id desc", "offset": 3},
                                  {"sort": "name, firm_code"}, {"include_next_page": True}, {"records_format": "csv"}])  # fmt: skip
def test_it_answers_as_without_them(
    large: World, monkeypatch: pytest.MonkeyPatch, q: str, more: dict[str, Any]
) -> None:
    async def nothing(*_: Any) -> None:
        return None

    asked = {"q": q, "limit": 20} | more
    by_bits = search(large, **asked)
    datastore._totals.clear()
    with monkeypatch.context() as without:
        without.setattr(large.door.held, "hits", nothing)
        assert search(large, **asked) == by_bits


def test_frequent_words_and_values_are_counted_without_reading_rows(large: World) -> None:
    before = len(large.database.statements)
    assert search(large, q="vận tải", filters={"status": "active", "exporter": False}, limit=5)["total"] > 100
    ran = [statement.sql for statement in large.database.statements[before:]]
    assert not any("to_tsquery" in text or "count(*) from" in text for text in ran)
    assert any("= any(" in text for text in ran)


def test_the_bits_of_a_value_are_read_once(large: World) -> None:
    held = large.door.held
    held._rows, held._hits = Recent(), Recent()
    before = len(large.database.statements)
    for _ in range(2):
        held._hits = Recent()
        asked = [{"status": "active"}, {"status": "closed"}, {"status": "active", "exporter": True}]
        counts = [search(large, filters=given, fields=["_id"])["total"] for given in asked]
        assert sum(counts[:2]) == ROWS and min(counts) > 1_000
    ran = [statement.sql for statement in large.database.statements[before:]]
    assert sum("firms_bits" in text for text in ran) == 3


@pytest.mark.parametrize("share", [0.00002, 0.001, 0.03, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("whole", [True, False])
def test_pages_of_bits_are_those_of_a_list(share: float, whole: bool) -> None:
    chance, rows = random.Random(share), 200_003
    given = [n for n in range(1, rows + 1) if chance.random() < share]
    bits = (
        sum(1 << (n - 1) for n in given)
        if len(given) < 1_000
        else int("".join("1" if flag else "0" for flag in reversed(_flags(given, rows))), 2)
    )
    hits = Scattered(bits if whole else bits.to_bytes(rows // 8 + 1, "little"), rows, len(given))
    for start in (0, 1, len(given) // 2, max(0, len(given) - 5), len(given) + 3, 0):
        for count in (0, 1, 101, 5_000):
            assert list(hits.page(start, count)) == given[start : start + count]


def _flags(given: list[int], rows: int) -> list[bool]:
    flags = [False] * rows
    for n in given:
        flags[n - 1] = True
    return flags


def test_who_is_known_goes_the_long_way(large: World) -> None:
    before = len(large.database.statements)
    assert search(large, ADMIN, q="vận tải") is not None
    assert not any("firms_bits" in statement.sql for statement in large.database.statements[before:])


def test_bits_of_another_release_are_not_used(large: World, connection: psycopg.Connection) -> None:
    contract = large.registry.get("firms")
    try:
        schema.serve(connection, contract, contract.open_fields, "firms_1")  # and the catalogue does not know yet
        found = search(large, q="cong ty hong ha", fields=["_id", "name"])
        assert found["total"] == 20
        assert all("Hồng Hà" in record["name"] for record in found["records"])
        assert search(large, filters={"_id": {"gt": 50}}, fields=["_id"])["total"] == 10
    finally:
        schema.serve(connection, contract, contract.open_fields, "firms_2")
        datastore._totals.clear()
