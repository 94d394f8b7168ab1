"""The DataStore on hosted resources: tables made and changed, rows written and searched, with CKAN's words."""

import csv
import io
import json
import uuid
from typing import Any
from xml.etree import ElementTree

import pytest

from lienthong.store import hosted_arrays
from tests.surface.small import ADMIN, World

FIELDS = [
    {"id": "code", "type": "text", "info": {"label": "Mã", "notes": "Mã hồ sơ"}},
    {"id": "name", "type": "text"},
    {"id": "n", "type": "int"},
    {"id": "price", "type": "numeric"},
    {"id": "at", "type": "timestamp"},
    {"id": "ok", "type": "bool"},
    {"id": "meta", "type": "json"},
]
ROWS = [
    {"code": f"HS{i:03}", "name": "Bùi Quốc Khánh" if i % 5 == 0 else "Lê Văn An", "n": i, "price": f"{i}.50",
     "at": "2020-01-01T07:00:00", "ok": i % 2 == 0, "meta": {"k": i, "ghi": "chú"} if i % 3 else None}
    for i in range(30)
]  # fmt: skip


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """Data is hosted here: not the world that is only read."""
    return own_world


def act(world: World, name: str, status: int = 200, /, *, token: str | None = ADMIN, **params: Any) -> Any:
    """The result of an action, or its error."""
    answer = world.client(token).post(f"/api/3/action/{name}", json=params)
    assert answer.status_code == status, answer.text
    return answer.json()["result" if status == 200 else "error"]


def resource(world: World, private: bool = False, url_type: str | None = "datastore") -> str:
    """A new resource in a new package."""
    package, number = str(uuid.uuid4()), str(uuid.uuid4())
    world.owner(
        "insert into platform.hosted_package (id, name, state, private, type, created, modified) "
        "values (%s, %s, 'active', %s, 'dataset', now(), now()) returning id", package, f"p-{package}", private,
    )  # fmt: skip
    world.owner(
        "insert into platform.hosted_resource (id, package_id, position, state, body) "
        "values (%s, %s, 0, 'active', %s) returning id", number, package, json.dumps({"url_type": url_type}),
    )  # fmt: skip
    return number


def made(world: World, **params: Any) -> str:
    """A table with the thirty rows."""
    number = resource(world)
    given = {"fields": FIELDS, "primary_key": "code", "indexes": ["n"], "records": ROWS} | params
    act(world, "datastore_create", resource_id=number, **given)
    return number


@pytest.fixture(scope="module")
def table(world: World) -> str:
    """A table that is only read."""
    return made(world, aliases=["bang_vang"])


def search(world: World, number: str, **params: Any) -> dict[str, Any]:
    return dict(act(world, "datastore_search", token=None, resource_id=number, **params))


def test_what_was_created_is_told_back_and_found(world: World) -> None:
    number = resource(world)
    told = act(world, "datastore_create", resource_id=number, fields=FIELDS, records=ROWS, primary_key=["code"])
    assert told == {
        "resource_id": number, "fields": FIELDS, "primary_key": ["code"], "method": "insert", "delete_fields": False,
        "calculate_record_count": "background",
    }  # fmt: skip
    found = search(world, number, limit=2)
    assert found["total"] == 30
    assert found["records"][1] == {
        "_id": 2, "code": "HS001", "name": "Lê Văn An", "n": 1, "price": 1.5, "at": "2020-01-01T07:00:00.000",
        "ok": False, "meta": {"k": 1, "ghi": "chú"},
    }  # fmt: skip
    assert [f["type"] for f in found["fields"]] == [
        "int",
        "text",
        "text",
        "int4",
        "numeric",
        "timestamp",
        "bool",
        "json",
    ]
    assert found["fields"][1] == FIELDS[0]


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        ({"filters": {"n": {"gte": 27}}}, ["HS027", "HS028", "HS029"]),
        ({"filters": {"$or": [{"n": 3}, {"code": "HS004", "ok": True}]}}, ["HS003", "HS004"]),
        ({"filters": [{"n": 3}, {"n": {"in": [5, 6]}}]}, ["HS003", "HS005", "HS006"]),
        ({"filters": {"n": [1, None, 2]}}, ["HS001", "HS002"]),
        ({"filters": {"n": []}}, []),
        ({"filters": {"meta": None}}, []),
        ({"filters": {"code": 5}}, []),
        ({"filters": {"ok": "true", "n": {"lt": 3}}}, ["HS000", "HS002"]),
        ({"q": "khánh", "limit": 2}, ["HS000", "HS005"]),
        ({"q": "Khanh"}, []),
        ({"q": {"name": "Khánh", "code": "HS010"}}, ["HS010"]),
        ({"q": "hs00:*", "plain": False, "limit": 3}, ["HS000", "HS001", "HS002"]),
        ({"sort": "n desc", "limit": 2}, ["HS029", "HS028"]),
        ({"sort": "name desc, n", "limit": 1, "offset": 1}, ["HS002"]),
    ],
)
def test_searches(world: World, table: str, params: dict[str, Any], codes: list[str]) -> None:
    found = search(world, table, fields=["code"], **params)
    assert [row["code"] for row in found["records"]] == codes
    if "limit" not in params:
        assert found["total"] == len(codes)


