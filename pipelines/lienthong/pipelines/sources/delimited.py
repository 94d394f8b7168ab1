"""Delimited text (CSV, TSV): any encoding, delimiter found, malformed records kept apart.

Options: `encoding` and `min_confidence` (see `text`), `delimiter` (auto), `quote` ("), `header_row` (line of the
header, default: found; 0: there is none), `columns` (names, for a file without header).

A well-formed file is read by DuckDB at once, and its line numbers are proved by counting line ends. Where the
parser or the proof fails, `records` goes over the lines, keeps what is no row, and hands DuckDB a clean copy.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from ..decode.transcode import UnicodeFile
from .duck import connect, copy, literal, name, names
from .parquet import RejectFile
from .raw import LINE, Options, RawTable, Reject, clean_header
from .records import MOST_BYTES, Grammar, Record
from .text import read_text

OPTIONS = frozenset({"encoding", "min_confidence", "delimiter", "quote", "header_row", "columns"})
NEEDS_FILE = True
_DELIMITERS = ",;\t|"
_SAMPLE = 400
_LOST = "\ufffd"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the text is cut into cells; the first record starts on line `start` (1-based)."""

    delimiter: str
    quote: str
    columns: tuple[str, ...]
    start: int
    simple: bool  # nothing before `start` needs a parser


def read(path: Path, options: Options, work: Path) -> RawTable:
    """Read one delimited file. Raises Invalid when no encoding, header or single row can be found."""
    text, notes = read_text(path, options, work)
    layout = _layout(path.name, text.path, options)
    parquet = work / f"{path.name}.parquet"
    with RejectFile(work / f"{path.name}.rejects.parquet") as rejects, connect(work) as duck:
        rows = _fast(duck, text, layout, parquet)
        if rows is None:
            rows = _forgiving(duck, text, layout, parquet, rejects)
        if text.lost and text.path != path:
            rows = _without_lost(duck, layout, parquet, rejects)
    if not rows and rejects.count:
        raise _nothing_fits(path.name, layout, rejects.count)
    found = text.detection
    return RawTable(
        parquet, rows, layout.columns, found.encoding, found.confidence, tuple(notes), rejects.path, rejects.count
    )


def _layout(place: str, path: Path, options: Options) -> Layout:
    quote = str(options.get("quote", '"'))
    with path.open("rb") as file:
        lines = list(islice(_lines(file), _SAMPLE))
    delimiter = _delimiter(place, str(options.get("delimiter", "auto")), lines, quote)
    grammar = Grammar(delimiter, quote)
    sample = [
        (record.line, grammar.cells(record.text), record.text.count(b"\n") + 1)
        for record in grammar.records(lines, 1)
        if isinstance(record, Record)
    ]
    asked = str(options.get("header_row", "auto"))
    if asked == "0":
        width = max((len(cells) for _, cells, _ in sample), default=0)
        given = [str(column) for column in options.get("columns", ())]
        return Layout(delimiter, quote, clean_header([*given, *[""] * (width - len(given))]), 1, True)
    line, header, span = _header(place, sample, asked)
    while len(header) > 1 and not header[-1].strip():
        header.pop()
    simple = span == 1 and all(part.strip() for part in lines[:line])
    return Layout(delimiter, quote, clean_header(header), line + span, simple)


