"""JSON Lines, a JSON array, or one JSON document that holds a list of records.

Options: `records` (dotted path to the list inside a document), `flatten` (true: objects inside a record become dotted
columns such as `metadata.mã_thủ_tục`; false: JSON text), `encoding` (see `text`). Lists are JSON text.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from .parquet import RejectFile, write_records
from .raw import LINE, Options, RawTable, Record, Reject
from .strict_json import Refused, at, documents, flat, text_of
from .text import read_text

OPTIONS = frozenset({"encoding", "min_confidence", "records", "flatten"})
NEEDS_FILE = True


def read(path: Path, options: Options, work: Path) -> RawTable:
    """Read the records of a JSON file. Raises Invalid when it is no JSON or has no record."""
    text, notes = read_text(path, options, work)
    inner, deep = str(options.get("records", "")), bool(options.get("flatten", True))
    parquet = work / f"{path.name}.parquet"
    with RejectFile(work / f"{path.name}.rejects.parquet") as rejects:

        def rows() -> Iterator[Record]:
            for found in documents(path.name, text.path):
                if isinstance(found, Reject):
                    rejects.add(found.line, found.text, found.reason)
                    continue
                for line, value in _records(found.line, found.value, inner):
                    try:
                        yield flat(_object(value), deep) | {LINE: line}
                    except Refused as error:
                        rejects.add(line, text_of(value) or "null", str(error))

        count, columns = write_records(rows(), parquet)
    if not count:
        raise _no_record(path.name, inner, rejects.count)
    found = text.detection
    return RawTable(
        parquet, count, columns, found.encoding, found.confidence, tuple(notes), rejects.path, rejects.count
    )


def _records(line: int, document: Any, inner: str) -> Iterator[tuple[int, Any]]:
    """The records of one document with their place: the items of the list at `inner`, or the document itself."""
    found = at(document, inner)
    for index, item in enumerate(found if isinstance(found, list) else [found], 1):
        yield line or index, item


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused("bản ghi không phải đối tượng JSON / the record is no JSON object")
    return value


def _no_record(place: str, inner: str, rejected: int) -> Invalid:
    where = f" ({inner})" if inner else ""
    return Invalid(
        both(f"Không có bản ghi nào{where}; {rejected} bị loại.", f"There is no record{where}; {rejected} rejected."),
        place=place,
        fix=both("Kiểm tra options.records và nội dung tệp.", "Check options.records and what the file holds."),
    )
