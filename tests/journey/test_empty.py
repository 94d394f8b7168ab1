"""`lienthong up --empty`: the same platform with no dataset and one administrator."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import ckanapi
import pytest

from tests.conftest import ADMIN_TOKEN, Platform, start, stop


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    process, platform = start(tmp_path_factory.mktemp("empty"), "--empty")
    yield platform
    assert stop(process) == 0


def test_it_has_no_dataset(empty: Platform) -> None:
    assert ckanapi.RemoteCKAN(empty.url).action.package_list() == []
    with empty.client() as client:
        assert client.get("/api/v1/datasets").json()["data"] == []
        assert client.get("/datasets").status_code == 200
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_it_has_one_administrator(empty: Platform) -> None:
    env = {**os.environ, "LIENTHONG_HOME": str(empty.home)}
    command = [sys.executable, "-m", "lienthong.app.cli", "demo", "credentials", "--json"]
    known = json.loads(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout)
    assert set(known) == {"administrator"} and known["administrator"]["username"] == "admin"
    told = subprocess.run(command[:-1], env=env | {"COLUMNS": "80"}, capture_output=True, text=True, check=True).stdout
    assert all(value in told for value in known["administrator"].values())  # whole: it is there to be copied
    with empty.client(ADMIN_TOKEN) as client:
        assert client.get("/api/v1/me").json()["role"] == "administrator"
