"""Law 1: no Python file of the platform names a dataset. A new dataset is one folder and no code."""

import ast
import re
from collections.abc import Iterator

import pytest
import yaml

from tests.meta.project import ROOT, python_sources, shown

# In a longer text a plain word is a dataset only where a name stands: in SQL, a path, quotes.
_NAMED = r"""(?:[./"'`]|\b(?:from|join|into|update|table|view)\s+){}\b"""


def dataset_names() -> set[str]:
    """The ids of all datasets and of their open views."""
    names = set()
    for file in (ROOT / "datasets").glob("*/*/contract.yaml"):
        contract = yaml.safe_load(file.read_text("utf-8"))
        names |= {contract["id"], file.parent.name, (contract.get("openView") or {}).get("id")}
    return names - {None}


def forms(name: str) -> set[str]:
    """A snake_case name in all the ways that it is written. A single word in capitals is prose, or a class."""
    if "_" not in name:
        return {name}
    pascal = "".join(part.capitalize() for part in name.split("_"))
    return {name, name.replace("_", "-"), pascal, pascal[0].lower() + pascal[1:]}


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name in the code, with its line: variables, attributes, arguments, definitions, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            continue
        for _, value in ast.iter_fields(node):
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    yield from ((getattr(node, "lineno", 0), part) for part in text.split("."))


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string literal with its line, parts of f-strings too; docstrings are prose and left out."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def names_in_text(text: str, written: set[str]) -> set[str]:
    """The dataset names that stand in a string literal."""
    found = {form for form in written if form == text}
    for form in written:
        unmistakable = "_" in form or "-" in form
        pattern = rf"(?<![\w-]){re.escape(form)}(?![\w-])" if unmistakable else _NAMED.format(re.escape(form))
        if re.search(pattern, text, re.IGNORECASE):
            found.add(form)
    return found


def offences(source: str, names: set[str]) -> list[tuple[int, str]]:
    """Where `source` names a dataset: (line, name as written)."""
    written = {form for name in names for form in forms(name)}
    tree = ast.parse(source)
    found = {(line, name) for line, name in identifiers(tree) if name in written}
    found |= {(line, name) for line, text in texts(tree) for name in names_in_text(text, written)}
    return sorted(found)


def test_no_python_file_names_a_dataset() -> None:
    names = dataset_names()
    assert names or not (ROOT / "datasets").exists()
    found = {shown(path): offences(path.read_text("utf-8"), names) for path in python_sources()}
    assert not {path: places for path, places in found.items() if places}


def test_no_module_is_called_like_a_dataset() -> None:
    written = {form for name in dataset_names() for form in forms(name)}
    parts = {shown(path): {*path.relative_to(ROOT).with_suffix("").parts} for path in python_sources()}
    assert not {path: names & written for path, names in parts.items() if names & written}


@pytest.mark.parametrize(
    "source",
    [
        "enterprises = 1",
        "def f(enterprises): ...",
        "x.enterprises",
        "f(enterprises=1)",
        "from a.enterprises import b",
        "class CivilServants: ...",
        "x = 'enterprises'",
        "x = {'civil-servants': 1}",
        "x = 'select count(*) from governed.enterprises'",
        "x = 'SELECT 1 FROM enterprises'",
        "x = f'/api/v1/datasets/enterprises/rows?{y}'",
        "x = f'{enterprises}'",
        "x = 'the dataset civil_servants'",
        "def f():\n    global enterprises",
    ],
)
def test_a_named_dataset_is_found(source: str) -> None:
    assert offences(source, {"enterprises", "civil_servants"})


@pytest.mark.parametrize(
    "source",
    [
        "enterprise = 1",
        "x = 'enterprise'",
        "x = 'how many enterprises there are'",
        '"""Rows, for example of `civil_servants`."""',
        "def f():\n    '''enterprises'''",
        "x = 'civil_servants_of_old'",
        "# enterprises\nx = 1",
        "class Enterprises: ...",
    ],
)
def test_what_names_no_dataset_is_left_alone(source: str) -> None:
    assert not offences(source, {"enterprises", "civil_servants"})
