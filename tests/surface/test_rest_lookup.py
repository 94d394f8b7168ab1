"""Rows by their keys, versions of a dataset, and what ends them."""

import json
from typing import Any

import pytest

from lienthong.contract.model import Deprecated
from lienthong.kernel.problem import Gone
from lienthong.rest import versions
from lienthong.store import owner
from tests.surface.small import AGENCY, World, cases, permits

LOOKUP = "/api/v1/datasets/firms/lookup"


def looked_up(world: World, dataset: str, token: str | None = None, **given: Any) -> dict[str, Any]:
    answer = world.client(token).post(f"/api/v1/datasets/{dataset}/lookup", json=given)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_rows_come_in_the_order_asked_and_null_where_there_is_none(world: World) -> None:
    keys = ["F0005", "F9999", "F0001", "F0005", "F-none"]
    found = looked_up(world, "firms", keys=keys, fields=["firm_code", "place.name"])
    assert [row and row["firm_code"] for row in found["data"]] == ["F0005", None, "F0001", "F0005", None]
    assert found["missing"] == ["F9999", "F-none"] and found["release"] == 1
    assert found["data"][0]["place"]["name"]


def test_a_thousand_keys_are_one_statement(world: World) -> None:
    keys = [f"F{n:04}" for n in range(1000)]
    before = len(world.database.statements)
    found = looked_up(world, "firms", keys=keys)
    assert len(world.database.statements) == before + 1
    assert found["missing"] == keys[60:] and found["data"][:60] == world.rows("firms", limit="60")


def test_keys_of_several_parts_are_lists(world: World) -> None:
    rows = [p for p in permits() if p["firm_code"] in ("F0003", "F0001")]
    keys = [[p["firm_code"], p["number"]] for p in reversed(rows)]
    found = looked_up(world, "permits", keys=[*keys, ["F0003", "99/2024/GP-ND"]])
    assert [[r["firm_code"], r["number"]] for r in found["data"][:-1]] == keys and found["data"][-1] is None


def test_a_governed_lookup_is_bounded_and_recorded(world: World) -> None:
    answer = world.client(AGENCY).post("/api/v1/datasets/cases/lookup", json={"keys": ["C001", "C000", "C003"]})
    shown = {c["case_code"]: c for c in cases()}
    assert [r and r["case_code"] for r in answer.json()["data"]] == ["C001", None, "C003"]
    assert shown["C000"]["channel"] == "counter"  # outside of the agreement: as if it were not there
    with owner.connect(world.settings) as connection:
        receipt = (answer.headers["lienthong-receipt"],)
        entry = connection.execute(
            "select rows, agreement, condition from platform.ledger where receipt = %s", receipt
        ).fetchone()
    assert entry and entry[:2] == (2, "A-1") and "case_code" in json.dumps(entry[2])


BODIES: list[tuple[bytes, str]] = [
    (b"", "body"), (b"[]", "body"), (b"{", "body"), (b"null", "body"), (b'{"keys": NaN}', "body"),
    (b'{"keys": ["F0001"], "keys": ["F0002"]}', "body"), (b'{"keys": ["\xff"]}', "body"), (b'{"keys": ["\\ud800"]}', "body"),
    (b'{"keys": ["\\u0000"]}', "body"), (b'{"keys": [1e999]}', "body"), (b"[" * 100_000, "body"), (b'{"a":' * 20_000, "body"),
    (b"{}", "keys"), (b'{"keys": []}', "keys"), (b'{"keys": "F0001"}', "keys"), (b'{"keys": {"a": 1}}', "keys"),
    (json.dumps({"keys": ["F0001"] * 1001}).encode(), "keys"), (b'{"keys": [null]}', "keys[0]"), (b'{"keys": ["F0001", true]}', "keys[1]"),
    (b'{"keys": [["F0001", "x"]]}', "keys[0]"), (b'{"keys": [[]]}', "keys[0]"), (b'{"keys": [[["F0001"]]]}', "keys[0]"),
    (b'{"keys": [{"firm_code": "F0001"}]}', "keys[0]"), (b'{"keys": ["F0001"], "field": ["name"]}', "field"),
    (b'{"keys": ["F0001"], "fields": "name"}', "fields"), (b'{"keys": ["F0001"], "fields": ["nam"]}', "nam"),
    (b'{"keys": ["F0001"], "fields": ["name,status"]}', "fields"), (b'{"keys": ["F0001"], "fields": [1]}', "fields"),
    (b'{"keys": ["F0001"], "as_of": 5}', "as_of"), (b'{"keys": ["F0001"], "as_of": "x"}', "as_of"),
    (b'{"keys": ["F0001"], "include": ["plac"]}', "include"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "place"), BODIES, ids=[str(b[:40]) for b, _ in BODIES])
