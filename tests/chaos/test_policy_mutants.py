"""A03: each part of the policy is taken out in turn, and the comparison with the oracle must notice every time.

The other lock is opened meanwhile: otherwise it would hide what the first one lets through.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lienthong.access import policy
from lienthong.access.permit import Permit
from lienthong.governance.subject import Subject
from lienthong.governance.subject import Terms as Agreed
from lienthong.store import owner
from lienthong.store.rights import _policy, purpose_role
from lienthong.store.roles import ADMINISTRATOR
from lienthong.store.scope import Scope
from tests.security import oracle
from tests.security.oracle import Asked, Terms
from tests.security.test_policy_properties import Consumer, alike, over_graphql, over_rest
from tests.surface.small import World, cases

pytestmark = pytest.mark.chaos
PLAIN = frozenset({"case_code", "channel", "days"})
ROWS = {"channel": {"eq": "online"}}
# What is asked, by name, under which agreement: each is there because some part of the policy alone decides it.
BATTERY: dict[str, tuple[Terms, Asked]] = {
    "rows": (Terms(PLAIN, frozenset(), ROWS, "audit"), Asked(("case_code", "days"), None, "audit")),
    "field": (Terms(PLAIN, frozenset(), None, "audit"), Asked(("case_code", "firm_code"), None, "audit")),
    "filter": (
        Terms(PLAIN, frozenset(), None, "audit"),
        Asked(("case_code",), {"firm_code": {"in": ["F0001"]}}, "audit"),
    ),
    "purpose": (Terms(PLAIN | {"person_name"}, frozenset(), None, "audit"), Asked(("person_name",), None, None)),
    "other": (Terms(PLAIN, frozenset(), None, "audit"), Asked(("case_code",), None, "social_insurance")),
    "mask": (Terms(PLAIN | {"illness"}, frozenset(), None, "audit"), Asked(("case_code", "illness"), None, "audit")),
    "masked filter": (
        Terms(PLAIN | {"illness"}, frozenset(), None, "audit"),
        Asked(("case_code",), {"illness": {"eq": "bí mật"}}, "audit"),
    ),
}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


def differences(world: World, prepare: Callable[[Consumer], None] = lambda _: None) -> set[str]:
    """The questions of the battery that are not answered as the oracle says."""
    contract, stored, found = world.registry.get("cases"), cases(), set()
    for name, (terms, asked) in BATTERY.items():
        consumer = Consumer(world, "cases", terms)
        prepare(consumer)
        hidden = oracle.masked(contract, terms)
        for surface in (over_rest, over_graphql):
            rows = surface(world, consumer.client, "cases", asked)
            if not oracle.may(contract, terms, asked):
                right = not isinstance(rows, list)
            else:
                right = isinstance(rows, list) and alike(rows, oracle.rows(contract, terms, asked, stored), hidden)
                right = right and not any(row.get(n) == "bí mật" for row in rows for n in hidden)  # type: ignore[union-attr]
            if not right:
                found.add(name)
    return found


# --- the first lock, with the second one open ----------------------------------------------------------------------


@pytest.fixture
def second_lock_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subject, "database_role", lambda *_: ADMINISTRATOR)


def without_rows(whole: Callable[..., Scope]) -> Callable[..., Scope]:
    return lambda *given: replace(whole(*given), where=None)


def with_all_fields(whole: Callable[..., Scope]) -> Callable[..., Scope]:
    return lambda registry, subject, contract, held: replace(
        whole(registry, subject, contract, held), fields=frozenset(contract.by_name)
    )


def any_purpose(subject: Subject, dataset: str) -> list[Agreed]:
    return [t for t in subject.agreements if t.dataset == dataset]


CODE: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the row filter is forgotten": lambda m: m.setattr(policy, "_agreed", without_rows(policy._agreed)),
    "all fields are given": lambda m: m.setattr(policy, "_agreed", with_all_fields(policy._agreed)),
    "personal fields need no purpose": lambda m: m.setattr(policy, "_stated", lambda _, fields, __: fields),
    "the agreement's purpose is not compared": lambda m: m.setattr(policy, "agreements_for", any_purpose),
    "masks are forgotten": lambda m: m.setattr(policy, "masked", lambda *_: frozenset()),
    "names are not checked": lambda m: m.setattr(Permit, "_name", lambda *_, **__: None),
    "conditions are not checked": lambda m: m.setattr(Permit, "_condition", lambda *_: None),
    "masked fields may be compared": lambda m: m.setattr(
        Permit, "_name", lambda self, scope, name, compared=False, whole=Permit._name: whole(self, scope, name)
    ),
}


def test_nothing_differs_when_nothing_is_taken_out(world: World, second_lock_open: None) -> None:
    assert differences(world) == set()


@pytest.mark.parametrize("mutant", CODE)
def test_every_part_of_the_first_lock_is_missed(
    world: World, second_lock_open: None, monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    CODE[mutant](monkeypatch)
    assert differences(world)


# --- the second lock, with the first one open ----------------------------------------------------------------------


@pytest.fixture
def first_lock_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_of_it(_: Any, subject: Any, contract: Any, held: list[Any]) -> Scope:
        fields = frozenset(n for n in contract.by_name if n not in _UNASKED)
        return Scope(contract, "governed", fields, None, held[0].id, frozenset(), held[0].purpose)

    monkeypatch.setattr(policy, "_agreed", all_of_it)


_UNASKED: set[str] = set()
TABLE = sql.Identifier("governed", "cases")
DATABASE: dict[str, Callable[[psycopg.Connection, sql.Identifier, sql.Identifier], object]] = {
    "the row policy is open": lambda c, role, name: c.execute(
        sql.SQL("alter policy {} on {} using (true)").format(name, TABLE)
    ),
    "row security is off": lambda c, role, name: c.execute(
        sql.SQL("alter table {} disable row level security").format(TABLE)
    ),
    "all columns are granted": lambda c, role, name: c.execute(sql.SQL("grant select on {} to {}").format(TABLE, role)),
    "a further policy is open": lambda c, role, name: c.execute(
        sql.SQL("create policy mutant on {} for select to {} using (true)").format(TABLE, role)
    ),
}


@pytest.mark.parametrize("mutant", DATABASE)
def test_every_part_of_the_second_lock_is_missed(world: World, first_lock_open: None, mutant: str) -> None:
    terms = Terms(PLAIN, frozenset(), ROWS, "audit")
    contract, stored = world.registry.get("cases"), cases()

    def differs(asked: Asked) -> bool:
        _UNASKED.clear()
        _UNASKED.update(set(contract.by_name) - set(asked.fields) - {"case_code"})
        rows = over_rest(world, consumer.client, "cases", asked)
        if not oracle.may(contract, terms, asked):
            return isinstance(rows, list)
        return not (isinstance(rows, list) and alike(rows, oracle.rows(contract, terms, asked, stored), set()))

    questions = [Asked(("case_code", "days"), None, "audit"), Asked(("case_code", "firm_code"), None, "audit")]
    consumer = Consumer(world, "cases", terms)
    assert not any(map(differs, questions))
    role, name = (sql.Identifier(n) for n in (purpose_role(consumer.agency, "audit"), _policy(consumer.agreement)))
    with owner.connect(world.settings) as connection:
        try:
            DATABASE[mutant](connection, role, name)
            assert any(map(differs, questions))
        finally:
            connection.execute(sql.SQL("alter table {} enable row level security").format(TABLE))
            connection.execute(sql.SQL("drop policy if exists mutant on {}").format(TABLE))
