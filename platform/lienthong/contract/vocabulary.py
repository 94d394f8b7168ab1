"""Code lists: `datasets/_vocab/<list>.yaml`, large ones with their codes in a CSV beside.

The set in force is one value of the process, set by the loader: types ask `current()`.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lienthong.contract.document import Document, read
from lienthong.contract.finding import refuse_errors
from lienthong.contract.shape import shaped
from lienthong.kernel.text import Bilingual, both, nfc


class Code(BaseModel):
    """A code, its titles, and when it was in force (None: no bound); `value` is what a rule says on those days."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str = Field(min_length=1)
    vi: str
    en: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    parent: str | None = None
    value: str | None = None

    @field_validator("valid_from", "valid_to", "parent", "value", mode="before")
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


def read_vocabulary(path: Path) -> tuple[Vocabulary | None, Document]:
    """The code list in one YAML file, and what is wrong with it."""
    document = read(path)
    given = document.data
    if isinstance(given, dict):
        given["version"] = str(given.get("version", ""))
        if codes_file := given.pop("codes_file", None):
            given["codes"] = _codes(path.parent / str(codes_file), document)
    found = shaped(document, Vocabulary)
    if found:
        twice = [code for code, times in Counter(c.code for c in found.codes).items() if times > 1]
        for code in twice[:10]:
            fix = both("giữ lại một", "keep one")
            document.error(("codes",), both(f"mã '{code}' lặp lại", f"the code '{code}' stands twice"), fix)
    return found, document


def _codes(path: Path, document: Document) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as rows:
            return [{k: nfc(v or "") for k, v in row.items() if k} for row in csv.DictReader(rows)]
    except (OSError, UnicodeDecodeError) as error:
        fix = both("CSV UTF-8 có cột code, vi, en", "a CSV in UTF-8 with the columns code, vi, en")
        document.error(("codes_file",), both(f"không đọc được {path.name}: {error}", f"cannot read {error}"), fix)
        return []


def load_vocabularies(folder: Path) -> Mapping[str, Vocabulary]:
    """All code lists of `folder`, by id. Raises Invalid with all errors."""
    read_all = [read_vocabulary(path) for path in sorted(folder.glob("*.yaml"))]
    refuse_errors(finding for _, document in read_all for finding in document.findings)
    return MappingProxyType({found.id: found for found, _ in read_all if found})


_current: Mapping[str, Vocabulary] = MappingProxyType({})


def use(vocabularies: Mapping[str, Vocabulary] | Iterable[Vocabulary]) -> None:
    """Put these code lists in force in this process."""
    global _current
    lists = vocabularies.values() if isinstance(vocabularies, Mapping) else vocabularies
    _current = MappingProxyType({v.id: v for v in lists})


def current() -> Mapping[str, Vocabulary]:
    """The code lists in force."""
    return _current
