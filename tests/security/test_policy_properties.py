"""The policy, compiled once and enforced twice: random agreements and queries, judged by an oracle in plain Python.

First: the same rows over every surface, and nothing that the agreement does not give (programme A01, C06). Second: with the
first lock switched off, PostgreSQL's own rights still hold (ADR 3).
"""

import csv
import io
import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.access import policy
from lienthong.contract.model import Contract
from lienthong.governance.credentials import token_hash
from lienthong.kernel.text import camel
from lienthong.store import owner, rights
from lienthong.store.condition import condition
from lienthong.store.scope import Scope
from tests.security import oracle
from tests.security.oracle import Asked, Row, Terms
from tests.surface.mvt import decode
from tests.surface.small import Client, World, cases, firms

STORED = {"cases": cases, "firms": firms}
VALUES: dict[str, list[tuple[str, Any]]] = {
    "channel": [("eq", "online"), ("ne", "online"), ("in", ["online", "counter"])],
    "days": [("gte", 7), ("lt", 30), ("is_null", False)],
    "received_on": [("lt", "2026-02-10"), ("gte", "2026-01-05")],
    "person_name": [("eq", "Người thứ 7"), ("ne", "Người thứ 7")],
    "illness": [("eq", "bí mật"), ("is_null", True)],
    "firm_code": [("in", ["F0001", "F0003", "F0005"])],
    "status": [("eq", "active"), ("ne", "active")],
    "staff": [("gte", 12), ("is_null", True)],
    "registered_on": [("lt", "2020-01-20")],
    "owner_name": [("eq", "Nguyễn Văn 5")],
}
CASES = ("case_code", "person_name", "illness", "channel", "received_on", "days", "firm_code")
FIRMS = ("firm_code", "name", "status", "staff", "registered_on", "place_code", "owner_name", "synthetic")
NAMES = {"cases": CASES, "firms": FIRMS}
CONSUMER = {"cases": "office", "firms": "registry_office"}
EXAMPLES = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
HALF = settings(EXAMPLES, max_examples=20)
COUNTER = itertools.count()


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@st.composite
def where(draw: st.DrawFn, names: list[str]) -> dict[str, Any] | None:
    """A condition over at most two of the fields."""
    known = [name for name in names if name in VALUES]
    chosen = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
    found = {name: dict([draw(st.sampled_from(VALUES[name]))]) for name in chosen}
    return found or None


@st.composite
def worlds(draw: st.DrawFn, dataset: str, outside: bool | None = None) -> tuple[Terms, Asked]:
    """An agreement, and a query that it allows, does not allow (`outside`), or either."""
    names = NAMES[dataset]
    fields = frozenset(draw(st.sets(st.sampled_from(names), min_size=1, max_size=len(names) - 1)))
    clear = frozenset(draw(st.sets(st.sampled_from(sorted(fields)))))
    masks = {"illness"} - clear
    # The row filter may look at what the agreement does not show, and at what it shows through a mask.
    terms = Terms(fields, clear, draw(where(list(names))), draw(st.sampled_from(["audit", "social_insurance"])))
    pool = list(names) if outside or (outside is None and draw(st.booleans())) else sorted(fields)
    if outside is False:
        pool = sorted(fields - masks) or sorted(fields)
    shown = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=5, unique=True))
    if outside and set(shown) <= fields:
        shown.append(draw(st.sampled_from(sorted(set(names) - fields))))
    purpose = draw(st.sampled_from([None, terms.purpose, terms.purpose, "audit"]))
    return terms, Asked(tuple(shown), draw(where(pool)), purpose)


