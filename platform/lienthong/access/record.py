"""What the ledger keeps of a read: who, what for, which fields, asked how. Values about persons only as hashes."""

import hashlib
import hmac
import json
import re
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lienthong.access.permit import Permit
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.subject import Subject, Terms
from lienthong.store.formula import Formula, Property, Shape, properties
from lienthong.store.query import ROW_NUMBER, Both, Compare, Condition, Either, Fails, Not, Query, Related, Text
from lienthong.store.record import LedgerEntry, array
from lienthong.store.scope import Scope
from lienthong.store.slots import Marked, Slot, Texts, settled

_HOLE = secrets.token_hex(8)  # stands in a text where a value is left open; nobody can guess it
_HOLES = re.compile(f'"{_HOLE}([0-9]+)"')
Filling = Callable[[Texts | None], Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition as JSON, cut at the values that a plan leaves open."""

    parts: tuple[str, ...]
    fillings: tuple[Filling, ...] = ()

    def text(self, texts: Texts | None) -> str:
        """The whole, with the values of a request."""
        made = [json.dumps(filling(texts)) + part for filling, part in zip(self.fillings, self.parts[1:], strict=True)]
        return self.parts[0] + "".join(made)


@dataclass(frozen=True, slots=True)
class Outline:
    """What is the same of every read of a plan by callers with the same rights.

    `entries`: of each governed dataset its id, fields, condition, purpose, agreement, state, and whether it is the
    main one.
    """

    role: str
    scopes: tuple[Scope, ...]
    personal: bool
    quotas: tuple[Terms, ...]
    entries: tuple[tuple[str, str, Asked | None, str, str | None, str, bool], ...]

    def of(self, subject: Subject, surface: str, receipt: uuid.UUID, texts: Texts | None) -> list[LedgerEntry]:
        """The entries of one read, one for each governed dataset."""
        who = (receipt.hex, subject.id, subject.role, subject.agency)
        context = _context(subject.context) if subject.context else None
        return [
            LedgerEntry(
                dataset,
                (
                    *who,
                    dataset,
                    fields,
                    asked.text(texts) if asked else None,
                    purpose,
                    agreement,
                    surface,
                    state,
                    context,
                ),
                main,
            )
            for dataset, fields, asked, purpose, agreement, state, main in self.entries
        ]


@lru_cache(maxsize=200)
def _context(pairs: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(pairs))


class Recorder:
    """Makes the outlines of reads. `salt` keys the hashes that stand for values of personal fields."""

    def __init__(self, registry: Registry, salt: bytes) -> None:
        self._registry = registry
        self._salt = salt

    def outline(self, permit: Permit, queries: Sequence[Query]) -> Outline:
        """What is known of a read before its values are."""
        asked = {query.dataset: query for query in reversed(queries)}
        scopes, entries = tuple(permit.governed), []
        for scope in scopes:
            id, query = scope.contract.id, asked.get(scope.contract.id)
            condition = _Conditions(self._registry, self._salt).of(query) if query else None
            state = str(query.as_of) if query and query.as_of else "current"
            main = query is not None and len(asked) == 1
            entries.append(
                (id, array(tuple(permit.named[id])), condition, scope.purpose or "", scope.agreement, state, main)
            )
        personal = any(scope.contract.privacy.personal for scope in scopes)
        return Outline(permit.role, scopes, personal, tuple(permit.held_with_quota), tuple(entries))


class _Conditions:
    """Writes the condition of one query as the one grammar has it."""

    def __init__(self, registry: Registry, salt: bytes) -> None:
        self._registry = registry
        self._salt = salt
        self._fillings: list[Filling] = []

    def of(self, query: Query) -> Asked | None:
        """The key and the condition."""
        found = self._asked(query)
        if found is None:
            return None
        parts = _HOLES.split(json.dumps(found))
        fillings = tuple(self._fillings[int(number)] for number in parts[1::2])
        return Asked(tuple(parts[::2]), fillings)

    def _open(self, value: Any, then: Callable[[Any], Any]) -> str:
        """A hole for what `then` makes of a value that each request gives anew."""
        self._fillings.append(lambda texts: then(settled(value, texts)))
        return f"{_HOLE}{len(self._fillings) - 1}"

    def _asked(self, query: Query) -> dict[str, Any] | None:
        contract = self._registry.get(query.dataset)
        found: dict[str, Any] = {}
        if query.key is not None:
            pairs = zip(contract.primary_key, query.key, strict=False)
            found |= {name: {"eq": self._value(contract, name, value)} for name, value in pairs}
        if query.where is not None:
            found |= self._condition(contract, query.where)
        return found or None

    def _condition(self, contract: Contract, condition: Condition) -> dict[str, Any]:
        match condition:
            case Both(parts):
                return {"and": [self._condition(contract, part) for part in parts]}
            case Either(parts):
                return {"or": [self._condition(contract, part) for part in parts]}
            case Not(part):
                return {"not": self._condition(contract, part)}
            case Fails(part):
                return {"fails": self._condition(contract, part)}
            case Formula():
                personal = any(contract.by_name[found.name].is_personal for found in properties(condition))
                return {"formula": self._formula(condition, personal)}
            case Related(relation, where):
                far = self._registry.get(self._registry.relations(contract.id)[relation].dataset)
                return {relation: self._condition(far, where)}
            case Text(words):
                personal = any(f.search and f.is_personal for f in contract.fields)
                return {"q": self._words(words, personal)}
            case Compare(name, op, value):
                return {name: {op: self._value(contract, name, value)}}

    def _words(self, words: Any, personal: bool) -> Any:
        if settled(words) is not words:
            return self._open(words, lambda given: self._words(given, personal))
        return self._hash(words) if personal else words

    def _formula(self, part: Any, personal: bool) -> Any:
        """A formula as CQL2 JSON writes it; where it looks at a personal field, every value is hashed."""
        match part:
            case Slot() | Marked() | Shape() if settled(part) is not part:
                return self._open(part, lambda given: self._formula(given, personal))
            case Formula(op, args):
                return {"op": op, "args": [self._formula(arg, personal) for arg in args]}
            case Property(name):
                return {"property": name}
            case tuple():
                return [self._formula(arg, personal) for arg in part]
            case Shape(wkt, srid):
                return self._hash(wkt) if personal else f"SRID={srid};{wkt}"
            case bool() | int() | float() | None if not personal:
                return part
            case _:
                return self._hash(str(part)) if personal else str(part)

    def _value(self, contract: Contract, name: str, value: Any) -> Any:
        if settled(value) is not value and not isinstance(value, tuple | list):
            return self._open(value, lambda given: self._value(contract, name, given))
        if isinstance(value, tuple | list):
            return [self._value(contract, name, part) for part in value]
        if name != ROW_NUMBER and contract.by_name[name].is_personal and not isinstance(value, bool):
            return self._hash(str(value))
        return str(value) if isinstance(value, date | datetime | Decimal | uuid.UUID) else value

    def _hash(self, value: str) -> str:
        return "hmac:" + hmac.new(self._salt, value.encode(), hashlib.sha256).hexdigest()[:32]
