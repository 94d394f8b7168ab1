"""Clients made from the OpenAPI document by others' tools, used against the running server: Python and TypeScript."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.surface.served import served
from tests.surface.small import AGENCY, World, cases, firms, places

TYPESCRIPT = Path(__file__).parents[1] / "clients/typescript"
PROGRAM = """
import json, os
from made import AuthenticatedClient, Client
from made.api.cases import list_cases
from made.api.firms import get_firms, list_firms, lookup_firms
from made.models import ListFirmsCount, ListFirmsStatus, LookupFirmsBody

address = os.environ["ADDRESS"]
client, agency = Client(base_url=address), AuthenticatedClient(base_url=address, token=os.environ["TOKEN"])
asked = {"status": ListFirmsStatus.ACTIVE, "staff_gte": 10, "count": ListFirmsCount.EXACT}
listed = list_firms.sync(client=client, sort="-staff", limit=3, include="place", **asked)
sought = lookup_firms.sync(client=client, body=LookupFirmsBody(keys=["F0002", "F9999"]))
print(json.dumps({
    "codes": [row.firm_code for row in listed.data],
    "place": listed.data[0].place.name,
    "total": listed.page.total,
    "name": get_firms.sync("F0001", client=client).data.name,
    "missing": sought.missing,
    "refused": list_cases.sync(client=client).code,
    "shared": [row.channel for row in list_cases.sync(client=agency, limit=2).data],
}))
"""


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with served(world) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def document(address: str, tmp_path: Path) -> Path:
    """The document as the server tells it."""
    path = tmp_path / "openapi.json"
    path.write_bytes(httpx.get(address + "/api/v1/openapi.json").content)
    return path


def expected() -> dict[str, Any]:
    busy = sorted(
        (f for f in firms() if f["status"] == "active" and f.get("staff", 0) >= 10), key=lambda f: -f["staff"]
    )
    return {
        "codes": [f["firm_code"] for f in busy[:3]],
        "place": {p["place_code"]: p["name"] for p in places()}[busy[0]["place_code"]],
        "total": len(busy),
        "name": firms()[1]["name"],
        "missing": ["F9999"],
        "refused": "UNAUTHENTICATED",
        "shared": [c["channel"] for c in cases() if c["channel"] == "online"][:2],
    }


def told(program: list[str], folder: Path, address: str) -> dict[str, Any]:
    env = os.environ | {"ADDRESS": address, "TOKEN": AGENCY}
    done = subprocess.run(program, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    return dict(json.loads(done.stdout))


def test_a_python_client(document: Path, address: str) -> None:
    folder, tool = document.parent, Path(sys.executable).parent / "openapi-python-client"
    made = subprocess.run(
        [tool, "generate", "--path", document, "--output-path", folder / "made", "--meta", "none"],
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout
    assert "WARNING parsing" not in made.stdout, made.stdout  # nothing of the document was left out
    assert told([sys.executable, "-c", PROGRAM], folder, address) == expected()


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """What package-lock.json names, installed outside of the tree; once for a lock."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no node, no npm")
    name = hashlib.sha256((TYPESCRIPT / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = Path(os.environ.get("LIENTHONG_NODE", tempfile.gettempdir())) / f"lienthong-typescript-{name}"
    if not (folder / "done").exists():
        folder.mkdir(exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(TYPESCRIPT / file, folder)
        command = [
            "npm",
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--fetch-timeout=20000",
            "--fetch-retries=1",
        ]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm cannot install: {str(error.stderr)[-300:]}")
        (folder / "done").touch()
    return folder / "node_modules"


def test_a_typescript_client(document: Path, address: str, node_modules: Path) -> None:
    folder = document.parent
    for file in ("client.ts", "tsconfig.json", "package.json"):
        shutil.copy(TYPESCRIPT / file, folder)
    (folder / "node_modules").symlink_to(node_modules)
    for program in (["openapi-typescript", "openapi.json", "-o", "api.ts"], ["tsc", "-p", "tsconfig.json"]):
        done = subprocess.run(
            [node_modules / ".bin" / program[0], *program[1:]], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert told(["node", "out/client.js"], folder, address) == expected()
