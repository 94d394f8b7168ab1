"""Search texts in Lucene's syntax, as CKAN's clients use it: a recursive descent over its tokens."""

import re

from lienthong.ckan.errors import Refusal, search_error
from lienthong.ckan.matching import Match, between, both, either, negated, phrase, term, unescaped

MAX_TEXT = 8_000
MAX_DEPTH = 40
_TOKEN = re.compile(
    r"""\s*(?:(?P<op>(?:AND|OR|NOT)(?=[\s(]|$)|&&|\|\||!)|(?P<bracket>[()])|(?P<sign>[+-])
    |(?P<range>[\[{][^\]}]*[\]}])|(?P<phrase>"(?:[^"\\]|\\.)*")
    |(?P<field>(?:\\.|[^\s()\[\]{}":+\-!])(?:\\.|[^\s()\[\]{}":])*):|(?P<term>(?:\\.|[^\s()\[\]{}"])+))
    (?P<boost>(?:~[\d.]*|\^[\d.]+)*)""",
    re.VERBOSE,
)


def lucene(text: str, default: str = "text") -> Match:
    """`field:value`, quotes, ranges, brackets, AND OR NOT + - *; what stands side by side is joined by AND.

    Raises Refusal (Search Error) when it cannot be read.
    """
    return _Parser(text, default).whole()


class _Parser:
    def __init__(self, text: str, default: str) -> None:
        if len(text) > MAX_TEXT:
            raise search_error(f"The search text is longer than {MAX_TEXT} characters")
        self.text = text
        self.at = 0
        self.default = default
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
        found = self._either(self.default)
        if self.token is not None:
            raise self._unreadable()
        return found

    def _either(self, field: str) -> Match:
        parts = [self._both(field)]
        while self._is("op", "OR", "||"):
            self._take()
            parts.append(self._both(field))
        return either(parts)

    def _both(self, field: str) -> Match:
        parts = [self._clause(field)]
        while self.token is not None and not self._is("bracket", ")") and not self._is("op", "OR", "||"):
            if self._is("op", "AND", "&&"):
                self._take()
            parts.append(self._clause(field))
        return both(parts)

    def _clause(self, field: str) -> Match:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._unreadable()
        found = self._signed(field)
        self.depth -= 1
        return found

    def _signed(self, field: str) -> Match:
        if self._is("op", "NOT", "!"):
            self._take()
            return negated(self._clause(field))
        if self._is("sign"):
            sign = self._take()["sign"]
            inner = self._clause(field)
            return negated(inner) if sign == "-" else inner
        if self._is("field"):
            return self._value(unescaped(self._take()["field"]))
        return self._value(field)

    def _value(self, field: str) -> Match:
        if not self._is("bracket", "("):
            return self._leaf(field)
        self._take()
        found = self._either(field)
        if not self._is("bracket", ")"):
            raise self._unreadable()
        self._take()
        return found

    def _leaf(self, field: str) -> Match:
        token = self._take()
        if token["phrase"] is not None:
            return phrase(field, unescaped(token["phrase"][1:-1]))
        if token["range"] is not None:
            return between(field, token["range"], self._unreadable())
        if token["term"] is None:
            raise self._unreadable()
        return term(field, token["term"])
