"""openapi/openapi.json is what the contracts make of it today."""

import json
from pathlib import Path

import pytest

from lienthong.app.documents import openapi
from lienthong.contract.loader import load_all

ROOT = Path(__file__).parents[2]


def test_the_written_document_has_not_drifted() -> None:
    written = json.loads((ROOT / "openapi/openapi.json").read_text("utf-8"))
    made = json.loads(json.dumps(openapi(load_all(ROOT / "datasets"))))
    assert made["paths"].keys() == written["paths"].keys(), "run: lienthong openapi export"
    assert made == written, "run: lienthong openapi export"


EXAMPLES = sorted((ROOT / "openapi/examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_calls_what_is_documented(path: Path) -> None:
    example = json.loads(path.read_text("utf-8"))
    written = json.loads((ROOT / "openapi/openapi.json").read_text("utf-8"))
    operations = {o["operationId"]: o for item in written["paths"].values() for o in item.values()}
    operation = operations[example["operationId"]]
    assert str(example["expect"]["status"]) in operation["responses"]
    assert {"vi", "en"} == set(example["title"])
