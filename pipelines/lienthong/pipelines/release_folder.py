"""The folder of a release: written aside, flushed to the disk, then there at once, whole."""

import hashlib
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class ReleaseFolder:
    """`<releases>/<open view>/<number>`; while it is being written, `.<number>.tmp` beside it."""

    releases: Path
    dataset: str
    number: int

    @property
    def final(self) -> Path:
        """Where the files lie for good."""
        return self.releases / self.dataset / str(self.number)

    @property
    def aside(self) -> Path:
        """Where they are written."""
        return self.releases / self.dataset / f".{self.number}.tmp"

    def begin(self) -> Path:
        """An empty folder to write into."""
        self.forget()
        self.aside.mkdir(parents=True)
        return self.aside

    def finish(self) -> None:
        """Flush all files and put the folder in its place. Raises OSError when the disk does not take it."""
        for path in (*self.aside.iterdir(), self.aside):
            _flush(path)
        self.aside.rename(self.final)
        _flush(self.final.parent)

    def forget(self) -> None:
        """Remove what was written, finished or not."""
        for path in (self.aside, self.final):
            shutil.rmtree(path, ignore_errors=True)


def clean(releases: Path, dataset: str, known: Collection[int]) -> None:
    """Remove what a killed publication left: folders of no recorded release."""
    for path in (releases / dataset).glob("*"):
        if not (path.name.isdigit() and int(path.name) in known):
            shutil.rmtree(path, ignore_errors=True)


def digest(path: Path) -> str:
    """The SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
