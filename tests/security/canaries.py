"""A world in which every value that is not open is a canary, people who crawl it, and who may see which canary."""

import itertools
import json
import random
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lienthong.governance.credentials import token_hash
from lienthong.store import owner
from tests.surface.small import ADMIN, AGENCY, KEEPER, World

CANARY = re.compile(r"zq([a-z]+)([0-9]{4})qz")
INSURANCE = "social_insurance"
STRANGER, NARROW, ANALYST = "stranger-of-the-canaries", "narrow-token-of-the-canaries", "analyst-of-the-canaries"
_PLANT = """
update governed.cases set person_name = 'zqperson' || lpad(days::text, 4, '0') || 'qz', illness = 'zqillness' || lpad(days::text, 4, '0') || 'qz',
  case_code = 'zqcase' || lpad(days::text, 4, '0') || 'qz',
  firm_code = case when channel = 'counter' then 'zqfirm' || lpad(days::text, 4, '0') || 'qz' else firm_code end;
update governed.firms set owner_name = 'zqowner' || right(firm_code, 4) || 'qz';
insert into platform.agency (id, name_vi, name_en) values ('stranger_office', 'x', 'x');
insert into platform.person (username, name, role, agency_id) values ('canary.analyst', 'x', 'analyst', 'office');
"""


@dataclass(frozen=True)
class Who:
    """Somebody who crawls; `sees`: the kinds of canaries with and without the right purpose, `rows` of them."""

    name: str
    token: str | None
    purpose: str | None
    sees: frozenset[str] = frozenset()
    odd: bool = False

    def may(self, kind: str, number: str) -> bool:
        """May this one see this canary?"""
        return kind in self.sees and (not self.odd or kind == "owner" or int(number) % 2 == 1)


EVERY = frozenset({"person", "illness", "case", "firm", "owner"})
PEOPLE = (
    Who("nobody", None, None),
    Who("nobody with a purpose", None, INSURANCE),
    Who("consumer", AGENCY, None, frozenset({"case"}), odd=True),
    Who("consumer with the purpose", AGENCY, INSURANCE, frozenset({"case", "person", "owner"}), odd=True),
    Who("consumer for something else", AGENCY, "tax_administration", frozenset({"owner"})),
    Who("provider", KEEPER, None, frozenset({"case", "firm"})),
    Who("provider with a purpose", KEEPER, INSURANCE, EVERY),
    Who("analyst of the consumer", ANALYST, None, frozenset({"case"}), odd=True),
    Who("administrator", ADMIN, None, frozenset({"case", "firm"})),
    Who("administrator with a purpose", ADMIN, "tax_administration", EVERY),
    Who("stranger", STRANGER, INSURANCE),
    Who("narrow", NARROW, INSURANCE),
)


def plant(world: World) -> None:
    """Put the canaries where the values were, and the people who have none of their own yet."""
    with owner.connect(world.settings) as connection:
        for statement in _PLANT.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        for token, agency, person, scopes in (
            (STRANGER, "stranger_office", None, None),
            (NARROW, "office", None, ["agreements", "tokens"]),
            (ANALYST, None, "canary.analyst", None),
        ):
            connection.execute(
                "insert into platform.token (id, sha256, label, agency_id, username, created_at, scopes) "
                "values (%s, %s, '', %s, %s, now(), %s)",
                (uuid.uuid4(), token_hash(token), agency, person, scopes),
            )


def addresses(world: World) -> list[str]:
    """Every address that takes GET, its places filled with what is there."""
    filled = {"name": "cases", "id": "cases", "key": "C001", "number": "1", "extension": "csv", "file": "firms.csv", "action": "package_show?id=cases",
              "set": "WebMercatorQuad", "z": "6", "row": "28", "col": "50", "username": "thu", "receipt": "0" * 32, "feature": "F0001"}  # fmt: skip
    found = set()
    included = [getattr(route, "original_router", None) for route in world.app.routes]
    for route in [*world.app.routes, *(route for router in included if router for route in router.routes)]:
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None) or ()
        if "GET" in methods:
            for name in ("cases", "firms"):
                given = filled | {"name": name, "id": name}
                found.add(re.sub(r"\{(\w+)(?::\w+)?\}", lambda m, given=given: given.get(m[1], "cases"), path))
    return sorted(found)


@dataclass(frozen=True)
class Call:
    """One request: of GET an address with parameters, of POST a JSON body."""

    url: str
    params: dict[str, Any] | None = None
    body: Any = None


