"""GraphQL answers: the rows that REST gives, in the shape asked for, by one statement however deep."""

from typing import Any

import pytest
from graphql import parse

from tests.surface.small import AGENCY, World, cases, firms

Row = dict[str, Any]


def data(world: World, query: str, token: str | None = None, **variables: Any) -> Row:
    """The data of an answer without errors."""
    answer = world.graphql(query, token, **variables)
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"])


FIRM = """firmCode name status capital score staff exporter registeredOn founded seenAt ref email tags
 branches { branchName openedOn staff } position placeCode synthetic"""


def snake(row: Row) -> Row:
    """A GraphQL row with REST's names."""
    return {
        "".join("_" + c.lower() if c.isupper() else c for c in k): [snake(i) if isinstance(i, dict) else i for i in v]
        if isinstance(v, list)
        else v
        for k, v in row.items()
    }


def test_every_value_is_the_one_that_rest_gives(world: World) -> None:
    found = data(world, f"{{ firms(first: 100) {{ nodes {{ {FIRM} }} }} }}")["firms"]["nodes"]
    assert [snake(row) for row in found] == world.rows("firms", limit=100)


FILTERS: list[tuple[str, Row]] = [
    ("{status: {eq: \"closed\"}}", {"status": "closed"}),
    ("{firmCode: {in: [\"F0001\", \"F0002\"]}}", {"firm_code__in": "F0001,F0002"}),
    ("{name: {contains: \"dong kinh\"}}", {"name__contains": "dong kinh"}),
    ("{capital: {gte: 50000000000}}", {"capital__gte": "50000000000"}),
    ("{score: {lt: 10.5}}", {"score__lt": "10.5"}),
    ("{score: {eq: \"9.25\"}}", {"score": "9.25"}),
    ("{staff: {gt: 10, lte: 20}}", {"staff__gt": "10", "staff__lte": "20"}),
    ("{exporter: {eq: true}}", {"exporter": "true"}),
    ("{registeredOn: {lte: \"2020-01-03\"}}", {"registered_on__lte": "2020-01-03"}),
    ("{seenAt: {gt: \"2026-01-15T08:30:00+07:00\"}}", {"seen_at__gt": "2026-01-15T08:30:00+07:00"}),
    ("{capital: {isNull: true}}", {"capital__is_null": "true"}),
    ("{tags: {contains: \"b\"}}", {"tags__contains": "b"}),
    ('{branches: {contains: {branch_name: "Chi nhánh 5"}}}', {"branches__contains": '{"branch_name": "Chi nhánh 5"}'}),
    ("{position: {bbox: [106.005, 21, 106.035, 22]}}", {"position__bbox": "106.005,21,106.035,22"}),
    ("{q: \"anh duong 17\"}", {"q": "anh duong 17"}),
    ("{status: {eq: \"active\"}, staff: {lt: 9}}", {"status": "active", "staff__lt": "9"}),
    ("{}", {}),
]  # fmt: skip


@pytest.mark.parametrize(("where", "params"), FILTERS, ids=[w for w, _ in FILTERS])
def test_a_filter_means_what_it_means_in_rest(world: World, where: str, params: Row) -> None:
    found = data(world, f"{{ firms(where: {where}) {{ totalCount nodes {{ firmCode }} }} }}")["firms"]
    rows = world.rows("firms", **params)
    assert [row["firmCode"] for row in found["nodes"]] == [row["firm_code"] for row in rows]
    assert found["totalCount"] == len(rows) > 0


def test_conditions_combine(world: World) -> None:
    where = {
        "or": [{"staff": {"lt": 3}}, {"and": [{"status": {"eq": "closed"}}, {"not": {"exporter": {"eq": True}}}]}],
        "place": {"parent": {"name": {"contains": "lang son"}}},
    }
    query = "query($where: FirmFilter) { firms(where: $where) { nodes { firmCode place { parent { placeCode } } } } }"
    found = data(world, query, where=where)["firms"]["nodes"]
    by_code = {row["firm_code"]: row for row in firms()}
    assert found and all(row["place"]["parent"]["placeCode"] == "20" for row in found)
    for row in (by_code[f["firmCode"]] for f in found):
        assert row["staff"] < 3 or (row["status"] == "closed" and not row["exporter"])


def test_a_filter_on_the_many_side_means_that_one_exists(world: World) -> None:
    query = """{ firms(where: {permits: {number: {eq: "2/2024/GP-UBND"}}}) {
      nodes { firmCode permits { totalCount } } } }"""
    found = data(world, query)["firms"]["nodes"]
    assert [f["firmCode"] for f in found] == [f"F{n:04}" for n in range(60) if n % 4 == 3]
    assert all(f["permits"]["totalCount"] == 3 for f in found)


