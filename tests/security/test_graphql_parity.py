"""The same caller and the same filter: the same rows over GraphQL, REST and CKAN (C06)."""

import json
from random import Random
from typing import Any

import pytest

from lienthong.kernel.text import camel
from tests.surface.small import ADMIN, AGENCY, KEEPER, World, cases, firms, permits, places

Row = dict[str, Any]
PURPOSE = {"Lienthong-Purpose": "social_insurance"}
CALLERS: dict[str, str | None] = {"nobody": None, "office": AGENCY, "registry": KEEPER, "administrator": ADMIN}
ROWS = {"firms": firms, "places": places, "permits": permits, "cases": cases}
# dataset -> the fields that are shown, by caller; none: the dataset is closed to the caller
SHOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "firms": dict.fromkeys(("nobody", "office", "administrator"), ("firm_code", "name", "status", "staff", "registered_on"))
    | {"registry": ("firm_code", "status", "registered_on", "place_code")},
    "places": dict.fromkeys(CALLERS, ("place_code", "name", "parent_code")),
    "permits": dict.fromkeys(CALLERS, ("firm_code", "number", "granted_on")),
    "cases": {"office": ("case_code", "channel", "days"), "registry": ("case_code", "channel", "days", "received_on"),
              "administrator": ("case_code", "channel", "days", "received_on")},
}  # fmt: skip
TYPED = {"staff": int, "days": int}
SORTED = {"firms": "firm_code", "places": "place_code", "permits": "number", "cases": "case_code"}


def filters(random: Random, dataset: str, fields: tuple[str, ...]) -> Row:
    """Up to two equalities by values that are there, or nearly."""
    rows, found = ROWS[dataset](), {}
    for name in random.sample(fields, random.randrange(3)):
        value = random.choice(rows).get(name)
        if value is not None and name != "parent_code":
            found[name] = value if name in TYPED else str(value) + random.choice(("", "", ""))
    return found


def over_graphql(world: World, token: str | None, dataset: str, fields: tuple[str, ...], where: Row, down: bool) -> Any:
    direction = "DESC" if down else "ASC"
    query = f"query($w: {dataset[:-1].title()}Filter) {{ {dataset}(first: 100, where: $w, orderBy: {{field: " + (
        f"{SORTED[dataset].upper()}, direction: {direction}}}) {{ nodes {{ {' '.join(map(camel, fields))} }} }} }}"
    )
    variables = {"w": {camel(name): {"eq": value} for name, value in where.items()}}
    body = world.client(token).post("/graphql", json={"query": query, "variables": variables}, headers=PURPOSE).json()
    if "errors" in body:
        return body["errors"][0]["extensions"]["code"]
    return [{name: row[camel(name)] for name in fields} for row in body["data"][dataset]["nodes"]]


def over_rest(world: World, token: str | None, dataset: str, fields: tuple[str, ...], where: Row, down: bool) -> Any:
    sort = ("-" if down else "") + SORTED[dataset]
    params = where | {"fields": ",".join(fields), "sort": sort, "limit": 100}
    answer = world.client(token).get(f"/api/v1/datasets/{dataset}/rows", params=params, headers=PURPOSE)
    return answer.json()["data"] if answer.status_code == 200 else answer.json()["code"]


def over_ckan(world: World, token: str | None, dataset: str, fields: tuple[str, ...], where: Row, down: bool) -> Any:
    sort = SORTED[dataset] + (" desc" if down else " asc")
    body = {"resource_id": dataset, "fields": list(fields), "filters": where, "sort": sort, "limit": 100}
    answer = world.client(token).post("/api/3/action/datastore_search", json=body, headers=PURPOSE)
    if answer.status_code != 200:
        return "refused"
    return [{name: row[name] for name in fields} for row in answer.json()["result"]["records"]]


@pytest.mark.parametrize("seed", range(6))
def test_three_surfaces_give_the_same_rows(world: World, seed: int) -> None:
    random, compared, refused = Random(seed), 0, 0
    while compared < 170:
        dataset, caller = random.choice(tuple(SHOWN)), random.choice(tuple(CALLERS))
        fields = SHOWN[dataset].get(caller)
        shown = fields or SHOWN[dataset]["administrator"]
        where, down = filters(random, dataset, shown), random.random() < 0.5
        given = (world, CALLERS[caller], dataset, shown, where, down)
        graphql, rest, ckan = over_graphql(*given), over_rest(*given), over_ckan(*given)
        case = json.dumps([dataset, caller, where, down])
        compared += 1
        if fields is None:
            assert graphql == rest and graphql in ("UNAUTHENTICATED", "FORBIDDEN") and ckan == "refused", case
            refused += 1
            continue
        assert graphql == rest == ckan, case
        wanted = [r for r in ROWS[dataset]() if all(str(r.get(n)) == str(v) for n, v in where.items())]
        if (dataset, caller) == ("cases", "office"):
            wanted = [r for r in wanted if r["channel"] == "online"]
        assert len(graphql) == min(len(wanted), 100), case
    assert refused
