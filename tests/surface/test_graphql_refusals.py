"""What GraphQL refuses, and what each refusal says. Every limit is judged before it costs anything."""

import json
import time
from typing import Any

import pytest

from tests.surface.small import AGENCY, World


def error(world: World, query: str, token: str | None = None, language: str = "en", **variables: Any) -> dict[str, Any]:
    """The one error of an answer without data."""
    answer = world.graphql(query, token, language, **variables)
    assert not answer.get("data"), answer
    return dict(answer["errors"][0])


def code(world: World, query: str, token: str | None = None, **variables: Any) -> str:
    return str(error(world, query, token, **variables)["extensions"]["code"])


def test_a_closed_dataset_names_the_way_in(world: World) -> None:
    found = error(world, "{ cases { nodes { caseCode } } }")
    assert found["extensions"]["code"] == "UNAUTHENTICATED" and "case-statistics" in found["message"]
    assert set(found["extensions"]["messages"]) == {"vi", "en"}
    assert "Bộ dữ liệu" in error(world, "{ cases { nodes { caseCode } } }", language="vi")["message"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("{ cases { nodes { illness } } }", "illness"),
        ("{ cases { edges { node { caseCode receivedOn } } } }", "received_on"),
        ('{ cases(where: {illness: {contains: "a"}}) { totalCount } }', "illness"),
        ('{ cases(where: {or: [{days: {gt: 1}}, {not: {illness: {eq: "x"}}}]}) { totalCount } }', "illness"),
        ("{ cases(orderBy: {field: ILLNESS}) { totalCount } }", "illness"),
        ("{ cases { nodes { firm { name } } } }", "firm_code"),
        ('{ cases(where: {firm: {name: {contains: "a"}}}) { totalCount } }', "firm_code"),
        ("{ firms { nodes { cases { totalCount } } } }", "firm_code"),
    ],
)
def test_a_field_outside_the_agreement_is_named_with_the_clause(world: World, query: str, field: str) -> None:
    found = error(world, query, AGENCY)["extensions"]
    assert (found["code"], found["field"], found["clause"]) == ("FORBIDDEN", field, "A-1")


