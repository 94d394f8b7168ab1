"""Rows written over the API: checked at once, conditional, through the gate with history."""

import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from lienthong.governance.credentials import token_hash
from tests.journey.ingest_world import Installation
from tests.journey.writes_world import READER, ROWS, STRANGER, WAIT, WHOLE, WRITER, caller, finished, working, writable
from tests.surface.small import Client, World, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with writable(tmp_path_factory.mktemp("writes")) as made:
        yield made


@pytest.fixture(scope="module")
def api(world: Installation) -> Iterator[World]:
    with serving(world.settings, world.registry) as made:
        yield made


@pytest.fixture(scope="module")
def worker(world: Installation) -> Iterator[None]:
    with working(world):
        yield


@pytest.fixture
def client(api: World, worker: None) -> Client:
    """A writer, with a worker at work."""
    return caller(api, WRITER)


def tag(client: Client, code: str) -> str:
    """The ETag of a row."""
    answer = client.get(f"{ROWS}/{code}")
    assert answer.status_code == 200, answer.text
    return str(answer.headers["etag"])


def test_a_row_is_put_read_changed_and_deleted(world: Installation, client: Client) -> None:
    given = {
        "name": "Ba “ba”", "price": 12345678901234.5, "kind": "blue", "made_on": "2024-02-29", "good": False,
        "tags": ["a", "b"], "place": {"type": "Point", "coordinates": [106.5, 21.5]},
    }  # fmt: skip
    made = finished(client, client.request("PUT", f"{ROWS}/C", json=given, headers=WAIT)).json()
    assert (made["state"], made["counts"]["inserted"], made["counts"]["unchanged"]) == ("done", 1, 0)
    read = client.get(f"{ROWS}/C")
    assert read.status_code == 200, read.text
    assert read.headers["etag"] == f'"{made["etag"]}"'
    assert read.json()["data"]["tags"] == ["a", "b"]
    again = client.request("PUT", f"{ROWS}/C", json=read.json()["data"], headers={**WAIT, "If-Match": tag(client, "C")})
    assert (again.status_code, again.json()["state"]) == (200, "unchanged"), "what was read can be written back"
    assert again.headers["etag"] == read.headers["etag"]
    patch = {"If-Match": tag(client, "C"), **WAIT, "Content-Type": "application/merge-patch+json"}
    changed = client.request("PATCH", f"{ROWS}/C", content=json.dumps({"name": "Bốn", "kind": None}), headers=patch)
    assert changed.json()["counts"]["updated"] == 1
    row = client.get(f"{ROWS}/C").json()["data"]
    assert (row["name"], row["kind"], row["made_on"]) == ("Bốn", None, "2024-02-29")
    gone = client.request("DELETE", f"{ROWS}/C", headers={"If-Match": tag(client, "C"), **WAIT})
    assert (gone.status_code, gone.json()["counts"]["closed"]) == (200, 1)
    assert client.get(f"{ROWS}/C").status_code == 404
    assert world.rows("select name from history.things where code = 'C' order by _from") == [("Ba “ba”",), ("Bốn",)]
    changes = world.rows("select op from platform.outbox where dataset = 'things' and key = 'C' order by id")
    assert changes == [("insert",), ("update",), ("delete",)]
    assert world.value("select count(*) from platform.validation_result where dataset = 'things'") >= 4


def test_the_body_is_kept_as_it_came(world: Installation, client: Client) -> None:
    body = b'{ "name":\t"K\\u1ebf" }'
    run = finished(client, client.request("PUT", f"{ROWS}/K", content=body)).json()
    sha = world.value("select sha256 from platform.writing where run = %s", uuid.UUID(run["run"]))
    assert (world.settings.home / "landing" / sha[:2] / sha).read_bytes() == body
    assert world.value("select files->0->>'sha256' from platform.run where id = %s", uuid.UUID(run["run"])) == sha


def test_conditions(client: Client) -> None:
    finished(client, client.request("PUT", f"{ROWS}/D", json={"name": "Năm"}, headers=WAIT))
    put = {"name": "Sáu"}
    for headers, status in (
        ({}, 428),
        ({"If-None-Match": "*"}, 412),
        ({"If-Match": '"0123456789abcdef0123456789abcdef"'}, 412),
        ({"If-Match": "unquoted"}, 400),
        ({"If-None-Match": '"x"'}, 400),
        ({"If-Match": tag(client, "D"), "If-None-Match": "*"}, 400),
        ({"If-Match": "*"}, 200),
    ):
        answer = client.request("PUT", f"{ROWS}/D", json=put, headers={**WAIT, **headers})
        assert answer.status_code == status, (headers, answer.text)
    assert client.request("PUT", f"{ROWS}/E", json=put, headers={**WAIT, "If-Match": "*"}).status_code == 412
    assert client.request("PUT", f"{ROWS}/E", json=put, headers={**WAIT, "If-None-Match": "*"}).status_code == 201
    for method in ("PATCH", "DELETE"):
        body = {"json": {"name": "Bảy"}} if method == "PATCH" else {}
        assert client.request(method, f"{ROWS}/D", **body).status_code == 428
        missing = client.request(method, f"{ROWS}/NONE", headers={**WAIT, "If-Match": "*"}, **body)
        assert missing.status_code == 404


