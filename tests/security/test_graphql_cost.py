"""The price of a query is an upper bound of the rows it answers with, and a query is one statement (C02, C04)."""

from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.access import pricing
from lienthong.access.door import Door
from lienthong.governance.subject import ANONYMOUS
from lienthong.gql.plan import Planner
from lienthong.gql.schema import build
from lienthong.kernel.problem import TooCostly
from tests.surface.small import World

# dataset -> (fields, related one, related many with their dataset, conditions, sort keys)
WORLD: dict[str, tuple[tuple[str, ...], dict[str, str], dict[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "firms": (
        ("firmCode", "name", "staff", "branches { branchName }"),
        {"place": "places"},
        {"permits": "permits"},
        ("{}", '{firmCode: {in: $codes}}', '{firmCode: {eq: "F0001"}}', '{status: {eq: "closed"}}', "{permits: {}}",
         '{q: "dong kinh"}', '{position: {near: {lon: 106.2, lat: 21.5, metres: 9000}}}', '{staff: {gt: $n}}'),
        ("FIRM_CODE", "CAPITAL", "NAME"),
    ),
    "places": (
        ("placeCode", "name", "position"),
        {"parent": "places"},
        {"children": "places", "firms": "firms"},
        ("{}", "{parentCode: {isNull: true}}", '{placeCode: {in: ["20", "91", "20000"]}}', "{firms: {staff: {gt: 9}}}"),
        ("PLACE_CODE", "PARENT_CODE"),
    ),
    "permits": (
        ("number", "grantedOn"),
        {"firm": "firms"},
        {},
        ("{}", '{firmCode: {in: $codes}, number: {eq: "1/2024/GP-UBND"}}', '{grantedOn: {gte: "2024-01-02"}}'),
        ("GRANTED_ON", "NUMBER"),
    ),
}  # fmt: skip


ROOTS = 5  # queries of a document


class Writer:
    """Writes random documents over the small world."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.left = 0  # relations still to walk
        self.variables = {
            "codes": [f"F{self.random.randrange(70):04}" for _ in range(self.random.randrange(8))],
            "n": self.random.randrange(60),
            "first": self.random.choice((0, 1, 3, 8, 100)),
        }

    def document(self, roots_wanted: int) -> str:
        """A document of so many queries."""
        roots = " ".join(f"r{n}: {self.root()}" for n in range(roots_wanted))
        used = {"codes": "[ID!]!", "n": "Int", "first": "Int!"}
        head = ", ".join(f"${name}: {kind}" for name, kind in used.items() if f"${name}" in roots)
        self.variables = {name: value for name, value in self.variables.items() if f"${name}" in roots}
        return f"query{f'({head})' if head else ''} {{ {roots} }}"

    def root(self) -> str:
        """One query."""
        self.left = 3
        dataset = self.random.choice(tuple(WORLD))
        match self.random.randrange(8):
            case 0:
                code = self.random.randrange(70)
                return f'firm(firmCode: "F{code:04}") {{ {self.row("firms", 1)} }}'
            case 1:
                return self.groups(dataset, dataset)
            case _:
                return self.connection(dataset, dataset, 1)

    def arguments(self, dataset: str, order: bool = True) -> str:
        _, _, _, where, sort = WORLD[dataset]
        parts = [f"first: {self.random.choice(('$first', '0', '1', '2', '5', '20', '1000'))}"] * self.random.randrange(
            2
        )
        if self.random.random() < 0.5:
            parts.append(f"where: {self.random.choice(where)}")
        if order and self.random.random() < 0.3:
            parts.append(
                f"orderBy: {{field: {self.random.choice(sort)}, direction: {self.random.choice(('ASC', 'DESC'))}}}"
            )
        return f"({', '.join(parts)})" if parts else ""

    def connection(self, name: str, dataset: str, depth: int) -> str:
        shapes = [
            lambda: f"nodes {{ {self.row(dataset, depth)} }}",
            lambda: f"edges {{ cursor node {{ {self.row(dataset, depth)} }} }}",
            lambda: "totalCount",
            lambda: "pageInfo { hasNextPage endCursor }",
            lambda: f"again: nodes {{ {self.row(dataset, depth)} }}",
            lambda: "edges { cursor }",
        ]
        weights = (6, 3, 2, 1, 1, 1)
        chosen = {self.random.choices(range(6), weights)[0] for _ in range(self.random.randrange(1, 4))}
        return f"{name}{self.arguments(dataset)} {{ {' '.join(shapes[n]() for n in sorted(chosen - ({5} if 1 in chosen else set())))} }}"

    def groups(self, name: str, dataset: str) -> str:
        field = self.random.choice(WORLD[dataset][4])
        by = f"groupBy: {{field: {field}}}"
        given = self.arguments(dataset, order=False)
        given = f"{given[:-1]}, {by})" if given else f"({by})"
        return f"{name}Aggregate{given if self.random.random() < 0.8 else ''} {{ nodes {{ count }} totalCount }}"

    def row(self, dataset: str, depth: int) -> str:
        fields, one, many, _, _ = WORLD[dataset]
        parts = [self.random.choice(fields)]
        for relation, target in one.items():
            if self.walks(depth):
                parts.append(f"{relation} {{ {self.row(target, depth + 1)} }}")
        for relation, target in many.items():
            if self.walks(depth):
                write = self.groups if self.random.random() < 0.2 else None
                parts.append(write(relation, target) if write else self.connection(relation, target, depth + 1))
        return " ".join(parts)

    def walks(self, depth: int) -> bool:
        if self.left <= 0 or depth > 3 or self.random.random() > 0.5:
            return False
        self.left -= 1
        return True


PAGE = frozenset({"nodes", "again", "edges", "totalCount", "pageInfo"})


def rows_in(value: Any, key: str = "") -> int:
    """The rows and groups in an answer: each in a list of rows, each related one, each at the root."""
    if isinstance(value, list):
        return sum(1 + rows_in(each.get("node", each), "row") for each in value) if key in PAGE else 0
    if not isinstance(value, dict) or key in ("position", "branches", "pageInfo"):
        return 0
    own = int(key != "row" and not PAGE & set(value))
    return own + sum(rows_in(inner, name) for name, inner in value.items())


@pytest.fixture(scope="module")
def planner(world: World) -> Planner:
    """A planner over the small world."""
    return Planner(build(world.registry))


def test_no_query_answers_more_rows_than_it_was_priced_at(world: World, planner: Planner) -> None:
    door, seen = Door(world.registry, world.database), {"queries": 0, "refused": 0, "rows": 0, "tight": 0}

    @settings(max_examples=1_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**63))
    def holds(seed: int) -> None:
        writer = Writer(seed)
        text = writer.document(ROOTS)
        try:
            plan = planner.plan(text, writer.variables)
        except TooCostly:
            seen["refused"] += ROOTS
            return
        before = len(world.database.statements)
        answer = world.portal.call(lambda: door.document(ANONYMOUS, plan.members, surface="test"))
        assert len(world.database.statements) == before + 1, text
        found = orjson.loads(answer.body)
        for key, query in plan.members:
            rows, price = rows_in(found[key]), pricing.price(world.registry, query)
            assert rows <= price, (rows, price, key, text, writer.variables)
            seen["rows"] += rows
            seen["tight"] += 0 < rows == price
        assert sum(map(rows_in, found.values())) <= plan.cost <= pricing.MAX_ROWS
        seen["queries"] += len(plan.members)

    holds()
    print(seen)
    assert seen["queries"] >= 4_000 and seen["queries"] + seen["refused"] >= 5_000
    assert seen["rows"] > 50_000 and seen["tight"] > 100


def test_a_price_grows_with_every_row_asked_for(planner: Planner) -> None:
    def cost(query: str, **variables: Any) -> int:
        return planner.plan(query, variables).cost

    assert [cost("query($n: Int!) { firms(first: $n) { nodes { name } } }", n=n) for n in (0, 1, 50)] == [0, 1, 50]
    assert cost("{ firms(first: 10) { nodes { place { name } } } }") == 20
    assert cost("{ firms(first: 10) { nodes { permits(first: 5) { nodes { firm { name } } } } } }") == 10 * (1 + 5 * 2)
    assert cost("{ firms(first: 10) { totalCount } }") == pricing.COUNTED
    assert cost("{ firms(first: 10) { nodes { permits { totalCount } } } }") == 10 * (1 + pricing.COUNTED)
    assert cost("{ firmsAggregate(groupBy: {field: NAME}, first: 30) { nodes { count } } }") == 30 + pricing.COUNTED
    assert cost("{ firmsAggregate { nodes { count } } }") == 1 + pricing.COUNTED
    many = "query($c: [ID!]!) { firms(first: 10000, where: {firmCode: {in: $c}}) { nodes { name } } }"
    assert cost(many, c=[f"F{n}" for n in range(500)]) == 500 + 500 // pricing.VALUES


def test_a_query_over_budget_is_refused_before_it_runs_with_cost_and_limit(world: World) -> None:
    before = len(world.database.statements)
    query = "query($n: Int!) { firms(first: $n) { nodes { permits(first: 100) { nodes { number } } } } }"
    refused = world.graphql(query, n=991)["errors"][0]["extensions"]
    assert (refused["code"], refused["cost"], refused["limit"]) == ("BUDGET_EXCEEDED", 991 * 101, 100_000)
    assert len(world.database.statements) == before
    assert "errors" not in world.graphql(query, n=990)
