"""The OpenAPI document says what the server does."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lienthong.app.documents import openapi
from lienthong.contract.loader import load_all
from lienthong.rest.openapi import of_dataset
from tests.surface.small import DATASETS, World

REGISTRY = load_all(DATASETS)
DOCUMENT = openapi(REGISTRY)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            yield path, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolved(reference: str) -> Any:
    part: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return part


def test_the_document_is_whole() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert all(resolved(reference) for reference in references(DOCUMENT))
    ids = Counter(operation["operationId"] for _, operation in operations())
    assert ids and max(ids.values()) == 1
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_speaks_both_languages_and_tells_its_problems() -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for path, operation in operations():
        assert " / " in operation["summary"], path
        assert set(operation["tags"]) <= tags
        assert {"400", "404", "503"} <= set(operation["responses"]), path
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and status != "416":
                assert "application/problem+json" in resolved(answer["$ref"])["content"], path


def test_filters_are_those_of_the_contract() -> None:
    listed = DOCUMENT["paths"]["/api/v1/datasets/firms/rows"]["get"]
    names = {p.get("name") or resolved(p["$ref"])["name"] for p in listed["parameters"]}
    contract = load_all(DATASETS).get("firms")
    for field in contract.fields:
        for op in field.type.operators:
            assert (field.name if op == "eq" else f"{field.name}__{op}") in names
    assert {"fields", "sort", "cursor", "limit", "as_of", "q", "count"} <= names
    permits = DOCUMENT["paths"]["/api/v1/datasets/permits/rows"]["get"]["parameters"]
    assert all(p.get("name") != "q" and p.get("$ref", "") != "#/components/parameters/Search" for p in permits)


@pytest.mark.parametrize("dataset", ["firms", "permits", "places", "case-statistics"])
def test_rows_fit_their_schema(world: World, dataset: str) -> None:
    schema = DOCUMENT["paths"][f"/api/v1/datasets/{dataset}/rows"]["get"]["responses"]["200"]["content"]
    whole = schema["application/json"]["schema"] | {"components": DOCUMENT["components"]}
    answer = world.anonymous.get(f"/api/v1/datasets/{dataset}/rows?as_of=2026-06-01").json()
    assert not list(Draft202012Validator(whole).iter_errors(answer))
    for path in ("/api/v1/datasets", f"/api/v1/datasets/{dataset}"):
        template = path if path in DOCUMENT["paths"] else "/api/v1/datasets/{name}"
        content = DOCUMENT["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        found = world.anonymous.get(path).json()
        assert not list(Draft202012Validator(content | {"components": DOCUMENT["components"]}).iter_errors(found))


def test_the_server_tells_the_same_document(world: World) -> None:
    answer = world.anonymous.get("/api/v1/openapi.json")
    assert answer.json() == DOCUMENT
    assert (
        world.anonymous.get("/api/v1/openapi.json", headers={"If-None-Match": answer.headers["etag"]}).status_code
        == 304
    )


@pytest.mark.parametrize("dataset", ["firms", "permits", "cases", "case-statistics"])
def test_each_dataset_has_a_document_of_its_own(world: World, dataset: str) -> None:
    own = world.anonymous.get(f"/api/v1/datasets/{dataset}/openapi.json").json()
    assert own == json.loads(json.dumps(of_dataset(DOCUMENT, REGISTRY.get(dataset))))
    base = f"/api/v1/datasets/{dataset}/"
    assert {base + "rows", base + "rows/{key}", base + "lookup"} <= set(own["paths"])
    assert all(path.startswith(base) for path in own["paths"])
    assert own["info"]["version"] == REGISTRY.get(dataset).version
    found = set(references(own))
    kept = {f"#/components/{kind}/{name}" for kind, named in own["components"].items() for name in named}
    assert found <= kept and kept - found <= {"#/components/securitySchemes/token", "#/components/schemas/ProblemModel"}


def test_what_is_documented_of_streams_lookups_and_versions_is_so(world: World) -> None:
    listed = DOCUMENT["paths"]["/api/v1/datasets/{name}/rows"]["get"]["responses"]
    for media_type in listed["200"]["content"]:
        answer = world.anonymous.get("/api/v1/datasets/firms/rows?limit=1", headers={"Accept": media_type})
        assert answer.status_code == 200 and answer.headers["content-type"].startswith(media_type)
    schema = DOCUMENT["paths"]["/api/v1/datasets/firms/lookup"]["post"]["responses"]["200"]["content"][
        "application/json"
    ]["schema"]
    found = world.anonymous.post("/api/v1/datasets/firms/lookup", json={"keys": ["F0001", "F9999"]}).json()
    assert not list(Draft202012Validator(schema | {"components": DOCUMENT["components"]}).iter_errors(found))
    versions = world.anonymous.get("/api/v1/datasets/firms/versions").json()
    assert versions["data"] == [
        {
            "version": "1.0.0",
            "served": True,
            "releases": [1],
            "deprecated_since": None,
            "sunset": None,
            "successor": None,
        }
    ]