def test_of_two_who_saw_the_same_row_one_wins(client: Client) -> None:
    finished(client, client.request("PUT", f"{ROWS}/R", json={"name": "Đua"}, headers=WAIT))
    seen = {"If-Match": tag(client, "R")}
    asked = [client.request("PUT", f"{ROWS}/R", json={"name": f"Người {n}"}, headers=seen) for n in range(4)]
    # Whoever asks when the first is done already is told at once.
    late = [answer.json() for answer in asked if answer.status_code == 412]
    runs = [finished(client, answer).json() for answer in asked if answer.status_code != 412]
    runs += [{"state": "refused", "problem": problem} for problem in late]
    assert sorted(run["state"] for run in runs) == ["done", "refused", "refused", "refused"]
    assert {run["problem"]["status"] for run in runs if run["problem"]} == {412}
    assert client.get(f"{ROWS}/R").json()["data"]["name"].startswith("Người ")


def test_the_gate_closes_on_what_the_dataset_would_become(world: Installation, client: Client) -> None:
    before = world.rows("select code from governed.things order by code")
    for (code,) in before[:-2]:
        answer = client.request("DELETE", f"{ROWS}/{code}", headers={**WAIT, "If-Match": "*"})
        assert answer.status_code == 200, answer.text
    last = before[-2][0]
    closed = client.request("DELETE", f"{ROWS}/{last}", headers={**WAIT, "If-Match": "*", "Accept-Language": "en"})
    assert (closed.status_code, closed.json()["code"]) == (409, "GATE_CLOSED")
    assert [rule["id"] for rule in closed.json()["rules"]] == ["T-MIN"]
    assert world.value("select count(*) from governed.things") == 2, "nothing was stored"
    run = client.get(f"/api/v1/runs/{closed.json()['run']}").json()
    assert (run["state"], run["problem"]["code"]) == ("refused", "GATE_CLOSED")
    outcome = world.rows(
        "select success from platform.validation_result where run_id = %s", uuid.UUID(closed.json()["run"])
    )
    assert outcome == [(False,)]


