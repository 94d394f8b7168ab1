"""What a new version of a contract means for consumers, and the version number that it needs."""

import shutil
from pathlib import Path

import pytest

from lienthong.contract.diff import diff, required_version, version_is_enough
from lienthong.contract.loader import load
from lienthong.contract.model import Contract

SAMPLES = Path(__file__).parent / "contract_samples"
SHOPS = "trade_office/shops/contract.yaml"
VISITS = "trade_office/visits/contract.yaml"


def versions(folder: Path, file: str, *edits: tuple[str, str]) -> tuple[Contract, Contract]:
    """The sample contract, and the same after the edits."""
    shutil.copytree(SAMPLES, folder / "datasets")
    path = folder / "datasets" / file
    old = load(path)
    given = path.read_text("utf-8")
    for text, other in edits:
        assert text in given
        given = given.replace(text, other, 1)
    path.write_text(given, "utf-8")
    return old, load(path)


CHANGES = [
    (SHOPS, "en: Capital", "en: Charter capital", "fields.capital.title", "patch"),
    (SHOPS, "closed_on: Ngày đóng", "closed_on: Đóng", "source", "patch"),
    (SHOPS, "    index: true\n", "", "fields.kind.index", "patch"),
    (SHOPS, "{repair: true}", "{}", "fields.shop_code.options.repair", "patch"),
    (SHOPS, "options: {min: 0}", "options: {min: 1}", "fields.capital.options.min", "minor"),
    (
        SHOPS,
        "    logicalType: money\n",
        "    required: true\n    logicalType: money\n",
        "fields.capital.required",
        "minor",
    ),
    (SHOPS, "purposes: [statistics]", "purposes: [statistics, tax]", "access.shared.purposes.tax", "minor"),
    (SHOPS, "purposes: [statistics]", "purposes: [tax]", "access.shared.purposes.statistics", "major"),
    (SHOPS, "updateFrequency: P1D", "updateFrequency: P7D", "catalogue.update_frequency", "minor"),
    (SHOPS, "licence: CC-BY-4.0", "licence: ODbL-1.0", "catalogue.licence", "major"),
    (SHOPS, "classification: personal", "classification: sensitive", "fields.owner_name.classification", "major"),
    (SHOPS, "primaryKey: [shop_code]", "primaryKey: [shop_code, shop_code2]", "primary_key", "major"),
    (SHOPS, "logicalType: money", "logicalType: integer", "fields.capital.logical_type", "major"),
    (SHOPS, "{kind: {ne: no}}", "{kind: {eq: no}}", "openView.where", "major"),
    (SHOPS, "openView:\n  where: {kind: {ne: no}}\n", "", "openView", "major"),
    (SHOPS, "    inverse: {name: shops", "    inverse: {name: stores", "relationships.unit.inverse", "major"),
    (SHOPS, "dimension: consistency", "dimension: accuracy", "quality.SHOP-01.dimension", "minor"),
    (SHOPS, "id: SHOP-01", "id: SHOP-02", "quality.SHOP-01", "minor"),
    (SHOPS, "status: active", "status: deprecated", "status", "minor"),
    (VISITS, "  k: 5\nsource", "  k: 9\nsource", "openView.k", "minor"),
    (VISITS, "measure: avg, of: minutes", "measure: max, of: minutes", "openView.measures.mean_minutes", "major"),
    (VISITS, "en: Mean minutes", "en: Average minutes", "openView.measures.mean_minutes.title", "patch"),
    (VISITS, "transform: month", "transform: year", "openView.group_by", "major"),
]


@pytest.mark.parametrize(("file", "text", "other", "path", "bump"), CHANGES)
def test_a_change_and_its_weight(tmp_path: Path, file: str, text: str, other: str, path: str, bump: str) -> None:
    edits = [(text, other)]
    if "shop_code2" in other:
        edits.append(("fields:\n", "fields:\n" + SECOND_KEY))
        edits.append(("    shop_code: Mã số\n", "    shop_code: Mã số\n    shop_code2: Mã hai\n"))
    if "openView:\n" in text:
        edits.append(("dataClass: open", "dataClass: default_shared"))
    old, new = versions(tmp_path, file, *edits)
    changes = diff(old, new)
    assert (path, bump) in [(c.path, c.bump) for c in changes], changes
    assert all(c.detail.vi and c.detail.en for c in changes)
    assert not version_is_enough(old, new)


SECOND_KEY = """\
  - name: shop_code2
    title: {vi: Mã hai, en: Second code}
    logicalType: identifier
    required: true
    classification: public
"""


def test_nothing_changed_needs_nothing(tmp_path: Path) -> None:
    old, new = versions(tmp_path, SHOPS)
    assert diff(old, new) == []
    assert required_version("1.2.3", []) == "1.2.3"
    assert version_is_enough(old, new)


def test_a_removed_field_breaks_and_a_new_one_does_not(tmp_path: Path) -> None:
    old, new = versions(tmp_path, SHOPS, ("name: capital", "name: equity"), ("    capital: {", "    equity: {"))
    changes = {c.path: c for c in diff(old, new)}
    assert changes["fields.capital"].breaking
    assert not changes["fields.equity"].breaking
    assert diff(old, new)[0].breaking, "the breaking ones come first"


def test_the_version_number_follows_the_heaviest_change(tmp_path: Path) -> None:
    old, new = versions(tmp_path, SHOPS, ("en: Capital", "en: Equity"), ("{min: 0}", "{min: 1}"))
    assert required_version(old.version, diff(old, new)) == "1.1.0"
    _, told = versions(tmp_path / "told", SHOPS, ("{min: 0}", "{min: 1}"), ("version: 1.0.0", "version: 1.1.0"))
    assert version_is_enough(old, told)


def test_a_promise_taken_back_breaks(tmp_path: Path) -> None:
    old, new = versions(tmp_path, VISITS, ("datetime, required: true", "datetime"))
    assert [(c.path, c.bump) for c in diff(old, new)] == [("fields.visited_at.required", "major")]
