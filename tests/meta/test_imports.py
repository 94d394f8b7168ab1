"""Who may import whom."""

import functools
import subprocess
import sys

import grimp
import pytest

from tests.meta.project import ROOT, SOURCE_ROOTS

# Heavy engines belong to the worker and the command line.
ENGINES = {"great_expectations", "pandas", "duckdb", "polars", "pyspark"}
WORKERS = ("lienthong.pipelines", "lienthong.quality")
SURFACES = ("rest", "ckan", "ogc", "dcat", "portal", "mcp", "gql", "feed")
DATABASE = {"psycopg", "psycopg_pool", "sqlalchemy", "sqlmodel", "geoalchemy2", "asyncpg"}
ASGI = ROOT / "platform" / "lienthong" / "app" / "asgi.py"


@functools.cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("lienthong", include_external_packages=True, cache_dir=None)


def imported_by(package: str, wanted: set[str]) -> list[str]:
    """Direct imports of `wanted` top-level packages in `package`, as text."""
    modules = {m for m in graph().modules if m == package or m.startswith(package + ".")}
    pairs = ((m, i) for m in modules for i in graph().find_modules_directly_imported_by(m))
    return sorted(f"{m} -> {i}" for m, i in pairs if i.split(".")[0] in wanted)


def packages() -> list[str]:
    """The packages of the namespace that are there."""
    folders = (f for root in SOURCE_ROOTS for f in (ROOT / root / "lienthong").glob("*/__init__.py"))
    return sorted("lienthong." + folder.parent.name for folder in folders)


def test_the_graph_sees_every_package() -> None:
    assert packages()
    assert set(packages()) <= set(graph().modules)


def test_floors() -> None:
    program = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as c; c()",
        "--no-cache",
    ]
    result = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    assert "1 kept, 0 broken" in result.stdout


def test_every_package_has_its_floor() -> None:
    configuration = (ROOT / "pyproject.toml").read_text("utf-8")
    assert not [
        package for package in packages() if f'"{package}"' not in configuration.replace("(", '"').replace(")", '"')
    ]


@pytest.mark.parametrize("package", [p for p in packages() if p not in (*WORKERS, "lienthong.app")])
def test_serving_packages_import_no_engine(package: str) -> None:
    assert not imported_by(package, ENGINES)


@pytest.mark.parametrize("surface", SURFACES)
def test_law_2_a_surface_reads_no_table(surface: str) -> None:
    assert not imported_by(f"lienthong.{surface}", DATABASE)


@pytest.mark.parametrize("surface", SURFACES)
def test_law_2_a_surface_holds_nothing_that_reads_tables(surface: str) -> None:
    """It may know what a query is, not the parts of the store that speak to the database."""
    speakers = {m for m in graph().modules if m.startswith("lienthong.store.") and imported_by(m, DATABASE)}
    package = f"lienthong.{surface}"
    modules = {m for m in graph().modules if m == package or m.startswith(package + ".")}
    held = {f"{m} -> {i}" for m in modules for i in graph().find_modules_directly_imported_by(m) if i in speakers}
    assert not held


def test_the_api_process_loads_no_engine() -> None:
    if not ASGI.exists():
        assert "lienthong.app.asgi" not in graph().modules
        return
    program = f"import sys, lienthong.app.asgi; print(*({ENGINES!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []
