"""The one door: every row that leaves the house leaves here."""

import json
import secrets
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

from lienthong.access import policy, pricing
from lienthong.access.changes import Feed, cursor_of, place_of
from lienthong.access.permit import Permit
from lienthong.access.record import Recorder
from lienthong.contract.model import FieldContract
from lienthong.contract.registry import Registry
from lienthong.governance.ledger.seal import SealWatch
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.store.changes import changes as compile_changes
from lienthong.store.compile import Compiler, Statement
from lienthong.store.database import PUBLIC, Database, Row
from lienthong.store.lines import Form, Liner
from lienthong.store.lookup import Key, Lookup, named
from lienthong.store.query import Page, Query
from lienthong.store.scope import Scope

Shape = Literal["rows", "one", "features", "document"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement, what it was permitted to read, and the queries that it answers."""

    statement: Statement
    permit: Permit
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON bytes as PostgreSQL built them, and what a pager needs. `receipt` names the ledger entry, if any."""

    body: bytes
    count: int | None = None
    next: str | None = None
    total: int | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of any number as blocks of lines, and what the cells of a line are. `count` is known of governed rows."""

    fields: tuple[FieldContract, ...]
    blocks: AsyncGenerator[list[bytes], None]
    count: int | None = None
    receipt: str | None = None


class Door:
    """Authorises queries of subjects, reads them as the right database role, and records governed reads."""

    def __init__(
        self, registry: Registry, database: Database, salt: bytes | None = None, watch: SealWatch | None = None
    ) -> None:
        self.registry = registry
        self.database = database
        self._watch = watch
        self._recorder = Recorder(registry, salt or secrets.token_bytes(32))
        # What nobody in particular may see depends on the contracts alone: a query asked again is not compiled again.
        self._for_anonymous = lru_cache(maxsize=512)(partial(self._compile, ANONYMOUS))

    def scope(self, subject: Subject, dataset: str) -> Scope:
        """What `subject` may see of `dataset`. Raises NotFound, Unauthenticated, NotPermitted."""
        return policy.scope(self.registry, subject, self.registry.get(dataset))

    async def rows(self, subject: Subject, query: Query, *, surface: str) -> Answer:
        """A page of rows (a JSON array), or of groups when the query aggregates."""
        return await self._answer(subject, self._compiled(subject, "rows", (query,)), surface)

    async def features(self, subject: Subject, query: Query, geometry: str, *, surface: str) -> Answer:
        """A page of GeoJSON features (a JSON array)."""
        compiled = self._compiled(subject, "features", (query,), geometry)
        return await self._answer(subject, compiled, surface)

    async def one(self, subject: Subject, query: Query, *, surface: str) -> Answer:
        """The row with the query's key. Raises NotFound."""
        answer = await self._answer(subject, self._compiled(subject, "one", (query,)), surface)
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
    ) -> Answer:
        """Several queries in one statement: a JSON object with a member each."""
        keys, queries = tuple(key for key, _ in members), tuple(query for _, query in members)
        return await self._answer(subject, self._compiled(subject, "document", queries, *keys), surface)

    async def lookup(self, subject: Subject, query: Query, keys: Sequence[Key], *, surface: str) -> Answer:
        """The rows with these keys, in their order, null where there is none; `next` lists the places of those."""
        query = named(self.registry.get(query.dataset), query, keys)
        pricing.check(self.registry, query)
        permit = Permit(self.registry, subject)
        permit.visit(query)
        statement = Lookup(self.registry, permit.scopes).rows_of(query, keys)
        return await self._answer(subject, Compiled(statement, permit, (query,)), surface)

    async def estimate(self, subject: Subject, query: Query) -> int:
        """About how many rows fit, as the planner thinks. Only for open data: it knows of rows that are hidden."""
        permit = Permit(self.registry, subject)
        permit.visit(query)
        assert not permit.governed
        (plan,) = await self._read(Compiler(self.registry, permit.scopes).explain(query), permit)
        return int(json.loads(plan or b"[]")[0]["Plan"]["Plan Rows"])

    async def lines(self, subject: Subject, query: Query, form: Form, *, surface: str) -> Lines:
        """Rows without a limit, as lines. What is governed stands in the ledger, counted, before the first line."""
        pricing.check(self.registry, query.but(page=replace(query.page, limit=min(query.page.limit, 1))))
        permit = Permit(self.registry, subject)
        permit.visit(query)
        if form == "feature" and (shape := self.registry.get(query.dataset).geometry):
            permit.show(query.dataset, shape.name)
        liner = Liner(self.registry, permit.scopes)
        statement = liner.lines(query, form)
        if not permit.governed:
            return Lines(liner.fields, self.database.lines(statement, permit.reader))
        tally = Liner(self.registry, permit.scopes).tally(query)
        counted = await self._answer(subject, Compiled(tally, permit, (query,)), surface)
        return Lines(liner.fields, self.database.lines(statement, permit.role), counted.count, counted.receipt)

    async def changes(
        self, subject: Subject, dataset: str, since: str, limit: int, *, surface: str, lines: bool = False
    ) -> Feed:
        """Changes after `since` (`begin`, `now` or a cursor) as a JSON array, or as lines. Raises Conflict."""
        permit, query = Permit(self.registry, subject), Query(dataset, page=Page(limit=limit))
        pricing.check(self.registry, query)
        permit.visit(query)
        scope = permit.scope(dataset)
        if scope.schema == "twin":
            raise policy.without_changes(scope)
        place = place_of(since, scope)
        statement = compile_changes(self.registry, permit.scopes, dataset, place, limit, lines)
        answer = await self._answer(subject, Compiled(statement, permit, (query,)), surface)
        following = cursor_of(answer.next, scope)
        return Feed(answer.body, answer.count or 0, following, bool(answer.total), answer.receipt)

    # --- authorising ------------------------------------------------------------------------------------------

    def _compiled(self, subject: Subject, shape: Shape, queries: tuple[Query, ...], *names: str) -> Compiled:
        if subject == ANONYMOUS:
            return self._for_anonymous(shape, queries, *names)
        return self._compile(subject, shape, queries, *names)

    def _compile(self, subject: Subject, shape: Shape, queries: tuple[Query, ...], *names: str) -> Compiled:
        """The statement of this shape and what it reads. `names`: the geometry, or the keys of a document."""
        pricing.check(self.registry, *queries)
        permit = Permit(self.registry, subject)
        for query in queries:
            permit.visit(query)
        compiler, query = Compiler(self.registry, permit.scopes), queries[0]
        match shape:
            case "rows":
                statement = compiler.rows(query)
            case "one":
                statement = compiler.one(query)
            case "features":
                permit.show(query.dataset, names[0])
                statement = compiler.features(query, names[0])
            case "document":
                statement = compiler.document(list(zip(names, queries, strict=True)))
        return Compiled(statement, permit, queries)

    # --- reading ----------------------------------------------------------------------------------------------

    async def _answer(self, subject: Subject, compiled: Compiled, surface: str) -> Answer:
        statement, permit = compiled.statement, compiled.permit
        if not permit.governed:
            return _as_answer(await self._read(statement, permit), statement, None)
        if self._watch and any(scope.contract.privacy.personal for scope in permit.governed):
            await self._watch.check()
        receipt = uuid.uuid4()
        entries = self._recorder.entries(permit, compiled.queries, surface, receipt)
        row = await self.database.read_governed(statement, permit.role, entries)
        return _as_answer(row, statement, receipt.hex)

    async def _read(self, statement: Statement, permit: Permit) -> Row:
        """The row of a statement that nothing governed is read by."""
        if permit.reader == PUBLIC:
            return await self.database.read(statement)
        return await self.database.read_as(statement, permit.reader)


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