def test_ranks_pages_formats_and_distinct_values(world: World, table: str) -> None:
    ranked = search(world, table, q="Khánh", fields="code,rank", limit=1)
    assert ranked["records"] == [{"code": "HS000", "rank": 0.057308756}] and ranked["total"] == 6
    page = search(world, table, include_next_page=True, fields="code", limit=10, include_total=False)
    assert page["next_page"] == {"_id": {"gt": 10}} and "total" not in page
    assert search(world, table, distinct=True, fields="name", sort="name")["records"] == [
        {"name": "Bùi Quốc Khánh"}, {"name": "Lê Văn An"},
    ]  # fmt: skip
    lists = search(world, table, records_format="lists", fields="code,n", limit=1)["records"]
    text = search(world, table, records_format="csv", fields="code,price,ok,meta", limit=2)["records"]
    assert lists == [["HS000", 0]]
    assert text == 'HS000,0.50,t,null\nHS001,1.50,f,"{""k"": 1, ""ghi"": ""ch\\u00fa""}"\n'


def test_an_alias_the_columns_and_the_table_of_tables(world: World, table: str) -> None:
    assert search(world, "bang_vang", limit=0)["resource_id"] == table
    info = act(world, "datastore_info", token=None, id="bang_vang")
    assert info["meta"]["count"] == 30 and info["meta"]["aliases"] == ["bang_vang"]
    columns = {column["id"]: column for column in info["fields"]}
    assert columns["meta"]["type"] == "nested" and columns["n"]["schema"]["is_index"] is True
    assert columns["at"]["schema"]["native_type"] == "timestamp without time zone"
    names = {row["name"]: row["alias_of"] for row in search(world, "_table_metadata", limit=1000)["records"]}
    assert names["bang_vang"] == table and names[table] is None
    assert names["firms"], "contracts' tables stand there, too"


def test_dumps(world: World, table: str) -> None:
    def dump(kind: str, **params: Any) -> str:
        answer = world.anonymous.get(f"/datastore/dump/{table}", params={"format": kind, **params})
        assert answer.status_code == 200, answer.text
        return answer.text

    rows = list(csv.DictReader(io.StringIO(dump("csv"))))
    assert len(rows) == 30 and rows[3]["price"] == "3.50" and rows[4]["_id"] == "5"
    assert dump("csv", fields="code", limit=1, bom=True) == "\ufeffcode\r\nHS000\n"
    found = json.loads(dump("json", filters=json.dumps({"n": {"lt": 2}})))
    assert [row[1] for row in found["records"]] == ["HS000", "HS001"] and found["fields"][0]["id"] == "_id"
    assert json.loads(dump("json", filters='{"code": "none"}'))["records"] == []
    assert len(ElementTree.fromstring(dump("xml")).findall("row")) == 30
    assert world.anonymous.get(f"/datastore/dump/{table}?format=xlsx").status_code == 400
    assert world.anonymous.get(f"/datastore/dump/{table}?filters=%7B%22zz%22%3A1%7D").status_code == 400


