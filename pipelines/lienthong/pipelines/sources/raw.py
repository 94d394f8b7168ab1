"""What every reader gives: a Parquet file of text cells, and what was noticed on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lienthong.kernel.text import Bilingual, both, nfc

LINE = "_line"
"""Tells where a record starts: line of a text file, row of a sheet, index in a JSON message."""

Options = Mapping[str, Any]
Record = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Note:
    """Something a steward should know about a file: what (`code`, `text`) and where (`place`)."""

    code: str
    text: Bilingual
    place: str | None = None


@dataclass(frozen=True, slots=True)
class RawTable:
    """One source table as text.

    `parquet` has every source column as text (an empty cell is null) and `_line` bigint; `columns` names the
    source columns in their order. `rejects` is a Parquet file (line bigint, text, reason) of the `rejected`
    records that are no rows, or None. `confidence` is that of the encoding; None where there was none to
    detect.
    """

    parquet: Path
    rows: int
    columns: tuple[str, ...]
    encoding: str | None = None
    confidence: float | None = None
    notes: tuple[Note, ...] = ()
    rejects: Path | None = None
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that is no row: where it starts, its text, and why."""

    line: int
    text: str
    reason: str


def note(code: str, vi: str, en: str, place: str | None = None) -> Note:
    """A short way to write a note."""
    return Note(code, both(vi, en), place)


def clean_header(names: Iterable[str | None]) -> tuple[str, ...]:
    """Header texts as column names: NFC, single blanks, never empty, each once (in any case of letters)."""
    seen: set[str] = {LINE}
    cleaned: list[str] = []
    for position, name in enumerate(names, 1):
        base = " ".join(nfc(name or "").replace("\ufeff", "").split()) or f"column {position}"
        unique, times = base, 1
        while unique.casefold() in seen:
            times += 1
            unique = f"{base} ({times})"
        seen.add(unique.casefold())
        cleaned.append(unique)
    return tuple(cleaned)
