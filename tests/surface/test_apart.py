"""Open rows that are joined again and again are put in by the server: the answer is what PostgreSQL would have written."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import gql, rest
from lienthong.access import apart
from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.store import bits, owner, rollup, schema
from lienthong.store.apart import MARK
from tests.surface.small import ADMIN, Client, Row, World, insert, places

FIRMS = "/api/v1/datasets/firms/rows"
FIELDS = "firm_code,status,place.place_code,place.name,place.parent.name"
DOCUMENT = """query Firms($status: String!, $not: String!) {
  firms(first: 40, where: {status: {eq: $status}, name: {ne: $not}}) { nodes { firmCode
  seat: place { __typename named: name parent { placeCode name } } upper: place { parent { name } }
  permits(first: 2) { nodes { number firm { place { name } } } } } } }"""
AS_OF = "2026-03-01"
OTHERS = count(1000)


@dataclass
class Way:
    """An app with short ways, whose long way is that of the world."""

    app: Any
    world: World
    door: Door

    def rows(self, params: Row, token: str | None = None) -> tuple[bytes, bytes]:
        """The same rows by the short way and by the long one, which reads them in PostgreSQL."""
        self.world.database.statements.clear()
        asked = {"params": params | {"fields": params.get("fields", FIELDS)}}
        return (
            Client(self.app, self.world.portal, token).get(FIRMS, **asked).content,
            self.world.client(token).get(FIRMS, **asked).content,
        )

    def document(self, status: str) -> tuple[bytes, bytes]:
        """The same for a document, never asked before: none of the answers was kept."""
        self.world.database.statements.clear()
        asked = {"json": {"query": DOCUMENT, "variables": {"status": status, "not": f"other {next(OTHERS)}"}}}
        return (
            Client(self.app, self.world.portal).post("/graphql", **asked).content,
            self.world.client().post("/graphql", **asked).content,
        )

    @property
    def left_out(self) -> bool:
        """Was something left out of a statement of the last request, asked by both ways?"""
        return any(statement.apart for statement in self.world.database.statements)

    def warm(self, ask: Any) -> None:
        """Ask until the process holds what it needs."""
        for _ in range(1000):  # it is read beside the requests
            ask()
            if self.left_out:
                return
            time.sleep(0.02)
        raise AssertionError("nothing was ever left out")


@pytest.fixture(scope="module")
def way(own_world: World) -> Iterator[Way]:
    """The app of a world of its own behind short ways."""
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(own_world.settings)), pool_size=2)
    door = Door(own_world.registry, own_world.database)
    directory = Directory(engine, own_world.settings, Sessions(b"secret"))
    given = Services(own_world.registry, door, Catalog(own_world.registry, engine), directory, own_world.settings)
    rest.router(given)
    gql.router(given)
    yield Way(Lane(own_world.app, short=given.short), own_world, door)


def test_rows_are_the_same_with_related_rows_put_in(way: Way) -> None:
    way.warm(lambda: way.rows({"status": "active"}))
    for params in ({"status": "closed"}, {"status": "active"}):
        short, long = way.rows(params)
        assert short == long and MARK not in short
        assert way.left_out


def test_documents_are_the_same_with_their_aliases_and_two_shapes_of_one_row(way: Way) -> None:
    way.warm(lambda: way.document("active"))
    for status in ("closed", "active"):
        short, long = way.document(status)
        assert way.left_out and short == long
    assert b'"upper":{"parent":{"name":' in short and b'"firm":{"place":{"name":' in short  # those of the active ones


def test_who_reads_the_governed_rows_themselves_has_nothing_put_in(way: Way) -> None:
    for _ in range(4):
        short, long = way.rows({"status": "active"}, ADMIN)
        assert short == long and not way.left_out


def test_a_stored_key_that_nothing_fits_is_null_whatever_it_holds(way: Way) -> None:
    way.warm(lambda: way.rows({"status": "active"}))
    strange = ["no such", "\x01", "0\x01\x02", "\x02" * 3, '"}', ""]
    codes = [row["firm_code"] for row in way.world.rows("firms", limit="6", status="active")]
    before = way.world.owner("select firm_code, place_code from release.firms_1")
    with owner.connect(way.world.settings) as connection:
        for code, place in zip(codes, strange, strict=True):
            connection.execute("update release.firms_1 set place_code = %s where firm_code = %s", (place, code))
    try:
        short, long = way.rows({"status": "active"})
        assert way.left_out and short == long and short.count(b'"place":null') >= len(codes)
    finally:
        with owner.connect(way.world.settings) as connection:
            for code, place in before:
                connection.execute("update release.firms_1 set place_code = %s where firm_code = %s", (place, code))


def test_what_is_filtered_or_of_another_day_is_read_in_the_database(way: Way) -> None:
    for params in ({"as_of": AS_OF, "status": "active"}, {"status": "active", "fields": "firm_code,permits.number"}):
        for _ in range(4):
            short, long = way.rows(params)
            assert short == long and not way.left_out


def test_another_release_is_in_the_very_next_answer(way: Way) -> None:
    way.warm(lambda: way.rows({"status": "active"}))
    contract = way.world.registry.get("places")
    shown = {column.name for field in contract.open_fields for column in field.columns}
    with owner.connect(way.world.settings) as connection:
        schema.create_release(connection, contract, contract.open_fields, "places_2")
        rows = [{k: v for k, v in row.items() if k in shown} | {"name": "Đổi tên"} for row in places()]
        insert(connection, "release", "places_2", rows, {"_from": "2026-02-01T00:00:00+07:00"})
        rollup.fill(connection, contract, "places_2")
        bits.fill(connection, contract, "places_2")
    for number, there in ((2, True), (1, False)):  # published, and taken back
        with owner.connect(way.world.settings) as connection:
            schema.serve(connection, contract, contract.open_fields, f"places_{number}")
        short, long = way.rows({"status": "active"})
        assert way.left_out and short == long and ("Đổi tên".encode() in short) is there


def test_a_release_that_came_while_its_texts_were_read_is_asked_for_anew(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.warm(lambda: way.rows({"status": "active"}))
    held = way.door._apart

    async def others(*_: Any) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(held, "filled", others)
        short, long = way.rows({"status": "active"})
    assert short == long and MARK not in short and b'"place":{"place_code":' in short


def test_a_dataset_with_many_rows_is_not_held(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MOST_ROWS", 2)
    fields = "firm_code,place.parent_code,place.name"
    for _ in range(4):
        short, long = way.rows({"status": "active", "fields": fields})
        assert short == long and not way.left_out
        time.sleep(0.05)
