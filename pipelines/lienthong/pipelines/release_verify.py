"""Offline verification of a release: a folder or a ZIP, its manifest and a file of public keys. No platform, no net.

Everything that is wrong is named: a manifest that was not signed, by no key that is known or altered since; files that
are altered, missing, or not of the release.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from lienthong.governance.ledger.note import VerifierKey
from lienthong.kernel.problem import Invalid, NotFound
from lienthong.kernel.text import Bilingual, both
from lienthong.pipelines.release_keys import canonical, names_of, signer_of

MANIFEST = "manifest.json"
SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "br": ".br"}
MOST_MANIFEST = 64 * 1024 * 1024
KINDS: Mapping[str, Bilingual] = {
    "unsigned": both("Bản kê không có chữ ký", "The manifest is not signed"),
    "wrong_key": both("Ký bằng khóa không được biết", "Signed by a key that is not known"),
    "bad_signature": both("Bản kê đã bị sửa sau khi ký", "The manifest was altered after it was signed"),
    "altered": both("Tệp đã bị sửa", "The file was altered"),
    "missing": both("Thiếu tệp", "The file is missing"),
    "extra": both("Tệp không thuộc bản công bố", "The file is not of the release"),
    "unreadable": both("Không đọc được", "It cannot be read"),
}


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: what kind, and which file."""

    kind: str
    file: str
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        title = KINDS[self.kind]
        told = {"kind": self.kind, "file": self.file, "title": {"vi": title.vi, "en": title.en}, "detail": self.detail}
        return {name: value for name, value in told.items() if value}


@dataclass
class Verified:
    """What was found; sound when nothing was."""

    dataset: str = ""
    number: int | None = None
    key: str | None = None
    files: int = 0
    bytes: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Is everything as it was published?"""
        return not self.findings

    def found(self, kind: str, file: str, detail: str = "") -> None:
        """Note a finding."""
        self.findings.append(Finding(kind, file, detail))

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "ok": self.ok,
            "dataset": self.dataset,
            "number": self.number,
            "key": self.key,
            "files": self.files,
            "bytes": self.bytes,
            "findings": [f.as_json() for f in self.findings],
        }


class Store(Protocol):
    """Files by name, wherever they lie."""

    def names(self) -> Iterable[str]:
        """The names of all files."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """A file. Raises OSError, KeyError, zipfile.BadZipFile."""
        ...


class Folder:
    """The files of a folder, below the one that the manifest lies in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> Iterator[str]:
        """Relative names, with strokes."""
        return (p.relative_to(self.path).as_posix() for p in sorted(self.path.rglob("*")) if not p.is_dir())

    def open(self, name: str) -> IO[bytes]:
        """A regular file; a link could lead anywhere."""
        path = self.path / name
        if path.is_symlink():
            raise OSError("a symbolic link")
        return path.open("rb")


class Packed:
    """The files of a zip, below the folder that the manifest lies in."""

    def __init__(self, archive: zipfile.ZipFile, below: str) -> None:
        self.archive, self.below = archive, below

    def names(self) -> Iterator[str]:
        """Relative names; one that stands twice is told twice."""
        for name in sorted(self.archive.namelist()):
            if not name.endswith("/"):
                yield name.removeprefix(self.below) if name.startswith(self.below) else name

    def open(self, name: str) -> IO[bytes]:
        """A member."""
        return self.archive.open(self.below + name)


def verify(path: Path, keys: Sequence[VerifierKey], *, manifest: Path | None = None, partial: bool = False) -> Verified:
    """Verify a folder, a zip of one, or a single file beside its manifest.

    `manifest`: where it lies, when not in the folder. `partial`: files that are not there are no finding. Raises
    NotFound when there is nothing to verify, Invalid when the manifest cannot be read.
    """
    if path.is_dir():
        place = manifest or _in_folder(path)
        store = Folder(place.parent if manifest is None else path)
        return _verified(_read(place.read_bytes(), str(place)), store, keys, partial)
    if not path.is_file():
        raise NotFound(both("Không có thư mục hay tệp này", "There is no such folder or file"), place=str(path))
    beside = manifest or path.parent / MANIFEST
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            inside = None if manifest else _in_zip(archive)
            if inside is not None:
                told = _read(_limited(archive.open(inside)), f"{path}:{inside}")
                return _verified(told, Packed(archive, inside.removesuffix(MANIFEST)), keys, partial)
    if not beside.is_file():
        fix = both("Để manifest.json cạnh tệp, hoặc dùng --manifest", "Put manifest.json beside it, or use --manifest")
        raise NotFound(both("Không có bản kê", "There is no manifest"), place=str(beside), fix=fix)
    return _one_file(path, _read(beside.read_bytes(), str(beside)), keys)


def _in_folder(path: Path) -> Path:
    """The one manifest in a folder, also deeper (a site that was saved has folders of its own)."""
    if (path / MANIFEST).is_file():
        return path / MANIFEST
    found = sorted(path.rglob(MANIFEST))
    if len(found) == 1:
        return found[0]
    count = len(found)
    raise NotFound(
        both(f"Thư mục có {count} bản kê, cần một", f"The folder holds {count} manifests, one is needed"),
        place=str(path),
        fix=both("Nêu thư mục của một bản công bố", "Name the folder of one release"),
    )