class Crawler:
    """Draws requests of every kind, allowed ones and others."""

    def __init__(self, world: World, seed: int) -> None:
        self.random = random.Random(seed)
        self.contracts = [world.registry.get(n) for n in ("cases", "firms", "case_statistics", "permits", "places")]
        self.relations = {c.id: sorted(world.registry.relations(c.id)) for c in self.contracts}

    def calls(self) -> Iterator[Call]:
        """Requests without end."""
        kinds = itertools.cycle(
            (self._rest, self._lookup, self._rest, self._ogc, self._rest, self._graphql, self._rest, self._ckan)
        )
        return (kind() for kind in kinds)

    def _dataset(self) -> Any:
        return self.random.choices(self.contracts, (8, 5, 1, 1, 1))[0]

    def _names(self, contract: Any, most: int = 3) -> list[str]:
        return self.random.sample(
            [f.name for f in contract.fields], self.random.randint(1, min(most, len(contract.fields)))
        )

    def _maybe(self, **given: Any) -> dict[str, Any]:
        return {name: value for name, value in given.items() if self.random.random() < 0.3}

    def _rest(self) -> Call:
        contract, pick = self._dataset(), self.random.choice
        ending = pick(("", "", "", "", "", "", ".csv", ".ndjson", ".parquet", ".arrow", ".xlsx", ".geojson"))
        one, other, third = self._names(contract, 1)[0], self._names(contract, 1)[0], self._names(contract, 1)[0]
        params = self._maybe(fields=",".join(self._names(contract)), sort=pick(("", "-")) + one, q="zq", count="exact",
                             distinct="true", as_of=pick(("2026-11-01", "2030-01-01")), include=pick(self.relations[contract.id] or ["x"]))  # fmt: skip
        params |= self._maybe(
            **{f"{other}__{pick(('is_null', 'ne', 'gte', 'starts_with', 'contains'))}": pick(("false", "z", "a"))}
        )
        if self.random.random() < 0.25:
            params = {"group_by": one, "measure": f"count,{pick(('max', 'min'))}:{third}"}
        if not ending and self.random.random() < 0.15:
            return Call(f"/api/v1/datasets/{contract.slug}/changes", self._maybe(since=pick(("begin", "now"))))
        return Call(f"/api/v1/datasets/{contract.slug}/rows{ending}", {"limit": pick((1, 5, 10))} | params)

    def _lookup(self) -> Call:
        contract = self._dataset()
        keys = (
            [f"zqcase{n:04}qz" for n in self.random.sample(range(40), 5)] if contract.id == "cases" else ["F0001", "20"]
        )
        return Call(
            f"/api/v1/datasets/{contract.slug}/lookup", None, {"keys": keys} | self._maybe(fields=self._names(contract))
        )

    def _graphql(self) -> Call:
        contract, pick = self._dataset(), self.random.choice
        shown = " ".join(self._shown(contract))
        one = self._camel(self._names(contract, 1)[0])
        near = pick(self.relations[contract.id] or ["x"])
        shapes = (f"nodes {{ {shown} }}", f"edges {{ cursor node {{ {shown} }} }}", f"nodes {{ {shown} {near} {{ {shown} }} }}",
                  f"nodes {{ {near}(first: 3) {{ nodes {{ {shown} }} }} }}", "totalCount pageInfo { endCursor }")  # fmt: skip
        given = pick(
            (
                "(first: 9)",
                f"(first: 9, where: {{{one}: {{isNull: false}}}})",
                f"(first: 9, where: {{not: {{{one}: {{isNull: true}}}}}})",
            )
        )
        if self.random.random() < 0.2:
            text = (
                f"{{ {self._camel(contract.id)}Aggregate {{ nodes {{ count {pick(('max', 'min'))} {{ {one} }} }} }} }}"
            )
        else:
            text = f"{{ {self._camel(contract.id)}{given} {{ {pick(shapes)} }} }}"
        return Call("/graphql", None, {"query": text})

    def _shown(self, contract: Any) -> list[str]:
        plain = [f.name for f in contract.fields if "items" not in f.options]
        return [self._camel(n) for n in self.random.sample(plain, self.random.randint(1, 3))]

    @staticmethod
    def _camel(name: str) -> str:
        head, *rest = name.split("_")
        return head + "".join(part.title() for part in rest)

    def _ckan(self) -> Call:
        contract, pick = self._dataset(), self.random.choice
        one = self._names(contract, 1)[0]
        given = {"resource_id": contract.slug, "limit": 10} | self._maybe(
            fields=self._names(contract), filters=json.dumps({one: "x"}), q=pick(("zq", json.dumps({one: "zq"}))), distinct=True, sort=one,
            offset=pick((0, 3)), records_format=pick(("objects", "lists", "csv", "tsv")),
        )  # fmt: skip
        other = pick(
            (
                "datastore_search",
                "datastore_search",
                "datastore_search",
                "datastore_info",
                "package_show",
                "package_search",
                "resource_search",
            )
        )
        known = {"datastore_info": {"id": contract.slug}, "package_show": {"id": contract.slug}, "package_search": {"q": "zq"},
                 "resource_search": {"query": "name:zq"}}  # fmt: skip
        return Call(f"/api/3/action/{other}", None, known.get(other, given))

    def _ogc(self) -> Call:
        contract, pick = pick_of(self.contracts, self.random), self.random.choice
        one = self._names(contract, 1)[0]
        base = f"/ogc/collections/{contract.slug}"
        if self.random.random() < 0.3:
            return Call(
                base + pick(("/tiles/WebMercatorQuad/6/28/50", "/queryables", "/schema", "/items/F0001", "", "/tiles"))
            )
        texts = (f"{one} IS NOT NULL", f"{one} LIKE 'z%'", f"CASEI({one}) > 'a'", f"NOT ({one} = 'z')")
        return Call(
            base + "/items",
            {"limit": 9}
            | self._maybe(properties=",".join(self._names(contract)), filter=pick(texts), sortby=one, q="zq"),
        )


def pick_of(contracts: list[Any], random: random.Random) -> Any:
    """A dataset with a place, mostly."""
    return random.choice([c for c in contracts if c.geometry] * 4 + contracts)
