"""All files of a release, written in one pass over its rows; map tiles, which PostGIS makes, after it."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.formats import Document, Format
from lienthong.kernel.text import Bilingual, both
from lienthong.pipelines.release_seal import Sealed, Variant, seal
from lienthong.store import pyramid
from lienthong.store.export import blocks, extent

TILES = "pmtiles"
_THREADS = 2  # hashing and compressing leave the interpreter free


@dataclass(frozen=True)
class Written:
    """One file: its format, its name in the folder, size in bytes, SHA-256 (hex), and its compressed variants."""

    format: Format
    name: str
    size: int
    sha256: str
    notes: tuple[Bilingual, ...]
    variants: tuple[Variant, ...] = ()


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
    done: Callable[[int], None],
) -> Files:
    """Write `release.<name>` into `folder`, a file for each format that can hold it; `done` hears the rows so far."""
    if document.geometry is not None:
        document = replace(document, extent=extent(connection, name, document.geometry))
    chosen = [format_ for format_ in formats if format_.writer or format_.name == TILES]
    refusals = {format_: format_.refusal(document) for format_ in chosen}
    paths = {f: folder / f"{contract.slug}.{f.extension}" for f, refusal in refusals.items() if refusal is None}
    notes = _write_rows(blocks(connection, contract.primary_key, document.fields, name), document, paths, done)
    tiles = next((format_ for format_ in paths if format_.name == TILES), None)
    if tiles and not _write_tiles(connection, contract, name, document, paths[tiles]):
        paths.pop(tiles).unlink()
        refusals[tiles] = both("không dòng nào có vị trí", "no row has a place")
    left_out = tuple((f.name, refusal) for f, refusal in refusals.items() if refusal)
    return Files(sealed_all([(f, path, notes.get(f, ())) for f, path in paths.items()]), left_out)


def sealed_all(made: Sequence[tuple[Format, Path, tuple[Bilingual, ...]]]) -> tuple[Written, ...]:
    """The finished files with their digests and variants, the largest first in hand."""

    def one(path: Path, format_: Format) -> Sealed:
        return seal(path, format_.is_text)

    by_size = sorted(made, key=lambda entry: -entry[1].stat().st_size)
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = {path: pool.submit(one, path, format_) for format_, path, _ in by_size}
    found = {path: future.result() for path, future in futures.items()}
    return tuple(
        Written(f, path.name, found[path].size, found[path].sha256, notes, found[path].variants)
        for f, path, notes in made
    )


def _write_rows(
    stream: Iterable[bytes], document: Document, paths: dict[Format, Path], done: Callable[[int], None]
) -> dict[Format, tuple[Bilingual, ...]]:
    """Every format that is made row by row; the notes of each."""
    from lienthong.formats.rows import batches

    writers = {f: f.writer(path, document) for f, path in paths.items() if f.writer}
    count = 0
    for batch in batches(stream, document):
        for writer in writers.values():
            writer.write(batch)
        count += batch.text.num_rows
        done(count)
    for writer in writers.values():
        writer.close()
    return {f: writer.notes for f, writer in writers.items()}


def _write_tiles(connection: Connection, contract: Contract, name: str, document: Document, path: Path) -> int:
    """The map tiles of all zooms; how many there are."""
    from lienthong.formats import tilebook

    layer = contract.slug
    made = pyramid.prepare(connection, name, layer, contract.primary_key, document.fields)
    zooms = ((zoom, pyramid.tiles(connection, made, zoom)) for zoom in range(made.last + 1 if made.rows else 0))
    kinds = {"boolean": "Boolean", "text": "String"}
    shown = {attribute: kinds.get(kind, "Number") for attribute, kind in made.attributes}
    counted = {pyramid.COUNT: "Number"} if made.single_from else {}
    told = {"id": layer, "description": document.title.vi, "minzoom": 0, "maxzoom": made.last}
    count = tilebook.write(path, document, zooms, told | {"fields": counted | shown}, made.single_from)
    pyramid.finish(connection)
    return count
