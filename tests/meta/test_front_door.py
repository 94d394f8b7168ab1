"""Makefile, locks, wheel: what a newcomer and a machine meet first."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.meta.project import ROOT

TARGETS = {"setup", "run", "test", "chaos", "check", "bench", "openapi", "docs", "clean"}
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def pins(lock: Path) -> dict[str, set[str]]:
    """Package -> its pinned versions (one for each range of Python versions)."""
    found: dict[str, set[str]] = {}
    for line in re.findall(r"^([a-zA-Z0-9].*?)(?: \\)?$", lock.read_text("utf-8"), re.MULTILINE):
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


def test_help_lists_every_target() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\w+) ", shown, re.MULTILINE)) == TARGETS | {"help"}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert set(re.findall(r"^(\w+):", makefile, re.MULTILINE)) == TARGETS | {"help"}


def test_plain_make_helps() -> None:
    command = {"cwd": ROOT, "capture_output": True, "text": True, "check": True}
    assert subprocess.run(["make"], **command).stdout == subprocess.run(["make", "help"], **command).stdout


def test_ci_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"\bmake test\b", script.read_text("utf-8"))


def test_there_are_locks() -> None:
    assert [lock.name for lock in LOCKS] == [
        "requirements-bootstrap.lock",
        "requirements-dev.lock",
        "requirements.lock",
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_pin_with_hashes_and_name_no_registry(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert "index" not in {line.split()[0].lstrip("-") for line in text.splitlines() if line.startswith("-")}
    blocks = re.split(r"\n(?=[a-zA-Z0-9])", text.strip())
    assert not [block.split()[0] for block in blocks if "--hash=sha256:" not in block]
    assert not [block.split()[0] for block in blocks if not re.match(r"\S+==\S+", block)]


def test_locks_agree() -> None:
    run, dev = pins(ROOT / "requirements.lock"), pins(ROOT / "requirements-dev.lock")
    assert not {name: (versions, dev.get(name)) for name, versions in run.items() if dev.get(name) != versions}


def test_locks_hold_what_the_project_asks_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    groups = PROJECT["dependency-groups"]
    run = [*PROJECT["project"]["dependencies"], *(r for extra in extras for r in extra), *groups["build"]]
    for lock, wanted in (("requirements.lock", run), ("requirements-dev.lock", [*run, *groups["dev"]])):
        pinned = pins(ROOT / lock)
        for requirement in map(Requirement, wanted):
            versions = pinned.get(canonicalize_name(requirement.name), set())
            assert versions, f"{lock}: {requirement} is missing"
            assert all(requirement.specifier.contains(v.removeprefix("==")) for v in versions), f"{lock}: {requirement}"


def test_wheel_holds_code_and_content_and_nothing_else(tmp_path: Path) -> None:
    hook = (ROOT / "scripts" / "wheel_content.py").read_text("utf-8")
    content = re.findall(r'^    "(.+)",$', hook, re.MULTILINE)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    result = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    missing = [path for path in content if not (ROOT / path).exists()]
    if missing:  # a wheel without its content must not be built
        assert result.returncode != 0
        assert any(path in result.stderr + result.stdout for path in missing)
        return
    assert result.returncode == 0, result.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"lienthong"}
    assert "lienthong/__init__.py" not in names
    packed = [name for name in names if name.startswith("lienthong/kernel/_content/")]
    for path in content:
        assert any(name.startswith(f"lienthong/kernel/_content/{path}") for name in packed), path
    assert not [name for name in names if name.endswith(".pyc") or "/.venv/" in name]
