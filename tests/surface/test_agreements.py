"""Agreements over the API: the whole life, what is refused and why, deadlines, ODRL."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lienthong.governance.agreements import calendar
from lienthong.kernel.clock import today
from tests.surface import people
from tests.surface.sharing import FIELDS, Parties
from tests.surface.small import World

ODRL = json.loads((Path(__file__).parent / "odrl_shape.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def both_sides(world: World) -> Parties:
    return Parties(world)


@pytest.fixture
def parties(both_sides: Parties) -> Iterator[Parties]:
    yield both_sides
    both_sides.clear()


def later(days: int) -> str:
    return str(today() + timedelta(days=days))


def test_asked_for_reviewed_signed_renewed(parties: Parties) -> None:
    answer = parties.ask()
    assert answer.status_code == 201, answer.text
    found, id = answer.json(), answer.json()["id"]
    assert answer.headers["location"] == f"/api/v1/agreements/{id}" and answer.headers["etag"] == '"1"'
    assert found["state"] == "requested" and found["provider"]["id"] == "registry-office"
    assert found["consumer"] == {"id": "tax-office", "name": {"vi": "Thuế tỉnh", "en": "Tax office"}}
    assert found["actions"] == ["withdraw"] and not found["overdue"]
    assert parties.rows().status_code == 403

    assert parties.get("registry_steward", f"/{id}").json()["actions"] == ["review", "sign", "reject"]
    assert parties.act("registry_steward", id, "review", note="Đủ điều kiện").json()["state"] == "reviewed"
    signed = parties.act("registry_publisher", id, "sign").json()
    assert signed["state"] == "signed" and signed["answered_in_time"] is True
    assert parties.rows().status_code == 403  # the rights are not written yet
    assert parties.keep() == 1
    parties.settle()

    people_rows = parties.rows(fields="case_code,person_name,channel").json()["data"]
    assert people_rows and {row["channel"] for row in people_rows} == {"online"}
    hidden = parties.rows(fields="illness")
    assert hidden.status_code == 403
    assert hidden.json()["field"] == "illness" and hidden.json()["clause"] == id

    renewal = parties.act("tax_developer", id, "renew", expires=later(800), note="còn cần")
    assert renewal.status_code == 201 and renewal.json()["renews"] == id
    second = renewal.json()["id"]
    assert parties.act("registry_steward", second, "sign").status_code == 200
    parties.keep()
    assert (parties.state(id), parties.state(second)) == ("replaced", "active")
    parties.settle()
    assert parties.rows().status_code == 200


def test_suspended_with_notice_then_at_once_resumed_and_revoked(parties: Parties) -> None:
    second = parties.active()
    parties.settle()
    first = calendar.due(parties.world.registry, "suspension", today())
    told = parties.act(
        "registry_steward", second, "suspend", reason="maintenance", note="bảo trì", **{"from": str(first)}
    )
    assert told.status_code == 200 and told.json()["state"] == "active" and told.json()["suspend_from"] == str(first)
    assert parties.rows().status_code == 200
    assert parties.act("registry_steward", second, "resume").json()["suspend_from"] is None
    now = parties.act("registry_steward", second, "suspend", reason="security", note="nghi lộ mã truy cập")
    assert now.json()["state"] == "suspended"
    parties.settle()
    assert parties.rows().status_code == 403
    assert parties.act("registry_steward", second, "resume").json()["state"] == "signed"
    parties.keep()
    parties.settle()
    assert parties.rows().status_code == 200

    ended = parties.act("registry_steward", second, "revoke", reason="purpose_changed", note="không còn đúng mục đích")
    assert ended.json()["state"] == "revoked" and ended.json()["actions"] == []
    parties.settle()
    assert parties.rows().status_code == 403
    parties.keep()
    assert people.ask(parties.world, "select applied from platform.agreement where id = %s", second) == [(None,)]
    history = parties.get("tax_developer", f"/{second}").json()["history"]
    assert [(e["who"], e["what"]) for e in history] == [
        ("tax_developer", "request"), ("registry_steward", "sign"), ("platform", "activate"),
        ("registry_steward", "suspend"), ("registry_steward", "resume"), ("registry_steward", "suspend"),
        ("registry_steward", "resume"), ("platform", "activate"), ("registry_steward", "revoke"),
    ]  # fmt: skip
    assert history[-1]["reason"] == "purpose_changed" and history[-1]["note"]


def test_all_twelve_items_have_a_place(parties: Parties) -> None:
    id = parties.asked(clauses={"deletion": "Hủy sau 10 ngày", "other": "Họp mỗi quý"})
    items = parties.get("registry_steward", f"/{id}").json()["items"]
    assert [item["number"] for item in items] == list(range(1, 13))
    assert all(item[part][language] for item in items for part in ("title", "text") for language in ("vi", "en"))
    texts = {item["number"]: item["text"]["vi"] for item in items}
    assert "Thuế tỉnh" in texts[1] and all(name in texts[2] for name in FIELDS)
    assert texts[11] == "Hủy sau 10 ngày" and texts[12] == "Họp mỗi quý" and "5000" in texts[7]


WRONG: list[tuple[dict[str, Any], int, str, str]] = [
    ({"datset": "x"}, 422, "datset", "dataset"),
    ({"dataset": "casess"}, 404, "casess", "cases"),
    ({"fields": ["case_code", "person_nam"]}, 422, "fields", "person_name"),
    ({"fields": ["days", "days"]}, 422, "fields", ""),
    ({"fields": []}, 422, "fields", ""),
    ({"clear": ["case_code"]}, 422, "clear", ""),
    ({"where": {"chanel": {"eq": "online"}}}, 422, "where.chanel", "channel"),
    ({"where": {"channel": {"equals": "online"}}}, 422, "where.channel__equals", ""),
    ({"where": {"channel": {"eq": "post"}}}, 422, "where.channel__eq", ""),
    ({"where": {"firm": {"status": {"eq": "active"}}}}, 422, "where", ""),
    ({"where": {"q": "người"}}, 422, "where", ""),
    ({"where": {"channel": None}}, 422, "where", ""),
    ({"where": {}}, 422, "where", ""),
    ({"purpose": "social_insurence"}, 422, "purpose", "social_insurance"),
    ({"purpose": "tax_administration"}, 422, "purpose", "social_insurance"),
    ({"legal_basis": "   "}, 422, "legal_basis", ""),
    ({"quota": 0}, 422, "quota", ""),
    ({"quota": "many"}, 422, "quota", ""),
    ({"expires": "2020-01-01"}, 422, "expires", ""),
    ({"expires": "tomorrow"}, 422, "expires", ""),
    ({"valid_from": "2020-01-01"}, 422, "valid_from", ""),
    ({"application": "x" * 501}, 422, "application", ""),
    ({"note": "\u0001"}, 422, "note", ""),
    ({"clauses": {"delletion": "x"}}, 422, "clauses.delletion", "deletion"),
    ({"dataset": "permits", "fields": ["number"]}, 403, "dataset", ""),
    ({"dataset": "case-statistics", "fields": ["month"]}, 403, "dataset", ""),
]


@pytest.mark.parametrize(("change", "status", "place", "hint"), WRONG, ids=[str(w[0])[:60] for w in WRONG])
def test_a_wrong_request_is_refused_with_its_place_and_the_nearest_name(
    parties: Parties, change: dict[str, Any], status: int, place: str, hint: str
) -> None:
    answer = parties.ask(**change)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["place"] == place and hint in told.get("fix", "")


def test_a_dataset_that_is_not_shared_names_the_clause(parties: Parties) -> None:
    told = parties.ask(dataset="permits", fields=["number"]).json()
    assert (told["field"], told["clause"]) == ("dataset", "access.shared")
    told = parties.ask("registry_developer").json()  # its own data
    assert told["status"] == 422 and told["place"] == "dataset"


SET_BY_US = (
    "id",
    "provider",
    "consumer",
    "state",
    "version",
    "applied",
    "answer_due",
    "requested_by",
    "renews",
    "history",
)


@pytest.mark.parametrize("name", SET_BY_US)
def test_nothing_that_the_platform_decides_can_be_given(parties: Parties, name: str) -> None:
    before = parties.get("administrator").json()["count"]
    answer = parties.ask(**{name: "active"})
    assert answer.status_code == 422 and answer.json()["place"] == name
    assert parties.get("administrator").json()["count"] == before
    id = parties.asked()
    assert parties.act("registry_steward", id, "sign", **{name: "active"}).status_code == 422
    assert parties.state(id) == "requested"


BODIES = [b"", b"{", b"[]", b'"x"', b'{"dataset": NaN}', b'{"dataset": "a", "dataset": "b"}', b'{"dataset": "\\ud800"}',
          b"\xff\xfe", b"[" * 60_000, b'{"note": "' + b"x" * 70_000 + b'"}']  # fmt: skip


@pytest.mark.parametrize("raw", BODIES, ids=range(len(BODIES)))
def test_a_hostile_body_is_a_problem_of_the_caller(parties: Parties, raw: bytes) -> None:
    answer = parties.world.client(parties.tokens["tax_developer"]).post(
        "/api/v1/agreements", content=raw, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422) and answer.headers["content-type"] == "application/problem+json"


def test_a_second_agreement_for_the_same_purpose_is_not_signed(parties: Parties) -> None:
    first = parties.active()
    second = parties.asked()
    answer = parties.act("registry_steward", second, "sign")
    assert answer.status_code == 409 and answer.json()["agreement"] == first
    refused = parties.act("registry_steward", second, "reject", note="đã có thỏa thuận")
    assert refused.json()["state"] == "rejected" and refused.json()["answered_in_time"] is True


def test_what_the_state_does_not_allow_is_a_conflict_that_tells_what_is_possible(parties: Parties) -> None:
    id = parties.asked()
    answer = parties.act("registry_steward", id, "revoke", reason="authority", note="x")
    assert answer.status_code == 409 and answer.json()["state"] == "requested"
    assert "reject, review, sign" in answer.json()["fix"]
    assert parties.act("tax_analyst", id, "withdraw").json()["state"] == "withdrawn"


def test_a_rejection_needs_its_reason(parties: Parties) -> None:
    id = parties.asked()
    for body in ({}, {"note": " "}):
        answer = parties.act("registry_steward", id, "reject", **body)
        assert answer.status_code == 422 and answer.json()["place"] == "note"


def test_a_suspension_without_notice_is_refused_with_the_clause(parties: Parties) -> None:
    id = parties.active()
    earliest = calendar.due(parties.world.registry, "suspension", today())
    for first in (None, str(today()), str(earliest - timedelta(days=1))):
        body = {"reason": "maintenance", "note": "bảo trì"} | ({"from": first} if first else {})
        answer = parties.act("registry_steward", id, "suspend", **body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["clause"] == "47/2020/NĐ-CP Điều 43.3" and str(earliest) in answer.json()["fix"]
    assert parties.state(id) == "active"


def test_an_announced_suspension_begins_by_itself_in_both_locks(parties: Parties) -> None:
    id = parties.active()
    people.ask(
        parties.world, "update platform.agreement set suspend_from = current_date - 1 where id = %s returning 1", id
    )
    assert people.ask(parties.world, "select platform.holds(%s)", id) == [(False,)]
    assert parties.state(id) == "suspended"
    assert parties.keep() == 1
    assert people.ask(parties.world, "select state from platform.agreement where id = %s", id) == [("suspended",)]
    assert parties.keep() == 0


def test_who_read_an_old_version_changes_nothing(parties: Parties) -> None:
    id = parties.asked()
    seen = parties.get("registry_steward", f"/{id}").headers["etag"]
    assert parties.act("registry_steward", id, "review", headers={"If-Match": seen}).status_code == 200
    late = parties.act("registry_publisher", id, "sign", headers={"If-Match": seen})
    assert late.status_code == 412 and late.json()["version"] == 2 and parties.state(id) == "reviewed"
    assert parties.act("registry_publisher", id, "sign", headers={"If-Match": "mine"}).status_code == 400


def test_a_list_shows_ones_own_side_and_how_requests_were_answered(parties: Parties) -> None:
    id = parties.asked()
    people.ask(
        parties.world, "update platform.agreement set answer_due = current_date - 5 where id = %s returning 1", id
    )
    mine = parties.get("tax_developer", "?side=consumer&late=true").json()
    assert [row["id"] for row in mine["data"]] == [id] and mine["data"][0]["overdue"]
    assert mine["timeliness"]["overdue"] == 1
    assert parties.get("tax_developer", "?side=provider").json()["count"] == 0
    assert parties.act("registry_steward", id, "sign").json()["answered_in_time"] is False
    times = parties.get("registry_steward").json()["timeliness"]
    assert times["in_time"] < times["answered"] and times["share"] == pytest.approx(
        times["in_time"] / times["answered"]
    )
    for query, name in (("?state=actve", "state"), ("?stat=active", "stat"), ("?dataset=casess", "casess")):
        answer = parties.get("tax_developer", query)
        assert answer.status_code in (400, 404) and answer.json()["place"] == name


@pytest.mark.parametrize(
    ("asked_on", "due"),
    [
        ("2025-08-18", "2025-08-25"),  # five working days, the last day of the old rule
        ("2025-08-19", "2025-08-21"),  # two, from then on
        ("2026-02-12", "2026-02-23"),  # across Tết Bính Ngọ: 14 to 22 February off
        ("2026-02-18", "2026-02-24"),  # in the middle of it
        ("2025-01-22", "2025-02-05"),  # five days across Tết Ất Tỵ: 25 January to 2 February off
        ("2026-01-08", "2026-01-10"),  # a Saturday that is worked
        ("2026-08-21", "2026-08-24"),  # Saturday 22 August is worked
        ("2024-04-26", "2024-05-07"),  # 27 April to 1 May off, Saturday 4 May worked
        ("2026-11-20", "2026-11-24"),  # a weekend
    ],
)  # fmt: skip
def test_an_answer_is_due_by_working_days_and_the_rule_of_the_day(world: World, asked_on: str, due: str) -> None:
    assert calendar.due(world.registry, "answer", date.fromisoformat(asked_on)) == date.fromisoformat(due)


def test_seven_working_days_of_notice_across_tet(world: World) -> None:
    assert calendar.due(world.registry, "suspension", date(2026, 2, 11)) == date(2026, 2, 27)


def test_a_step_that_there_is_not(parties: Parties) -> None:
    id = parties.ask().json()["id"]
    answer = parties.act("registry_steward", id, "sgn")
    assert (answer.status_code, answer.json()["place"]) == (404, "sgn")
    assert "sign" in answer.json()["fix"]


def test_where_days_off_are_provisional_or_unknown_it_is_said(parties: Parties) -> None:
    registry = parties.world.registry
    assert calendar.doubt(registry, date(2026, 12, 31)) is None
    assert calendar.doubt(registry, None) is None
    for year, word in ((2027, "provisional"), (2031, "not known")):
        found = calendar.doubt(registry, date(year, 2, 3))
        assert found and word in found.en and str(year) in found.vi
    id = parties.ask().json()["id"]
    people.ask(parties.world, "update platform.agreement set answer_due = '2026-11-24' where id = %s returning 1", id)
    assert parties.get("tax_developer", f"/{id}").json()["answer_due_note"] is None
    people.ask(parties.world, "update platform.agreement set answer_due = '2027-02-03' where id = %s returning 1", id)
    shown = parties.get("tax_developer", f"/{id}").json()
    assert "provisional" in shown["answer_due_note"]["en"]
    browser = people.Browser(parties.world)
    people.forgive(parties.world)
    browser.sign_in("registry_steward")
    for page in ("/en/agreements", f"/en/agreements/{id}"):
        assert "the days off of 2027 are provisional" in browser.get(page).text, page


def test_the_policy_is_odrl(parties: Parties) -> None:
    id = parties.active(where={"or": [{"channel": {"eq": "online"}}, {"days": {"gte": 3, "lt": 30}}]})
    by_address = parties.get("registry_officer", f"/{id}/odrl")
    by_parameter = parties.get("registry_officer", f"/{id}?format=odrl")
    by_accept = parties.get("registry_officer", f"/{id}", headers={"Accept": "application/ld+json"})
    assert by_address.content == by_parameter.content == by_accept.content
    assert by_address.headers["content-type"] == "application/ld+json"
    policy = by_address.json()
    jsonschema.Draft202012Validator(ODRL).validate(policy)
    assert policy["@type"] == "Agreement" and policy["uid"].endswith(id)
    permission = policy["permission"][0]
    limits = {c["leftOperand"]: c for c in permission["constraint"] if c["operator"] != "gteq"}
    assert limits["purpose"]["rightOperand"]["@id"].endswith("/docs/odrl#purpose-social_insurance")
    assert limits["lt:rowsPerDay"]["rightOperand"]["@value"] == "5000"
    fields, rows = permission["target"]["refinement"]
    assert fields["rightOperand"] == FIELDS
    assert [len(part.get("and", [part])) for part in rows["or"]] == [1, 2]
    refused = parties.asked(where={"channel": {"is_null": False}})
    draft = parties.get("tax_developer", f"/{refused}/odrl").json()
    jsonschema.Draft202012Validator(ODRL).validate(draft)
    assert draft["@type"] == "Offer"


def test_the_shape_refuses_what_is_no_policy(parties: Parties) -> None:
    id = parties.asked()
    policy = parties.get("tax_developer", f"/{id}/odrl").json()
    for broken in ({"permission": []}, {"@type": "Policy2"}, {"uid": "not an address"}, {"assigner": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(ODRL).validate(policy | broken)


def test_numbers_are_plain(parties: Parties) -> None:
    id = parties.asked()
    assert re.fullmatch(r"TT-\d{4}-\d{5}", id)


def test_every_word_of_the_profile_is_explained(parties: Parties) -> None:
    id = parties.asked()
    policy = parties.get("tax_developer", f"/{id}/odrl")
    profile = parties.world.anonymous.get("/docs/odrl").json()
    told = {word["@id"].rpartition("#")[2] for word in profile["@graph"]}
    assert set(re.findall(r'"lt:(\w+)"', policy.text)) <= told | {"lt"}
    assert "purpose-social_insurance" in told and policy.json()["profile"] == profile["@id"]
