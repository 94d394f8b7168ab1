"""Plans with holes: a query whose compared values are left open, compiled once and filled for each request.

A surface marks the texts that a caller gave. Where such a text becomes a value to compare with, a slot takes its place
in the query and in the statement's parameters; everywhere else it is a text like any other, and the plan holds for that
text only. What was made of a marked text is therefore told by the statement: its slots are open, the rest is fixed.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any


class NotAlike(Exception):
    """The value of this request needs another statement than that of the request which the plan was made for."""


class Marked(str):
    """A text as the caller gave it; `number` is its place among the marked texts of the request."""

    __slots__ = ("number",)
    number: int

    @classmethod
    def of(cls, text: str, number: int) -> "Marked":
        """`text`, marked."""
        made = cls(text)
        made.number = number
        return made


class Slot:
    """The place of a value: `read` makes it of the text with that number, as it was made when the query was built."""

    __slots__ = ("number", "read", "value")

    def __init__(self, number: int, read: Callable[[str], Any], value: Any) -> None:
        self.number = number
        self.read = read
        self.value = value  # of the request that the plan was made for

    def then(self, change: Callable[[Any], Any]) -> "Slot":
        """The slot of what `change` makes of the value."""
        read = self.read
        return Slot(self.number, lambda text: change(read(text)), change(self.value))


class Texts:
    """The texts of one request; what a slot makes of its text is made once, however often it is asked for."""

    __slots__ = ("_made", "_texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._made: dict[int, Any] = {}

    def __getitem__(self, number: int) -> str:
        return self._texts[number]

    def value(self, slot: Slot) -> Any:
        """The value in the slot. Raises what reading its text does."""
        found = self._made.get(id(slot), self)
        if found is self:
            found = self._made[id(slot)] = slot.read(self._texts[slot.number])
        return found


def opened(raw: Any, read: Callable[[Any], Any]) -> Any:
    """`read(raw)`, as a slot when the text is marked. Raises what `read` does."""
    value = read(raw)
    return Slot(raw.number, read, value) if isinstance(raw, Marked) else value


def filled(params: Sequence[Any], texts: Texts) -> tuple[Any, ...]:
    """The parameters of a statement with the values of this request. Raises what reading them does."""
    return tuple([texts.value(p) if p.__class__ is Slot else p for p in params])


def numbers(params: Sequence[Any]) -> frozenset[int]:
    """The marked texts that the statement leaves open."""
    return frozenset(p.number for p in params if isinstance(p, Slot))


def settled(value: Any, texts: Texts | None = None) -> Any:
    """A query, condition or value without slots: with the values of this request, or with those it was made of."""
    if isinstance(value, Slot):
        return value.value if texts is None else texts.value(value)
    if isinstance(value, Marked):
        return str(value) if texts is None else texts[value.number]
    if isinstance(value, tuple):
        made = tuple(settled(part, texts) for part in value)
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    if names := _members(value.__class__):
        parts = {name: getattr(value, name) for name in names}
        changed = {name: new for name, old in parts.items() if (new := settled(old, texts)) is not old}
        return replace(value, **changed) if changed else value
    return value


@cache
def _members(kind: Hashable) -> tuple[str, ...]:
    """The members of a dataclass."""
    return tuple(f.name for f in fields(kind)) if isinstance(kind, type) and is_dataclass(kind) else ()
