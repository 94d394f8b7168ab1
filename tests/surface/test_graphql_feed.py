"""Changes over GraphQL: those of the change feed, in the shape asked for, enough to rebuild what one may see."""

from typing import Any

from tests.surface.small import ADMIN, AGENCY, World
from tests.surface.test_graphql_answers import data
from tests.surface.test_graphql_refusals import error

Row = dict[str, Any]
FEED = """query($since: String!, $n: Int!) { firmsFeed(since: $since, first: $n) {
  nodes { __typename op key row { code: firmCode status branches { b: branchName } } } endCursor hasNextPage } }"""


def test_the_whole_state_page_by_page(world: World) -> None:
    rows: dict[str, Row] = {}
    since, pages = "begin", 0
    while True:
        before = len(world.database.statements)
        found = data(world, FEED, since=since, n=25)["firmsFeed"]
        assert len(world.database.statements) == before + 1
        for change in found["nodes"]:
            assert change["op"] == "INSERT" and change["key"] == [change["row"]["code"]]
            assert change["__typename"] == "FirmFeedChange"
            rows[change["row"]["code"]] = change["row"]
        since, pages = found["endCursor"], pages + 1
        if not found["hasNextPage"]:
            break
    assert pages == 3 and len(rows) == 60
    shown = data(world, "{ firms { nodes { code: firmCode status branches { b: branchName } } } }")["firms"]["nodes"]
    assert list(rows.values()) == shown
    assert data(world, FEED, since=since, n=25)["firmsFeed"]["nodes"] == []
    rest = world.anonymous.get("/api/v1/datasets/firms/changes", params={"since": since}).json()
    assert rest["data"] == []


def test_an_agency_follows_what_it_may_read(world: World) -> None:
    query = "{ casesFeed(first: 100) { nodes { row { caseCode channel } } } }"
    answer = world.client(AGENCY).post("/graphql", json={"query": query})
    nodes = answer.json()["data"]["casesFeed"]["nodes"]
    assert len(nodes) == 20 and {n["row"]["channel"] for n in nodes} == {"online"}
    assert answer.headers["lienthong-receipt"] and answer.headers["cache-control"] == "no-store"
    hidden = error(world, "{ casesFeed { nodes { row { illness } } } }", AGENCY)["extensions"]
    assert (hidden["code"], hidden["field"]) == ("FORBIDDEN", "illness")
    assert error(world, "{ casesFeed { endCursor } }")["extensions"]["code"] == "UNAUTHENTICATED"
    assert error(world, "{ firmsFeed { nodes { row { ownerName } } } }")["extensions"]["field"] == "owner_name"
    assert len(data(world, query, ADMIN)["casesFeed"]["nodes"]) == 40


def test_what_changes_cannot_be_asked(world: World) -> None:
    for query, place in (
        ("{ firmsFeed { endCursor } firms { totalCount } }", "firmsFeed"),
        ("{ a: firmsFeed { endCursor } b: firmsFeed { endCursor } }", "a"),
        ("{ firmsFeed { nodes { row { place { name } } } } }", "row"),
        ("{ firmsFeed(first: 10001) { endCursor } }", "first"),
        ('{ firmsFeed(since: "x") { endCursor } }', "since"),
    ):
        found = error(world, query)["extensions"]
        assert (found["code"], found["place"]) == ("BAD_USER_INPUT", place)
