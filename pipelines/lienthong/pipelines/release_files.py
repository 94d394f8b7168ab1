"""All files of a release, written in one pass over its rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.formats import Document, Format
from lienthong.kernel.text import Bilingual
from lienthong.pipelines.release_folder import digest
from lienthong.store.export import blocks


@dataclass(frozen=True)
class Written:
    """One file: its format, its name in the folder, size in bytes and SHA-256 (hex)."""

    format: Format
    name: str
    size: int
    sha256: str
    notes: tuple[Bilingual, ...]


@dataclass(frozen=True)
class Files:
    """The files that were written, and why others were not."""

    written: tuple[Written, ...]
    left_out: tuple[tuple[str, Bilingual], ...]


def write_files(
    connection: Connection,
    contract: Contract,
    name: str,
    document: Document,
    folder: Path,
    formats: Iterable[Format],
    rows: int,
    done: Callable[[int], None],
) -> Files:
    """Write `release.<name>` into `folder`, a file for each format that can hold it; `done` hears the rows so far."""
    from lienthong.formats.rows import batches

    refusals = {format_: format_.refusal(document, rows) for format_ in formats}
    paths = {f: folder / f"{contract.slug}.{f.extension}" for f, refusal in refusals.items() if refusal is None}
    writers = {f: f.writer(path, document) for f, path in paths.items()}
    count = 0
    for batch in batches(blocks(connection, contract.primary_key, document.fields, name), document):
        for writer in writers.values():
            writer.write(batch)
        count += batch.text.num_rows
        done(count)
    for writer in writers.values():
        writer.close()
    written = tuple(
        Written(f, path.name, path.stat().st_size, digest(path), writers[f].notes) for f, path in paths.items()
    )
    return Files(written, tuple((f.name, refusal) for f, refusal in refusals.items() if refusal))