def test_closed_fields_of_open_data_stay_closed(world: World) -> None:
    for query in ("{ firms { nodes { ownerName } } }", '{ firms(where: {ownerName: {eq: "x"}}) { totalCount } }'):
        found = error(world, query)["extensions"]
        assert (found["code"], found["field"]) == ("UNAUTHENTICATED", "owner_name")
    assert code(world, "{ firms(where: {cases: {days: {gt: 1}}}) { totalCount } }") == "UNAUTHENTICATED"
    assert code(world, "{ places { nodes { firms { nodes { cases { totalCount } } } } } }") == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("query", "given", "kind"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ firms { nodes { nam } } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ firms }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ firms(last: 1) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ firms(first: null) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ firms(where: {name: {like: 1}}) { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { x }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { x }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { ...F }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { version }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ firms { totalCount } } { places { totalCount } }", {}, "BUDGET_EXCEEDED"),
        ("query A { version } query B { version }", {}, "BUDGET_EXCEEDED"),
        ("query($n: Int!) { firms(first: $n) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("query($n: Int!) { firms(first: $n) { totalCount } }", {"n": "x"}, "BAD_USER_INPUT"),
        ("query($n: Int!) { firms(first: $n) { totalCount } }", {"n": 1e30}, "BAD_USER_INPUT"),
        ("query($w: FirmFilter) { firms(where: $w) { totalCount } }", {"w": {"nam": {}}}, "BAD_USER_INPUT"),
        ("query($w: FirmFilter) { firms(where: $w) { totalCount } }", {"w": {"staff": {"eq": "a"}}}, "BAD_USER_INPUT"),
        ("{ firms(first: -1) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("{ firms(first: 10001) { totalCount } }", {}, "BAD_USER_INPUT"),
        ('{ firms(after: "x") { nodes { name } } }', {}, "BAD_USER_INPUT"),
        ('{ firms(asOf: "2025-02-30") { totalCount } }', {}, "BAD_USER_INPUT"),
        ('{ firms(asOf: "9999-12-31") { totalCount } }', {}, "BAD_USER_INPUT"),
        ('{ firms(where: {registeredOn: {eq: "x"}}) { totalCount } }', {}, "BAD_USER_INPUT"),
        ('{ firms(where: {status: {eq: "gone"}}) { totalCount } }', {}, "BAD_USER_INPUT"),
        ("{ firms(where: {status: {eq: null}}) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("{ firms(where: {position: {bbox: [1, 2]}}) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("{ firms(where: {position: {within: {type: \"Point\"}}}) { totalCount } }", {}, "BAD_USER_INPUT"),
        ("{ firms(orderBy: [{field: NAME}, {field: NAME}]) { totalCount } }", {}, "BAD_USER_INPUT"),
        ('{ firms(where: {name: {eq: "\\u0000"}}) { totalCount } }', {}, "BAD_USER_INPUT"),
        ("{ firms(first: 1) { nodes { %s: name } } }" % ("a" * 64), {}, "BAD_USER_INPUT"),
        ("{ firms(first: 10000) { nodes { permits(first: 100) { nodes { number } } } } }", {}, "BUDGET_EXCEEDED"),
    ],
)  # fmt: skip
def test_wrong_documents_and_values(world: World, query: str, given: dict[str, Any], kind: str) -> None:
    before = len(world.database.statements)
    found = error(world, query, **given)
    assert found["extensions"]["code"] == kind and found["message"]
    assert len(world.database.statements) == before  # refused before a connection is taken


def test_an_unknown_field_keeps_graphqls_own_form(world: World) -> None:
    found = error(world, "{ firms { nodes { nam } } }")
    assert found["message"].startswith("Cannot query field 'nam' on type 'Firm'.")
    assert found["locations"] == [{"line": 1, "column": 19}]


def test_a_problem_with_a_value_tells_where(world: World) -> None:
    found = error(world, "{ version a: firms(first: -1) { totalCount } }")
    assert found["path"] == ["a"] and found["locations"] == [{"line": 1, "column": 11}]
    assert found["extensions"]["place"] == "first"


def nested(depth: int) -> str:
    """Places within places."""
    return "{ places { nodes { " + "children { nodes { " * depth + "name" + " } }" * depth + " } } }"


def dag(n: int) -> str:
    """Fragments that spread the next one twice: 2^n fields when written out."""
    links = " ".join(
        f"fragment F{i} on Place {{ a: parent {{ ...F{i + 1} }} b: parent {{ ...F{i + 1} }} }}" for i in range(n)
    )
    return "{ places { nodes { ...F0 } } } " + links + f" fragment F{n} on Place {{ name }}"


HOSTILE = {
    "depth": nested(8),
    "deep braces": "{ places " + "{ nodes " * 30 + "{ name }" + " }" * 30 + " }",
    "aliases": "{ " + " ".join(f"a{n}: version" for n in range(51)) + " }",
    "aliases in fragments": "{ "
    + "a: firms { ...F } " * 3
    + " } fragment F on FirmConnection { "
    + " ".join(f"x{n}: totalCount" for n in range(20))
    + " }",
    "tokens": "{ firms { nodes { " + "name " * 1000 + "} } }",
    "fields": "{ firms { nodes { " + "name " * 600 + "} } }",
    "a DAG of fragments": dag(35),
    "a long chain of fragments": "{ ...A0 } "
    + " ".join(f"fragment A{i} on Query {{ ...A{i + 1} }}" for i in range(120))
    + " fragment A120 on Query { a: version }",
    "a cycle": "{ places { nodes { ...A } } } "
    "fragment A on Place { parent { ...B } } fragment B on Place { parent { ...A } }",
    "braces": "{" * 20_000,
    "brackets": "{ firms(where: " + "[" * 5_000 + ") { totalCount } }",
    "a large literal": '{ firm(firmCode: "' + "x" * 60_000 + '") { name } }',
    "introspection many times": "{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(40)) + " }",
    "introspection in circles": "{ __schema { types " + "{ fields { type " * 4 + "{ name }" + " } }" * 4 + " } }",
    "deep filter": "{ firms(where: " + "{not: " * 40 + "{}" + "}" * 40 + ") { totalCount } }",
    "a filter through relations": "{ places(where: " + "{children: " * 20 + "{}" + "}" * 20 + ") { totalCount } }",
    "comments": "#\n" * 30_000 + "{ version }",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused_at_once(world: World, name: str) -> None:
    before = len(world.database.statements)
    start = time.process_time()
    answer = world.anonymous.post("/graphql", json={"query": HOSTILE[name]}).json()
    spent = time.process_time() - start
    print(name, spent)
    if name == "a long chain of fragments":
        assert answer["data"] == {"a": answer["data"]["a"]}
    else:
        assert answer["errors"][0]["extensions"]["code"] != "INTERNAL" and not answer.get("data")
        assert len(world.database.statements) == before
    assert spent < 1


def test_a_repeated_alias_of_costly_fields_counts_towards_the_budget(world: World) -> None:
    query = "{ " + " ".join(f"a{n}: firms(first: 9000) {{ nodes {{ name }} }}" for n in range(12)) + " }"
    found = error(world, query)["extensions"]
    assert found["code"] == "BUDGET_EXCEEDED" and found["cost"] > found["limit"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'[{"query":"{version}"},1]', "application/json", 400),
        (b"[" + b'{"query":"{version}"},' * 5 + b'{"query":"{version}"}]', "application/json", 400),
        (b"1", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"query":1}', "application/json", 400),
        (b'{"query":"{version}","variables":[]}', "application/json", 400),
        (b'{"query":"{version}","operationName":1}', "application/json", 400),
        (b'{"query":"{version}","operationName":"X"}', "application/json", 200),
        (b'{"query":"{version}","variables":{"a":NaN}}', "application/json", 400),
        (b'{"query":"{version} \\ud800"}', "application/json", 400),
        (b'{"query":"\xff"}', "application/json", 400),
        (b'{"query":"{version}","variables":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}", "application/json", 400),
        (b" " * 70_000, "application/json", 413),
        (b'{"query":"{version}"}', "text/plain", 415),
        (b"query={version}", "application/x-www-form-urlencoded", 415),
        (b"", "multipart/form-data", 415),
    ],
)
def test_bodies_that_are_no_request(world: World, body: bytes, kind: str, status: int) -> None:
    answer = world.anonymous.post("/graphql", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["extensions"]["code"] != "INTERNAL" and "data" not in answer.json()


def test_the_status_is_told_to_clients_that_ask_for_it(world: World) -> None:
    headers = {"Accept": "application/graphql-response+json"}
    for query, status in (("{", 400), ("{ cases { totalCount } }", 401), (nested(9), 429), ("{ version }", 200)):
        answer = world.anonymous.post("/graphql", json={"query": query}, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/graphql-response+json")


def test_a_wrong_token_is_refused_before_the_document_is_read(world: World) -> None:
    answer = world.client("wrong").post("/graphql", json={"query": "{"}).json()
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_get_shows_the_console_and_never_runs_a_query(world: World) -> None:
    page = world.anonymous.get("/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 200 and "graphiql" in page.text and "https://" not in page.text
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    refused = world.anonymous.get("/graphql?query={version}")
    assert refused.status_code == 405 and refused.headers["allow"] == "POST"
    assert world.anonymous.get("/graphql/console.js").headers["content-type"].startswith("text/javascript")


def test_nothing_of_the_database_reaches_the_caller(world: World) -> None:
    """The cursor's values are cast by PostgreSQL; its own words stay inside."""
    import base64

    bad = base64.urlsafe_b64encode(json.dumps(["not a date", "F0001"]).encode()).decode()
    query = "query($c: String) { firms(after: $c, orderBy: {field: REGISTERED_ON}) { nodes { name } } }"
    answer = world.graphql(query, c=bad)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT" and "invalid input syntax" not in json.dumps(
        answer
    )
