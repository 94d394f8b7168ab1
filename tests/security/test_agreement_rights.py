"""Who may do what with an agreement; how fast its end is felt; what holds although the application believes otherwise."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.access.door import Door
from lienthong.contract.model import Shared
from lienthong.governance.agreements import duty
from lienthong.governance.agreements.asked import Asked, check
from lienthong.governance.agreements.states import ACTIONS, STEPS
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.kernel.clock import today
from lienthong.kernel.problem import NotPermitted
from lienthong.store import owner, rights
from lienthong.store.database import Database
from lienthong.store.query import Query
from tests.surface import people
from tests.surface.sharing import CONSUMER, PROVIDER, WHO, Parties, asked
from tests.surface.small import World

BODY: dict[str, dict[str, Any]] = {
    "reject": {"note": "x"},
    "renew": {"expires": "2099-12-31"},
    "suspend": {"reason": "security", "note": "x"},
    "revoke": {"reason": "authority", "note": "x"},
}
CALLERS = ["anonymous", "administrator", *WHO, "tax_office_program", "registry_office_program", "stranger_office_program",
           "tax_reader"]  # fmt: skip
CONSUMERS = {"tax_developer", "tax_analyst", "tax_office_program"}
DECIDERS = {"registry_steward", "registry_publisher", "administrator"}
SIDES = DECIDERS | CONSUMERS | {"registry_developer", "registry_officer", "registry_office_program"}


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


def put(parties: Parties, id: str, state: str) -> None:
    """Set the state behind everybody's back."""
    people.ask(
        parties.world,
        "update platform.agreement set state = %s, suspend_from = null where id = %s returning 1",
        state,
        id,
    )


def expected(who: str, action: str) -> int:
    """What a caller is told who tries the action in a state that allows it."""
    if who == "anonymous":
        return 401
    if who == "tax_reader":
        return 403  # its token leaves agreements out
    if who not in SIDES:
        return 404
    side = next(step.side for (_, name), step in STEPS.items() if name == action)
    if who in (CONSUMERS if side == "consumer" else DECIDERS):
        return 201 if action == "renew" else 200
    return 403


@pytest.mark.parametrize("action", ACTIONS)
def test_every_caller_against_every_action(parties: Parties, action: str) -> None:
    id = parties.asked()
    start = next(state for (state, name) in STEPS if name == action)
    told = {}
    for who in CALLERS:
        put(parties, id, start)
        told[who] = parties.act(who, id, action, **BODY.get(action, {})).status_code
        people.ask(parties.world, "update platform.agreement set state = 'revoked' where renews = %s returning 1", id)
    assert told == {who: expected(who, action) for who in CALLERS}


def test_who_sees_an_agreement(parties: Parties) -> None:
    id = parties.asked()
    for who in CALLERS:
        seen = 200 if who in SIDES else {"anonymous": 401, "tax_reader": 403}.get(who, 404)
        assert parties.get(who, f"/{id}").status_code == seen, who
        assert parties.get(who, f"/{id}/odrl").status_code == seen, who
        listed = parties.get(who)
        if listed.status_code == 200:
            assert (id in {row["id"] for row in listed.json()["data"]}) == (seen == 200), who
    unknown, others = (parties.get("strange_steward", f"/{name}").json() for name in ("TT-2026-99999", id))
    for member in ("type", "title", "status", "code", "fix"):
        assert unknown.get(member) == others.get(member)
    assert unknown["detail"].replace("TT-2026-99999", id) == others["detail"]


def test_who_may_ask(parties: Parties) -> None:
    told = {who: parties.ask(who).status_code for who in CALLERS}
    asks = {"anonymous": 401, "administrator": 403, "tax_reader": 403}
    own = {who for who in CALLERS if PROVIDER in who or who.startswith("registry_")}
    assert told == {who: asks.get(who, 422 if who in own else 201) for who in CALLERS}
    people.ask(parties.world, "update platform.agreement set state = 'withdrawn' where consumer = 'office' and "
               "requested_by = 'office_steward' returning 1")  # fmt: skip


def test_every_state_and_action_that_is_not_in_the_table_is_a_conflict(parties: Parties) -> None:
    id = parties.asked()
    for state in (
        "requested",
        "reviewed",
        "signed",
        "active",
        "suspended",
        "rejected",
        "withdrawn",
        "revoked",
        "replaced",
    ):
        for action in ACTIONS:
            if (state, action) in STEPS and not (state == "active" and action == "resume"):
                continue
            put(parties, id, state)
            who = "tax_developer" if action in ("renew", "withdraw") else "registry_steward"
            answer = parties.act(who, id, action, **BODY.get(action, {}))
            assert answer.status_code == 409, (state, action, answer.text)