class Consumer:
    """An agency of its own with one agreement, and a token."""

    def __init__(self, world: World, dataset: str, terms: Terms) -> None:
        number = f"{next(COUNTER)}_{uuid.uuid4().hex[:6]}"
        self.agency, self.agreement, self.token = f"probe_{number}", f"P-{number}", f"token-{number}"
        contract = world.registry.get(dataset)
        with owner.connect(world.settings) as connection, connection.transaction():
            connection.execute(
                "insert into platform.agency (id, name_vi, name_en, org_code) values (%s, 'x', 'x', null)",
                (self.agency,),
            )
            connection.execute(
                "insert into platform.agreement (id, provider, consumer, dataset, fields, clear, condition, purpose, legal_basis, "
                "valid_from, expires, state) values (%s, %s, %s, %s, %s, %s, %s, %s, 'x', '2026-01-01', '2099-12-31', 'active')",
                (self.agreement, contract.agency, self.agency, dataset, sorted(terms.fields), sorted(terms.clear),
                 json.dumps(terms.where), terms.purpose),
            )  # fmt: skip
            compiled = condition(world.registry, contract, terms.where) if terms.where else None
            grant = rights.Grant(
                self.agreement, self.agency, terms.purpose, contract, tuple(sorted(terms.fields)), compiled, terms.clear
            )
            rights.apply(connection, grant)
            connection.execute(
                "insert into platform.token (id, sha256, label, agency_id, created_at) values (%s, %s, '', %s, now())",
                (uuid.uuid4(), token_hash(self.token), self.agency),
            )
        self.client = Client(world.app, world.portal, self.token)


def headers(asked: Asked) -> dict[str, str]:
    return {"Lienthong-Purpose": asked.purpose or ""}