DEEP = """
query Deep($n: Int = 5) {
  firms(first: $n, orderBy: [{field: REGISTERED_ON, direction: DESC}, {field: NAME}]) {
    totalCount
    edges {
      cursor
      node {
        firmCode
        place { name parent { name children(first: 2) { nodes { name firms(first: 3) { nodes { firmCode permits { totalCount } } } } } } }
        permits(first: 2, orderBy: {field: GRANTED_ON, direction: DESC}) { edges { node { number firm { name } } } pageInfo { hasNextPage } }
      }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
  places(where: {parentCode: {isNull: true}}) { nodes { name children { totalCount nodes { name } } } }
  firm(firmCode: "F0003") { name permits { nodes { number } } }
}
"""  # a document as people write it


def test_a_deep_document_is_one_statement(world: World) -> None:
    before = len(world.database.statements)
    found = data(world, DEEP)
    assert len(world.database.statements) == before + 1
    edges = found["firms"]["edges"]
    assert [e["node"]["firmCode"] for e in edges] == ["F0059", "F0058", "F0057", "F0056", "F0055"] or len(edges) == 5
    rows = world.rows("firms", sort="-registered_on,name", limit=5)
    assert [e["node"]["firmCode"] for e in edges] == [r["firm_code"] for r in rows]
    for edge in edges:
        node = edge["node"]
        permits = world.rows("permits", firm_code=node["firmCode"], sort="-granted_on", limit=2)
        assert [e["node"]["number"] for e in node["permits"]["edges"]] == [p["number"] for p in permits]
        assert node["permits"]["pageInfo"]["hasNextPage"] is (int(node["firmCode"][1:]) % 4 == 3)
        if node["place"]:
            assert len(node["place"]["parent"]["children"]["nodes"]) == 2
    assert found["firms"]["totalCount"] == 60
    assert [p["children"]["totalCount"] for p in found["places"]["nodes"]] == [3, 3]
    assert found["firm"]["permits"]["nodes"] == [
        {"number": n} for n in ("0/2024/GP-UBND", "1/2024/GP-UBND", "2/2024/GP-UBND")
    ]


