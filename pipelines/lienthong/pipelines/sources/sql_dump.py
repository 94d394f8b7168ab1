"""SQL scripts: INSERT statements of PostgreSQL, MySQL, SQL Server (N'...', GO) and Oracle (INSERT ALL), COPY blocks.

Nothing is executed: a literal gives its value, TO_DATE('..') and CAST('..' AS ..) the text inside; any other
expression stays as it is written, with a note. Columns come from the statement, else from CREATE TABLE.

Options: `table` (name, with or without schema; needed when there are several), `dialect` (auto | mysql | standard),
`encoding` (see `text`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both, nfc

from .parquet import RejectFile, write_records
from .raw import LINE, Options, RawTable, Record, clean_header, note
from .sql_tokens import Lexer, Token, copied
from .text import read_text

OPTIONS = frozenset({"encoding", "min_confidence", "table", "dialect"})
NEEDS_FILE = True
_INSIDE = {"TO_DATE", "TO_TIMESTAMP", "TO_NUMBER", "CAST", "CONVERT", "DATE", "TIMESTAMP", "TIME", "TRY_CAST", "TRIM"}
_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "KEY", "INDEX", "EXCLUDE", "FULLTEXT"}


def read(path: Path, options: Options, work: Path) -> RawTable:
    """Read the rows of one table. Raises Invalid when the script has no such table, or several and none is named."""
    text, notes = read_text(path, options, work)
    mysql = _is_mysql(text.path, str(options.get("dialect", "auto")))
    asked = str(options["table"]) if options.get("table") else _only_table(path.name, text.path, mysql)
    parquet = work / f"{path.name}.parquet"
    with (
        RejectFile(work / f"{path.name}.rejects.parquet") as rejects,
        text.path.open(encoding="utf-8-sig", newline="\n") as file,
    ):
        script = Script(Lexer(file, mysql), asked, rejects)
        rows, columns = write_records(script.records(), parquet)
    if not rows and not rejects.count:
        raise _no_table(path.name, asked, script.tables)
    if script.expressions:
        vi, en = "biểu thức không phải giá trị, giữ nguyên văn", "expressions are no values and stay as written"
        count, line = script.expressions
        notes.append(note("expressions", f"{count} {vi}.", f"{count} {en}.", f"{path.name}:{line}"))
    found = text.detection
    return RawTable(parquet, rows, columns, found.encoding, found.confidence, tuple(notes), rejects.path, rejects.count)


def _is_mysql(path: Path, dialect: str) -> bool:
    if dialect != "auto":
        return dialect == "mysql"
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(65536)
    return "`" in head or "MySQL dump" in head or "MariaDB dump" in head or "ENGINE=" in head


def _only_table(place: str, path: Path, mysql: bool) -> str:
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        script = Script(Lexer(file, mysql), "", None)
        for _ in script.records():
            pass
    if len(script.tables) != 1:
        raise _no_table(place, "", script.tables)
    return next(iter(script.tables))


def _no_table(place: str, asked: str, tables: Counter[str]) -> Invalid:
    found = ", ".join(f"{table} ({rows})" for table, rows in tables.items()) or "∅"
    wrong = (
        both(f"Tệp không có dòng nào của bảng '{asked}'.", f"The script has no row of table '{asked}'.")
        if asked
        else both("Phải chọn bảng bằng options.table.", "A table must be chosen with options.table.")
    )
    fix = both(f"Các bảng (số dòng): {found}.", f"The tables (rows): {found}.")
    return Invalid(wrong, place=place, fix=fix)


_header = lru_cache(maxsize=64)(clean_header)


def _last(table: str) -> str:
    """The name of a table without its schema, for comparing."""
    return table.rpartition(".")[2].casefold()


@dataclass(slots=True)
class Script:
    """One walk over a script: the records of the table `asked`, the rows of every table in `tables`."""

    lexer: Lexer
    asked: str
    rejects: RejectFile | None
    tables: Counter[str] = field(default_factory=Counter)
    expressions: tuple[int, int] | None = None  # how many, and the line of the first
    _created: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _tokens: Iterator[Token] = field(init=False)
    _token: Token | None = None

    def __post_init__(self) -> None:
        self._tokens = self.lexer.tokens()

    def records(self) -> Iterator[Record]:
        """The rows of the table, in the order of the script."""
        self._next()
        begins = True  # of a statement: after a semicolon, or first on its line
        while (token := self._token) is not None:
            self._next()
            statement = token.kind == "word" and (begins or token.first)
            begins = token.raw == ";"
            if statement and token.text in ("INSERT", "REPLACE"):
                yield from self._insert()
            elif statement and token.text == "COPY":
                yield from self._copy()
            elif statement and token.text == "CREATE":
                self._create()

    def _next(self) -> Token | None:
        self._token = next(self._tokens, None)
        return self._token

    def _is(self, *texts: str) -> bool:
        return self._token is not None and self._token.kind != "string" and self._token.text in texts

    def _insert(self) -> Iterator[Record]:
        """INSERT [ALL | IGNORE ...] [INTO] table [(columns)] VALUES (...), (...): the token after INSERT is current."""
        while self._is("ALL", "FIRST", "IGNORE", "LOW_PRIORITY", "DELAYED", "INTO"):
            self._next()
        table = self._name()
        if not table:
            return
        columns = self._columns() if self._is("(") else self._created.get(_last(table), ())
        start = self._token.line if self._token else self.lexer.line
        while self._token and not self._is("VALUES", "VALUE", "SELECT", ";", "WITH", "EXEC"):
            self._next()
        if not self._is("VALUES", "VALUE"):
            if self._is("SELECT") and self._wanted(table) and self.rejects:
                self.rejects.add(start, f"INSERT INTO {table} SELECT", "không có VALUES / no VALUES")
            return
        while True:
            row = self.lexer.row()
            line, values = row or self._row()
            if values:
                yield from self._emit(table, columns, line, values)
            self._next()
            if not self._is(","):
                break
        if self._is("INTO"):
            self._next()
            yield from self._insert()

    def _row(self) -> tuple[int, list[str | None]]:
        """The values of a row that holds more than literals."""
        if not self._next() or not self._is("("):
            return self.lexer.line, []
        line = self._token.line if self._token else self.lexer.line
        values: list[str | None] = []
        part: list[Token] = []
        depth = 1
        while depth and (token := self._next()):
            mark = token.text if token.kind == "mark" else ""
            depth += (mark == "(") - (mark == ")")
            if depth == 0 or (depth == 1 and mark == ","):
                values.append(self._evaluate(part))
                part = []
            else:
                part.append(token)
        return line, values

    def _evaluate(self, part: Sequence[Token]) -> str | None:
        """The value of an expression: a literal, the text in a conversion, pieces put together; else as written."""
        pieces = [token for token in part if token.text not in ("||", "+")]
        strings = [token.text for token in part if token.kind == "string"]
        first = part[0] if part else None
        if first is None or (len(part) == 1 and first.text in ("NULL", "DEFAULT") and first.kind == "word"):
            return None
        if strings and (len(part) == 1 or part[1].text == "::"):
            return strings[0]
        if first.text in _INSIDE and (inside := [t.text for t in part if t.kind in ("string", "number")]):
            return inside[0]
        if strings and len(strings) == len(pieces):
            return "".join(strings)
        numbers = [token.text for token in part if token.kind == "number"]
        if len(numbers) == 1 and all(token.kind == "number" or token.text in "(-)" for token in part):
            return ("-" if any(token.text == "-" for token in part) else "") + numbers[0]
        if len(part) == 1:
            return first.raw
        count, line = self.expressions or (0, first.line)
        self.expressions = count + 1, line
        return " ".join(token.raw for token in part)

    def _copy(self) -> Iterator[Record]:
        """COPY table (columns) FROM stdin; and the lines up to a backslash and a dot."""
        table = self._name()
        columns = self._columns() if self._is("(") else self._created.get(_last(table), ())
        stdin = False
        while self._token and not self._is(";"):
            stdin = stdin or self._is("STDIN")
            self._next()
        if not stdin:
            return
        lines = self.lexer.raw_lines()
        next(lines, None)
        for line, text in lines:
            if text == "\\.":
                break
            yield from self._emit(table, columns, line, [copied(cell) for cell in text.split("\t")])
        self._next()

    def _create(self) -> None:
        """CREATE TABLE table (column type, ...): remember the columns."""
        while self._is("TEMPORARY", "TEMP", "UNLOGGED", "GLOBAL"):
            self._next()
        if not self._is("TABLE"):
            return
        self._next()
        while self._is("IF", "NOT", "EXISTS"):
            self._next()
        table = self._name()
        columns: list[str] = []
        depth = 0
        while self._token and not self._is(";", "GO"):
            depth += self._is("(") - self._is(")")
            begins = self._is("(", ",") and depth == 1
            self._next()
            if begins and self._token and self._token.text not in _CONSTRAINTS | {")"}:
                columns.append(self._token.text if self._token.kind == "name" else self._token.raw)
        self._created[_last(table)] = tuple(columns)

    def _name(self) -> str:
        """A table name, its parts joined by a dot; the token after it becomes current."""
        parts: list[str] = []
        while self._token and self._token.kind in ("name", "word"):
            parts.append(self._token.text if self._token.kind == "name" else self._token.raw)
            self._next()
            if not self._is("."):
                break
            self._next()
        return ".".join(parts)

    def _columns(self) -> tuple[str, ...]:
        """The names in parentheses; the token after them becomes current."""
        columns: list[str] = []
        while self._next() and not self._is(")"):
            if self._token and self._token.kind in ("name", "word"):
                columns.append(self._token.text if self._token.kind == "name" else self._token.raw)
        self._next()
        return tuple(columns)

    def _wanted(self, table: str) -> bool:
        """Whether `table` is the one asked for: equal, or equal to its last part."""
        table, asked = table.casefold(), self.asked.casefold()
        return bool(asked) and (table == asked or _last(table) == asked or asked.endswith("." + table))

    def _emit(self, table: str, columns: tuple[str, ...], line: int, values: list[str | None]) -> Iterator[Record]:
        self.tables[table] += 1
        if not self._wanted(table):
            return
        names = _header(columns or tuple(f"c{i}" for i in range(1, len(values) + 1)))
        if len(names) != len(values):
            reason = f"{len(values)} giá trị, cần {len(names)} / {len(values)} values, expected {len(names)}"
            if self.rejects:
                self.rejects.add(line, ", ".join("NULL" if v is None else v for v in values), reason)
            return
        cells: dict[str, str | int | None] = {n: nfc(v) if v else None for n, v in zip(names, values, strict=True)}
        yield cells | {LINE: line}
