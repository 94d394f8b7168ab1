"""What an agreement gives, judged in plain Python over known rows: the house is compared with this, never with itself."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lienthong.contract.model import Contract

Row = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """One agreement as the test drew it."""

    fields: frozenset[str]
    clear: frozenset[str]
    where: dict[str, Any] | None
    purpose: str


@dataclass(frozen=True)
class Asked:
    """One query as the test drew it: the fields to show, and a condition."""

    fields: tuple[str, ...]
    where: dict[str, Any] | None = None
    purpose: str | None = None
    refused: frozenset[str] = field(default=frozenset())


def visible(contract: Contract, terms: Terms, purpose: str | None) -> set[str]:
    """The fields that may be named at all."""
    if purpose is not None and purpose != terms.purpose:
        return set()
    personal = {f.name for f in contract.fields if f.classification in ("personal", "sensitive")}
    return set(terms.fields) - (personal if purpose is None else set())


def masked(contract: Contract, terms: Terms) -> set[str]:
    """The fields that are seen through a mask."""
    return {name for name in terms.fields if contract.by_name[name].mask} - terms.clear


def may(contract: Contract, terms: Terms, asked: Asked) -> bool:
    """Is the whole query within the agreement?"""
    seen, looked = visible(contract, terms, asked.purpose), set(asked.where or {})
    return set(asked.fields) | looked <= seen and not looked & masked(contract, terms)


def rows(contract: Contract, terms: Terms, asked: Asked, stored: list[Row]) -> list[Row]:
    """The rows that the query must answer with, each field as JSON has it; None for a value behind a mask."""
    hidden = masked(contract, terms)
    kept = [row for row in stored if fits(row, terms.where) and fits(row, asked.where)]
    return [{name: _shown(row.get(name), name in hidden) for name in asked.fields} for row in kept]


def fits(row: Row, where: dict[str, Any] | None) -> bool:
    """Does the row fulfil every comparison?"""
    return all(_holds(row.get(name), op, value) for name, ops in (where or {}).items() for op, value in ops.items())


def _holds(found: Any, op: str, value: Any) -> bool:
    if op == "is_null":
        return (found is None) is value
    if op == "ne":
        return _plain(found) != _plain(value)
    if found is None:
        return False
    have, want = _plain(found), _plain(value)
    match op:
        case "eq":
            return bool(have == want)
        case "in":
            return have in [_plain(v) for v in value]
        case "gte":
            return bool(have >= want)
        case "lt":
            return bool(have < want)
    raise AssertionError(op)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _shown(value: Any, hidden: bool) -> Any:
    return None if hidden else _plain(value)
