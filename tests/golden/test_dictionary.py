"""The data dictionary in docs/ is what the contracts say."""

from pathlib import Path

from lienthong.app.dictionary import write_dictionary
from lienthong.contract.loader import load_all

ROOT = Path(__file__).parents[2]


def test_the_dictionary_is_up_to_date(tmp_path: Path) -> None:
    fresh = {p.name: p.read_text("utf-8") for p in write_dictionary(load_all(ROOT / "datasets"), tmp_path)}
    kept = {p.name: p.read_text("utf-8") for p in (ROOT / "docs" / "dictionary").glob("*.md")}
    assert fresh == kept, "run: make docs"
