"""Streams of any query in any form: the same rows as the pages, whole, neutralised, recorded, ended when nobody listens."""

import asyncio
import csv
import io
import json
import resource
import time
from collections.abc import Iterator
from typing import Any

import openpyxl
import psycopg
import pyarrow as pa
import pytest
from pyarrow import parquet

from lienthong.store import owner, spreadsheet
from tests.surface.crowd import crowd
from tests.surface.small import AGENCY, KEEPER, World, firms

ROWS = "/api/v1/datasets/firms/rows"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """This file changes it: not the world that is only read."""
    return own_world


def of_csv(content: bytes) -> list[Row]:
    text = content.decode("utf-8")
    assert text.startswith("\ufeff") and text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def of_ndjson(content: bytes) -> list[Row]:
    return [json.loads(line) for line in content.decode().splitlines()]


def of_geojson(content: bytes) -> list[Row]:
    found = json.loads(content)
    assert found["type"] == "FeatureCollection"
    return [f["properties"] | {"position": f["geometry"]} for f in found["features"]]


def of_parquet(content: bytes) -> list[Row]:
    return list(parquet.read_table(io.BytesIO(content)).to_pylist())


def of_arrow(content: bytes) -> list[Row]:
    return list(pa.ipc.open_stream(content).read_all().to_pylist())


def of_xlsx(content: bytes) -> list[Row]:
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=False)) for row in rows]


FORMS = {
    "csv": ("text/csv", of_csv),
    "ndjson": ("application/x-ndjson", of_ndjson),
    "geojson": ("application/geo+json", of_geojson),
    "parquet": ("application/vnd.apache.parquet", of_parquet),
    "arrow": ("application/vnd.apache.arrow.stream", of_arrow),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", of_xlsx),
}
QUERIES = [
    {},
    {"status": "closed", "sort": "-registered_on,name", "fields": "firm_code,name,staff,position"},
    {"filter": '{"or":[{"staff":{"lt":5}},{"tags":{"contains":"b"}}]}', "fields": "firm_code,tags,position"},
    {"limit": "7", "fields": "firm_code,capital,position"},
    {"as_of": "2025-01-01", "fields": "firm_code,position"},
    {"name__contains": "no such name"},
]