def test_a_rule_of_rows_refuses_the_row(world: Installation, client: Client) -> None:
    rows = [{"code": "F1", "name": "Tốt", "price": 2}, {"code": "F2", "name": "Miễn phí", "price": 0}]
    answer = client.post(ROWS, json=rows, headers={**WAIT, "Accept-Language": "en"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["place"] == "[1]"
    assert answer.json()["detail"] == "Nothing is free"
    assert not world.rows("select 1 from governed.things where code like 'F%%'"), "all of them or none"


def test_many_rows_at_once(world: Installation, client: Client) -> None:
    rows = [{"code": f"M{n:04}", "name": f"Dòng {n}", "price": n + 1} for n in range(1000)]
    run = finished(client, client.post(ROWS, json=rows, headers=WAIT)).json()
    assert run["counts"]["inserted"] == 1000
    rows[3]["name"] = "Khác"
    run = finished(client, client.post(ROWS, json=rows[:10], headers={**WAIT, "If-Match": "*"})).json()
    assert (run["counts"]["updated"], run["counts"]["unchanged"], run["counts"]["closed"]) == (1, 9, 0)
    assert world.value("select count(*) from governed.things where code like 'M%%'") == 1000
    assert client.post(ROWS, json=rows + rows).status_code == 422
    assert client.post(ROWS, json=[]).status_code == 422
    twice = client.post(ROWS, json=[rows[0], rows[0]])
    assert twice.json()["errors"][0]["place"] == "[1]"
    assert client.post(ROWS, json=rows[:2], headers={"If-Match": '"0123"'}).json()["place"] == "If-Match"


def test_many_rows_are_replaced_only_by_who_has_seen_them(world: Installation, client: Client) -> None:
    rows = [{"code": f"N{n}", "name": f"Dòng {n}"} for n in range(3)]
    finished(client, client.post(ROWS, json=rows, headers={**WAIT, "If-None-Match": "*"}))
    english = {**WAIT, "Accept-Language": "en"}
    blind = client.post(ROWS, json=[{"code": "N9", "name": "Mới"}, *rows[1:]], headers=english)
    assert (blind.status_code, [e["place"] for e in blind.json()["errors"]]) == (428, ["[1]", "[2]"])
    assert "_etag" in blind.json()["fix"]
    assert client.post(ROWS, json=rows[:1], headers={**WAIT, "If-None-Match": "*"}).status_code == 412
    changes = "/api/v1/datasets/things/changes"
    start = client.get(f"{changes}?since=now").json()["page"]["next"]
    seen = [row | {"name": "Khác", "_etag": tag(client, str(row["code"]))} for row in rows]
    fresh: dict[str, Any] = {"code": "N9", "name": "Mới", "_etag": None}
    run = finished(client, client.post(ROWS, json=[*seen, fresh], headers=WAIT)).json()
    assert (run["counts"]["updated"], run["counts"]["inserted"]) == (3, 1)
    late = client.post(ROWS, json=[seen[0] | {"_etag": tag(client, "N0")}, seen[1], fresh], headers=english)
    assert (late.status_code, [e["place"] for e in late.json()["errors"]]) == (412, ["[1]", "[2]"])
    versions = {c["key"][0]: c["version"] for c in client.get(f"{changes}?since={start}").json()["data"]}
    assert f'"{versions["N1"]}"' == tag(client, "N1"), "the feed tells the ETag of every row"
    wrong = client.post(ROWS, json=[rows[0] | {"_etag": 5}], headers=english)
    assert (wrong.status_code, wrong.json()["place"]) == (422, "[0]._etag")
    overwritten = client.post(ROWS, json=rows, headers={**WAIT, "If-Match": "*"})
    assert finished(client, overwritten).json()["counts"]["updated"] == 3


def test_the_same_key_gives_the_same_answer(world: Installation, client: Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = client.request("PUT", f"{ROWS}/I1", json={"name": "Một lần"}, headers=key)
    again = client.request("PUT", f"{ROWS}/I1", json={"name": "Một lần"}, headers=key)
    assert first.headers["location"] == again.headers["location"]
    finished(client, first)
    late = client.request("PUT", f"{ROWS}/I1", json={"name": "Một lần"}, headers={**key, **WAIT})
    assert (late.status_code, late.json()["run"]) == (201, first.json()["run"])
    other = client.request("PUT", f"{ROWS}/I1", json={"name": "Khác"}, headers=key)
    assert (other.status_code, other.json()["place"]) == (422, "Idempotency-Key")
    assert client.request("PUT", f"{ROWS}/I2", json={"name": "Một lần"}, headers=key).status_code == 422
    assert world.value("select count(*) from platform.outbox where dataset = 'things' and key = 'I1'") == 1


def test_the_same_key_at_the_same_time_is_one_write(world: Installation, api: World, client: Client) -> None:
    found: list[str] = []

    def ask() -> None:
        headers = {"Idempotency-Key": "k-race"}
        answer = caller(api, WRITER).request("PUT", f"{ROWS}/RACE", json={"name": "Cùng lúc"}, headers=headers)
        found.append(answer.headers["location"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert world.value("select count(*) from platform.writing where idempotency_key = 'k-race'") == 1


WRONG = [
    ({"nam": "x", "name": "y"}, "nam", "name"),
    ({"name": "x", "_id": 5}, "_id", ""),
    ({"name": "x", "_from": "2020-01-01"}, "_from", ""),
    ({"name": "x", "_to": None}, "_to", ""),
    ({"name": "x", "_run": "x"}, "_run", ""),
    ({"name": "x", "_hash": "x"}, "_hash", ""),
    ({"name": "x", "_search": "x"}, "_search", ""),
    ({"name": "x", "_m_name": "x"}, "_m_name", ""),
    ({"name": "x", "id": 1}, "id", ""),
    ({"name": "x", "version": 1}, "version", ""),
    ({"name": "x", "etag": "x"}, "etag", ""),
    ({"name": "x", "release": 1}, "release", ""),
    ({"name": "x", "dataset": "stones"}, "dataset", ""),
    ({"name": "x", "agency": "other"}, "agency", ""),
    ({"name": "x", "agreement": "A-1"}, "agreement", ""),
    ({"name": "x", "state": "done"}, "state", ""),
    ({"name": "x", "role": "administrator"}, "role", ""),
    ({"name": "x", "purpose": "x"}, "purpose", ""),
    ({"name": "x", "synthetic": True}, "synthetic", ""),
    ({"name": "x", "__proto__": {}}, "__proto__", ""),
    ({"name": "x", "code": "OTHER"}, "code", ""),
    ({}, "name", ""),
    ({"name": None}, "name", ""),
    ({"name": "   "}, "name", ""),
    ({"name": "x", "price": "nhiều"}, "price", ""),
    ({"name": "x", "price": {"a": 1}}, "price", ""),
    ({"name": "x", "kind": "green"}, "kind", ""),
    ({"name": "x", "made_on": "2023-02-29"}, "made_on", ""),
    ({"name": "x", "good": "maybe"}, "good", ""),
    ({"name": "x", "tags": "a,b"}, "tags", ""),
    ({"name": "x", "place": {"type": "Point", "coordinates": [999, 1]}}, "place", ""),
    ({"name": "a\u0000b"}, "body", ""),
]


@pytest.mark.parametrize(("row", "place", "fix"), WRONG)
def test_what_is_no_row_is_refused_at_once(
    world: Installation, api: World, row: dict[str, Any], place: str, fix: str
) -> None:
    before = world.value("select count(*) from platform.run")
    answer = caller(api, WRITER).request("PUT", f"{ROWS}/X", json=row, headers={"Accept-Language": "en"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["place"] == place
    assert fix in str(answer.json().get("fix"))
    assert world.value("select count(*) from platform.run") == before, "nothing was asked for"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"name": NaN}', b'{"name": "a", "name": "b"}', b'{"name": "\\ud800"}', b"\xff", b'"x"']
)
def test_what_is_no_json_object_is_refused(api: World, body: bytes) -> None:
    answer = caller(api, WRITER).request("PUT", f"{ROWS}/X", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text


def test_all_complaints_come_at_once(api: World) -> None:
    answer = caller(api, WRITER).request("PUT", f"{ROWS}/X", json={"price": "x", "kind": "y", "q": 1})
    assert {error["place"] for error in answer.json()["errors"]} == {"q", "name", "price", "kind"}


@pytest.mark.parametrize(
    ("token", "dataset", "method", "status"),
    [
        (None, "things", "PUT", 401),
        (READER, "things", "PUT", 403),
        (STRANGER, "things", "PUT", 403),
        (WHOLE, "things", "PUT", 403),
        ("administrator", "things", "PUT", 403),
        (WRITER, "stones", "PUT", 403),
        (WRITER, "papers", "DELETE", 403),
        (WRITER, "nothing", "PUT", 404),
    ],
)
def test_who_may_not_write_does_not(
    world: Installation, api: World, token: str | None, dataset: str, method: str, status: int
) -> None:
    if token == "administrator":
        token = "t-admin"
        world.rows(
            "insert into platform.person (username, name, role) values ('boss', 'x', 'administrator') returning 1"
        )
        world.rows(
            "insert into platform.token (id, sha256, label, username, created_at) values (%s, %s, '', 'boss', now()) "
            "returning 1", uuid.uuid4(), token_hash(token),
        )  # fmt: skip
    headers = {"If-Match": "*"} if method == "DELETE" else {}
    body = {} if method == "DELETE" else {"json": {"name": "x"}}
    answer = caller(api, token).request(method, f"/api/v1/datasets/{dataset}/rows/X", headers=headers, **body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("role", "statuses"), [("publisher", {201, 202}), ("steward", {201, 202}), ("analyst", {403})]
)  # done at once, where the worker is that fast
def test_people_write_by_their_role(world: Installation, api: World, role: str, statuses: set[int]) -> None:
    with world.connect() as connection:
        connection.execute(
            "insert into platform.person (username, name, role, agency_id) values (%s, 'x', %s, 'office')", (role, role)
        )
        connection.execute(
            "insert into platform.token (id, sha256, label, username, created_at) values (%s, %s, '', %s, now())",
            (uuid.uuid4(), token_hash(f"t-{role}"), role),
        )
    answer = caller(api, f"t-{role}").request("PUT", f"{ROWS}/P-{role}", json={"name": "x"})
    assert answer.status_code in statuses, answer.text


def test_a_run_is_shown_to_its_provider_alone(api: World, client: Client) -> None:
    run = client.request("PUT", f"{ROWS}/S", json={"name": "x"}).headers["location"]
    assert client.get(run).status_code == 200
    assert caller(api, STRANGER).get(run).status_code == 404
    assert caller(api, None).get(run).status_code == 401
    assert client.get(f"/api/v1/runs/{uuid.uuid4()}").status_code == 404


def test_the_api_s_role_may_ask_and_nothing_else(world: Installation) -> None:
    with world.connect() as connection:
        connection.execute("set role lienthong_app")
        for statement in (
            "update platform.run set state = 'done'",
            "delete from platform.writing",
            "insert into jobs.procrastinate_jobs (queue_name, task_name) values ('data', 'ingest')",
            "insert into governed.things (code) values ('X')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
