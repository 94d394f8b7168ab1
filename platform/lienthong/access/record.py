"""What the ledger keeps of a read: who, what for, which fields, asked how. Values about persons only as hashes."""

import hashlib
import hmac
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lienthong.access.permit import Permit
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.store.formula import Formula, Property, Shape, properties
from lienthong.store.query import ROW_NUMBER, Both, Compare, Condition, Either, Fails, Not, Query, Related, Text
from lienthong.store.record import LedgerEntry


class Recorder:
    """Makes the entries of reads. `salt` keys the hashes that stand for values of personal fields."""

    def __init__(self, registry: Registry, salt: bytes) -> None:
        self._registry = registry
        self._salt = salt

    def entries(self, permit: Permit, queries: Sequence[Query], surface: str, receipt: uuid.UUID) -> list[LedgerEntry]:
        """One entry for each governed dataset of the read."""
        subject, asked = permit.subject, {query.dataset: query for query in reversed(queries)}
        found = []
        for scope in permit.governed:
            query = asked.get(scope.contract.id)
            found.append(
                LedgerEntry(
                    receipt=receipt,
                    subject=subject.id,
                    role=subject.role,
                    agency=subject.agency,
                    dataset=scope.contract.id,
                    fields=tuple(permit.named[scope.contract.id]),
                    condition=self._asked(query) if query else None,
                    purpose=scope.purpose or "",
                    agreement=scope.agreement,
                    surface=surface,
                    state=str(query.as_of) if query and query.as_of else "current",
                    context=dict(subject.context) or None,
                    main=query is not None and len(asked) == 1,
                )
            )
        return found

    def _asked(self, query: Query) -> dict[str, Any] | None:
        """The key and the condition as the one grammar writes them."""
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
                return {"q": self._hash(words) if personal else words}
            case Compare(name, op, value):
                return {name: {op: self._value(contract, name, value)}}

    def _formula(self, part: Any, personal: bool) -> Any:
        """A formula as CQL2 JSON writes it; where it looks at a personal field, every value is hashed."""
        match part:
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
        if isinstance(value, tuple | list):
            return [self._value(contract, name, part) for part in value]
        if name != ROW_NUMBER and contract.by_name[name].is_personal and not isinstance(value, bool):
            return self._hash(str(value))
        return str(value) if isinstance(value, date | datetime | Decimal | uuid.UUID) else value

    def _hash(self, value: str) -> str:
        return "hmac:" + hmac.new(self._salt, value.encode(), hashlib.sha256).hexdigest()[:32]
