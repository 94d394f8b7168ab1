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
    """`<releases>/<open view>/<number>`; while it is being written, `.<number>.tmp` beside it.

    Until it is published it lies in `.<number>.draft`, where no server of files looks.
    """

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

    @property
    def pending(self) -> Path:
        """Where they wait for their publication."""
        return self.releases / self.dataset / f".{self.number}.draft"

    @property
    def there(self) -> Path:
        """Where they lie now."""
        return self.final if self.final.is_dir() else self.pending

    @property
    def is_whole(self) -> bool:
        """Is the folder there, published or not?"""
        return self.there.is_dir()

    def begin(self) -> Path:
        """An empty folder to write into."""
        self.forget()
        self.aside.mkdir(parents=True)
        return self.aside

    def finish(self) -> None:
        """Flush all files and put the folder where it waits. Raises OSError when the disk does not take it."""
        for path in (*self.aside.iterdir(), self.aside):
            _flush(path)
        self.aside.rename(self.pending)
        _flush(self.pending.parent)

    def complete(self, manifest: bytes) -> None:
        """Put the final manifest in. Safe to repeat."""
        fresh = self.there / f".{MANIFEST}.new"
        fresh.write_bytes(manifest)
        _flush(fresh)
        fresh.replace(self.there / MANIFEST)

    def publish(self) -> None:
        """Flush what came last and put the folder in its place for good. Safe to repeat."""
        for path in (*self.there.glob("*.zip"), self.there):
            _flush(path)
        if not self.final.is_dir():
            self.pending.rename(self.final)
            _flush(self.final.parent)

    def withdraw(self, archive: Path) -> None:
        """Take the files out of reach: into `archive`, for whoever has to answer for them. Safe to repeat."""
        if self.is_whole:
            target = archive / self.dataset / str(self.number)
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(self.there, target)

    def forget(self) -> None:
        """Remove what was written, finished or not."""
        for path in (self.aside, self.pending, self.final):
            shutil.rmtree(path, ignore_errors=True)


def clean(releases: Path, dataset: str, known: Collection[int]) -> None:
    """Remove what a killed publication left: folders of no recorded release."""
    names = {name for n in known for name in (str(n), f".{n}.draft")}
    for path in (releases / dataset).glob("*"):
        if path.name not in names:
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
