"""`lienthong agreement` on the command line, with the database of the small world."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.surface.sharing import Parties
from tests.surface.small import DATASETS, World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def parties(world: World) -> Iterator[Parties]:
    found = Parties(world)
    yield found
    found.clear()


def run(parties: Parties, *words: str) -> tuple[int, Any]:
    """The exit code and the JSON document of a command."""
    url = parties.world.settings.database_url
    assert url
    environment = os.environ | {
        "LIENTHONG_DATABASE_URL": url.get_secret_value(),
        "LIENTHONG_HOME": str(parties.world.settings.home),
        "LIENTHONG_DATASETS": str(DATASETS),
    }
    done = subprocess.run(
        [sys.executable, "-m", "lienthong.app.cli", "agreement", *words, "--json"],
        env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_list_show_sign_suspend_revoke(parties: Parties) -> None:
    id = parties.asked()
    assert [row["id"] for row in run(parties, "list", "--state", "requested")[1]] == [id]
    code, signed = run(parties, "sign", id)
    assert code == 0 and signed["state"] == "active"  # opened at once, without a keeper
    code, refused = run(parties, "suspend", id, "--note", "bảo trì")
    assert code == 2 and refused["clause"] == "47/2020/NĐ-CP Điều 43.3"
    assert run(parties, "suspend", id, "--note", "nghi lộ mã", "--reason", "security")[1]["state"] == "suspended"
    code, wrong = run(parties, "revoke", id, "--note", "x", "--reason", "authorty")
    assert code == 2 and wrong["place"] == "reason" and "authority" in wrong["fix"]
    code, ended = run(parties, "revoke", id, "--note", "theo yêu cầu")
    assert code == 0 and ended["state"] == "revoked"
    assert [step["who"] for step in ended["history"]][-1] == "command line"
    code, again = run(parties, "sign", id)
    assert code == 5 and again["code"] == "CONFLICT"
    code, nothing = run(parties, "show", "TT-0000-00000")
    assert code == 4 and nothing["code"] == "NOT_FOUND"