def over_rest(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int:
    answer = client.get(f"/api/v1/datasets/{dataset}/rows", params=rest(asked), headers=headers(asked))
    return answer.json()["data"] if answer.status_code == 200 else answer.status_code


def over_csv(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int:
    answer = client.get(f"/api/v1/datasets/{dataset}/rows.csv", params=rest(asked, limit=False), headers=headers(asked))
    if answer.status_code != 200:
        return answer.status_code
    return [dict(row) for row in csv.DictReader(io.StringIO(answer.text.lstrip("﻿")))]


def over_ndjson(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int:
    answer = client.get(
        f"/api/v1/datasets/{dataset}/rows.ndjson", params=rest(asked, limit=False), headers=headers(asked)
    )
    return [json.loads(line) for line in answer.text.splitlines()] if answer.status_code == 200 else answer.status_code


def over_graphql(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int:
    filters = {camel(n): {camel(op): v for op, v in ops.items()} for n, ops in (asked.where or {}).items()}
    kind = {"cases": "CasesFilter", "firms": "FirmsFilter"}[dataset]
    shown = " ".join(camel(name) for name in asked.fields)
    kind = next(k for k in (kind, kind.replace("sF", "F")) if k in _inputs(world))
    query = f"query($w: {kind}) {{ {dataset}(first: 1000, where: $w) {{ nodes {{ {shown} }} }} }}"
    answer = client.post("/graphql", json={"query": query, "variables": {"w": filters or None}}, headers=headers(asked))
    body = answer.json()
    if "errors" in body:
        return 403
    back = {camel(name): name for name in asked.fields}
    return [{back[k]: v for k, v in row.items()} for row in body["data"][dataset]["nodes"]]


def _inputs(world: World) -> set[str]:
    from lienthong.gql.schema import build

    if "inputs" not in _KEPT:
        _KEPT["inputs"] = set(build(world.registry).core.type_map)
    return _KEPT["inputs"]


_KEPT: dict[str, set[str]] = {}


def over_ckan(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int | None:
    if any(set(ops) - {"eq", "in"} for ops in (asked.where or {}).values()):
        return None  # CKAN's filters know equality alone
    filters = {name: next(iter(ops.values())) for name, ops in (asked.where or {}).items()}
    given = {"resource_id": dataset, "limit": 1000, "fields": list(asked.fields), "filters": filters}
    answer = client.post("/api/3/action/datastore_search", json=given, headers=headers(asked))
    return answer.json()["result"]["records"] if answer.status_code == 200 else answer.status_code


def over_parquet(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int:
    url = f"/api/v1/datasets/{dataset}/rows.parquet"
    answer = client.get(url, params=rest(asked, limit=False), headers=headers(asked))
    return pq.read_table(io.BytesIO(answer.content)).to_pylist() if answer.status_code == 200 else answer.status_code


def over_lookup(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int | None:
    key = world.registry.get(dataset).primary_key[0]
    if asked.where or key not in asked.fields:
        return None
    given = {"keys": [row[key] for row in STORED[dataset]()], "fields": list(asked.fields)}
    answer = client.post(f"/api/v1/datasets/{dataset}/lookup", json=given, headers=headers(asked))
    return [row for row in answer.json()["data"] if row] if answer.status_code == 200 else answer.status_code


def over_ogc(world: World, client: Client, dataset: str, asked: Asked) -> list[Row] | int | None:
    if dataset != "firms":
        return None
    where = " AND ".join(
        cql2(name, op, value) for name, ops in (asked.where or {}).items() for op, value in ops.items()
    )
    params = {"limit": "1000", "properties": ",".join(asked.fields)} | ({"filter": where} if where else {})
    answer = client.get("/ogc/collections/firms/items", params=params, headers=headers(asked))
    return [f["properties"] for f in answer.json()["features"]] if answer.status_code == 200 else answer.status_code


def cql2(name: str, op: str, value: Any) -> str:
    """A comparison as CQL2 text has it."""
    texts = [f"'{v}'" if isinstance(v, str) else str(v) for v in (value if isinstance(value, list) else [value])]
    if name.endswith("_on"):
        texts = [f"DATE({text})" for text in texts]
    signs = {"eq": "=", "ne": "<>", "gte": ">=", "lt": "<"}
    if op == "is_null":
        return f"{name} IS {'' if value else 'NOT '}NULL"
    compared = f"{name} IN ({', '.join(texts)})" if op == "in" else f"{name} {signs[op]} {texts[0]}"
    return f"({compared} OR {name} IS NULL)" if op == "ne" else compared  # in CQL2 nothing differs from null


SURFACES: list[Callable[[World, Client, str, Asked], list[Row] | int | None]] = [
    over_rest,
    over_csv,
    over_ndjson,
    over_parquet,
    over_lookup,
    over_graphql,
    over_ckan,
    over_ogc,
]


def over_changes(client: Client, dataset: str, asked: Asked) -> list[Row]:
    """The whole state, as the feed tells it."""
    answer = client.get(f"/api/v1/datasets/{dataset}/changes", headers=headers(asked))
    return [change["row"] for change in answer.json()["data"]]


def over_tile(client: Client, asked: Asked) -> list[Row]:
    """What is drawn."""
    answer = client.get("/ogc/collections/firms/tiles/WebMercatorQuad/6/28/50", headers=headers(asked))
    layers = decode(answer.content) if answer.status_code == 200 else {}
    return [f["properties"] for f in layers["firms"]["features"]] if layers else []


def rest(asked: Asked, limit: bool = True) -> dict[str, str]:
    found = {"fields": ",".join(asked.fields)} | ({"limit": "1000"} if limit else {})
    for name, ops in (asked.where or {}).items():
        for op, value in ops.items():
            text = (
                ",".join(value)
                if isinstance(value, list)
                else str(value).lower()
                if isinstance(value, bool)
                else str(value)
            )
            found[f"{name}__{op}"] = text
    return found


def alike(found: list[Row], expected: list[Row], hidden: set[str]) -> bool:
    """The same rows, whatever the order; a value behind a mask is anything but the value."""

    def plain(rows: list[Row]) -> list[tuple[str, ...]]:
        return sorted(tuple(_text(row.get(n)) for n in sorted(row) if n not in hidden | {"_id"}) for row in rows)

    return plain(found) == plain(expected)


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def leaked(found: list[Row], stored: list[Row], hidden: set[str]) -> set[str]:
    """Masked fields of which a stored value is seen."""
    secrets = {name: {_text(row.get(name)) for row in stored} - {""} for name in hidden}
    return {name for name in hidden for row in found if _text(row.get(name)) in secrets[name]}


@pytest.mark.parametrize("dataset", ["cases", "firms"])
def test_every_surface_gives_what_the_agreement_says_and_no_more(world: World, dataset: str) -> None:
    contract, stored = world.registry.get(dataset), STORED[dataset]()

    @EXAMPLES
    @given(worlds(dataset))
    def same(drawn: tuple[Terms, Asked]) -> None:
        terms, asked = drawn
        consumer = Consumer(world, dataset, placed(dataset, terms))
        allowed, hidden = oracle.may(contract, terms, asked), oracle.masked(contract, terms)
        expected = oracle.rows(contract, terms, asked, stored)
        if asked.purpose not in (None, terms.purpose) and contract.is_open:
            return  # then it is the open view, which other tests judge
        for surface in SURFACES:
            found = surface(world, consumer.client, dataset, asked)
            if found is None:
                continue
            if allowed:
                assert isinstance(found, list), f"{surface.__name__}: {found}"
                assert alike(found, expected, hidden), surface.__name__
                assert not leaked(found, stored, hidden), surface.__name__
            else:
                assert not isinstance(found, list) and found in (400, 403, 404, 409), f"{surface.__name__}: {found}"
        shown = Asked(tuple(n for n in NAMES[dataset] if n in oracle.visible(contract, terms, asked.purpose)), None)
        if asked.purpose in (None, terms.purpose) and shown.fields:
            state = over_changes(consumer.client, dataset, asked)
            assert alike(state, oracle.rows(contract, terms, shown, stored), hidden | {"position"})
            assert not leaked(state, stored, hidden)
            if dataset == "firms":
                drawn_rows = oracle.rows(contract, terms, shown, [row for row in stored if row.get("position")])
                found = [{n: row.get(n) for n in shown.fields} for row in over_tile(consumer.client, asked)]
                assert alike(found, drawn_rows, hidden)

    same()


def placed(dataset: str, terms: Terms) -> Terms:
    """The agreement, which gives the place of a firm, too: else there is no map of them."""
    return replace(terms, fields=terms.fields | {"position"}) if dataset == "firms" else terms


@pytest.fixture
def first_lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Asked], None]]:
    """The policy lets everything through that is asked for; only PostgreSQL is left."""

    def switch(asked: Asked) -> None:
        def all_of_it(_: Any, subject: Any, contract: Contract, held: list[Any]) -> Scope:
            named = frozenset(asked.fields) | frozenset(asked.where or {})
            return Scope(contract, "governed", named, None, held[0].id, frozenset(), held[0].purpose)

        monkeypatch.setattr(policy, "_agreed", all_of_it)

    yield switch


@pytest.mark.parametrize("dataset", ["cases", "firms"])
def test_with_the_first_lock_off_the_database_still_holds(
    world: World, dataset: str, first_lock_off: Callable[[Asked], None]
) -> None:
    contract, stored = world.registry.get(dataset), STORED[dataset]()
    refused = answered = 0

    def held(drawn: tuple[Terms, Asked]) -> None:
        nonlocal refused, answered
        terms, asked = drawn
        asked = Asked(asked.fields, asked.where, terms.purpose)
        consumer = Consumer(world, dataset, terms)
        first_lock_off(asked)
        hidden = oracle.masked(contract, terms)
        if set(asked.fields) & set(terms.where or {}) & (hidden | set(contract.by_name) - terms.fields):
            return  # what the row filter compares the SQL must be able to read
        granted = set(asked.fields) | set(asked.where or {}) <= set(terms.fields) - hidden | set(terms.where or {})
        for surface in (over_rest, over_graphql, over_ckan):
            found = surface(world, consumer.client, dataset, asked)
            if found is None:
                continue
            if granted:
                assert isinstance(found, list) and alike(found, oracle.rows(contract, terms, asked, stored), set()), (
                    surface
                )
                answered += 1
            else:
                assert not isinstance(found, list) and found in (403, 404), f"{surface.__name__}: {found}"
                refused += 1

    for outside in (True, False):
        HALF(given(worlds(dataset, outside))(held))()
    assert refused > 10 and answered > 10


def test_an_agreement_that_is_over_is_shut_by_the_database_alone(
    world: World, first_lock_off: Callable[[Asked], None]
) -> None:
    """A09: the database's own clock and the agreement's own row decide, whatever the application believes."""
    asked = Asked(("case_code", "days"), None, "audit")
    for change in ("expires = '2026-01-02'", "valid_from = '2098-01-01'", "state = 'suspended'", "state = 'revoked'"):
        consumer = Consumer(world, "cases", Terms(frozenset(asked.fields), frozenset(), None, "audit"))
        first_lock_off(asked)
        assert len(over_rest(world, consumer.client, "cases", asked)) == 40  # type: ignore[arg-type]
        with owner.connect(world.settings) as connection:
            connection.execute(f"update platform.agreement set {change} where id = %s", (consumer.agreement,))  # type: ignore[call-overload]
        assert over_rest(world, consumer.client, "cases", asked) in ([], 403)


def test_dates_of_the_drawn_values_are_real() -> None:
    for ops in (VALUES["received_on"], VALUES["registered_on"]):
        assert all(date.fromisoformat(value) for _, value in ops)
