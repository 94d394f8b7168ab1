"""Delimited text as systems export it: any delimiter, any encoding, any line end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from .codepages import encode


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a system writes its text files; `bom` bytes come first, `encoding` as in `codepages.encode`."""

    delimiter: str = ","
    encoding: str = "utf-8"
    bom: bytes = b""
    newline: str = "\n"


BUSINESS = Dialect(";", "utf-8", b"\xef\xbb\xbf", "\r\n")
ABC = Dialect(";", "tcvn3", b"", "\r\n")
WINDOWS = Dialect("|", "cp1258", b"", "\r\n")
UNICODE_TEXT = Dialect("\t", "utf-16-le", b"\xff\xfe", "\r\n")
PLAIN = Dialect()
MARKED = Dialect(",", "utf-8", b"\xef\xbb\xbf", "\r\n")


class TextFile:
    """A text file written frame by frame; the header goes with the first."""

    def __init__(self, path: Path, dialect: Dialect, columns: Sequence[str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.dialect, self.rows, self.columns = dialect, 0, list(columns)
        self._file = path.open("wb")
        self._file.write(dialect.bom)

    def append(self, frame: pl.DataFrame) -> None:
        """Write more rows (all texts; none holds a line end)."""
        d = self.dialect
        text = hollow(frame.select(self.columns)).write_csv(
            separator=d.delimiter, line_terminator=d.newline, include_header=self.rows == 0, quote_style="necessary"
        )
        plain = d.encoding == "utf-8"
        self._file.write(text.encode() if plain else encode(text, d.encoding))
        self.rows += frame.height

    def close(self) -> int:
        """Finish the file; gives its number of rows."""
        self._file.close()
        return self.rows


def hollow(frame: pl.DataFrame) -> pl.DataFrame:
    """Empty texts as nulls, which are written as nothing at all."""
    texts = pl.col(pl.String)
    return frame.with_columns(pl.when(texts != "").then(texts))


def write(path: Path, dialect: Dialect, frame: pl.DataFrame) -> int:
    """Write one frame as a file; gives its number of rows."""
    file = TextFile(path, dialect, frame.columns)
    file.append(frame)
    return file.close()
