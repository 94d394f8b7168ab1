"""Deliver and land: find the files that a contract waits for, keep their bytes, and tell the delivery's fingerprint."""

import importlib.metadata
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from psycopg import Connection

from lienthong.contract.model import Contract, SourceFile
from lienthong.contract.vocabulary import current
from lienthong.kernel.content import content
from lienthong.kernel.problem import Invalid, NotFound
from lienthong.kernel.text import Bilingual, both
from lienthong.store.landing import Landed, Landing, record

PACKAGE = "package:"
CODE_VERSION = "1"
"""Of reading and conforming: raise it when the same bytes would give other rows, and they are read again."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a delivery before it is landed; `path` is None for data that comes with an installed package."""

    name: str
    source: SourceFile
    path: Path | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """A landed file of a delivery."""

    name: str
    source: SourceFile
    landed: Landed

    def as_json(self) -> dict[str, Any]:
        """How the run keeps it."""
        kept = {"sha256": self.landed.sha256, "size": self.landed.size}
        return {"name": self.name, "pattern": self.source.pattern, **kept}


def find(contract: Contract, folder: Path, definitions: Path | None = None) -> list[Found]:
    """The files for a contract, in its order and the order of their names. Raises NotFound when there is none.

    A pattern `package:<name>` means data of an installed Python package, `package:datasets/...` a file that comes
    with the definitions.
    """
    found: list[Found] = []
    for source in contract.source.files:
        if source.pattern.startswith(PACKAGE):
            name = source.pattern.removeprefix(PACKAGE)
            found.append(Found(name, source, _packed(name, definitions) if "/" in name else None))
        else:
            found += [Found(p.relative_to(folder).as_posix(), source, p) for p in _matching(folder, source.pattern)]
    if not found:
        patterns = ", ".join(source.pattern for source in contract.source.files) or "–"
        raise NotFound(
            both(f"Không có tệp nguồn nào khớp: {patterns}", f"No source file matches: {patterns}"),
            place=str(folder),
            fix=both("Chỉ đúng thư mục nguồn bằng --from", "Name the source folder with --from"),
        )
    return found


def land(connection: Connection, landing: Landing, found: Found) -> Delivered:
    """Keep the bytes of one file."""
    landed = landing.keep_bytes(_descriptor(found.name)) if found.path is None else landing.keep(found.path)
    record(connection, landed)
    return Delivered(found.name, found.source, landed)


def fingerprint(contract: Contract, files: Sequence[Delivered], references: dict[str, str]) -> str:
    """What the result of a run depends on: files, contract, code lists, code, and the data that it is linked to."""
    lists = {name: v.model_dump(mode="json") for name, v in current().items() if name in _lists(contract)}
    parts = {
        "files": [(f.source.pattern, f.landed.sha256) for f in files],
        "contract": contract.fingerprint,
        "lists": lists,
        "code": [CODE_VERSION, *(importlib.metadata.version(p) for p in ("lienthong", "duckdb"))],
        "references": references,
    }
    return sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def check_complete(contract: Contract, files: Sequence[Delivered], before: Sequence[dict[str, Any]]) -> None:
    """Raises Invalid when a snapshot lacks all files of a pattern that the last one had: half of it is no snapshot."""
    wanted = {source.pattern for source in contract.source.files}
    gone = sorted({f["pattern"] for f in before} & wanted - {f.source.pattern for f in files})
    if gone:
        raise _poorer(contract.id, both("Bản giao thiếu các tệp", "The delivery lacks files"), gone)


def check_columns_kept(file: Delivered, absent: Sequence[str], before: Sequence[dict[str, Any]]) -> None:
    """Raises Invalid when an optional column that the last snapshot had is gone: renamed, most likely."""
    had = {column for f in before if f["pattern"] == file.source.pattern for column in f.get("columns", ())}
    gone = [column for column in absent if column in had]
    if gone:
        raise _poorer(file.name, both("Tệp thiếu các cột", "The file lacks columns"), gone)


def _poorer(place: str, what: Bilingual, gone: Sequence[str]) -> Invalid:
    listed = ", ".join(gone)
    return Invalid(
        both(f"{what.vi} mà lần trước có: {listed}", f"{what.en} that the last one had: {listed}"),
        place=place,
        fix=both("Giao đủ như trước, hoặc nạp với --force", "Deliver as before, or ingest with --force"),
    )


def _matching(folder: Path, pattern: str) -> list[Path]:
    """The files of a pattern, numbers in names in their order; no hidden files, no locks of office programs."""
    if pattern.startswith("/") or ".." in Path(pattern).parts:
        raise Invalid(
            both(f"Mẫu tệp đi ra ngoài thư mục nguồn: {pattern}", f"The pattern leaves the source folder: {pattern}"),
            place="source.files",
        )
    paths = (p for p in folder.glob(pattern) if p.is_file() and not p.name.startswith((".", "~$")))
    return sorted(paths, key=_natural)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.as_posix())
    return [(int(part), "") if n % 2 else (0, part) for n, part in enumerate(parts)]


def _packed(name: str, definitions: Path | None) -> Path:
    """A file that comes with the definitions."""
    inside = Path(name)
    if definitions and inside.parts[0] == "datasets":
        path = definitions.joinpath(*inside.parts[1:])
    else:
        path = content(inside.parts[0]).joinpath(*inside.parts[1:])
    if not path.is_file():
        raise NotFound(both(f"Không có tệp {name}", f"There is no file {name}"), place=str(path))
    return path


def _descriptor(package: str) -> bytes:
    """What stands for the data of a package: its name and version."""
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise NotFound(
            both(f"Chưa cài gói {package}", f"The package {package} is not installed"),
            place=package,
            fix=both("Chạy: make setup", "Run: make setup"),
        ) from error
    return json.dumps({"package": package, "version": version}, sort_keys=True).encode()


def _lists(contract: Contract) -> set[str]:
    """The code lists that a contract's fields name; all industry codes when it has any."""
    text = contract.model_dump_json(include={"fields"})
    vsic = '"vsic_code"' in text
    return {name for name in current() if f'"{name}"' in text or (vsic and name.startswith("vsic_"))}