def test_a_wrong_body_is_refused_with_its_place(world: World, body: bytes, place: str) -> None:
    answer = world.anonymous.post(LOOKUP, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["place"] == place, answer.text


def test_other_bodies_parameters_and_methods_are_refused(world: World) -> None:
    body = {"keys": ["F0001"]}
    assert world.anonymous.post(LOOKUP, data={"keys": "F0001"}).status_code == 415
    assert world.anonymous.post(LOOKUP, content=b'{"keys": ["F0001"]}').status_code == 415
    assert world.anonymous.post(LOOKUP + "?x=1", json=body).json()["place"] == "x"
    assert (
        world.anonymous.post(LOOKUP, content=b" " * 300_000, headers={"Content-Type": "application/json"}).status_code
        == 422
    )
    assert world.anonymous.post("/api/v1/datasets/cases/lookup", json=body).status_code == 401
    assert world.anonymous.post(LOOKUP, json=body | {"fields": ["owner_name"]}).json()["field"] == "owner_name"
    assert world.anonymous.get(LOOKUP).status_code == 405


@pytest.mark.parametrize("path", ["rows", "rows/F0001", "rows.csv"])
def test_an_answer_tells_the_version_of_its_contract_and_may_be_pinned_to_it(world: World, path: str) -> None:
    for name, headers in (
        ("firms", {}),
        ("firms@1", {}),
        ("firms", {"Accept": "application/json;version=1, text/csv"}),
    ):
        answer = world.anonymous.get(f"/api/v1/datasets/{name}/{path}", headers=headers)
        assert answer.status_code == 200 and answer.headers["lienthong-contract"] == "firms@1.0.0"
    for name, headers, status in (
        ("firms@2", {}, 404), ("firms@0", {}, 404), ("firms@x", {}, 400), ("firms@", {}, 400), ("frims@1", {}, 404),
        ("firms", {"Accept": "application/json; version=2"}, 404), ("firms@1.0.0", {}, 400),
    ):  # fmt: skip
        answer = world.anonymous.get(f"/api/v1/datasets/{name}/{path}", headers=headers)
        assert answer.status_code == status and "firms" in answer.json()["fix"], name


def test_a_version_that_ended_is_gone(world: World) -> None:
    later = world.registry.get("firms").model_copy(update={"version": "3.1.0"})
    versions.check(later, "3")
    with pytest.raises(Gone) as gone:
        versions.check(later, "2")
    assert gone.value.status == 410 and "firms@3" in str(gone.value)


def test_what_will_end_says_so_in_every_answer(world: World) -> None:
    ending = Deprecated.model_validate({"since": "2026-01-01", "sunset": "2026-12-31", "successor": "case_statistics"})
    headers = versions.headers(world.registry.get("firms").model_copy(update={"deprecated": ending}))
    assert headers["Deprecation"] == "@1767225600"  # RFC 9745: seconds since 1970
    assert headers["Sunset"] == "Thu, 31 Dec 2026 00:00:00 GMT"  # RFC 8594: an HTTP date
    assert headers["Link"] == '</api/v1/datasets/case-statistics>; rel="successor-version"'
    assert "Deprecation" not in versions.headers(world.registry.get("firms"))
