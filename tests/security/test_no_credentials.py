"""A04: without credentials, every operation that is not public answers 401 or 403, as X-Road's sweep does."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Platform

DOCUMENT = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text("utf-8"))
# What anybody may call; of `{name}` operations only for open data. Everything else is closed.
PUBLIC = {
    "listDatasets", "describeDataset", "listReleases", "describeRelease", "listVersions", "listProblems",
    "listRows", "getRow", "exportRows", "lookupRows", "followDataset", "downloadFile", "downloadServed", "whoAmI", "me",
    "ledgerRoot", "listCheckpoints", "ledgerGrowth", "aboutMe", "describeCaller", "serverMetadata", "token", "describeMe",
    "downloadLatest", "listUsage", "listVoices", "sayVoice", "releaseKeys",
}  # fmt: skip
FILLED = {"name": "civil-servants", "key": "x", "id": "x", "username": "admin", "receipt": "0" * 32, "number": "1",
          "file": "x.csv", "extension": "csv"}  # fmt: skip


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, given)
        for path, methods in DOCUMENT["paths"].items()
        for method, given in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def is_public(given: dict[str, Any]) -> bool:
    """Public by the list above, or a dataset's own operation that says so (its rows are open)."""
    if given["operationId"] in PUBLIC:
        return True
    own = given["operationId"].startswith(("list", "get", "lookup")) and "/datasets/" in given["path"]
    return bool(own and {} in given.get("security", []) and "{name}" not in given["path"])


def ask(client: httpx.Client, method: str, path: str) -> httpx.Response:
    for name, value in FILLED.items():
        path = path.replace("{" + name + "}", value)
    body = {"json": {"keys": ["x"]}} if method in ("post", "put", "patch") else {}
    return client.request(method, path, **body)  # type: ignore[arg-type]


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [given["operationId"] for _, _, given in operations()]
    assert len(ids) == len(set(ids)) > 60


def test_what_is_not_public_is_refused_to_nobody_in_particular(platform: Platform, anonymous: httpx.Client) -> None:
    wrong = []
    for method, path, given in operations():
        given["path"] = path
        answer = ask(anonymous, method, path)
        assert answer.status_code < 500, (method, path, answer.text[:200])
        if not is_public(given) and answer.status_code not in (401, 403):
            wrong.append((method, path, given["operationId"], answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("surface", ["rows", "rows.csv", "rows.ndjson", "changes", "rows/x"])
def test_a_closed_dataset_is_closed_on_every_public_operation(anonymous: httpx.Client, surface: str) -> None:
    for name in ("civil-servants", "dossiers", "appointments"):
        assert anonymous.get(f"/api/v1/datasets/{name}/{surface}").status_code == 401


@pytest.mark.parametrize(
    "path", ["/agreements", "/agreements/new", "/account", "/admin/people", "/my-data", "/steward", "/en/account"]
)
def test_pages_for_people_ask_who_it_is(anonymous: httpx.Client, path: str) -> None:
    answer = anonymous.get(path)
    assert answer.status_code in (401, 403, 303), (path, answer.status_code)
