"""The one door: every row that leaves the house leaves here."""

import json
import secrets
import uuid
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Literal

from lienthong.access import policy, pricing
from lienthong.access.apart import Apart
from lienthong.access.bound import Bound, bound
from lienthong.access.budget import Budget
from lienthong.access.changes import Feed, cursor_of, place_of
from lienthong.access.held import Held
from lienthong.access.permit import Permit
from lienthong.access.planner import Planner
from lienthong.access.record import Outline, Recorder
from lienthong.access.turns import Turns
from lienthong.catalog.usage import OWN, Usage
from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry
from lienthong.governance.agreements.quota import Quotas
from lienthong.governance.ledger.seal import SealWatch
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.store.changes import changes as compile_changes
from lienthong.store.compile import Compiler, Statement
from lienthong.store.database import Database, Row, Withheld
from lienthong.store.features import Featurer
from lienthong.store.lines import Form, Liner
from lienthong.store.lookup import Key, Lookup, named
from lienthong.store.query import Page, Query
from lienthong.store.rights import holding
from lienthong.store.roles import ADMINISTRATOR, PUBLIC
from lienthong.store.scope import OWN_DATA, Scope
from lienthong.store.slots import Texts, filled
from lienthong.store.spatial import CRS84, Crs
from lienthong.store.tiles import Layer, Tiler
from lienthong.store.together import shared