def _in_zip(archive: zipfile.ZipFile) -> str | None:
    found = [name for name in archive.namelist() if PurePosixPath(name).name == MANIFEST]
    return min(found, key=len) if found else None


def _limited(file: IO[bytes]) -> bytes:
    with file:
        return file.read(MOST_MANIFEST)


def _read(content: bytes, place: str) -> dict[str, Any]:
    """A manifest. Raises Invalid, also when a name stands twice in an object."""
    try:
        told = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number)
        if not isinstance(told, dict) or not isinstance(told.get("files"), list):
            raise ValueError("no list of files")
    except (ValueError, RecursionError) as error:
        detail = both("Bản kê không đọc được", "The manifest cannot be read")
        raise Invalid(detail, place=place, fix=str(error)[:100]) from error
    return told


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


@dataclass(frozen=True)
class Listed:
    """A file that the manifest names. One that is not needed may be left out: a compressed copy, a text of the ZIP."""

    size: int
    sha256: str
    needed: bool


def listed(manifest: Mapping[str, Any]) -> dict[str, Listed]:
    """Every file that the manifest names."""
    found: dict[str, Listed] = {}
    entries = [e for e in manifest.get("files", ()) if isinstance(e, dict)]
    changes = manifest.get("changes")
    if isinstance(changes, dict) and isinstance(changes.get("file"), dict):
        entries.append(changes["file"])
    for entry in entries:
        name = str(entry.get("name"))
        found[name] = _listed(entry, needed=True)
        for variant in entry.get("variants") or ():
            found[name + SUFFIXES.get(variant.get("coding"), "")] = _listed(variant, needed=False)
    texts = manifest.get("texts") or ()
    return {str(entry.get("name")): _listed(entry, needed=False) for entry in texts} | found


def _listed(entry: Mapping[str, Any], needed: bool) -> Listed:
    return Listed(int(entry.get("size", -1)), str(entry.get("sha256")), needed)


def _verified(manifest: Mapping[str, Any], store: Store, keys: Sequence[VerifierKey], partial: bool) -> Verified:
    report = _signature(manifest, keys)
    wanted, seen = listed(manifest), set[str]()
    package = f"{manifest.get('slug')}-{manifest.get('number')}.zip"
    for name in store.names():
        if name in wanted and name not in seen:
            seen.add(name)
            _file(report, name, wanted[name], store)
        elif name == package and isinstance(store, Folder):
            _package(report, store.path / name, manifest, keys)
        elif name != MANIFEST:
            report.found("extra", name)
    for name in wanted.keys() - seen:
        if wanted[name].needed and not partial:
            report.found("missing", name)
    report.findings.sort(key=lambda f: (list(KINDS).index(f.kind), f.file))
    return report


def _package(report: Verified, path: Path, manifest: Mapping[str, Any], keys: Sequence[VerifierKey]) -> None:
    """The ZIP beside the files: it holds the same manifest, and every file again."""
    try:
        inner = verify(path, keys)
        with zipfile.ZipFile(path) as archive:
            inside = _in_zip(archive)
            same = inside is not None and canonical(_read(_limited(archive.open(inside)), path.name)) == canonical(
                manifest
            )
    except (Invalid, NotFound, OSError, TypeError, zipfile.BadZipFile) as error:
        report.found("unreadable", path.name, str(error)[:100])
        return
    report.files += 1
    report.bytes += path.stat().st_size
    if not same:
        report.found("altered", path.name, MANIFEST)
    for finding in inner.findings:
        report.found(finding.kind, f"{path.name}/{finding.file}", finding.detail)


def _one_file(path: Path, manifest: Mapping[str, Any], keys: Sequence[VerifierKey]) -> Verified:
    report, wanted = _signature(manifest, keys), listed(manifest)
    if path.name in wanted:
        _file(report, path.name, wanted[path.name], Folder(path.parent))
    else:
        report.found("extra", path.name)
    return report


def _signature(manifest: Mapping[str, Any], keys: Sequence[VerifierKey]) -> Verified:
    number = manifest.get("number")
    report = Verified(str(manifest.get("dataset", "")), number if isinstance(number, int) else None)
    names = names_of(manifest)
    signer = signer_of(manifest, keys)
    if signer is not None:
        report.key = f"{signer.name}+{signer.id.hex()}"
    elif not names:
        report.found("unsigned", MANIFEST)
    elif {f"{k.name}+{k.id.hex()}" for k in keys} & set(names):
        report.found("bad_signature", MANIFEST, ", ".join(names))
    else:
        report.found("wrong_key", MANIFEST, ", ".join(names))
    return report


def _file(report: Verified, name: str, wanted: Listed, store: Store) -> None:
    """Compare a file with what the manifest says of it."""
    size, digest = 0, hashlib.sha256()
    try:
        with store.open(name) as file:
            while block := file.read(1 << 20):
                size += len(block)
                digest.update(block)
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        report.found("unreadable", name, str(error)[:100])
        return
    report.files += 1
    report.bytes += size
    if digest.hexdigest() != wanted.sha256:
        told = f"{size} / {wanted.size} bytes" if size != wanted.size else ""
        report.found("altered", name, told)
