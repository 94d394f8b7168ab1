"""The shape of the source tree: namespace, sizes."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.meta.project import ROOT, SOURCE_ROOTS, python_sources, shown, tracked

FILE_LINES = 400
FUNCTION_LINES = 60


def test_namespace_has_no_init() -> None:
    """platform/ would shadow the standard library and graphql/ graphql-core."""
    wrong = [
        shown(path)
        for root in SOURCE_ROOTS
        for path in (ROOT / root / "__init__.py", ROOT / root / "lienthong" / "__init__.py")
        if path.exists()
    ]
    assert not wrong


def test_every_package_below_the_namespace_has_an_init() -> None:
    folders = {path.parent for path in python_sources()}
    packages = {f for f in folders if f.name != "lienthong" and f.parent.name not in ("", ROOT.name)}
    assert not [shown(folder) for folder in packages if not (folder / "__init__.py").exists()]


def test_source_roots_shadow_nothing() -> None:
    program = "import platform, graphql; print(platform.__file__, graphql.__file__)"
    command = [sys.executable, "-c", program]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not [file for file in files if Path(file).is_relative_to(ROOT) and ".venv" not in file]


def test_no_module_is_named_utils() -> None:
    assert not [shown(path) for path in tracked("*.py") if path.stem in ("util", "utils", "helpers", "misc")]


def test_files_are_short() -> None:
    lengths = {shown(path): len(path.read_text("utf-8").splitlines()) for path in tracked("*.py")}
    assert lengths
    assert not {name: lines for name, lines in lengths.items() if lines > FILE_LINES}


def test_functions_are_short() -> None:
    """All but migrations: those are lists of steps, written once."""
    long = {}
    for path in tracked("*.py"):
        if path.is_relative_to(ROOT / "migrations" / "versions"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long[f"{shown(path)}:{node.lineno} {node.name}"] = lines
    assert not long