STREAMS = 4  # at once, in one process
TILE = 500  # what a tile costs before it is read; then as many rows as stand in it
Shape = Literal["rows", "one", "features", "numbers", "document", "tile"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement, what it was permitted to read, the queries that it answers, and what that may cost.

    `bound`: the open data that it reads, when it reads nothing else, for nobody in particular. `apart`: the same
    without related rows that this process holds. `outline`: of a plan what the ledger keeps of all its reads; `texts`
    are those of this request.
    """

    statement: Statement
    permit: Permit
    queries: tuple[Query, ...]
    cost: int = 1
    bound: Bound | None = None
    apart: Statement | None = None
    outline: Outline | None = None
    texts: Texts | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON bytes as PostgreSQL built them, and what a pager needs. `receipt` names the ledger entry, if any.

    `release` is that which open rows were read from, `bound` what else they are good for. `apart`: the releases of what
    the statement left out.
    """

    body: bytes
    count: int | None = None
    next: str | None = None
    total: int | None = None
    receipt: str | None = None
    release: int | None = None
    bound: Bound | None = None
    apart: tuple[int, ...] = ()


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
        self,
        registry: Registry,
        database: Database,
        salt: bytes | None = None,
        watch: SealWatch | None = None,
        quotas: Quotas | None = None,
        budget: Budget | None = None,
        turns: Turns | None = None,
    ) -> None:
        self.registry = registry
        self.database = database
        self.usage = Usage()
        self._watch = watch
        self._quotas = quotas
        self._budget, self._turns, self._planner = budget or Budget(), turns or Turns(64), Planner()
        self._streams = Turns(STREAMS)
        self.held, self._apart = Held(database), Apart(database)
        self._recorder = Recorder(registry, salt or secrets.token_bytes(32))
        # What nobody in particular may see depends on the contracts alone: a query asked again is not compiled again.
        self._for_anonymous = lru_cache(maxsize=512)(partial(self._compile, ANONYMOUS))

    def scope(self, subject: Subject, dataset: str) -> Scope:
        """What `subject` may see of `dataset`. Raises NotFound, Unauthenticated, NotPermitted."""
        return policy.scope(self.registry, subject, self.registry.get(dataset))

    async def rows(self, subject: Subject, query: Query, *, surface: str) -> Answer:
        """A page of rows (a JSON array), or of groups when the query aggregates."""
        return await self._answer(subject, self._compiled(subject, "rows", (query,)), surface)

    async def features(
        self, subject: Subject, query: Query, geometry: str, *, surface: str, crs: Crs = CRS84
    ) -> Answer:
        """A page of GeoJSON features (a JSON array)."""
        return await self._answer(subject, self._compiled(subject, "features", (query,), geometry, crs), surface)

    async def tile(self, subject: Subject, query: Query, layer: Layer, *, surface: str) -> Answer:
        """The rows of the tile that the query's condition names, as a layer of a vector tile."""
        answer = await self._answer(subject, self._compiled(subject, "tile", (query,), layer), surface)
        self._budget.spend(self._budget.caller(subject), answer.count or 0)
        return replace(answer, body=bytes.fromhex(answer.body.decode()))

    async def one(self, subject: Subject, query: Query, *, surface: str) -> Answer:
        """The row with the query's key. Raises NotFound."""
        answer = await self._answer(subject, self._compiled(subject, "one", (query,)), surface)
        if not answer.body:
            key = ",".join(map(str, query.key or ()))
            raise NotFound(both(f"Không có dòng {key}", f"There is no row {key}"), place=query.dataset)
        return answer

    async def preview(self, contract: Contract, number: int, page: Page) -> Answer:
        """Rows of a release that is not public yet. The caller has asked whether the subject is its steward."""
        query = Query(contract.id, page=page, total=True)
        pricing.check(self.registry, query)
        fields = frozenset(field.name for field in contract.open_fields)
        scopes = {contract.id: Scope(contract, "draft", fields, agreement="draft", release=number)}
        statement = Compiler(self.registry, scopes).rows(query)
        return _as_answer(await self.database.read_as(statement, ADMINISTRATOR), statement, None)

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
        cost = pricing.check(self.registry, query)
        permit = Permit(self.registry, subject)
        permit.visit(query)
        statement = Lookup(self.registry, permit.scopes).rows_of(query, keys)
        return await self._answer(subject, Compiled(statement, permit, (query,), cost), surface)

    async def estimate(self, subject: Subject, query: Query) -> int:
        """About how many rows fit, as the planner thinks. Only for open data: it knows of rows that are hidden."""
        permit = Permit(self.registry, subject)
        permit.visit(query)
        assert not permit.governed
        (plan,) = await self._read_as(permit.reader, Compiler(self.registry, permit.scopes).explain(query))
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
            return Lines(liner.fields, self._streamed(subject, statement, permit.reader))
        tally = Liner(self.registry, permit.scopes).tally(query)
        if self._quotas and (held := permit.held_with_quota):
            row = await self.database.read_as(tally, permit.role)  # a number that nobody is told: not on record
            await self._quotas.check(held, int(row[tally.columns.index("count")] or 0))
        counted = await self._answer(subject, Compiled(tally, permit, (query,)), surface)
        blocks = self._streamed(subject, statement, permit.role)
        return Lines(liner.fields, blocks, counted.count, counted.receipt)

    async def _streamed(self, subject: Subject, statement: Statement, role: str) -> AsyncGenerator[list[bytes], None]:
        """The blocks of a stream, which the caller pays for as they come. Few of one caller run at once."""
        caller = self._budget.charge(subject, 1)
        await self._streams.take(caller)
        try:
            async with aclosing(self.database.lines(statement, role)) as blocks:
                async for block in blocks:
                    self._budget.spend(caller, len(block))
                    yield block
        finally:
            self._streams.give(caller)

    async def changes(
        self, subject: Subject, dataset: str, since: str, limit: int, *, surface: str, lines: bool = False
    ) -> Feed:
        """Changes after `since` (`begin`, `now` or a cursor) as a JSON array, or as lines. Raises Conflict."""
        compiled = self._feed(subject, dataset, since, limit, lines)
        answer = await self._answer(subject, compiled, surface)
        following = cursor_of(answer.next, compiled.permit.scope(dataset))
        return Feed(answer.body, answer.count or 0, following, bool(answer.total), answer.receipt)

    async def count_changes(self, subject: Subject, dataset: str, since: str, limit: int) -> Feed:
        """How many changes the subject would see, and where they end. No row is read out, so none is on record."""
        compiled = self._feed(subject, dataset, since, limit, lines=True)
        permit, statement = compiled.permit, compiled.statement
        role = permit.role if permit.governed else permit.reader
        row = await self.database.read_as(statement, role)
        answer = _as_answer(row[: len(statement.columns)], statement, None)
        if not answer.count:
            await self._refuse_ended(permit)
        return Feed(b"", answer.count or 0, cursor_of(answer.next, permit.scope(dataset)), bool(answer.total))

    def _feed(self, subject: Subject, dataset: str, since: str, limit: int, lines: bool) -> Compiled:
        permit, query = Permit(self.registry, subject), Query(dataset, page=Page(limit=limit))
        cost = pricing.check(self.registry, query)
        permit.visit(query)
        scope = permit.scope(dataset)
        if scope.schema == "twin":
            raise policy.without_changes(scope)
        place = place_of(since, scope)
        statement = compile_changes(self.registry, permit.scopes, dataset, place, limit, lines)
        return Compiled(statement, permit, (query,), cost)

    # --- the same again -----------------------------------------------------------------------------------------

    def prepare(self, subject: Subject, shape: Shape, queries: tuple[Query, ...], *names: Any) -> Compiled | None:
        """The statement of marked queries, to be run with other values; None when it reads a twin."""
        compiled = self._compile(subject, shape, queries, *names)
        if any(scope.schema == "twin" for scope in compiled.permit.scopes.values()):
            return None
        outline = self._recorder.outline(compiled.permit, compiled.queries) if compiled.permit.governed else None
        contract = self.registry.get(queries[0].dataset) if len(queries) == 1 and queries[0].key is not None else None
        compiled = replace(compiled, statement=_kept(compiled.statement, contract), outline=outline)
        if shape not in ("rows", "one", "document"):
            return compiled
        lean = _shaped(Compiler(self.registry, compiled.permit.scopes, leaves_out=True), shape, queries, *names)
        return replace(compiled, apart=_kept(lean, contract) if lean.apart else None)

    async def again(self, subject: Subject, prepared: Compiled, texts: Sequence[str], surface: str) -> Answer:
        """The answer of a prepared statement to other values. `subject` has the rights that it was prepared for."""
        given, apart = Texts(texts), prepared.apart
        known = apart if apart is not None and self._apart.ready(apart) else prepared.statement
        statement = known.filled(filled(known.params, given))
        of = prepared
        made = Compiled(statement, of.permit, of.queries, of.cost, of.bound, None, of.outline, given)
        answer = await self._answer(subject, made, surface)
        if not statement.apart or not answer.body:
            return answer
        if (body := await self._apart.filled(statement, answer.body, answer.apart)) is not None:
            return replace(answer, body=body)
        known = prepared.statement
        return await self._answer(subject, replace(made, statement=known.filled(filled(known.params, given))), surface)

    def charge(self, subject: Subject, cost: int) -> str:
        """Take from the caller's budget what an answer without rows costs; the caller's name. Raises TooCostly."""
        return self._budget.charge(subject, cost)

    # --- authorising ------------------------------------------------------------------------------------------

    def _compiled(self, subject: Subject, shape: Shape, queries: tuple[Query, ...], *names: Any) -> Compiled:
        if subject == ANONYMOUS:
            return self._for_anonymous(shape, queries, *names)
        return self._compile(subject, shape, queries, *names)

    def _compile(self, subject: Subject, shape: Shape, queries: tuple[Query, ...], *names: Any) -> Compiled:
        """The statement of this shape and what it reads. `names`: of a document its keys, of a map what is drawn."""
        cost = TILE if shape == "tile" else pricing.check(self.registry, *queries)
        permit = Permit(self.registry, subject)
        for query in queries:
            permit.visit(query)
        query = queries[0]
        match shape:
            case "features":
                permit.show(query.dataset, names[0])
                statement = Featurer(self.registry, permit.scopes).features_of(query, *names)
            case "numbers":  # of features that lie ready: what they show is permitted with them
                permit.show(query.dataset, names[0])
                statement = Featurer(self.registry, permit.scopes).numbers_of(query)
            case "tile":
                permit.show(query.dataset, names[0].geometry)
                statement = Tiler(self.registry, permit.scopes).tile_of(query, *names)
            case _:
                statement = _shaped(Compiler(self.registry, permit.scopes), shape, queries, *names)
        read = bound(self.registry, permit.scopes, queries) if subject == ANONYMOUS else None
        return Compiled(statement, permit, queries, cost, read)

    # --- reading ----------------------------------------------------------------------------------------------

    async def _answer(self, subject: Subject, compiled: Compiled, surface: str) -> Answer:
        """Charge the caller, wait for a turn, read; what is governed waits for its entry when the turn is over."""
        caller = self._budget.charge(subject, max(1, compiled.cost))
        await self._turns.take(caller)
        try:
            if compiled.queries[0].key is None and not self._planner.knows(compiled.statement):
                role = compiled.permit.role if compiled.permit.governed else compiled.permit.reader
                await self._planner.check(compiled.statement, partial(self._read_as, role))
            read = await self._read(subject, compiled, surface)
        finally:
            self._turns.give(caller)
        answer = await read if isinstance(read, Coroutine) else read
        if surface not in OWN:
            for query in compiled.queries:
                self.usage.note(query.dataset, "call")
        return answer

    async def _read(self, subject: Subject, compiled: Compiled, surface: str) -> Answer | Coroutine[Any, Any, Answer]:
        """The answer; of governed rows what gives it once they are on record."""
        statement, permit, outline = compiled.statement, compiled.permit, compiled.outline
        if outline is None:
            if not permit.governed:
                return _as_answer(await self._read_as(permit.reader, statement), statement, None, compiled.bound)
            outline = self._recorder.outline(permit, compiled.queries)
        if self._watch and outline.personal:
            await self._watch.check()
        if self._quotas and outline.quotas:
            await self._quotas.check(outline.quotas)
        receipt = uuid.uuid4()
        entries = outline.of(subject, surface, receipt, compiled.texts)
        withheld = await self.database.read_governed(statement, outline.role, entries)
        return self._on_record(compiled, outline, withheld, receipt)

    async def _on_record(self, compiled: Compiled, outline: Outline, withheld: Withheld, receipt: uuid.UUID) -> Answer:
        answer = _as_answer(await withheld.row(), compiled.statement, receipt.hex)
        if not answer.count or any(query.is_aggregate for query in compiled.queries):
            await self._refuse_ended(compiled.permit)
        if self._quotas and answer.count:
            for terms in outline.quotas:
                self._quotas.add(terms.id, answer.count)
        return answer

    async def _refuse_ended(self, permit: Permit) -> None:
        """Nothing fits, or the agreement has just ended and its rows are hidden: which? Raises NotPermitted."""
        for scope in permit.governed:
            if scope.agreement and scope.agreement not in OWN_DATA:
                (holds,) = await self.database.read_as(holding(scope.agreement), permit.role)
                if holds != b"true":
                    raise policy.ended(scope)

    async def _read_as(self, role: str, statement: Statement) -> Row:
        """The row of a statement that nothing governed is read by."""
        return await (self.database.read(statement) if role == PUBLIC else self.database.read_as(statement, role))


def _kept(statement: Statement, keyed: Contract | None) -> Statement:
    """The statement as one that will be run again; that of one row of the contract `keyed` also as one for many."""
    kept = replace(statement, kept=True)
    return kept if keyed is None else shared(kept, keyed)


def _shaped(compiler: Compiler, shape: Shape, queries: Sequence[Query], *names: Any) -> Statement:
    """The statement of a page of rows, of one row, or of a document."""
    match shape:
        case "rows":
            return compiler.rows(queries[0])
        case "one":
            return compiler.one(queries[0])
        case _:
            return compiler.document(list(zip(names, queries, strict=True)))


def _as_answer(row: Row, statement: Statement, receipt: str | None, read: Bound | None = None) -> Answer:
    values = dict(zip(statement.columns, row, strict=True))
    told = values.get
    count, total, cursor, release = told("count"), told("total"), told("next"), told("release")
    releases = [name for name in statement.columns if name.startswith("apart")] if statement.apart else []
    return Answer(
        body=values["body"] or b"",
        count=int(count) if count else None,
        next=cursor.decode() if cursor else None,
        total=int(total) if total else None,
        receipt=receipt,
        release=int(release) if release else None,
        bound=read,
        apart=tuple([int(values[name] or 0) for name in releases]),
    )