def test_upsert_update_and_delete(world: World) -> None:
    number = made(world)
    write = {"resource_id": number, "include_records": True}
    told = act(world, "datastore_upsert", **write, records=[{"code": "HS001", "n": 100}, {"code": "new", "n": ""}])
    assert [(r["code"], r["n"], r["name"]) for r in told["records"]] == [
        ("HS001", 100, "Lê Văn An"),
        ("new", None, None),
    ]
    told = act(world, "datastore_upsert", **write, records=[{"_id": 1, "n": 11}], method="update")
    assert told["records"][0] | {"meta": None} == told["records"][0] | {"_id": 1, "n": 11, "meta": None}
    # CKAN 2.12 answers 500 to more than one record here.
    told = act(world, "datastore_upsert", **write, records=[{"code": "a"}, {"code": "b"}], method="insert")
    assert [row["code"] for row in told["records"]] == ["a", "b"]
    dry = act(world, "datastore_upsert", resource_id=number, records=[{"code": "dry"}], dry_run=True)
    assert dry["dry_run"] is True
    assert search(world, number, limit=0)["total"] == 33
    gone = act(
        world, "datastore_records_delete", resource_id=number, filters={"n": {"gt": 28}}, include_deleted_records=True
    )
    assert [row["code"] for row in gone["deleted_records"]] == ["HS001", "HS029"]
    assert search(world, number, limit=0)["total"] == 31
    act(world, "datastore_delete", resource_id=number)
    assert (
        act(world, "datastore_search", 404, resource_id=number)["message"]
        == f'Not found: Resource "{number}" was not found.'
    )


ODD: dict[str, list[Any]] = {
    "text": ["a\\b", 'a"b', "a,b", "{x}", "NULL", "null", "", " ", "a\nb", 1, 1.50, True, None, {"a": 1}, [1], "'; --", "%s"],
    "int4": ["1", 1, "", " 7 ", "x", 1.5, 2**31, None, True, "1e2"],
    "numeric": ["1.50", 1.5, "NaN", 1e300, "", "x", 12345678901234567890],
    "float8": [1e16, "inf", 0.1, "1,5"],
    "bool": [True, "t", "yes", 1, "maybe", ""],
    "timestamp": ["2024-02-29T01:02:03", "29/02/2024", "2024-02-30", "", 5],
    "timestamptz": ["2024-02-29T01:02:03+07:00", "x"],
    "date": ["2024-02-29", "31/12/2024", "x"],
    "uuid": ["6f1e1b9e-0000-4000-8000-000000000001", "x"],
    "_int4": [[1, 2], "{1,2}"],
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_records_mean_the_same_as_arrays_and_as_json(world: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    number, key = resource(world), {"id": "k", "type": "int"}
    act(world, "datastore_create", resource_id=number, fields=[key, {"id": "v", "type": kind}], primary_key=["k"])

    def written(value: Any, method: str) -> tuple[int, Any]:
        records = [{"k": 1, "v": value}, {"k": 2}] if method == "insert" else [{"k": 1, "v": value}]
        given = {"resource_id": number, "method": method, "records": records, "include_records": True}
        answer = world.client(ADMIN).post("/api/3/action/datastore_upsert", json=given)
        told = answer.json()
        if answer.status_code == 200:
            rows = [row | {"_id": 0} for row in told["result"]["records"]]
            if method == "insert":
                act(world, "datastore_records_delete", resource_id=number, filters={})
            return 200, rows
        return answer.status_code, told["error"]

    for value in ODD[kind]:
        for method in ("insert", "upsert"):
            by_array = written(value, method)
            with monkeypatch.context() as without:
                without.setattr(hosted_arrays, "of", lambda *_: None)
                assert written(value, method) == by_array, value


def test_words_follow_the_rows(world: World) -> None:
    number = made(world)
    assert search(world, number, q="Khánh")["total"] == 6
    act(
        world,
        "datastore_upsert",
        resource_id=number,
        records=[{"code": "HS000", "name": "Ai khác"}, {"code": "x", "name": "Khánh"}],
    )
    act(world, "datastore_records_delete", resource_id=number, filters={"code": "HS005"})
    found = search(world, number, q="Khánh", fields="code", sort="code")
    assert [row["code"] for row in found["records"]] == ["HS010", "HS015", "HS020", "HS025", "x"] and found[
        "total"
    ] == 5


WRONG: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"records": [{"code": "e", "n": "abc"}]}, {"records": ['invalid input syntax for type integer: "abc"'], "records_row": 0}),
    ({"records": [{"code": "e1", "n": 1}, {"code": "e2", "n": "abc"}]}, {"records": ['invalid input syntax for type integer: "abc"'], "records_row": 1}),
    ({"records": [{"code": "e", "zz": 1}], "method": "insert"}, {"records": ['row "1" has extra keys "zz"']}),
    ({"records": [{"code": "e", "zz": 1}]}, {"fields": ['fields "zz" do not exist']}),
    ({"records": [{"n": 1}]}, {"key": ['fields "code" are missing\n                            but needed as key']}),
    ({"records": [{"code": "zz", "n": 1}], "method": "update"}, {"key": ["key \"{'val_2': 'zz'}\" not found"]}),
    ({"records": [], "method": "merge"}, {"method": ["Value must be one of ['upsert', 'insert', 'update']"]}),
    ({"records": ["x"], "method": "insert"}, {"records": ['row "0" is not a json object']}),
]  # fmt: skip


