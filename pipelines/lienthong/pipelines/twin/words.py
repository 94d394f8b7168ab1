"""The words of a twin's texts: lists and templates, read from `_twin/texts.yaml` of the definitions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from lienthong.kernel.content import content

FILE = Path("_twin") / "texts.yaml"


@dataclass(frozen=True)
class Words:
    """Lists of words, and (name patterns, template or None, logical type or None) in their order."""

    lists: Mapping[str, tuple[str, ...]]
    texts: tuple[tuple[tuple[str, ...], str | None, str | None], ...]

    def knows(self, field: str) -> bool:
        """Is there an entry for a field of this name?"""
        return self._entry(field) is not None

    def template(self, field: str) -> str | None:
        """The template of a field's text."""
        found = self._entry(field)
        return found[1] if found else None

    def kind(self, field: str) -> str | None:
        """The logical type whose reserved values the text field takes."""
        found = self._entry(field)
        return found[2] if found else None

    def text(self, template: str, random: Random, given: Mapping[str, str]) -> str:
        """The template with words drawn; `given` are the values of names that are no list."""

        def word(match: re.Match[str]) -> str:
            name = match[1]
            return given[name] if name in given else random.choice(self.lists[name])

        return re.sub(r"\{(\w+)\}", word, template)

    def person(self, random: Random, male: bool) -> str:
        """A full name."""
        sex = "male" if male else "female"
        return " ".join(random.choice(self.lists[name]) for name in ("surname", f"middle_{sex}", f"given_{sex}"))

    def _entry(self, field: str) -> tuple[tuple[str, ...], str | None, str | None] | None:
        return next((entry for entry in self.texts if any(fnmatchcase(field, p) for p in entry[0])), None)


def load(definitions: Path | None) -> Words:
    """The words of these definitions, or the project's own when they bring none."""
    own = definitions / FILE if definitions else None
    return _read(own if own and own.exists() else content("datasets") / FILE)


@cache
def _read(path: Path) -> Words:
    given: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    lists = {name: tuple(map(str, values)) for name, values in given["words"].items()}
    texts = tuple((tuple(t["fields"]), t.get("text"), t.get("as")) for t in given["texts"])
    return Words(lists, texts)
