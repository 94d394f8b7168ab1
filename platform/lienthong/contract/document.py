"""YAML read with positions, so that every complaint names a line.

Scalars follow the JSON schema of YAML 1.2, not YAML 1.1: `on`, `no` and dates are texts, `0123` keeps its zero.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lienthong.contract.finding import Finding
from lienthong.kernel.text import Bilingual, both, nfc

Key = tuple[str | int, ...]


class _Loader(yaml.CSafeLoader):
    """A safe loader with the scalars of JSON only."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


@dataclass
class Document:
    """A file's data, the line of each of its parts, and what was found wrong with it so far."""

    path: Path
    data: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def place(self, key: Key = ()) -> str:
        """file:line of `key`, or of its nearest parent that has a line."""
        while key and key not in self.lines:
            key = key[:-1]
        path = self.path.resolve()
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else self.path
        return f"{shown}:{self.lines.get(key, 1)}"

    def error(self, key: Key, detail: Bilingual, fix: Bilingual) -> None:
        """Note an error at `key`."""
        self.findings.append(Finding("error", self.place(key), detail, fix))

    def warning(self, key: Key, detail: Bilingual, fix: Bilingual) -> None:
        """Note a warning at `key`."""
        self.findings.append(Finding("warning", self.place(key), detail, fix))


def read(path: Path) -> Document:
    """The YAML file `path`; a file that cannot be read is a document with one error."""
    document = Document(path)
    try:
        node = yaml.compose(nfc(path.read_text("utf-8")), Loader=_Loader)
        document.data = _value(node, (), document) if node else None
    except (OSError, UnicodeDecodeError) as error:
        document.error((), both(f"không đọc được tệp: {error}", f"the file cannot be read: {error}"), _UTF8)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        document.lines[()] = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or error
        document.error((), both(f"YAML sai: {problem}", f"wrong YAML: {problem}"), _INDENT)
    return document


_UTF8 = both("tệp phải là YAML UTF-8", "the file must be YAML in UTF-8")
_INDENT = both("kiểm tra thụt lề, dấu hai chấm và dấu nháy", "check indentation, colons and quotes")


def _value(node: yaml.Node, key: Key, document: Document) -> Any:
    document.lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, document)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*key, at), document) for at, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, key: Key, document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name_node, value_node in node.value:
        name = str(name_node.value)
        inner = (*key, name)
        document.lines[inner] = name_node.start_mark.line + 1
        if name in found:
            fix = both("giữ lại một", "keep one")
            document.error(inner, both(f"khóa '{name}' lặp lại", f"the key '{name}' stands twice"), fix)
        found[name] = _value(value_node, inner, document)
    return found


def _scalar(node: yaml.Node) -> Any:
    loader = _Loader("")
    try:
        return loader.construct_object(node)
    finally:
        loader.dispose()
