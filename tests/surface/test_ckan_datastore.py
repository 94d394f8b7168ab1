"""datastore_search, datastore_info and dumps: what CKAN answers, over rows that are known exactly."""

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

import pytest

from lienthong.ckan import datastore, ids
from lienthong.kernel.text import fold
from tests.surface.small import ADMIN, AGENCY, FIRMS, REVOKED, Row, World, cases, firms

ROWS = [dict.fromkeys(("staff", "capital", "exporter", "email")) | row for row in firms()]


def search(world: World, token: str | None = None, resource_id: str = "firms", **params: Any) -> dict[str, Any]:
    """The result of a search that succeeds."""
    answer = world.client(token).post(
        "/api/3/action/datastore_search", json={"resource_id": resource_id, "limit": 1000, **params}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["result"])


def codes(world: World, **params: Any) -> list[str]:
    """The firms found, in the order answered."""
    return [row["firm_code"] for row in search(world, fields=["firm_code"], **params)["records"]]


def refused(world: World, status: int = 409, **params: Any) -> dict[str, Any]:
    """The error of a search that does not."""
    answer = world.anonymous.post("/api/3/action/datastore_search", json={"resource_id": "firms", **params})
    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    return dict(answer.json()["error"])


def expected(test: Any) -> list[str]:
    return [row["firm_code"] for row in ROWS if test(row)]


FILTERS: list[tuple[Any, Any]] = [
    ({"status": "active"}, lambda r: r["status"] == "active"),
    ({"status": "no such value"}, lambda _: False),
    ({"status": ["active", "closed"]}, lambda _: True),
    ({"status": ["closed", None]}, lambda r: r["status"] == "closed"),
    ({"status": []}, lambda _: False),
    ({"staff": None}, lambda _: False),
    ({"staff": {"gt": 50}}, lambda r: r["staff"] is not None and r["staff"] > 50),
    ({"staff": {"gte": 10, "lt": 20}}, lambda r: r["staff"] is not None and 10 <= r["staff"] < 20),
    ({"staff": {"in": [3, 4]}}, lambda r: r["staff"] in (3, 4)),
    ({"staff": [5, {"gt": 55}]}, lambda r: r["staff"] is not None and (r["staff"] == 5 or r["staff"] > 55)),
    ({"staff": "12"}, lambda r: r["staff"] == 12),
    ({"exporter": True}, lambda r: r["exporter"] is True),
    ({"exporter": "false", "staff": {"lte": 9}}, lambda r: r["exporter"] is False and r["staff"] <= 9),
    ({"registered_on": {"lt": "2020-01-03"}}, lambda r: str(r["registered_on"]) < "2020-01-03"),
    ({"$or": [{"firm_code": "F0001"}, {"staff": {"gt": 57}, "status": "active"}]},
     lambda r: r["firm_code"] == "F0001" or ((r["staff"] or 0) > 57 and r["status"] == "active")),
    ([{"firm_code": "F0001"}, {"firm_code": "F0002"}], lambda r: r["firm_code"] in ("F0001", "F0002")),
    ({"status": "active", "$and": [{"staff": {"gt": 5}}, {"staff": {"lt": 9}}]},
     lambda r: r["status"] == "active" and 5 < (r["staff"] or 0) < 9),
    ({}, lambda _: True),
]  # fmt: skip


