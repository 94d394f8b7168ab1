"""The one door: every row that leaves the house leaves here."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

from lienthong.access import policy, pricing
from lienthong.contract.registry import Registry, Relation
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.store.compile import Compiler, Statement
from lienthong.store.condition import unknown
from lienthong.store.database import Database, LedgerEntry, Row
from lienthong.store.query import ROW_NUMBER, Compare, Condition, Nested, Query, Related, walk
from lienthong.store.scope import Scope, Scopes

Shape = Literal["rows", "one", "features", "document"]
Compiled = tuple[Statement, Scopes]


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON bytes as PostgreSQL built them, and what a pager needs. `receipt` names the ledger entry, if any."""

    body: bytes
    count: int | None = None
    next: str | None = None
    total: int | None = None
    receipt: str | None = None


class Door:
    """Authorises queries of subjects, reads them as the right database role, and records governed reads."""

    def __init__(self, registry: Registry, database: Database) -> None:
        self.registry = registry
        self.database = database
        # What nobody in particular may see depends on the contracts alone: a query asked again is not compiled again.
        self._for_anonymous = lru_cache(maxsize=512)(partial(self._compile, ANONYMOUS))

    def scope(self, subject: Subject, dataset: str) -> Scope:
        """What `subject` may see of `dataset`. Raises NotFound, Unauthenticated, NotPermitted."""
        return policy.scope(self.registry, subject, self.registry.get(dataset))

    async def rows(self, subject: Subject, query: Query, *, surface: str, purpose: str | None = None) -> Answer:
        """A page of rows (a JSON array), or of groups when the query aggregates."""
        return await self._answer(subject, self._compiled(subject, "rows", (query,)), surface, purpose)

    async def features(
        self, subject: Subject, query: Query, geometry: str, *, surface: str, purpose: str | None = None
    ) -> Answer:
        """A page of GeoJSON features (a JSON array)."""
        compiled = self._compiled(subject, "features", (query,), geometry)
        return await self._answer(subject, compiled, surface, purpose)

    async def one(self, subject: Subject, query: Query, *, surface: str, purpose: str | None = None) -> Answer:
        """The row with the query's key. Raises NotFound."""
        answer = await self._answer(subject, self._compiled(subject, "one", (query,)), surface, purpose)
        if not answer.body:
            key = ",".join(map(str, query.key or ()))
            raise NotFound(both(f"Không có dòng {key}", f"There is no row {key}"), place=query.dataset)
        return answer

    async def document(
        self,
        subject: Subject,
        members: Sequence[tuple[str, Query]],
        *,
        surface: str,
        purpose: str | None = None,
    ) -> Answer:
        """Several queries in one statement: a JSON object with a member each."""
        keys, queries = tuple(key for key, _ in members), tuple(query for _, query in members)
        return await self._answer(subject, self._compiled(subject, "document", queries, *keys), surface, purpose)

    # --- authorising ------------------------------------------------------------------------------------------

    def _compiled(self, subject: Subject, shape: Shape, queries: tuple[Query, ...], *names: str) -> Compiled:
        if subject == ANONYMOUS:
            return self._for_anonymous(shape, queries, *names)
        return self._compile(subject, shape, queries, *names)

    def _compile(self, subject: Subject, shape: Shape, queries: tuple[Query, ...], *names: str) -> Compiled:
        """The statement of this shape and the scopes it reads. `names`: the geometry, or the keys of a document."""
        pricing.check(self.registry, *queries)
        scopes: dict[str, Scope] = {}
        for query in queries:
            self._visit(subject, query, scopes)
        compiler, query = Compiler(self.registry, scopes), queries[0]
        match shape:
            case "rows":
                return compiler.rows(query), scopes
            case "one":
                return compiler.one(query), scopes
            case "features":
                self._name(subject, scopes[query.dataset], names[0])
                return compiler.features(query, names[0]), scopes
            case "document":
                return compiler.document(list(zip(names, queries, strict=True))), scopes

    def _visit(self, subject: Subject, query: Query, scopes: dict[str, Scope]) -> None:
        scope = scopes.setdefault(query.dataset, self.scope(subject, query.dataset))
        for item in query.selected:
            if isinstance(item, Nested):
                relation = self._relation(scope, item.relation)
                self._visit(subject, item.query.but(dataset=relation.dataset), scopes)
                self._joined(subject, relation, scope, scopes[relation.dataset])
            elif item.literal is None:
                self._name(subject, scope, item.field)
        made = {g.key for g in query.groups} | {m.key for m in query.measures}
        named = [o.field for o in query.order if o.field not in made] + [g.field for g in query.groups]
        for name in [*named, *(m.field for m in query.measures if m.field)]:
            self._name(subject, scope, name)
        for condition in (query.where, *(m.where for m in query.measures)):
            self._visit_condition(subject, condition, scope, scopes)

    def _visit_condition(
        self, subject: Subject, condition: Condition | None, scope: Scope, scopes: dict[str, Scope]
    ) -> None:
        for leaf in walk(condition):
            if isinstance(leaf, Compare):
                self._name(subject, scope, leaf.field)
            elif isinstance(leaf, Related):
                relation = self._relation(scope, leaf.relation)
                far = scopes.setdefault(relation.dataset, self.scope(subject, relation.dataset))
                self._visit_condition(subject, leaf.where, far, scopes)
                self._joined(subject, relation, scope, far)
            elif scope.schema == "governed":
                # The search text of a governed row is made of all search fields: each must be the caller's to read.
                for field in scope.contract.fields:
                    if field.search:
                        self._name(subject, scope, field.name)

    def _relation(self, scope: Scope, name: str) -> Relation:
        relations = self.registry.relations(scope.contract.id)
        if name not in relations:
            raise unknown("quan hệ", "relation", name, relations)
        return relations[name]

    def _joined(self, subject: Subject, relation: Relation, near: Scope, far: Scope) -> None:
        """A relation tells the values that it joins on: the caller must be allowed to read them on both sides."""
        for scope, stored in zip((near, far), zip(*relation.on, strict=True), strict=True):
            for field in scope.contract.fields:
                if any(column.name in stored for column in field.columns):
                    self._name(subject, scope, field.name)

    def _name(self, subject: Subject, scope: Scope, name: str) -> None:
        if name in scope.fields or name == ROW_NUMBER:
            return
        if name in scope.contract.by_name:
            raise policy.hidden_field(subject, scope, name)
        raise unknown("trường", "field", name, scope.fields)

    # --- reading ----------------------------------------------------------------------------------------------

    async def _answer(self, subject: Subject, compiled: Compiled, surface: str, purpose: str | None) -> Answer:
        statement, scopes = compiled
        governed = [scope for scope in scopes.values() if scope.schema == "governed"]
        if not governed:
            return _as_answer(await self.database.read(statement), statement, None)
        receipt = uuid.uuid4().hex
        entries = [self._entry(receipt, subject, scope, statement, surface, purpose) for scope in governed]
        row = await self.database.read_governed(statement, subject.database_role, entries)
        return _as_answer(row, statement, receipt)

    def _entry(
        self,
        receipt: str,
        subject: Subject,
        scope: Scope,
        statement: Statement,
        surface: str,
        purpose: str | None,
    ) -> LedgerEntry:
        terms = policy.agreement_for(subject, scope.contract.id)
        return LedgerEntry(
            request_id=receipt,
            subject=subject.id,
            agency=subject.agency,
            dataset=scope.contract.id,
            fields=scope.visible,
            condition="",
            purpose=purpose or (terms.purpose if terms else scope.agreement or ""),
            agreement=scope.agreement,
            surface=surface,
        )


def _as_answer(row: Row, statement: Statement, receipt: str | None) -> Answer:
    values = dict(zip(statement.columns, row, strict=True))
    count, total, cursor = values.get("count"), values.get("total"), values.get("next")
    return Answer(
        body=values["body"] or b"",
        count=int(count) if count else None,
        next=cursor.decode() if cursor else None,
        total=int(total) if total else None,
        receipt=receipt,
    )
