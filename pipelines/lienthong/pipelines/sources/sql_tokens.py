"""SQL scripts as tokens, read line by line: only a string or a comment may hold more than one line in memory."""

import re
from collections.abc import Iterator
from typing import NamedTuple, TextIO

_STRING = r"'(?:[^']|'')*+'"
_ESCAPED = r"'(?:[^'\\]|\\.|'')*+'"  # MySQL, and E'...' of PostgreSQL
_CHUNK = 1 << 16
_SPACE = re.compile(r"\s++")
_BACKSLASHES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "", "Z": "\x1a"}


class Token(NamedTuple):
    """One token: `kind` is string, name, word, number, mark or row; `text` its value; `line` where it begins.

    The text of a string or a quoted name is what is inside the quotes; a word is in upper case, `raw` as written.
    """

    kind: str
    text: str
    line: int
    first: bool  # of its line
    raw: str


class Lexer:
    """The tokens of a script. `mysql`: a backslash escapes in every string, # begins a comment."""

    def __init__(self, file: TextIO, mysql: bool) -> None:
        self._file = file
        self._buffer, self._position, self.line = "", 0, 1
        self._first = True
        self._mysql = mysql
        string = _ESCAPED if mysql else _STRING
        literal = rf"(?:[nN]?{string}|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|(?i:NULL|TRUE|FALSE)\b)"
        comment = r"--[^\n]*+|/\*.*?\*/" + (r"|[#][^\n]*+" if mysql else "")
        self._literal = re.compile(literal, re.DOTALL)
        self._row = re.compile(rf"\(\s*+(?:{literal}\s*+,\s*+)*{literal}\s*+\)", re.DOTALL)
        kinds = {
            "space": r"\s++",
            "comment": comment,
            "escaped": rf"[eE]{_ESCAPED}",
            "oracle": r"[nN]?[qQ]'(?:\[.*?\]|\{.*?\}|\(.*?\)|<.*?>|!.*?!|\|.*?\||#.*?#)'",
            "string": rf"(?:[nN]|_\w+\s*)?{string}",
            "dollar": r"(?P<tag>\$\w*\$).*?(?P=tag)",
            "name": r'"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]\n]*\]',
            "number": r"0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+",
            "word": r"[^\W\d][\w$#]*(?!')",
            "open": r"/\*|(?:[nNeEqQ]|_\w+\s*)?'|\"|`|\$\w*\$",
            "mark": r"::|\|\||.",
        }
        pattern = "|".join(f"(?P<{kind}>{shape})" for kind, shape in kinds.items())
        self._token = re.compile(pattern, re.DOTALL)

    def tokens(self) -> Iterator[Token]:
        """Every token but blanks and comments; `row` and `raw_lines` may be called in between."""
        while self._position < len(self._buffer) or self._fill():
            match = self._token.match(self._buffer, self._position)
            assert match is not None  # the last alternative takes any character
            kind, text = str(match.lastgroup), match.group()
            if kind == "open" and self._fill():
                continue
            line, first = self.line, self._first
            self._advance(match.end())
            if kind not in ("space", "comment"):
                yield Token(*_value(kind, text, self._mysql), line, first, text)

    def row(self) -> tuple[int, list[str | None]] | None:
        """The line and the values of a row "(1, 'a', NULL)" that comes next, if it holds nothing but literals."""
        while match := _SPACE.match(self._buffer, self._position):
            self._advance(match.end())
            if self._position >= len(self._buffer) and not self._fill():
                return None
        found = self._row.match(self._buffer, self._position)
        if not found:
            return None
        line = self.line
        self._advance(found.end())
        return line, [_literal(text, self._mysql) for text in self._literal.findall(found.group())]

    def raw_lines(self) -> Iterator[tuple[int, str]]:
        """The numbered lines that follow the current one, as they are."""
        while self._position < len(self._buffer) or self._fill():
            end = self._buffer.find("\n", self._position) + 1 or len(self._buffer)
            line, text = self.line, self._buffer[self._position : end]
            self._advance(end)
            yield line, text.rstrip("\r\n")

    def _advance(self, end: int) -> None:
        passed = self._buffer.count("\n", self._position, end)
        self.line += passed
        self._first = passed > 0 or (self._first and self._buffer[self._position : end].isspace())
        self._position = end

    def _fill(self) -> bool:
        """Read more whole lines, as much as is not used yet or a chunk; False at the end of the file."""
        rest = self._buffer[self._position :]
        more = self._file.read(max(_CHUNK, len(rest))) + self._file.readline()
        self._buffer = rest + more
        self._position = 0
        return bool(more)


def _value(kind: str, text: str, mysql: bool) -> tuple[str, str]:
    if kind == "word":
        return "word", text.upper()
    if kind in ("string", "escaped"):
        inside = text[text.index("'") :]
        return "string", _unquoted(inside, mysql or kind == "escaped")
    if kind == "oracle":
        return "string", text[text.index("'") + 2 : -2]
    if kind == "dollar":
        edge = text.index("$", 1) + 1
        return "string", text[edge:-edge]
    if kind == "name":
        return "name", text[1:-1].replace(text[-1] * 2, text[-1])
    return ("mark" if kind == "open" else kind), text


def _unquoted(quoted: str, escapes: bool) -> str:
    inside = quoted[1:-1].replace("''", "'")
    if not escapes or "\\" not in inside:
        return inside
    return re.sub(r"\\(.)", lambda m: _BACKSLASHES.get(m[1], m[1]), inside, flags=re.DOTALL)


def _literal(text: str, mysql: bool) -> str | None:
    if text.endswith("'"):
        return _unquoted(text[text.index("'") :], mysql)
    return None if text.upper() == "NULL" else text.lower() if text[0].isalpha() else text.lstrip("+")


def copied(text: str) -> str | None:
    r"""A cell of a COPY block of PostgreSQL: \N is null, \t and the like are what they mean."""
    if text == "\\N":
        return None
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda m: {"v": "\v", "0": "\\0"}.get(m[1], _BACKSLASHES.get(m[1], m[1])), text)