def plain(value: Any, kind: str) -> str:
    """A value as every form tells it: numbers and days by value, the rest as text."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) or kind in ("staff", "capital"):
        return f"{float(value):.6f}"
    if isinstance(value, str) and value.startswith("["):
        return json.dumps(json.loads(value))
    return json.dumps(value) if isinstance(value, list) else str(value).removesuffix(" 00:00:00")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("given", QUERIES, ids=str)
def test_a_stream_holds_exactly_the_rows_of_the_pages(world: World, form: str, given: dict[str, str]) -> None:
    media_type, read = FORMS[form]
    answer = world.anonymous.get(f"{ROWS}.{form}", params=given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media_type)
    assert f'filename="firms.{form}"' in answer.headers["content-disposition"]
    found, pages = read(answer.content), world.rows("firms", **({"limit": "1000"} | given))
    assert (
        [r["firm_code"] for r in found] == [r["firm_code"] for r in pages]
        if pages and "firm_code" in pages[0]
        else not found
    )
    for row, page in zip(found, pages, strict=True):
        for name in ("name", "status", "staff", "capital", "tags"):
            if name in page:
                assert plain(row[name], name) == plain(page[name], name), name


@pytest.mark.parametrize("form", FORMS)
def test_accept_asks_for_the_same_as_the_suffix(world: World, form: str) -> None:
    given = {"fields": "firm_code,staff,position", "limit": "5"}
    media_type, read = FORMS[form]
    suffixed = world.anonymous.get(f"{ROWS}.{form}", params=given)
    accepted = world.anonymous.get(ROWS, params=given, headers={"Accept": f"{media_type}, text/html;q=0.9"})
    assert read(accepted.content) == read(suffixed.content)
    assert "Accept" in accepted.headers["vary"]
    plain_answer = world.anonymous.get(ROWS, params=given)
    assert len({a.headers["etag"] for a in (suffixed, accepted, plain_answer)}) == 3
    again = world.anonymous.get(f"{ROWS}.{form}", params=given, headers={"If-None-Match": suffixed.headers["etag"]})
    assert again.status_code == 304 and not again.content


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/json;q=0.5", "text/csv"),
        ("application/json;q=0, text/csv;q=0.1", "text/csv"),
        ("TEXT/CSV; header=present", "text/csv"),
    ],
)
def test_the_form_that_accept_likes_best(world: World, accept: str, media_type: str) -> None:
    answer = world.anonymous.get(ROWS + "?limit=1", headers={"Accept": accept})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize("accept", ["application/pdf", "text/csv;q=0", "x", "", "text/csv;q=2"])
def test_a_form_that_there_is_not_is_refused(world: World, accept: str) -> None:
    answer = world.anonymous.get(ROWS + "?limit=1", headers={"Accept": accept})
    assert answer.status_code == 406 and "text/csv" in answer.json()["fix"]


@pytest.mark.parametrize(
    ("url", "status", "place"),
    [
        (ROWS + ".cvs", 404, "cvs"),
        (ROWS + ".csv?count=exact", 400, "count"),
        (ROWS + ".csv?statuss=x", 400, "statuss"),
        (ROWS + ".csv?fields=owner_name", 401, "firms.owner_name"),
        (ROWS + ".csv?limit=-1", 400, "limit"),
        (ROWS + ".geojson?group_by=status", 406, "geojson"),
        ("/api/v1/datasets/permits/rows.geojson", 406, "geojson"),
        ("/api/v1/datasets/cases/rows.csv", 401, "cases"),
        (ROWS + ".csv?include=permits&permits.limit=1000&permits.sort=firm_codee", 400, "firm_codee"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_byte(world: World, url: str, status: int, place: str) -> None:
    answer = world.anonymous.get(url)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json" and answer.json()["place"] == place


def test_related_rows_and_groups_are_streamed_too(world: World) -> None:
    given = {"fields": "firm_code,place.name,permits.number", "firm_code__in": "F0002,F0003,F0007"}
    pages = world.rows("firms", **given)
    assert of_ndjson(world.anonymous.get(ROWS + ".ndjson", params=given).content) == pages
    for form in ("csv", "parquet", "arrow", "xlsx"):
        found = FORMS[form][1](world.anonymous.get(f"{ROWS}.{form}", params=given).content)
        assert [json.loads(r["permits"]) for r in found] == [r["permits"] for r in pages], form
        assert [json.loads(r["place"]) if r["place"] else None for r in found] == [r["place"] for r in pages], form
    given = {"group_by": "status,registered_on:month", "measure": "count,sum:staff,avg:score,max:registered_on"}
    pages = world.rows("firms", **given)
    assert of_ndjson(world.anonymous.get(ROWS + ".ndjson", params=given).content) == pages
    for form in ("csv", "parquet", "arrow", "xlsx"):
        found = FORMS[form][1](world.anonymous.get(f"{ROWS}.{form}", params=given).content)
        assert [(r["status"], r["registered_on_month"], int(r["count"]), int(r["sum_staff"])) for r in found] == [
            (r["status"], r["registered_on_month"], r["count"], r["sum_staff"]) for r in pages
        ], form


def test_formulas_do_nothing_in_a_spreadsheet(world: World) -> None:
    signs = [
        "=1+1",
        "+84912",
        "-5+2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        *(f"{sign}1" for sign in "＝＋－＠"),
        "'=1",
        "''+1",
        "a=1",
        "'a",
        " =1",
        "",
        '"=1"',
        "a\nb",
    ]
    with owner.connect(world.settings) as connection:
        before = connection.execute("select firm_code, name from open.firms order by 1").fetchall()
        table = connection.execute("select oid::regclass::text from pg_class where relname = 'firms_1'").fetchone()
        assert table
        try:
            for (code, _), sign in zip(before, signs, strict=False):
                connection.execute(f"update {table[0]} set name = %s where firm_code = %s", (sign, code))
            assert "name" in without_formula(connection), "known of the release as it was made"
            note(world, connection)
            assert "name" not in without_formula(connection)
            connection.commit()
            given = {"fields": "firm_code,name,staff", "limit": str(len(signs))}
            told = [r["name"] for r in of_ndjson(world.anonymous.get(ROWS + ".ndjson", params=given).content)]
            assert told == signs
            cells = [r["name"] for r in of_csv(world.anonymous.get(ROWS + ".csv", params=given).content)]
            harmless = ["'" + s if s.lstrip("'")[:1] in tuple("=+-@\t\r\n＝＋－＠") and s else s for s in signs]
            assert cells == harmless
            for form in ("parquet", "arrow"):
                assert [
                    r["name"] or "" for r in FORMS[form][1](world.anonymous.get(f"{ROWS}.{form}", params=given).content)
                ] == signs
            book = openpyxl.load_workbook(io.BytesIO(world.anonymous.get(ROWS + ".xlsx", params=given).content))
            kinds = {cell.data_type for cell in list(book.worksheets[0].columns)[1]}
            assert kinds <= {"s", "inlineStr", "n"}  # n: an empty cell
        finally:
            for code, name in before:
                connection.execute(f"update {table[0]} set name = %s where firm_code = %s", (name, code))
            note(world, connection)


def note(world: World, connection: psycopg.Connection[Any]) -> None:
    """Look through the release again, as when it was made."""
    kept = psycopg.sql.Identifier("release", "firms_1_bits")
    spreadsheet.note(connection, world.registry.get("firms").open_fields, "firms_1", kept)


def without_formula(connection: psycopg.Connection[Any]) -> set[str]:
    """The columns of which it is known that no text in them is a formula."""
    found = connection.execute("select field from open.firms_bits where piece = %s", (spreadsheet.PIECE,))
    return {name for (name,) in found}


def test_what_is_known_of_a_release_is_not_taken_for_its_past(world: World) -> None:
    with owner.connect(world.settings) as connection:
        assert "name" in without_formula(connection)
        (listed,) = connection.execute(
            "select string_agg(quote_ident(attname), ', ') from pg_attribute where attnum > 0 and attgenerated = '' "
            "and attrelid = 'release.firms_1'::regclass and attname not in ('name', '_from')"
        ).fetchone() or ("",)
        connection.execute(
            f"insert into release.firms_1_history ({listed}, name, _from, _to) select {listed}, '=1+1', "
            "'2025-01-01', '2025-12-01' from release.firms_1 order by firm_code limit 1".encode()
        )
    try:
        told = of_csv(world.anonymous.get(ROWS + ".csv?as_of=2025-06-01").content)
        assert [row["name"] for row in told] == ["'=1+1"]
    finally:
        world.owner("delete from release.firms_1_history where name = '=1+1' returning 1")


def entries(world: World, receipt: str) -> list[Row]:
    with owner.connect(world.settings) as connection:
        cursor = connection.execute("select * from platform.ledger where receipt = %s", (receipt,))
        assert cursor.description
        return [dict(zip((d.name for d in cursor.description), row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "arrow", "xlsx"])
def test_a_governed_stream_is_read_under_its_agreement_and_recorded_once(world: World, form: str) -> None:
    answer = world.client(KEEPER).get(f"{ROWS}.{form}?status=closed")
    refused = world.client(KEEPER).get(f"{ROWS}.{form}?fields=name")
    assert answer.status_code == 200, answer.text
    found = FORMS[form][1](answer.content)
    closed = [f for f in firms() if f["status"] == "closed"]
    assert [r["firm_code"] for r in found] == [f["firm_code"] for f in closed]
    assert set(found[0]) <= {"firm_code", "status", "registered_on", "place_code", "owner_name"}
    (entry,) = entries(world, answer.headers["lienthong-receipt"])
    assert entry["rows"] == len(found) == int(answer.headers["lienthong-rows"]) and entry["agreement"] == "A-2"
    assert entry["surface"] == "rest" and entry["dataset"] == "firms" and "no-store" in answer.headers["cache-control"]
    assert refused.status_code == 403


def test_a_row_filter_holds_in_streams(world: World) -> None:
    found = of_ndjson(world.client(AGENCY).get("/api/v1/datasets/cases/rows.ndjson").content)
    assert found and {r["channel"] for r in found} == {"online"} and len(found) == 20


MANY, NOBODY = 30_000, 60


@pytest.fixture(scope="module")
def many(world: World) -> Iterator[None]:
    """Many firms more are served, until the end of these tests."""
    with crowd(world, MANY):
        yield


class Caller:
    """A caller of the app that reads slowly or not at all, and may hang up after some bytes."""

    def __init__(self, world: World, form: str, query: str, until: int | None) -> None:
        path = f"{ROWS}.{form}"
        self._scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(b"host", b"world")], "client": ("127.0.0.1", 1), "server": ("world", 80), "root_path": "",
        }  # fmt: skip
        self._world, self._until = world, until
        self.received, self.first, self.largest = 0, 0.0, 0
        self._hung_up = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        piece = len(message.get("body", b""))
        self.first = self.first or (time.process_time() if piece else 0.0)
        self.received += piece
        self.largest = max(self.largest, piece)
        if self._until is not None and self.received >= self._until:
            self._hung_up.set()
            await asyncio.sleep(NOBODY)  # nobody takes the rest

    async def run(self) -> None:
        await self._world.app(self._scope, self.receive, self.send)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("form", FORMS)
def test_memory_is_flat_and_the_first_byte_comes_at_once(world: World, form: str) -> None:
    Caller(world, form, "limit=1", None)
    world.portal.call(Caller(world, form, "limit=1", None).run)  # imports what it needs
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    caller, begun = Caller(world, form, "", None), time.process_time()
    world.portal.call(caller.run)
    ended = time.process_time()
    assert caller.received > MANY * (2 if form in ("parquet", "xlsx") else 100)
    assert caller.largest < 8 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # kilobytes
    if form in ("csv", "ndjson", "geojson"):  # in the time of this process, whatever the machine does besides
        assert caller.first - begun < (ended - begun) / 2


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_who_hangs_up_ends_the_statement(world: World, form: str) -> None:
    caller, begun = Caller(world, form, "", 1), time.monotonic()
    world.portal.call(caller.run)
    assert caller.received and time.monotonic() - begun < NOBODY / 2
    with owner.connect(world.settings) as connection:
        query = "select count(*) from pg_stat_activity where query ~ '^copy' and state <> 'idle' and pid <> pg_backend_pid()"
        while connection.execute(query).fetchone() != (0,):
            assert time.monotonic() - begun < NOBODY / 2
            time.sleep(0.01)


def test_the_entry_of_a_stream_that_was_left_stays(world: World) -> None:
    with owner.connect(world.settings) as connection:
        count = "select count(*) from platform.ledger where surface = 'rest' and dataset = 'cases'"
        before = connection.execute(count).fetchone()
        caller = Caller(world, "ndjson", "", 1)
        caller._scope |= {
            "path": "/api/v1/datasets/cases/rows.ndjson", "raw_path": b"/api/v1/datasets/cases/rows.ndjson",
            "headers": [(b"authorization", f"Bearer {AGENCY}".encode())],
        }  # fmt: skip
        world.portal.call(caller.run)
        after = connection.execute(count).fetchone()
    assert before and after and after[0] == before[0] + 1
