"""The short way for rows: a request like one before, with other values, in plain ASGI and without planning.

It answers what it knows and leaves all else to the long way (`rows`): errors, other formats, sessions, twins, counts.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from lienthong.access.door import Answer, Compiled
from lienthong.access.repeat import Plans, Rights
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.contract.model import Contract
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.kernel.problem import TooCostly, Unavailable
from lienthong.rest import caching, keeping, query, versions
from lienthong.rest.asking import Asking
from lienthong.store.changes import etag
from lienthong.store.condition import value_of
from lienthong.store.keyset import AnotherRelease
from lienthong.store.query import Query
from lienthong.store.slots import Marked, numbers
from lienthong.web.parameters import named
from lienthong.web.problems import respond
from lienthong.web.short import told

PREFIX = "/api/v1/datasets/"
_PLAIN = frozenset({b"*/*", b"application/json"})
_COUNTED = frozenset({"count", "as_of"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A prepared statement and the parts of its answer that are always the same."""

    compiled: Compiled
    contract: Contract
    governed: bool
    headers: tuple[tuple[bytes, bytes], ...]
    limit: int | None  # None: one row
    whole: bool  # all fields of it


@dataclass(frozen=True, slots=True)
class _Call:
    """A request: the dataset, its key or its parameters, and the texts in them."""

    contract: Contract
    key: bytes | None
    names: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def shape(self) -> tuple[str, bool, tuple[str, ...]]:
        return self.contract.id, self.key is None, self.names


class Fast:
    """The short way over one set of services."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._services = asking.services
        self._by_slug = {contract.slug: contract for contract in asking.services.registry.contracts.values()}
        self._plans: Plans[Planned] = Plans()
        self._rights = Rights()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> tuple[bool, Receive]:
        """Answer, if it can be done this way."""
        return await self._answered(scope, receive, send), receive

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> bool:
        given = told(scope, _PLAIN) if scope["method"] == "GET" else None
        call = self._call(scope) if given is not None else None
        if given is None or call is None:
            return False
        try:
            subject = await self._services.directory.subject(given, {}) if given else ANONYMOUS
            rights = self._rights.of(subject)
            plan = self._plans.get(call.shape, call.texts, rights)
            if plan is None:
                if self._plans.again(call.shape):
                    self._plan(call, subject, rights)
                return False
            before = await self._services.catalog.current()
            release = None if plan.governed else before.datasets[call.contract.id].release
            if release is None and not plan.governed:
                return False
            answer = await self._services.door.again(subject, plan.compiled, call.texts, "rest")
            if release is not None and answer.release not in (None, release.number):
                release = await self._services.catalog.at(call.contract.id, answer.release or 0)
                if release is None:
                    return False
        except AnotherRelease:  # pages of the release before do not come any more
            self._plan(call, subject, rights)
            return False
        except (TooCostly, Unavailable) as problem:  # once is enough
            await respond(Request(scope), problem)(scope, receive, send)
            return True
        except Exception:  # the long way tells what is wrong
            return False
        if not answer.body:
            return False
        head, body = _told(scope, plan, answer, release)
        keeping.keep(self._services.kept, scope, answer, before, head, body)
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})
        return True

    def _call(self, scope: Scope) -> _Call | None:
        slug, _, tail = scope["path"][len(PREFIX) :].partition("/")
        contract = self._by_slug.get(slug)
        raw = scope.get("raw_path")
        if contract is None or raw is None or not (tail == "rows" or tail.startswith("rows/")):
            return None
        try:
            asked = named(scope["query_string"])
            key = None if tail == "rows" else raw.partition(b"?")[0].partition(b"/rows/")[2]
            parts = query.key_parts(key) if key is not None else []
        except Exception:
            return None
        if not _COUNTED.isdisjoint(asked) or (key is not None and len(parts) != len(contract.primary_key)):
            return None
        return _Call(contract, key, tuple(asked), (*asked.values(), *parts))

    def _plan(self, call: _Call, subject: Subject, rights: object) -> None:
        """Make the plan of a request."""
        scope = self._services.door.scope(subject, call.contract.id)
        marked = [Marked.of(text, n) for n, text in enumerate(call.texts)]
        given = dict(zip(call.names, marked, strict=False))
        reach = self._asking.reach(subject)
        if call.key is None:
            asked = query.rows(reach, scope, given)
            compiled = self._services.door.prepare(subject, "rows", (asked,))
        else:
            asked = _keyed(call.contract, query.row(reach, scope, call.key, given), marked[len(call.names) :])
            compiled = self._services.door.prepare(subject, "one", (asked,))
        if compiled is None or asked.is_aggregate:
            return
        governed = scope.schema == "governed"
        head = (caching.GOVERNED if governed else caching.OPEN) | versions.headers(call.contract)
        if "Link" in head:
            return
        pairs = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in head.items())
        limit = asked.page.limit if call.key is None else None
        plan = Planned(compiled, call.contract, governed, (_JSON, *pairs), limit, not asked.items)
        self._plans.put(call.shape, call.texts, rights, numbers(compiled.statement.params), plan)


_JSON = (b"content-type", b"application/json; charset=utf-8")


def _keyed(contract: Contract, asked: Query, parts: list[Marked]) -> Query:
    pairs = zip(contract.primary_key, parts, strict=True)
    return asked.but(key=tuple(value_of(contract.by_name[name], "eq", part) for name, part in pairs))


def _told(
    scope: Scope, plan: Planned, answer: Answer, release: ReleaseInfo | None
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers and the body of the answer."""
    head, contract = list(plan.headers), plan.contract
    if release is not None:
        raw: bytes = scope["raw_path"]
        tag = caching.tag(release, contract.version, raw, scope["query_string"])
        head.append((b"etag", tag.encode()))
    elif plan.limit is None and plan.whole:
        head.append((b"etag", f'"{etag(answer.body)}"'.encode()))
    page = ""
    if plan.limit is not None:
        following = f'"{answer.next}"' if answer.next else "null"
        page = f'"page":{{"limit":{plan.limit},"next":{following},"count":{answer.count or 0}}},'
    if answer.next:
        kept = [p for p in scope["query_string"].split(b"&") if p and not p.startswith(b"cursor=")]
        way = scope["raw_path"].partition(b"?")[0] + b"?" + b"&".join([*kept, b"cursor=" + answer.next.encode()])
        head.append((b"link", b"<" + way + b'>; rel="next"'))
    if answer.receipt:
        head.append((b"lienthong-receipt", answer.receipt.encode()))
    number = release.number if release is not None else "null"
    rest = f',{page}"dataset":"{contract.slug}","release":{number}}}'
    body = b'{"data":' + answer.body + rest.encode()
    head.append((b"content-length", b"%d" % len(body)))
    return head, body
