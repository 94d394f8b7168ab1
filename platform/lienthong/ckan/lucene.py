"""Search texts in Lucene's syntax, as CKAN's clients use it: a recursive descent over its tokens."""

import re
from collections.abc import Callable

from lienthong.ckan.errors import Refusal, search_error
from lienthong.ckan.matching import Match, Part, all_of, any_of, between, boosted, near_phrase, phrase, term, unescaped

MAX_TEXT = 8_000
MAX_DEPTH = 40
Expand = Callable[[str, bool], Match]
_TOKEN = re.compile(
    r"""\s*(?:(?P<op>(?:AND|OR|NOT)(?=[\s(]|$)|&&|\|\||!)|(?P<bracket>[()])|(?P<sign>[+-])
    |(?P<range>[\[{][^\]}]*[\]}])|(?P<phrase>"(?:[^"\\]|\\.)*")
    |(?P<field>(?:\\.|[^\s()\[\]{}":+\-!])(?:\\.|[^\s()\[\]{}":])*):|(?P<term>(?:\\.|[^\s()\[\]{}"])+))
    (?P<boost>(?:~[\d.]*|\^[\d.]+)*)""",
    re.VERBOSE,
)


def lucene(text: str, default: str = "text", expand: Expand | None = None) -> Match:
    """`field:value`, quotes, ranges, brackets, AND OR NOT + - *; what stands side by side is joined by AND.

    OR binds closer than standing side by side, AND closer than OR. `expand(text, is_phrase)` finds what has no field
    where there is no default one. Raises Refusal (Search Error) when it cannot be read.
    """
    return _Parser(text, default, expand).whole()


class _Parser:
    def __init__(self, text: str, default: str, expand: Expand | None) -> None:
        if len(text) > MAX_TEXT:
            raise search_error(f"The search text is longer than {MAX_TEXT} characters")
        self.text = text
        self.at = 0
        self.default = default
        self.expand = expand
        self.depth = 0
        self.token = self._next()

    def _next(self) -> re.Match[str] | None:
        rest = self.text[self.at :]
        if not rest.strip():
            return None
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            raise self._unreadable()
        self.at = found.end()
        return found

    def _unreadable(self) -> Refusal:
        return search_error(f"Cannot parse '{self.text}'")

    def _is(self, kind: str, *values: str) -> bool:
        return self.token is not None and self.token[kind] is not None and (not values or self.token[kind] in values)

    def _take(self) -> re.Match[str]:
        if self.token is None:
            raise self._unreadable()
        taken, self.token = self.token, self._next()
        return taken

    def whole(self) -> Match:
        found = self._sequence(None)
        if self.token is not None:
            raise self._unreadable()
        return found

    def _sequence(self, field: str | None) -> Match:
        """Up to the end or the bracket: everything must fit."""
        parts = [self._alternatives(field)]
        while self.token is not None and not self._is("bracket", ")"):
            parts.append(self._alternatives(field))
        return all_of(parts)

    def _alternatives(self, field: str | None) -> Part:
        parts = [self._conjunction(field)]
        while self._is("op", "OR", "||"):
            self._take()
            parts.append(self._conjunction(field))
        return parts[0] if len(parts) == 1 else (any_of(parts), False)

    def _conjunction(self, field: str | None) -> Part:
        parts = [self._clause(field)]
        while self._is("op", "AND", "&&"):
            self._take()
            parts.append(self._clause(field))
        return parts[0] if len(parts) == 1 else (all_of(parts), False)

    def _clause(self, field: str | None) -> Part:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._unreadable()
        found = self._signed(field)
        self.depth -= 1
        return found

    def _signed(self, field: str | None) -> Part:
        """A clause, and whether it must not fit."""
        if self._is("op", "NOT", "!"):
            self._take()
            inner, negative = self._clause(field)
            return inner, not negative
        if self._is("sign"):
            sign = self._take()["sign"]
            inner, negative = self._clause(field)
            return inner, negative != (sign == "-")
        if self._is("field"):
            return self._value(unescaped(self._take()["field"])), False
        return self._value(field), False

    def _value(self, field: str | None) -> Match:
        if not self._is("bracket", "("):
            return self._leaf(field)
        self._take()
        found = self._sequence(field)
        if not self._is("bracket", ")"):
            raise self._unreadable()
        return _boosted(found, self._take()["boost"])

    def _leaf(self, field: str | None) -> Match:
        token = self._take()
        if token["range"] is not None:
            return between(field or self.default, token["range"], self._unreadable())
        if token["phrase"] is not None:
            return _boosted(self._phrase(field, unescaped(token["phrase"][1:-1]), token["boost"]), token["boost"])
        if token["term"] is None:
            raise self._unreadable()
        if field is None and self.expand is not None:
            return self.expand(token["term"], False)
        return term(field or self.default, token["term"])

    def _phrase(self, field: str | None, given: str, suffix: str) -> Match:
        if field is None and self.expand is not None:
            return self.expand(given, True)
        return (near_phrase if "~" in suffix else phrase)(field or self.default, given)


def _boosted(found: Match, suffix: str) -> Match:
    factor = re.search(r"\^(\d+(?:\.\d+)?|\.\d+)", suffix or "")
    return boosted(found, float(factor[1])) if factor else found
