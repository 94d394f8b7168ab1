"""Write the mirror: what is served now of every open dataset, in two languages, only what has changed.

`<dataset>/` has a page and the files of its release, or those that were uploaded to a hosted dataset; `data.json`
(DCAT-US) and `SHA256SUMS` are for programs. What the mirror wrote is listed in `.mirror.json`: a file that is there
with the same digest is not written again, one that is no longer in the catalogue is removed, and nothing else in the
folder is touched.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.app.mirror import hosted, pages
from lienthong.catalog.hosted.uploads import uploads
from lienthong.catalog.profiles.described import Entry
from lienthong.catalog.snapshot import Catalog, DatasetState
from lienthong.ckan.indexes import Indexes
from lienthong.ckan.listing import IndexListings
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Conflict, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store import owner
from lienthong.store.files import FileStore, file_store

STATE = ".mirror.json"


@dataclass
class Report:
    """What was done: files copied from the store, hard-linked from an older mirror, kept as they were, removed."""

    folder: str
    datasets: int = 0
    files: int = 0
    bytes: int = 0
    copied: int = 0
    linked: int = 0
    kept: int = 0
    removed: int = 0

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)


@dataclass(frozen=True)
class File:
    """A file of the mirror that comes from the store, or from a place on the disk."""

    path: str
    source: str
    size: int
    sha256: str
    place: Path | None = None


def export(
    settings: Settings,
    registry: Registry,
    folder: Path,
    like: Path | None = None,
    progress: Callable[[str, int, int | None, str], None] = lambda *_: None,
) -> Report:
    """Bring the mirror in `folder` up to date; unchanged files are linked from the older mirror `like`, if given.

    Raises Conflict when the folder holds something that is no mirror, Unavailable when a file is not what it should be.
    """
    found = asyncio.run(_catalogue(settings, registry))
    states, others = found.states, [(entry, hosted.files(entry, found.kept)) for entry in found.others]
    if folder.is_dir() and any(folder.iterdir()) and not (folder / STATE).is_file():
        raise Conflict(
            both("Thư mục không trống và không phải bản sao", "The folder is not empty, and no mirror"),
            place=str(folder),
            fix=both("Chọn một thư mục trống", "Choose an empty folder"),
        )
    work = _Work(folder, file_store(settings), _listed(folder), like, _listed(like) if like else {})
    folder.mkdir(parents=True, exist_ok=True)
    work.begin()
    files = [file for state in states for file in files_of(state)]
    files += [file for entry, shown in others for file in _uploaded(settings, entry, shown)]
    for number, file in enumerate(files):
        progress("mirror", number, len(files), file.path)
        work.take(file)
    for path, content in pages.documents(states, others, registry, settings.public_url, folder):
        work.write(path, content)
    sums = "".join(f"{digest}  {path}\n" for path, digest in sorted(work.written.items()))
    work.write("SHA256SUMS", sums.encode())
    work.finish()
    work.report.datasets = len(states) + len(others)
    return work.report


@dataclass(frozen=True)
class _Catalogue:
    """What everybody can see now; `kept`: what was uploaded to hosted datasets, by the id of its resource."""

    states: list[DatasetState]
    others: list[Entry]
    kept: dict[str, hosted.Kept]


async def _catalogue(settings: Settings, registry: Registry) -> _Catalogue:
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(settings)))
    try:
        catalog = Catalog(registry, engine)
        listing = await IndexListings(Indexes(catalog, registry, settings.public_url), settings.public_url).public()
        states = (await catalog.current()).published()
        others = [entry for entry in listing.entries if entry.contract is None]
        return _Catalogue(states, others, await hosted.uploads(engine))
    finally:
        await engine.dispose()


def _uploaded(settings: Settings, entry: Entry, shown: Sequence[hosted.Shown]) -> Iterator[File]:
    """The files of a hosted dataset that lie here."""
    for file in shown:
        if file.here and file.kept:
            path = uploads(settings).path(file.kept.sha256)
            yield File(f"{entry.name}/{file.here}", "", file.kept.size, file.kept.sha256, path)


def files_of(state: DatasetState) -> Iterator[File]:
    """The files of the release that is served, beside the page of the dataset."""
    for file in state.release.files if state.release else ():
        path = f"{state.contract.slug}/{PurePosixPath(file.path).name}"
        yield File(path, file.path, file.size, file.sha256)


def _listed(folder: Path) -> dict[str, str]:
    """Path -> digest of what a mirror has written."""
    try:
        return dict(orjson.loads((folder / STATE).read_bytes()))
    except (OSError, ValueError):
        return {}


@dataclass
class _Work:
    """One run."""

    folder: Path
    store: FileStore
    before: dict[str, str]
    like: Path | None
    older: dict[str, str]
    written: dict[str, str] = field(default_factory=dict)
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        self.report = Report(str(self.folder))

    def begin(self) -> None:
        """From now on the folder is known as a mirror, however far it gets."""
        (self.folder / STATE).write_bytes(orjson.dumps(self.before))

    def take(self, file: File) -> None:
        """A file: kept, linked or copied."""
        target = self.folder / file.path
        self.report.files, self.report.bytes = self.report.files + 1, self.report.bytes + file.size
        if self.before.get(file.path) == file.sha256 and _has(target, file.size):
            self.report.kept += 1
        elif self._link(file, target):
            self.report.linked += 1
        else:
            self._copy(file, target)
            self.report.copied += 1
        self.written[file.path] = file.sha256

    def _link(self, file: File, target: Path) -> bool:
        if self.like is None or self.older.get(file.path) != file.sha256:
            return False
        source = self.like / file.path
        if not _has(source, file.size):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without links
            return False
        return True

    def _copy(self, file: File, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.new")
        try:
            if file.place:
                shutil.copyfile(file.place, fresh)
            else:
                self.store.fetch(file.source, fresh)
            with fresh.open("rb") as made:
                found = hashlib.file_digest(made, "sha256").hexdigest()
        except OSError as error:
            detail = both(f"Không chép được tệp: {error}", f"The file could not be copied: {error}")
            raise Unavailable(detail, place=file.path) from error
        if found != file.sha256:
            fresh.unlink()
            raise Unavailable(both("Tệp không đúng mã băm", "The file has not the digest it should"), place=file.path)
        fresh.replace(target)

    def write(self, path: str, content: bytes) -> None:
        """A page or a document, when it is not there as it should be."""
        target, digest = self.folder / path, hashlib.sha256(content).hexdigest()
        if self.before.get(path) != digest or not _has(target, len(content)):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.write_bytes(content)
        self.written[path] = digest

    def finish(self) -> None:
        """Remove what is no longer in the catalogue, then tell what there is."""
        for path in self.before.keys() - self.written.keys():
            (self.folder / path).unlink(missing_ok=True)
            self.report.removed += 1
        for parent in {(self.folder / path).parent for path in self.before}:
            if parent != self.folder and parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        (self.folder / STATE).write_bytes(orjson.dumps(self.written, option=orjson.OPT_SORT_KEYS))


def _has(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