@pytest.mark.parametrize(("filters", "test"), FILTERS)
def test_filters(world: World, filters: Any, test: Any) -> None:
    wanted = expected(test)
    assert sorted(codes(world, filters=filters)) == wanted
    assert sorted(codes(world, filters=json.dumps(filters))) == wanted
    assert search(world, filters=filters)["total"] == len(wanted)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"foo": 1}, {"__extras": ['invalid value "foo"']}),
        ({"limit": -1}, {"limit": ["Must be a natural number"]}),
        ({"limit": "abc"}, {"limit": ["Invalid integer", "Please enter an integer value"]}),
        ({"offset": -1}, {"offset": ['invalid value "-1"']}),
        ({"fields": "firm_code,zzz"}, {"fields": ['invalid value "zzz"']}),
        ({"fields": "owner_name"}, {"fields": ['invalid value "owner_name"']}),
        ({"sort": "zzz"}, {"sort": ['invalid value "zzz"']}),
        ({"sort": "firm_code sideways"}, {"sort": ['invalid value "firm_code sideways"']}),
        ({"sort": "owner_name"}, {"sort": ['invalid value "owner_name"']}),
        ({"filters": {"zzz": 1}}, {"filters": ["Unknown field: zzz"]}),
        ({"filters": {"owner_name": "Nguyễn Văn 1"}}, {"filters": ["Unknown field: owner_name"]}),
        ({"filters": 5}, {"filters": ["Filters must be defined as a dict or a list of dicts"]}),
        ({"filters": {"$nor": []}}, {"filters": ["Unknown operators (must be one of $or, $and): $nor"]}),
        ({"filters": {"staff": {"like": 1}}},
         {"filters": ["Unknown filter operation: FilterOp(field='staff', op='like', value=1)"]}),
        ({"q": {"zzz": "x"}}, {"q": ['invalid value "zzz"']}),
        ({"records_format": "xml"},
         {"records_format": ["Value must be one of ['objects', 'lists', 'csv', 'tsv']"]}),
        ({"resource_id": ""}, {"resource_id": ["Missing value"]}),
        ({"q": "a\0b"}, {"q": ["Null characters are not allowed"]}),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(world: World, params: Row, error: Row) -> None:
    assert refused(world, **params) == error | {"__type": "Validation Error"}


@pytest.mark.parametrize(
    "params",
    [
        {"filters": {"staff": "many"}},
        {"filters": {"_id": "x"}},
        {"filters": {"_id": 2**70}},
        {"filters": {"registered_on": "31 tháng 2"}},
        {"sort": "branches"},
        {"sort": "position"},
        {"distinct": True, "fields": ["position"]},
        {"distinct": True, "fields": ["status"], "sort": "firm_code"},
    ],
)
def test_what_the_database_could_not_run_is_an_invalid_query_without_sql(world: World, params: Row) -> None:
    error = refused(world, **params)
    assert error["query"] == ["Invalid query"]
    assert error["info"]["statement"] == [] and len(error["info"]["orig"]) == 1


def test_too_many_filters(world: World) -> None:
    nested: Any = {"staff": 1}
    for _ in range(12):
        nested = {"$or": [nested, {"staff": 2}]}
    assert "Maximum nesting depth" in refused(world, filters=nested)["filters"][0]
    assert "Maximum number" in refused(world, filters=[{"staff": n} for n in range(101)])["filters"][0]


def test_rows_are_in_the_order_of_their_number_and_typed(world: World) -> None:
    found = search(world)
    assert [row["_id"] for row in found["records"]] == list(range(1, FIRMS + 1))
    types = {field["id"]: field["type"] for field in found["fields"]}
    assert list(types) == list(found["records"][0])
    assert types == types | {
        "_id": "int", "firm_code": "text", "status": "text", "capital": "numeric", "score": "numeric", "staff": "int4",
        "exporter": "bool", "registered_on": "date", "seen_at": "timestamptz", "branches": "json", "position": "json",
    }  # fmt: skip
    assert "owner_name" not in types
    assert found["fields"][2]["info"] == {"label": "Tên hãng", "notes": ""}
    row = found["records"][8]
    assert (row["capital"], row["exporter"], row["position"]["type"]) == (8_000_000_000, True, "Point")


SORTS = ["staff desc", "staff desc nulls last, firm_code", ["status", "staff desc"], "_id desc"]


@pytest.mark.parametrize("sort", SORTS)
def test_sort_puts_missing_values_last(world: World, sort: Any) -> None:
    rows = search(world, sort=sort)["records"]
    keys = [part.split()[0] for part in (sort if isinstance(sort, list) else sort.split(","))]
    assert len(rows) == FIRMS
    for before, after in zip(rows, rows[1:], strict=False):
        if keys[0] in ("staff", "_id"):
            assert after[keys[0]] is None or (before[keys[0]] or -1) >= after[keys[0]]
        else:
            assert before["status"] <= after["status"]


