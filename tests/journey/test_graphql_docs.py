"""What docs/developers.md says of GraphQL is done: each example answers, the script with `gql` runs, so does curl."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import Platform

PAGE = (
    (Path(__file__).parents[2] / "docs/developers.md")
    .read_text("utf-8")
    .partition("## GraphQL")[2]
    .partition("## P")[0]
)
THERE = "http://127.0.0.1:8000"


@pytest.mark.parametrize("example", re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL))
def test_an_example_answers_with_rows(anonymous: httpx.Client, example: str) -> None:
    answer = anonymous.post("/graphql", json={"query": example}).json()
    assert "errors" not in answer, answer
    (found,) = answer["data"].values()
    assert found.get("edges") or found.get("nodes"), answer


def test_the_script_with_gql_runs(platform: Platform) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", script.replace(THERE, platform.url)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("300 {")


def test_the_known_operation_by_curl_is_kept(platform: Platform, anonymous: httpx.Client) -> None:
    (command,) = re.findall(r"```sh\n(curl -G .*?)\n```", PAGE, re.DOTALL)
    done = subprocess.run(
        [*shlex.split(command.replace(THERE, platform.url)), "-s"], capture_output=True, text=True, timeout=300
    )
    assert len(json.loads(done.stdout)["data"]["enterprises"]["edges"]) == 3
    address = '/graphql?documentId=enterprises-with-places&variables={"first":3}'
    answer = anonymous.get(address)
    assert answer.headers["cache-control"] == "public, max-age=55"
    assert anonymous.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_every_known_operation_runs(anonymous: httpx.Client) -> None:
    values = {"province": "20", "day": "2026-01-01", "organization": "H37.01.02"}
    for operation in anonymous.get("/graphql/operations").json()["operations"]:
        used = {name: value for name, value in values.items() if f"${name}" in operation["document"]}
        answer = anonymous.post("/graphql", json={"documentId": operation["documentId"], "variables": used}).json()
        assert "errors" not in answer, (operation["documentId"], answer)
