"""`lienthong ledger` as an auditor uses it: with a database, and with nothing but a file and an anchor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.security.ledger_book import WORLD, Book, book


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    with book(tmp_path_factory.mktemp("book")) as found:
        for _ in range(3):
            found.write(300)
            found.seal()
        yield found


def run(home: Path, *words: str, database: str | None = None, code: int = 0) -> Any:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIENTHONG_")}
    environment |= {"LIENTHONG_HOME": str(home), "LIENTHONG_DATASETS": str(WORLD)}
    if database:
        environment["LIENTHONG_DATABASE_URL"] = database
    command = [sys.executable, "-m", "lienthong.app.cli", "ledger", *words, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_an_auditor_needs_a_file_and_an_anchor_only(sealed: Book, tmp_path: Path) -> None:
    url = sealed.settings.database_url.get_secret_value()  # type: ignore[union-attr]
    home, elsewhere, file = sealed.settings.home, tmp_path / "elsewhere", tmp_path / "ledger.jsonl.gz"
    anchors = str(home / "anchors")
    assert run(home, "verify", database=url)["ok"] is True
    assert run(home, "export", str(file), database=url)["entries"] == 900
    told = run(elsewhere, "verify", "--export", str(file), "--anchors", anchors)
    assert told["ok"] and told["entries"] == 900 and told["anchored"] == told["checkpoints"] == 3
    assert len(run(home, "roots", database=url)["roots"]) == 3
    receipt = sealed.ask("select receipt from platform.ledger_log where number = 444").hex
    proof = run(home, "proof", receipt, database=url)
    assert proof["entries"][0]["number"] == 444 and len(proof["entries"][0]["path"]) == 10
    assert run(home, "proof", "0" * 32, database=url, code=4)["code"] == "NOT_FOUND"
    with sealed.attacked():
        sealed.connection.execute("update platform.ledger_log set purpose = 'audit', rows = 9 where number = 444")
        told = run(home, "verify", "--against", str(file), database=url, code=7)
    assert [(f["kind"], f["number"], f["columns"]) for f in told["findings"]] == [("altered", 444, ["purpose", "rows"])]
    assert not (elsewhere / "keys").exists()


def test_sealing_by_hand_goes_on_where_the_keeper_stopped(sealed: Book) -> None:
    url = sealed.settings.database_url.get_secret_value()  # type: ignore[union-attr]
    sealed.write(2500)
    told = run(sealed.settings.home, "seal", database=url)
    assert told == {"sealed": 2500, "size": 3400}
    assert sealed.verify().ok


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert run(tmp_path, "verify", "--export", str(tmp_path / "none"), code=4)["place"].endswith("none")