def test_pages_by_offset_and_by_number_hold_every_row_once(world: World) -> None:
    pages = [codes(world, limit=7, offset=start) for start in range(0, FIRMS + 7, 7)]
    assert [code for page in pages for code in page] == expected(lambda _: True)
    seen, filters = [], {"status": "active"}
    while True:
        found = search(world, limit=7, filters=filters, include_next_page=True, sort="_id")
        seen += [row["firm_code"] for row in found["records"]]
        if len(found["records"]) < 7:
            break
        filters |= found["next_page"]
    assert seen == expected(lambda r: r["status"] == "active")


def test_the_next_page_is_known_without_the_number_and_only_when_sorted_by_it(world: World) -> None:
    assert search(world, limit=3, fields="firm_code", include_next_page=True)["next_page"] == {"_id": {"gt": 3}}
    assert search(world, limit=3, sort="_id desc", include_next_page=True)["next_page"] == {"_id": {"lt": FIRMS - 2}}
    assert "next_page" not in search(world, limit=3, sort="firm_code", include_next_page=True)


@pytest.mark.parametrize("words", ["hong ha", "Hồng Hà", "HỒNG", "dong kinh 13", "khongco"])
def test_words_are_found_without_tone_marks(world: World, words: str) -> None:
    wanted = expected(lambda r: all(word in fold(r["name"]) for word in fold(words).split()))
    assert sorted(codes(world, q=words)) == wanted
    assert sorted(codes(world, q={"name": words})) == expected(lambda r: fold(words) in fold(r["name"]))
    assert search(world, q=words)["total"] == len(wanted)


def test_total(world: World) -> None:
    assert search(world, limit=1)["total"] == FIRMS
    assert "total" not in search(world, include_total=False)
    nothing = search(world, limit=0)
    assert (nothing["records"], nothing["total"]) == ([], FIRMS)
    assert search(world, offset=FIRMS + 5)["total"] == FIRMS


def test_unfiltered_total_costs_no_count(world: World) -> None:
    world.database.statements.clear()
    datastore._totals.clear()
    search(world, limit=1)
    search(world, limit=1, filters={"status": "active", "staff": {"gte": 1}})
    counted = ["count(*) from open" in statement.sql for statement in world.database.statements]
    assert counted == [False, True]


def test_the_limit_is_lowered_silently(world: World) -> None:
    assert search(world, limit=40_000)["limit"] == 32_000


def test_distinct(world: World) -> None:
    found = search(world, fields=["status", "exporter"], distinct=True, sort="status, exporter desc", limit=2, offset=1)
    pairs = sorted({(r["status"], r["exporter"]) for r in ROWS}, key=lambda p: (p[0], p[1] is None, not p[1]))
    assert [(r["status"], r["exporter"]) for r in found["records"]] == pairs[1:3]
    assert found["total"] == len(pairs)


def test_formats_say_the_same(world: World) -> None:
    names = ["_id", "firm_code", "name", "capital", "score", "exporter", "email", "tags"]
    objects = search(world, fields=names)["records"]
    assert search(world, fields=names, records_format="lists")["records"] == [[r[n] for n in names] for r in objects]
    for kind, separator in (("csv", ","), ("tsv", "\t")):
        text = search(world, fields=names, records_format=kind)["records"]
        read = list(csv.reader(io.StringIO(text), delimiter=separator))
        assert [row[:3] for row in read] == [[str(r["_id"]), r["firm_code"], r["name"]] for r in objects]
        assert [row[5] for row in read] == [{True: "t", False: "f", None: ""}[r["exporter"]] for r in objects]
        assert [row[7] and json.loads(row[7]) or None for row in read] == [r["tags"] or None for r in objects]
        assert read[1][4] == "1.25"


def test_aliases(world: World) -> None:
    number = ids.resource_id("firms", "csv")
    assert search(world, limit=1)["resource_id"] == number
    assert search(world, resource_id=number, limit=1) == search(world, limit=1)
    tables = world.anonymous.get("/api/3/action/datastore_search?resource_id=_table_metadata").json()["result"]
    assert {"firms", number} <= {row["name"] for row in tables["records"]}
    assert {row["alias_of"] for row in tables["records"] if row["name"] == "firms"} == {number}
    assert refused(world, 404, resource_id="zz")["message"] == 'Not found: Resource "zz" was not found.'