def test_a_scope_of_agreements_is_enough_and_no_other_is(parties: Parties) -> None:
    id = parties.asked()
    for scopes, status in ((["agreements"], 200), (["read:*", "admin", "tokens"], 403)):
        parties.tokens["scoped"] = parties.program(CONSUMER, scopes)
        assert parties.get("scoped", f"/{id}").status_code == status
    parties.tokens["scoped"] = parties.program(CONSUMER, ["agreements"])
    with_rights = parties.active(fields=["case_code", "channel"])
    assert parties.rows("scoped").status_code == 403  # it may ask for agreements, not read
    assert with_rights


def test_two_sign_at_once_and_one_wins(parties: Parties) -> None:
    ids = [parties.asked() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(lambda id: parties.act("registry_steward", id, "sign").status_code, ids))
    assert told == [200, 409, 409, 409]


def test_two_answers_at_once_and_one_counts(parties: Parties) -> None:
    id = parties.asked()
    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(lambda _: parties.act("registry_steward", id, "sign").status_code, range(4)))
    assert told[0] == 200 and set(told[1:]) <= {409, 412}
    events = people.ask(
        parties.world, "select count(*) from platform.agreement_event where agreement = %s and what = 'sign'", id
    )
    assert events == [(1,)]


def directories(given: World) -> list[Directory]:
    """The directories of four server processes."""
    engines = [create_async_engine(owner.sqlalchemy_url(owner.app_url(given.settings)), pool_size=1) for _ in range(4)]
    return [Directory(engine, given.settings, Sessions(b"secret")) for engine in engines]


@pytest.mark.parametrize("end", ["revoke", "suspend", "withdraw"])
def test_a08_an_end_is_felt_by_every_process_within_a_second(parties: Parties, end: str) -> None:
    id, four = parties.active(), directories(parties.world)
    headers = {"authorization": f"Bearer {parties.tokens['tax_office_program']}"}
    ask = parties.world.portal.call
    while not all(ask(d.subject, headers).agreements for d in four):
        time.sleep(0.05)
    parties.settle()
    assert all(ask(d.subject, headers).agreements for d in four)  # remembered a moment ago by each of them
    who = "tax_developer" if end == "withdraw" else "registry_steward"
    assert parties.act(who, id, end, **BODY.get(end, {})).status_code == 200
    ended = time.monotonic()
    assert parties.rows().status_code == 403, "at once where it was done; no empty page that could be believed"
    time.sleep(max(0.0, ended + 1.0 - time.monotonic()))
    assert not any(ask(d.subject, headers).agreements for d in four)
    assert parties.rows().status_code == 403


def test_a09_an_expired_agreement_gives_no_row_although_the_application_believes_otherwise(parties: Parties) -> None:
    parties.active()
    given, token = parties.world, parties.tokens["tax_office_program"]
    directory = directories(given)[0]
    headers = {"authorization": f"Bearer {token}", "lienthong-purpose": "social_insurance"}
    subject = given.portal.call(directory.subject, headers)
    assert subject.agreements
    believed = tuple(replace(terms, expires=today() + timedelta(days=365)) for terms in subject.agreements)
    subject = replace(subject, agreements=believed)

    async def read() -> bytes:
        database = Database(owner.app_url(given.settings), 1)
        await database.open()
        try:
            return (await Door(given.registry, database).rows(subject, Query("cases"), surface="test")).body
        finally:
            await database.close()

    assert b"case_code" in given.portal.call(read) and _rows_of_the_role(given) > 0
    people.ask(given, "update platform.agreement set expires = (now() at time zone 'Asia/Ho_Chi_Minh')::date - 1, "
               "valid_from = '2020-01-01' where consumer = %s and state = 'active' returning 1", CONSUMER)  # fmt: skip
    with pytest.raises(
        NotPermitted, match="no longer in force"
    ):  # not an empty page: nobody was told that there is nothing
        given.portal.call(read)
    assert _rows_of_the_role(given) == 0, "the database gives none, whatever the application believes"
    parties.settle()
    assert parties.rows().status_code == 403


def _rows_of_the_role(given: World) -> int:
    """What the database role of the consumer's purpose sees."""
    with owner.connect(given.settings) as connection:
        role = sql.Identifier(rights.purpose_role(CONSUMER, "social_insurance"))
        connection.execute(sql.SQL("set role {}").format(role))
        row = connection.execute("select count(case_code) from governed.cases").fetchone()
    assert row
    return int(row[0])


def test_a09_one_that_has_not_begun_gives_no_row(parties: Parties) -> None:
    id = parties.asked(valid_from=str(today() + timedelta(days=3)))
    assert parties.act("registry_steward", id, "sign").json()["state"] == "signed"
    assert parties.keep() == 0 and parties.state(id) == "signed"
    parties.settle()
    assert parties.rows().status_code == 403