def test_pages_by_cursor_in_both_styles(world: World) -> None:
    query = """query($after: String) { firms(first: 7, after: $after, orderBy: [{field: CAPITAL, direction: DESC}]) {
      edges { cursor node { firmCode } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    found: list[str] = []
    after = None
    while True:
        page = data(world, query, after=after)["firms"]
        edges, info = page["edges"], page["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (edges[0]["cursor"], edges[-1]["cursor"])
        assert info["hasPreviousPage"] is (after is not None)
        found += [edge["node"]["firmCode"] for edge in edges]
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert found == [row["firm_code"] for row in world.rows("firms", sort="-capital")]


def test_an_empty_page(world: World) -> None:
    query = """{ firms(first: 0) { edges { cursor } nodes { name } totalCount
      pageInfo { hasNextPage startCursor endCursor } } }"""
    info = {"hasNextPage": True, "startCursor": None, "endCursor": None}
    assert data(world, query) == {"firms": {"edges": [], "nodes": [], "totalCount": 60, "pageInfo": info}}
    assert data(world, "{ firms(where: {status: {in: []}}) { nodes { name } } }") == {"firms": {"nodes": []}}
    assert data(world, '{ firm(firmCode: "F9999") { name } }') == {"firm": None}


def test_aliases_fragments_directives_and_typenames(world: World) -> None:
    query = """
    query Q($yes: Boolean = true, $no: Boolean!) {
      __typename
      version
      one: firm(firmCode: "F0001") { ...Names t: __typename code: firmCode code2: firmCode }
      firms(first: 1, where: {firmCode: {eq: "F0002"}}) {
        __typename
        e: edges { __typename c: cursor node { ...Names } }
        more: edges { node { staff } }
        nodes { ... on Firm @include(if: $yes) { name staff @skip(if: $yes) } ... @include(if: $no) { email } }
        pageInfo { __typename next: hasNextPage }
      }
    }
    fragment Names on Firm { name ...Place branches { __typename b: branchName } }
    fragment Place on Firm { place { __typename name ...Again } }
    fragment Again on Place { name parent { name } }
    """
    found = data(world, query, no=False)
    assert found["__typename"] == "Query" and found["version"]
    one = found["one"]
    assert list(one) == ["name", "place", "branches", "t", "code", "code2"]
    assert one["t"] == "Firm" and one["code"] == one["code2"] == "F0001"
    assert one["place"] == {"__typename": "Place", "name": "Xã Đồng Đăng", "parent": {"name": "Tỉnh Lạng Sơn"}}
    assert one["branches"] == [{"__typename": "FirmBranchesItem", "b": "Chi nhánh 1"}]
    many = found["firms"]
    assert many["__typename"] == "FirmConnection" and many["pageInfo"] == {"__typename": "PageInfo", "next": False}
    assert set(many["e"][0]) == {"__typename", "c", "node"} and many["e"][0]["__typename"] == "FirmEdge"
    assert many["more"] == [{"node": {"staff": 2}}] and many["nodes"] == [{"name": "Công ty Ánh Dương số 2"}]


def test_one_place_in_the_answer_may_be_asked_for_in_parts(world: World) -> None:
    query = """{ firm(firmCode: "F0001") { name } firm(firmCode: "F0001") { place { name } place { parent { name } } }
      firms(first: 1) { nodes { name } } firms(first: 1) { nodes { status } totalCount } }"""
    found = data(world, query)
    assert found["firm"]["name"] and set(found["firm"]["place"]) == {"name", "parent"}
    assert set(found["firms"]["nodes"][0]) == {"name", "status"} and found["firms"]["totalCount"] == 60


def test_variables_of_every_kind(world: World) -> None:
    query = """query($first: Int!, $codes: [ID!]!, $order: [FirmOrder!], $min: Decimal, $day: Date) {
      firms(first: $first, orderBy: $order,
        where: {firmCode: {in: $codes}, capital: {gte: $min}, registeredOn: {lte: $day}})
      { nodes { firmCode } } }"""
    order = [{"field": "CAPITAL", "direction": "DESC"}]
    given = {"first": 2, "codes": ["F0001", "F0002", "F0003"], "order": order}
    assert [n["firmCode"] for n in data(world, query, **given, min=2e9)["firms"]["nodes"]] == ["F0003", "F0002"]
    found = data(world, query, **given, min="1000000000", day="2020-01-01")["firms"]["nodes"]
    assert [n["firmCode"] for n in found] == ["F0001"]


def test_as_of_reaches_related_rows(world: World) -> None:
    query = "query($day: Date) { firms(first: 1, asOf: $day) { nodes { place { name } permits { totalCount } } } }"
    assert data(world, query, day="2025-12-31")["firms"]["nodes"] == []
    late = (
        '{ firm(firmCode: "F0003", asOf: "2026-06-01") { permits(asOf: "2025-01-01") { totalCount } place { name } } }'
    )
    assert data(world, late)["firm"] == {"permits": {"totalCount": 0}, "place": {"name": "Phường Mỹ Tho"}}


def test_statistics_have_a_type_of_their_own(world: World) -> None:
    query = """{ caseStatistics { nodes { __typename month channel cases meanDays } }
      caseStatisticsByKey(month: "2026-02", channel: "online") { cases } }"""
    found = data(world, query)
    first = {"__typename": "CaseStatistics", "month": "2026-01", "channel": "counter", "cases": 20, "meanDays": 19.0}
    assert found["caseStatistics"]["nodes"][0] == first and found["caseStatisticsByKey"] == {"cases": 20}


def test_the_agency_reads_what_its_agreement_says(world: World) -> None:
    query = "{ cases(first: 50) { totalCount nodes { caseCode personName channel days } } }"
    response = world.client(AGENCY).post("/graphql", json={"query": query})
    found = response.json()["data"]["cases"]
    wanted = [c for c in cases() if c["channel"] == "online"]
    assert found["totalCount"] == len(wanted) and [c["caseCode"] for c in found["nodes"]] == [
        c["case_code"] for c in wanted
    ]
    assert response.headers["cache-control"] == "no-store" and len(response.headers["lienthong-receipt"]) == 32


def test_introspection_tells_the_schema_beside_data(world: World) -> None:
    query = """{ __schema { queryType { name } } f: __type(name: "Firm") { name description }
      firm(firmCode: "F0001") { name } }"""
    found = data(world, query)
    assert found["__schema"] == {"queryType": {"name": "Query"}} and found["f"]["description"].startswith(
        "Hãng / Firms"
    )
    assert found["firm"] == {"name": "Công ty Đông Kinh số 1"}
    assert parse(DEEP)


def test_a_document_is_planned_once(world: World) -> None:
    query = "query($n: Int!) { firms(first: $n) { nodes { name } } }"
    first, second, third = (data(world, query, n=n) for n in (1, 1, 2))
    assert first == second and len(third["firms"]["nodes"]) == 2
