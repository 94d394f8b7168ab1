"""Code lists: `datasets/_vocab/<list>.yaml`, large ones with their codes in a CSV beside.

The set in force is one value of the process, set by the loader: types ask `current()`.
"""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, nfc


class Code(BaseModel):
    """A code, its titles, and when it was in force (None: no bound)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str = Field(min_length=1)
    vi: str
    en: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    parent: str | None = None

    @field_validator("valid_from", "valid_to", "parent", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        return value or None

    @property
    def title(self) -> Bilingual:
        """The title; a list without English shows the Vietnamese one."""
        return Bilingual(vi=self.vi, en=self.en or self.vi)

    def in_force(self, day: date) -> bool:
        """Is the code valid on `day` (both bounds included)?"""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Vocabulary(BaseModel):
    """A code list with its version and its source."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    id: str
    title: Bilingual
    version: str
    valid_from: date | None = None
    source: str
    codes: tuple[Code, ...] = ()

    @cached_property
    def by_code(self) -> Mapping[str, Code]:
        """The codes by code."""
        return MappingProxyType({entry.code: entry for entry in self.codes})


def load_vocabulary(path: Path) -> Vocabulary:
    """The code list in one YAML file. Raises Invalid with the place."""
    try:
        given = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(given, dict):
            raise ValueError("a mapping is expected")
        if codes_file := given.pop("codes_file", None):
            with (path.parent / codes_file).open(encoding="utf-8-sig", newline="") as rows:
                given["codes"] = [
                    {k: nfc(v or "") for k, v in row.items() if k} for row in csv.DictReader(rows)
                ]
        given["version"] = str(given.get("version", ""))
        found = Vocabulary.model_validate(given)
    except (ValidationError, ValueError, OSError, yaml.YAMLError) as error:
        raise Invalid(
            str(error), place=str(path), fix="id, title {vi, en}, version, source, codes"
        ) from error
    if len(found.by_code) != len(found.codes):
        seen: set[str] = set()
        twice = next(c.code for c in found.codes if c.code in seen or seen.add(c.code))  # type: ignore[func-returns-value]
        raise Invalid(f"the code {twice} stands twice", place=str(path), fix="keep one")
    return found


def load_vocabularies(folder: Path) -> Mapping[str, Vocabulary]:
    """All code lists of `folder`, by id."""
    return MappingProxyType({v.id: v for v in map(load_vocabulary, sorted(folder.glob("*.yaml")))})


_current: Mapping[str, Vocabulary] = MappingProxyType({})


def use(vocabularies: Mapping[str, Vocabulary] | Iterable[Vocabulary]) -> None:
    """Put these code lists in force in this process."""
    global _current
    lists = vocabularies.values() if isinstance(vocabularies, Mapping) else vocabularies
    _current = MappingProxyType({v.id: v for v in lists})


def current() -> Mapping[str, Vocabulary]:
    """The code lists in force."""
    return _current