def test_the_keeper_ends_what_has_expired(parties: Parties) -> None:
    id = parties.active()
    people.ask(parties.world, "update platform.agreement set expires = current_date - 2, valid_from = '2020-01-01' "
               "where id = %s returning 1", id)  # fmt: skip
    assert parties.state(id) == "expired"
    assert parties.keep() == 1
    role = rights.purpose_role(CONSUMER, "social_insurance")
    assert not people.ask(parties.world, "select has_any_column_privilege(%s, 'governed.cases', 'select')", role)[0][0]
    renewal = parties.act("tax_developer", id, "renew", expires=str(today() + timedelta(days=30)))
    assert renewal.status_code == 201
    assert parties.act("registry_steward", renewal.json()["id"], "sign").status_code == 200
    parties.keep()
    assert parties.state(renewal.json()["id"]) == "active"


def as_app(parties: Parties, statement: str, *values: Any) -> int:
    """What the API's own database login can do, if somebody could make it."""
    with psycopg.connect(owner.app_url(parties.world.settings), autocommit=True) as connection:
        return connection.execute(statement, values).rowcount  # type: ignore[arg-type]


def test_the_api_itself_can_neither_activate_nor_change_terms_nor_rewrite_history(parties: Parties) -> None:
    id = parties.asked()
    parties.act("registry_steward", id, "sign")
    for forbidden in (
        "update platform.agreement set state = 'active' where id = %s",
        "update platform.agreement set fields = array['illness'] where id = %s",
        "update platform.agreement set clear = fields where id = %s",
        "update platform.agreement set condition = null where id = %s",
        "update platform.agreement set expires = '2999-01-01' where id = %s",
        "update platform.agreement set quota = null where id = %s",
        "update platform.agreement set consumer = 'stranger_office' where id = %s",
        "update platform.agreement set applied = 'x' where id = %s",
        "delete from platform.agreement where id = %s",
        "update platform.agreement_event set note = 'x' where agreement = %s",
        "delete from platform.agreement_event where agreement = %s",
        'insert into platform.agreement select (jsonb_populate_record(a, \'{"id": "X", "state": "active"}\')).* '
        "from platform.agreement a where id = %s",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_app(parties, forbidden, id)
    assert parties.state(id) == "signed"
    with owner.connect(parties.world.settings) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("delete from platform.agreement_event where agreement = %s", (id,))


def test_another_purpose_another_role(parties: Parties) -> None:
    """Columns of two agreements never meet: a second agreement with fewer fields takes none of the first's."""
    parties.active(fields=["case_code", "channel", "days"])
    role = rights.purpose_role(CONSUMER, "social_insurance")

    def may(column: str) -> bool:
        return bool(
            people.ask(parties.world, "select has_column_privilege(%s, 'governed.cases', %s, 'select')", role, column)[
                0
            ][0]
        )

    assert may("days") and not may("illness") and not may("person_name")


def test_a_keeper_that_meets_one_bad_agreement_goes_on_with_the_rest(parties: Parties) -> None:
    bad, good = (
        parties.asked(),
        parties.asked(dataset="firms", purpose="tax_administration", fields=["firm_code"], where=None),
    )
    people.ask(
        parties.world,
        "update platform.agreement set state = 'signed', condition = '{\"gone\": 1}' where id = %s returning 1",
        bad,
    )
    assert parties.act("office_steward", good, "sign").status_code == 200
    parties.keep()
    assert (parties.state(bad), parties.state(good)) == ("signed", "active")


def test_private_data_cannot_be_asked_for(parties: Parties) -> None:
    registry = parties.world.registry
    contract = registry.get("cases")
    private = contract.model_copy(update={"catalogue": contract.catalogue.model_copy(update={"data_class": "private"})})
    closed = replace(registry, contracts={**registry.contracts, "cases": private})
    with pytest.raises(NotPermitted) as told:
        check(closed, Asked.model_validate(asked()), CONSUMER, date(2026, 1, 1))
    assert told.value.extra == {"field": "dataset", "clause": "catalogue.dataClass: private"}
    assert contract.access.shared == Shared(purposes=("social_insurance",), legal_basis="47/2020/NĐ-CP")


def test_rights_follow_a_changed_contract(parties: Parties) -> None:
    id = parties.active()
    registry = parties.world.registry
    contract = registry.get("cases")
    fewer = contract.model_copy(update={"fields": tuple(f for f in contract.fields if f.name != "days")})
    for name in ("by_name", "fingerprint"):  # a copy would remember them
        vars(fewer).pop(name, None)
    without = replace(registry, contracts={**registry.contracts, "cases": fewer})
    with owner.connect(parties.world.settings) as connection:
        assert duty.apply_rights(parties.world.settings, without, connection) >= 1
    role = rights.purpose_role(CONSUMER, "social_insurance")
    assert not people.ask(parties.world, "select has_column_privilege(%s, 'governed.cases', 'days', 'select')", role)[
        0
    ][0]
    parties.keep()
    assert people.ask(parties.world, "select has_column_privilege(%s, 'governed.cases', 'days', 'select')", role)[0][0]
    assert parties.state(id) == "active"