@pytest.mark.parametrize(("params", "error"), WRONG)
def test_a_record_that_does_not_fit_is_named_and_nothing_is_written(
    world: World, table: str, params: dict[str, Any], error: dict[str, Any]
) -> None:
    assert act(world, "datastore_upsert", 409, resource_id=table, **params) == error | {"__type": "Validation Error"}
    assert search(world, table, limit=0)["total"] == 30


def test_a_key_that_is_there_already(world: World, table: str) -> None:
    records = [{"code": "fresh"}, {"code": "HS003"}]
    error = act(world, "datastore_upsert", 409, resource_id=table, records=records, method="insert")
    assert (
        error["records"][0].startswith("duplicate key value violates unique constraint") and error["records_row"] == 1
    )


def test_a_table_is_widened_and_narrowed(world: World) -> None:
    number = made(world)
    create = {"resource_id": number}
    act(world, "datastore_create", **create, fields=[{"id": "code"}, {"id": "more", "type": "date"}])
    assert "more" in [f["id"] for f in search(world, number, limit=0)["fields"]]
    act(world, "datastore_create", **create, fields=[{"id": "code", "type": "text"}], delete_fields=True)
    assert [f["id"] for f in search(world, number, limit=0)["fields"]] == ["_id", "code"]
    act(world, "datastore_create", **create, records=[{"code": "y", "later": 3}])
    assert search(world, number, filters={"code": "y"})["records"][0]["later"] == 3


def test_types_are_guessed_from_all_records(world: World) -> None:
    number = resource(world)
    records = [
        {"i": 1, "f": 1.5, "s": "12", "d": "2024-01-31", "t": "00123", "b": True, "o": {"a": 1}, "m": 1, "z": None},
        {"m": "một", "z": "x"},
    ]
    act(world, "datastore_create", resource_id=number, records=records)
    types = {f["id"]: f["type"] for f in search(world, number)["fields"]}
    assert types == {
        "_id": "int", "i": "int4", "f": "float8", "s": "int4", "d": "timestamp", "t": "text", "b": "bool", "o": "json",
        "m": "text", "z": "text",
    }  # fmt: skip


CREATE_WRONG: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"fields": [{"id": "x", "type": "blob9"}]}, {"fields": ['"blob9" is not a valid field type']}),
    ({"fields": [{"id": "a\"b"}, {"id": ""}]}, {"fields": [{"id": ['"a"b" is not a valid field name']}, {"id": ["Missing value"]}]}),
    ({"fields": [{"id": "x", "type": "text"}, {"id": "x", "type": "text"}]}, {"field": ["Duplicate column names are not supported"]}),
    ({"fields": [{"id": "x"}]}, {"fields": ['"x" type not guessable']}),
    ({"primary_key": "nope"}, {"index": ["The field \"['nope']\" is not a valid column name."]}),
    ({"aliases": "_x"}, {"alias": ['"_x" is not a valid alias name']}),
    ({"aliases": "firms"}, {"alias": ['The alias "firms" already exists.']}),
    ({"aliases": "bang_vang"}, {"alias": ['The alias "bang_vang" already exists.']}),
    ({"triggers": [{"function": "khong_co"}]}, {"triggers": ["function khong_co() does not exist"]}),
]  # fmt: skip


