"""CQL2 text -> CQL2 JSON. The parser keeps its own stack, so that no nesting, however deep, exhausts Python's."""

from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both

MOST = 8_000  # characters
DEEPEST = 40
_GRAMMAR = Path(__file__).with_name("cql2.lark")
_NAMES = {"multipoint": "MultiPoint", "linestring": "LineString", "multilinestring": "MultiLineString",
          "point": "Point", "polygon": "Polygon", "multipolygon": "MultiPolygon"}  # fmt: skip
_SHOWN = {
    "NAME": "a name", "TEXT": "'text'", "NUMBER": "a number", "SIGN": "= <> < > <= >=", "RPAR": ")", "LPAR": "(",
    "COMMA": ",", "$END": "the end", "ADD": "+ -", "MUL": "* / % DIV", "POW": "^", "QUOTED": '"name"',
    "GEOMETRY": "a geometry (WKT)", "COLLECTION": "a geometry (WKT)",
}  # fmt: skip


class Node(dict[str, Any]):
    """A JSON object that knows at which character of the text it began."""

    def __init__(self, at: int, **members: Any) -> None:
        super().__init__(members)
        self.at = at


def parse(text: str, place: str = "filter") -> Any:
    """The CQL2 JSON that `text` means. Raises QueryInvalid naming the character where it cannot be understood."""
    if len(text) > MOST:
        raise QueryInvalid(
            both(f"Biểu thức dài quá {MOST} ký tự", f"The expression is longer than {MOST} characters"), place=place
        )
    try:
        return _parser().parse(text)
    except VisitError as error:
        raise error.orig_exc from error
    except UnexpectedInput as error:
        raise _refused(text, error, place) from error


def _refused(text: str, error: UnexpectedInput, place: str) -> QueryInvalid:
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    at = len(text) if ended else error.pos_in_stream or 0
    found = text[at : at + 20].split("\n")[0]
    vi = "Biểu thức dừng giữa chừng" if ended else f"Không hiểu “{found}” ở ký tự {at + 1}"
    en = "The expression breaks off" if ended else f"“{found}” at character {at + 1} is not understood"
    if isinstance(error, UnexpectedToken):
        names = set(error.accepts or error.expected)
    else:
        names = set(error.allowed or ()) if isinstance(error, UnexpectedCharacters) else set()
    expected = ", ".join(sorted({_SHOWN.get(name, name) for name in names}))
    fix = both(f"Ở đó cần một trong: {expected}", f"One of these belongs there: {expected}") if expected else None
    return QueryInvalid(both(vi, en), place=f"{place}:{at + 1}", fix=fix, position=at + 1)


@cache
def _parser() -> Lark:
    grammar = _GRAMMAR.read_text("utf-8")
    return Lark(grammar, parser="lalr", transformer=_Json(), maybe_placeholders=True, propagate_positions=False)


def _at(*parts: Any) -> int:
    """Where the first of the parts that knows it began."""
    for part in parts:
        if isinstance(part, Token):
            return part.start_pos or 0
        if isinstance(part, Node):
            return part.at
    return 0


def _op(name: str, *args: Any, at: int) -> Node:
    return Node(at, op=name, args=list(args))


def _maybe(node: Node, negated: Any) -> Node:
    return _op("not", node, at=node.at) if negated else node


@v_args(inline=True)
class _Json(Transformer[Token, Any]):
    """Makes CQL2 JSON of what the grammar finds, bottom up."""

    def start(self, found: Any) -> Any:
        return found

    def either(self, left: Any, sign: Token, right: Any) -> Node:
        return self._chain("or", left, sign, right)

    def both(self, left: Any, sign: Token, right: Any) -> Node:
        return self._chain("and", left, sign, right)

    def _chain(self, word: str, left: Any, sign: Token, right: Any) -> Node:
        """`a and b and c` is one node, so that a long chain is not a deep one."""
        if isinstance(left, Node) and left.get("op") == word and not left.get("closed"):
            left["args"].append(right)
            return left
        return _op(word, left, right, at=_at(left, sign))

    def negated(self, sign: Token, found: Any) -> Node:
        return _op("not", found, at=_at(sign))

    def compared(self, left: Any, sign: Token, right: Any) -> Node:
        return _op(str(sign), left, right, at=_at(left, sign))

    def like(self, left: Any, negated: Any, sign: Token, right: Any) -> Node:
        return _maybe(_op("like", left, right, at=_at(left, sign)), negated)

    def between(self, left: Any, negated: Any, sign: Token, low: Any, _: Token, high: Any) -> Node:
        return _maybe(_op("between", left, low, high, at=_at(left, sign)), negated)

    def one_of(self, left: Any, negated: Any, sign: Token, *values: Any) -> Node:
        return _maybe(_op("in", left, list(values), at=_at(left, sign)), negated)

    def is_null(self, left: Any, sign: Token, negated: Any, _: Token) -> Node:
        return _maybe(_op("isNull", left, at=_at(left, sign)), negated)

    def counted(self, left: Any, sign: Token, right: Any) -> Node:
        return _op(str(sign).lower(), left, right, at=_at(left, sign))

    def signed(self, sign: Token, found: Any) -> Any:
        if isinstance(found, int | float) and not isinstance(found, bool):
            return -found if sign == "-" else found
        return _op("*", -1 if sign == "-" else 1, found, at=_at(sign))

    def listed(self, *values: Any) -> list[Any]:
        return list(values)

    def called(self, name: Token, *args: Any) -> Any:
        given = [] if args == (None,) else list(args)
        at, word = _at(name), str(name).lower()
        if word in ("date", "timestamp") and len(given) == 1:
            return Node(at, **{word: given[0]})
        if word in ("interval", "bbox"):
            return Node(at, **{word: given})
        return _op(str(name), *given, at=at)

    def property(self, name: Token) -> Node:
        return Node(_at(name), property=str(name))

    def quoted(self, name: Token) -> Node:
        return Node(_at(name), property=name[1:-1].replace('""', '"'))

    def text(self, given: Token) -> str:
        return given[1:-1].replace("''", "'").replace("\\'", "'")

    def number(self, given: Token) -> int | float:
        return int(given) if given.isdigit() else float(given)

    def true(self, _: Token) -> bool:
        return True

    def false(self, _: Token) -> bool:
        return False

    def shape(self, name: Token, *parts: Any) -> Node:
        kind = str(name).lower()
        if kind == "geometrycollection":
            return Node(_at(name), type="GeometryCollection", geometries=list(parts))
        found = parts[-1]
        if kind == "point":
            found = found[0]
        elif kind == "multipoint" and found and found[0] and isinstance(found[0][0], list):
            found = [point[0] for point in found]  # MULTIPOINT((1 2),(3 4)) and MULTIPOINT(1 2,3 4) are the same
        return Node(_at(name), type=_NAMES[kind], coordinates=found)

    def coords(self, *parts: Any) -> list[Any]:
        return list(parts)

    def position(self, *numbers: Any) -> list[Any]:
        return list(numbers)

    def coordinate(self, sign: Any, number: Token) -> float:
        return -float(number) if sign == "-" else float(number)