def test_shared_rows_are_for_those_who_have_an_agreement(world: World) -> None:
    shared_rows = [row for row in cases() if row["channel"] == "online"]
    found = search(world, AGENCY, "cases")
    assert [row["case_code"] for row in found["records"]] == [row["case_code"] for row in shared_rows]
    assert [field["id"] for field in found["fields"]] == ["_id", "case_code", "person_name", "channel", "days"]
    assert found["total"] == len(shared_rows)
    for token in (None, REVOKED):
        answer = world.client(token).get("/api/3/action/datastore_search?resource_id=cases")
        assert answer.status_code == 403
        assert answer.json()["error"]["__type"] == "Authorization Error"


def test_the_ledger_knows_who_read(world: World) -> None:
    answer = world.client(AGENCY).get("/api/3/action/datastore_search?resource_id=cases&limit=1")
    assert answer.headers["cache-control"] == "private, no-store"
    assert world.database.statements[-1].governed
    assert len(answer.headers["lienthong-receipt"]) == 32


def test_info(world: World) -> None:
    found = world.anonymous.get("/api/3/action/datastore_info?id=firms").json()["result"]
    assert found["meta"]["count"] == FIRMS
    assert found["meta"]["aliases"] == ["firms"]
    by_name = {field["id"]: field for field in found["fields"]}
    assert "_id" not in by_name and "owner_name" not in by_name
    assert by_name["branches"]["type"] == "nested"
    assert by_name["firm_code"]["schema"]["notnull"] is True
    shared_info = world.client(AGENCY).get("/api/3/action/datastore_info?id=cases").json()["result"]
    assert shared_info["meta"]["count"] == 20


# --- dumps ------------------------------------------------------------------------------------------------------


def test_dump_as_csv_holds_every_row(world: World) -> None:
    answer = world.anonymous.get("/datastore/dump/firms")
    number = ids.resource_id("firms", "csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{number}.csv"'
    head, _, rest = answer.text.partition("\r\n")
    assert head.startswith("_id,firm_code,name,")
    assert rest == search(world, records_format="csv")["records"]


def test_dump_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = world.anonymous.get("/datastore/dump/firms?sort=status,firm_code desc&bom=true").content
    assert whole.startswith("\ufeff_id".encode())
    monkeypatch.setattr("lienthong.ckan.dump.PAGE", 7)
    assert world.anonymous.get("/datastore/dump/firms?sort=status,firm_code desc&bom=true").content == whole
    some = world.anonymous.get("/datastore/dump/firms?fields=firm_code&limit=10&offset=5").text
    assert some.split() == ["firm_code", *expected(lambda _: True)[5:15]]
    distinct = world.anonymous.get("/datastore/dump/firms?fields=name&distinct=true").text
    assert len(distinct.splitlines()) == FIRMS + 1
    found = json.loads(world.anonymous.get("/datastore/dump/firms?format=json").text)
    assert [row[1] for row in found["records"]] == expected(lambda _: True)


def test_dump_as_json_and_xml(world: World) -> None:
    found = world.anonymous.get('/datastore/dump/firms?format=json&filters={"staff":{"gt":57}}').json()
    assert [field["id"] for field in found["fields"]][:2] == ["_id", "firm_code"]
    assert [row[1] for row in found["records"]] == expected(lambda r: (r["staff"] or 0) > 57)
    tree = ElementTree.fromstring(world.anonymous.get("/datastore/dump/firms?format=xml").text)
    assert [row.findtext("name") for row in tree] == [row["name"] for row in ROWS]
    empty = '/datastore/dump/firms?format={}&filters={{"firm_code":"none"}}'
    assert world.anonymous.get(empty.format("json")).json()["records"] == []
    assert len(ElementTree.fromstring(world.anonymous.get(empty.format("xml")).text)) == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("zz", 404), ("cases", 404), ("firms?limit=abc", 400), ("firms?format=xlsx", 400),
        ('firms?filters={"zz":1}', 400), ("firms?filters={", 400),
    ],
)  # fmt: skip
def test_a_wrong_dump_is_a_page(world: World, path: str, status: int) -> None:
    answer = world.anonymous.get(f"/datastore/dump/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


def test_dump_of_shared_rows(world: World) -> None:
    answer = world.client(AGENCY).get("/datastore/dump/cases")
    assert len(answer.text.splitlines()) == 21
    assert world.client(ADMIN).get("/datastore/dump/cases").text.count("\n") == 41