@pytest.mark.parametrize(("params", "error"), CREATE_WRONG)
def test_a_table_that_cannot_be_is_refused_and_none_is_made(
    world: World, table: str, params: dict[str, Any], error: dict[str, Any]
) -> None:
    number = resource(world)
    assert act(world, "datastore_create", 409, resource_id=number, **params) == error | {"__type": "Validation Error"}
    assert act(world, "datastore_search", 404, resource_id=number)


def test_who_may(world: World, table: str) -> None:
    error = act(world, "datastore_upsert", 403, token=None, resource_id=table, records=[])
    assert error["message"] == f"Access denied: User  not authorized to perform resource_update on resource {table}"
    assert "read-only" in act(world, "datastore_create", 409, resource_id=resource(world, url_type=None))
    assert (
        act(world, "datastore_create", 403, resource_id="firms", records=[{"a": 1}])["__type"] == "Authorization Error"
    )
    hidden = resource(world, private=True)
    act(world, "datastore_create", resource_id=hidden, records=[{"a": 1}])
    error = act(world, "datastore_search", 403, token=None, resource_id=hidden)
    assert error["message"] == f"Access denied: User  not authorized to perform resource_show on resource {hidden}"
    assert world.anonymous.get(f"/datastore/dump/{hidden}").status_code == 404
    assert act(world, "datastore_search", resource_id=hidden)["total"] == 1
    assert act(world, "datastore_function_create", 403, token=None, name="f", definition="BEGIN RETURN NEW; END")


def test_triggers_change_rows_and_can_do_nothing_else(world: World) -> None:
    number = made(world)
    body = (
        "BEGIN NEW.code := upper(NEW.code); IF NEW.n < 0 THEN RAISE EXCEPTION 'n is %', NEW.n; END IF; RETURN NEW; END;"
    )
    act(world, "datastore_function_create", name="shout", definition=body, rettype="trigger", or_replace=True)
    act(world, "datastore_create", resource_id=number, triggers=[{"function": "shout"}])
    told = act(
        world, "datastore_upsert", resource_id=number, records=[{"code": "loud"}], include_records=True, method="insert"
    )
    assert told["records"][0]["code"] == "LOUD"
    error = act(world, "datastore_upsert", 409, resource_id=number, records=[{"code": "x", "n": -1}])
    assert error["records"] == ["n is -1"]
    assert act(world, "datastore_run_triggers", resource_id=number) == 31
    assert act(world, "datastore_function_create", 409, name="bad", definition="BEGIN X")["definition"] == [
        "unexpected end of function definition at end of input"
    ]
    for body in (
        "BEGIN PERFORM set_config('role', 'lienthong_administrator', true); RETURN NEW; END;",
        "BEGIN EXECUTE 'set role lienthong_administrator'; RETURN NEW; END;",
        "BEGIN NEW.code := (SELECT id FROM governed.cases LIMIT 1); RETURN NEW; END;",
    ):
        assert act(world, "datastore_function_create", 409, name="evil", definition=body)["definition"]
    act(world, "datastore_create", resource_id=number, triggers=[])
    act(world, "datastore_function_delete", name="shout")
    assert act(world, "datastore_function_delete", 404, name="shout")


def test_the_owner_of_hosted_rows_reaches_nothing_else(world: World) -> None:
    found = world.owner(
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname in ('platform', 'governed', 'history', 'open', 'release', 'staging', 'twin') "
        "and c.relkind in ('r', 'v', 'p') and has_schema_privilege('lienthong_hosted', n.oid, 'usage')"
    )
    assert found == []
