"""Each kind of change that breaks callers is found in the real document; what breaks nobody is not."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lienthong.app.documents import breaks, openapi
from lienthong.contract.loader import load_all
from lienthong.rest.openapi.breaking import breaking

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads(json.dumps(openapi(load_all(ROOT / "tests/surface/world"))))
ROWS, ROW = "/api/v1/datasets/firms/rows", "/api/v1/datasets/firms/rows/{key}"
LOOKUP, LIST = "/api/v1/datasets/firms/lookup", "/api/v1/datasets"


def listed(d: Json) -> Json:
    return d["paths"][ROWS]["get"]


def parameter(d: Json, name: str) -> Json:
    return next(p for p in listed(d)["parameters"] if p.get("name") == name)


def body(d: Json) -> Json:
    return d["paths"][LOOKUP]["post"]["requestBody"]["content"]["application/json"]["schema"]


def firm(d: Json) -> Json:
    return d["components"]["schemas"]["FirmsRow"]


def without(d: Json, name: str) -> None:
    listed(d)["parameters"] = [p for p in listed(d)["parameters"] if p.get("name") != name]


CHANGES: list[tuple[str, Callable[[Json], Any]]] = [
    ("path removed", lambda d: d["paths"].pop(ROW)),
    ("operation removed", lambda d: d["paths"][LOOKUP].pop("post")),
    ("operationId changed", lambda d: listed(d).update(operationId="another")),
    ("a token became needed", lambda d: listed(d).update(security=[{"token": []}])),
    ("parameter removed", lambda d: without(d, "status")),
    ("parameter became required", lambda d: parameter(d, "status").update(required=True)),
    ("required parameter added", lambda d: listed(d)["parameters"].append({"name": "x", "in": "query", "required": True, "schema": {}})),
    ("type of input changed", lambda d: parameter(d, "name").update(schema={"type": "integer"})),
    ("input value removed", lambda d: parameter(d, "status")["schema"]["enum"].pop()),
    ("limit of input tightened", lambda d: d["components"]["parameters"]["Limit"]["schema"].update(maximum=50)),
    ("limit of input tightened", lambda d: d["components"]["parameters"]["Limit"]["schema"].update(minimum=1)),
    ("limit of input tightened", lambda d: body(d)["properties"]["keys"].update(maxItems=5)),
    ("form of input changed", lambda d: parameter(d, "name")["schema"].update(pattern="^a")),
    ("body removed", lambda d: d["paths"][LOOKUP]["post"].pop("requestBody")),
    ("media type of the body removed", lambda d: d["paths"][LOOKUP]["post"]["requestBody"].update(content={})),
    ("member of the body removed", lambda d: body(d)["properties"].pop("fields")),
    ("member of the body became required", lambda d: body(d)["required"].append("fields")),
    ("type of input changed", lambda d: body(d)["properties"]["as_of"].update(type="integer")),
    ("answer removed", lambda d: listed(d)["responses"].pop("200")),
    ("header removed", lambda d: listed(d)["responses"]["200"]["headers"].pop("ETag")),
    ("media type of the answer removed", lambda d: d["paths"]["/api/v1/datasets/{name}/rows"]["get"]["responses"]["200"]["content"].pop("text/csv")),
    ("member of an answer removed", lambda d: firm(d)["properties"].pop("capital")),
    ("type of an answer changed", lambda d: firm(d)["properties"]["staff"].update(type=["string", "null"])),
    ("type of an answer changed", lambda d: firm(d)["properties"]["name"].update(type=["string", "null"])),
    ("form of an answer changed", lambda d: firm(d)["properties"]["registered_on"].update(format="date-time")),
    ("member of an answer became optional", lambda d: d["components"]["schemas"]["SummaryList"]["required"].remove("count")),
]  # fmt: skip
HARMLESS: list[Callable[[Json], Any]] = [
    lambda d: d["paths"].update({"/new": d["paths"][LIST]}),
    lambda d: listed(d)["parameters"].append({"name": "x", "in": "query", "schema": {"type": "string"}}),
    lambda d: parameter(d, "status")["schema"]["enum"].append("new"),
    lambda d: d["components"]["parameters"]["Limit"]["schema"].update(maximum=50_000),
    lambda d: firm(d)["properties"].update(new={"type": "string"}),
    lambda d: firm(d)["properties"]["name"].update(description="another"),
    lambda d: body(d)["properties"].update(new={"type": "string"}),
    lambda d: listed(d)["responses"]["200"]["content"].update({"text/plain": {}}),
    lambda d: d["components"]["schemas"]["SummaryList"]["required"].append("new"),
]


@pytest.mark.parametrize(("kind", "change"), CHANGES, ids=[f"{n} {k}" for n, (k, _) in enumerate(CHANGES)])
def test_a_change_that_breaks_callers_is_found(kind: str, change: Callable[[Json], Any]) -> None:
    new = copy.deepcopy(DOCUMENT)
    change(new)
    assert kind in {found.kind for found in breaking(DOCUMENT, new)}


@pytest.mark.parametrize("change", HARMLESS)
def test_a_change_that_breaks_nobody_is_none(change: Callable[[Json], Any]) -> None:
    new = copy.deepcopy(DOCUMENT)
    change(new)
    assert breaking(DOCUMENT, new) == []


def test_today_breaks_nobody_of_yesterday() -> None:
    assert list((ROOT / "openapi/history").glob("*.json"))
    assert breaks(load_all(ROOT / "datasets")) == []


def test_a_kept_document_is_compared_with(tmp_path: Path) -> None:
    registry = load_all(ROOT / "tests/surface/world")
    old = copy.deepcopy(DOCUMENT)
    old["paths"]["/gone"] = old["paths"][LIST]
    (tmp_path / "1.0.0.json").write_text(json.dumps(old), "utf-8")
    assert [b["detail"] for b in breaks(registry, tmp_path)] == ["path removed"]
    old["info"]["version"] = "0.9.0"  # another first number: callers were told
    (tmp_path / "1.0.0.json").write_text(json.dumps(old), "utf-8")
    assert breaks(registry, tmp_path) == []