def _lines(file: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a file without its byte order mark."""
    for number, line in enumerate(file):
        yield line if number else line.removeprefix(b"\xef\xbb\xbf")


def _delimiter(place: str, asked: str, lines: list[bytes], quote: str) -> str:
    """The delimiter as asked, or the one that cuts most records into the same number of cells, more than one."""
    if asked != "auto":
        delimiter = {"tab": "\t", "\\t": "\t"}.get(asked, asked)
        if len(delimiter) != 1:
            wrong = both(f"delimiter '{asked}' không phải một ký tự.", f"delimiter '{asked}' is not one character.")
            raise Invalid(wrong, place=place, fix="delimiter: auto | , | ; | tab | |")
        return delimiter
    texts = [line.decode("utf-8", "replace") for line in lines]

    def fitness(delimiter: str) -> tuple[float, int, int]:
        rows = csv.reader(texts, delimiter=delimiter, quotechar=quote or '"')
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width, times = widths.most_common(1)[0] if widths else (0, 0)
        return round(times / len(texts), 1), width, times

    return max(_DELIMITERS, key=fitness)


def _header(place: str, sample: list[tuple[int, list[str], int]], asked: str) -> tuple[int, list[str], int]:
    """Line, cells and number of lines of the header.

    As asked, or the first record as wide as most with most cells filled: titles above it have one or two cells.
    """
    if asked == "auto":
        width = Counter(len(cells) for _, cells, _ in sample).most_common(1)[0][0] if sample else 0
        full = (r for r in sample if len(r[1]) >= width and 2 * sum(bool(cell.strip()) for cell in r[1]) > width)
        found = next(full, sample[0] if sample else None)
    else:
        found = next((record for record in sample if str(record[0]) == asked), None)
    if found is None:
        raise Invalid(
            both("Không tìm thấy dòng tiêu đề.", "The header row cannot be found."),
            place=place if asked == "auto" else f"{place}:{asked}",
            fix=both("Ghi header_row (số dòng) trong options.", "State header_row (a line number) in the options."),
        )
    return found


def _scan(path: Path, layout: Layout, skip: int, line: bool, more: str = "") -> str:
    """The call of read_csv for the columns c0, c1, ... (after `_line`, when `line`)."""
    types = {LINE: "BIGINT"} if line else {}
    types |= {f"c{i}": "VARCHAR" for i in range(len(layout.columns))}
    columns = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    quote = literal(layout.quote)
    return (
        f"read_csv({literal(path)}, auto_detect=false, header=false, skip={skip}, strict_mode=true, "
        f"delim={literal(layout.delimiter)}, quote={quote}, escape={quote}, max_line_size={MOST_BYTES}, "
        f"columns={{{columns}}}{more})"
    )


def _cells(text: UnicodeFile, layout: Layout) -> str:
    cell = "nfc_normalize(c{0})" if text.decomposed else "c{0}"
    return ", ".join(f"{cell.format(i)} AS {name(column)}" for i, column in enumerate(layout.columns))


def _fast(duck: duckdb.DuckDBPyConnection, text: UnicodeFile, layout: Layout, parquet: Path) -> int | None:
    """Read by DuckDB; the rows, or None when the file is not well-formed or has other than one line a row."""
    if not layout.simple:
        return None
    skipped = layout.start - 1
    source = _scan(text.path, layout, skipped, line=False)
    query = f"SELECT {_cells(text, layout)}, row_number() OVER () + {skipped} AS {LINE} FROM {source}"
    try:
        rows = copy(duck, query, parquet)
    except duckdb.Error:
        return None
    if rows != _line_ends(text) - skipped:
        return None
    table = f"read_parquet({literal(parquet)})"
    empty = " AND ".join(f"{name(column)} IS NULL" for column in layout.columns)
    blank = duck.execute(f"SELECT count(*) FROM {table} WHERE {empty}").fetchone()
    return _replace(duck, f"SELECT * FROM {table} WHERE NOT ({empty})", parquet) if blank and blank[0] else rows


def _line_ends(text: UnicodeFile) -> int:
    """Line ends of the file as if the last line had one, blank lines at the end not counted."""
    size = text.path.stat().st_size
    with text.path.open("rb") as file:
        file.seek(max(0, size - 65536))
        tail = file.read()
    return text.lines - tail[len(tail.rstrip(b"\r\n")) :].count(b"\n") + 1


def _forgiving(
    duck: duckdb.DuckDBPyConnection, text: UnicodeFile, layout: Layout, parquet: Path, rejects: RejectFile
) -> int:
    """Keep what is no row in `rejects`; read the other records from a copy in which each begins with its line."""
    clean = parquet.with_suffix(".clean")
    grammar = Grammar(layout.delimiter, layout.quote, len(layout.columns))
    delimiter = layout.delimiter.encode()
    with text.path.open("rb") as file, clean.open("wb") as out:
        lines = islice(_lines(file), layout.start - 1, None)
        for record in grammar.records(lines, layout.start):
            if isinstance(record, Reject):
                rejects.add(record.line, record.text, record.reason)
            else:
                out.write(b"%d%b%b\n" % (record.line, delimiter, record.text))
    source = _scan(clean, layout, 0, line=True, more=", new_line='\\n', ignore_errors=true, store_rejects=true")
    rows = copy(duck, f"SELECT {_cells(text, layout)}, {LINE} FROM {source}", parquet)
    refused = duck.execute("SELECT DISTINCT ON (line) csv_line, error_type::VARCHAR FROM reject_errors").fetchall()
    for whole, reason in refused:
        line, _, rest = whole.partition(layout.delimiter)
        rejects.add(int(line), rest.rstrip("\n"), reason)
    clean.unlink()
    return rows


def _without_lost(duck: duckdb.DuckDBPyConnection, layout: Layout, parquet: Path, rejects: RejectFile) -> int:
    """Reject rows with a character that the encoding could not give."""
    table = f"read_parquet({literal(parquet)})"
    whole = f"concat_ws({literal(layout.delimiter)}, {names(layout.columns)})"
    lost = f"contains({whole}, {literal(_LOST)})"
    for line, text in duck.execute(f"SELECT {LINE}, {whole} FROM {table} WHERE {lost}").fetchall():
        rejects.add(line, text, "byte không có trong bảng mã / bytes that the encoding does not define")
    return _replace(duck, f"SELECT * FROM {table} WHERE NOT {lost}", parquet)


def _replace(duck: duckdb.DuckDBPyConnection, query: str, parquet: Path) -> int:
    fresh = parquet.with_suffix(".fresh")
    rows = copy(duck, query, fresh)
    fresh.replace(parquet)
    return rows


def _nothing_fits(place: str, layout: Layout, rejected: int) -> Invalid:
    width = len(layout.columns)
    return Invalid(
        both(
            f"Không dòng nào trong {rejected} dòng có đúng {width} ô như tiêu đề.",
            f"None of {rejected} records has the {width} cells of the header.",
        ),
        place=f"{place}:{layout.start}",
        fix=both(
            "Kiểm tra delimiter và header_row trong options.",
            "Check delimiter and header_row in the options.",
        ),
    )
