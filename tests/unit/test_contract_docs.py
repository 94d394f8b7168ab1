"""docs/contract.md tells every key and every type, and its examples work."""

import re
import shutil
from pathlib import Path
from typing import get_args

import pytest
import yaml

from lienthong.contract import model
from lienthong.contract.derive import derived
from lienthong.contract.loader import load_all, read_all
from lienthong.contract.types import TYPES
from lienthong.kernel.content import content

PAGE = (content("docs") / "contract.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SAMPLES = Path(__file__).parent / "contract_samples"
PARTS = [
    part
    for part in vars(model).values()
    if isinstance(part, type) and issubclass(part, model.Part) and part is not model.Part
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_key_is_documented(part: type[model.Part]) -> None:
    keys = {field.alias or name for name, field in part.model_fields.items()} - {"agency", "derivedFrom"}
    assert {key for key in keys if f"`{key}`" not in PAGE and f"{key}:" not in PAGE} == set()


@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_documented_with_a_value_of_it(name: str) -> None:
    row = re.search(rf"^\| `{name}` \|.*\| (?P<stored>[^|]*) \| `(?P<example>[^|]*)` \|$", PAGE, re.MULTILINE)
    assert row, f"{name} is missing in the table of logical types"
    options = {"enum": {"values": ["active"]}, "vsic_code": {"version": "field:version"}}.get(name, {})
    assert TYPES[name].parse(row["example"], options) is not None
    assert TYPES[name].sql_type.startswith(row["stored"].split(" ")[0])
    for option in TYPES[name].option_names:
        assert f"`{option}`" in row[0]


def test_transforms_and_measures_are_documented() -> None:
    for annotation in (
        model.GroupBy.model_fields["transform"].annotation,
        model.Measure.model_fields["measure"].annotation,
    ):
        assert all(f"`{word}`" in PAGE for word in get_args(annotation))


def test_the_example_is_a_right_contract(tmp_path: Path) -> None:
    folder = tmp_path / "datasets"
    shutil.copytree(SAMPLES, folder)
    place = folder / "trade_office" / "markets"
    place.mkdir()
    (place / "contract.yaml").write_text(BLOCKS[0], "utf-8")
    assert [str(f) for f in read_all(folder).findings if f.severity == "error"] == []
    assert load_all(folder).get("markets").version == "1.0.0"

    rows, aggregate = yaml.safe_load(BLOCKS[0].replace("    on:", "    'on':")), yaml.safe_load(BLOCKS[1])
    (place / "contract.yaml").write_text(yaml.safe_dump(rows | aggregate, allow_unicode=True), "utf-8")
    registry = load_all(folder)
    assert registry.get("market_statistics") == derived(registry.get("markets"))


def test_the_list_and_the_code_list_of_the_page_work(tmp_path: Path) -> None:
    assert TYPES["list"].lint(yaml.safe_load(BLOCKS[2])["options"]) == []
    shutil.copytree(SAMPLES, tmp_path / "datasets")
    (tmp_path / "datasets" / "_vocab" / "market_grade.yaml").write_text(BLOCKS[3], "utf-8")
    assert "1" in load_all(tmp_path / "datasets").vocabularies["market_grade"].by_code
