"""The short way for operations: a document asked before with other texts in its variables, in plain ASGI.

It answers what it knows and leaves all else to the long way (`endpoint`): errors, batches, sessions, twins, costs.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import Node, VariableNode, Visitor, visit
from starlette.types import Message, Receive, Scope, Send

from lienthong.access.door import Answer, Compiled
from lienthong.access.kept import sent
from lienthong.access.repeat import Plans, Rights
from lienthong.access.services import Services
from lienthong.governance.request import PURPOSE, TWIN, XROAD
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.gql import answer, keeping
from lienthong.gql.limits import MAX_BYTES
from lienthong.gql.operations import SCOPE
from lienthong.gql.plan import Planner
from lienthong.gql.running import COST
from lienthong.kernel.problem import TooCostly, Unavailable
from lienthong.store.slots import Marked, numbers
from lienthong.web import strict_json

PATH = "/graphql"
_BODY = frozenset({"query", "variables", "operationName"})
_JSON = frozenset({b"application/json", b"application/json; charset=utf-8"})
_LONG = frozenset({b"cookie", TWIN.encode(), COST.encode()})
_CALLER = frozenset({b"authorization", b"x-ckan-api-key", PURPOSE.encode(), *(n.lower().encode() for n in XROAD)})
_KEPT = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in keeping.NOT_KEPT.items())
_TYPES = {media: (b"content-type", media.encode()) for media in (answer.JSON, answer.RESULT)}
_LONGEST = 20_000  # bytes of a document that is kept


@dataclass(frozen=True, slots=True)
class Planned:
    """A prepared statement, and what of the answer is known already."""

    compiled: Compiled
    fixed: bytes


@dataclass(frozen=True, slots=True)
class _Call:
    """A request: the document, its variables without their texts, and these."""

    query: str
    operation: str | None
    variables: dict[str, Any]
    form: object
    texts: tuple[str, ...]

    @property
    def shape(self) -> tuple[str, str | None, object]:
        return self.query, self.operation, self.form


class Fast:
    """The short way over one set of services."""

    def __init__(self, services: Services, planner: Planner) -> None:
        self._services = services
        self._planner = planner
        self._plans: Plans[Planned] = Plans()
        self._rights = Rights()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> tuple[bool, Receive]:
        """Answer, if it can be done this way; else the body that was read is there to be read again."""
        given = _headers(scope)
        if given is None:
            return False, receive
        raw, again = await _body(receive)
        if raw is not None and await self._kept(scope, send, raw):
            return True, again
        call = _call(raw) if raw is not None else None
        if call is None:
            return False, again
        try:
            subject = await self._services.directory.subject(given, {}) if given else ANONYMOUS
            rights = self._rights.of(subject)
            plan = self._plans.get(call.shape, call.texts, rights)
            if plan is None:
                if self._plans.again(call.shape) and SCOPE not in (subject.scopes or ()):
                    self._plan(call, subject, rights)
                return False, again
            found = await self._services.door.again(subject, plan.compiled, call.texts, "graphql")
        except (TooCostly, Unavailable):
            raise
        except Exception:  # the long way tells what is wrong
            return False, again
        head, body = _told(scope, plan, found)
        keeping.keep(self._services.kept, scope, found.bound, head, body)
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})
        return True, again

    async def _kept(self, scope: Scope, send: Send, raw: bytes) -> bool:
        """Answer with what was answered to the same body; else note where to keep the answer, if any are kept."""
        if not self._services.kept.most:
            return False
        try:
            before = await self._services.catalog.current()
        except Exception:  # the long way tells what is wrong
            return False
        if keeping.place(scope, before, raw) is None:
            return False
        kept = keeping.found(self._services.kept, scope)
        if kept is not None:
            await sent((kept, False), send)
        return kept is not None

    def _plan(self, call: _Call, subject: Subject, rights: object) -> None:
        """Make the plan of a request. A variable that stands at several places in the document is not left open."""
        document = self._planner.document(call.query, call.operation)
        used = Counter(_used(document.node))
        count = iter(range(len(call.texts)))
        variables = {name: _marked(value, count, used[name] == 1) for name, value in call.variables.items()}
        plan = self._planner.fresh(call.query, variables, call.operation)
        if plan.told is not None or not plan.members:
            return
        keys, queries = tuple(key for key, _ in plan.members), tuple(query for _, query in plan.members)
        compiled = self._services.door.prepare(subject, "document", queries, *keys)
        if compiled is not None:
            opened = numbers(compiled.statement.params)
            self._plans.put(call.shape, call.texts, rights, opened, Planned(compiled, plan.fixed))


def _headers(scope: Scope) -> dict[str, str] | None:
    """What tells who asks; None when the request says something that only the long way knows."""
    if scope["method"] != "POST":
        return None
    found: dict[str, str] = {}
    typed = False
    for name, value in scope["headers"]:
        if name in _CALLER:
            if (key := name.decode()) in found:
                return None
            found[key] = value.decode("latin-1")
        elif name == b"content-type":
            typed = value.lower() in _JSON
        elif name in _LONG:
            return None
    return found if typed else None


async def _body(receive: Receive) -> tuple[bytes | None, Receive]:
    """The body, unless it is too large or the caller has gone, and a way to read it again."""
    messages: list[Message] = []
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= MAX_BYTES:
        message = await receive()
        messages.append(message)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message["type"] == "http.request" and message.get("more_body", False)

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    whole = not more and messages[-1]["type"] == "http.request"
    return (b"".join(parts) if whole else None), again


def _call(raw: bytes) -> _Call | None:
    if len(raw) > MAX_BYTES:
        return None
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(given, dict) or not given.keys() <= _BODY or strict_json.repeats(raw):
        return None
    document, operation, variables = given.get("query"), given.get("operationName"), given.get("variables") or {}
    if not isinstance(document, str) or len(document) > _LONGEST or not isinstance(variables, dict):
        return None
    if not isinstance(operation, str | None):
        return None
    texts: list[str] = []
    return _Call(document, operation or None, variables, _form(variables, texts), tuple(texts))


def _form(value: Any, texts: list[str]) -> object:
    """`value` as a key, its texts left out and collected."""
    if isinstance(value, str):
        texts.append(value)
        return str
    if isinstance(value, dict):
        return tuple([(name, _form(part, texts)) for name, part in value.items()])
    if isinstance(value, list):
        return (list, *[_form(part, texts) for part in value])
    return type(value), value


def _marked(value: Any, count: Any, may: bool) -> Any:
    """`value` with its texts marked, in the order in which `_form` collects them."""
    if isinstance(value, str):
        number = next(count)
        return Marked.of(value, number) if may else value
    if isinstance(value, dict):
        return {name: _marked(part, count, may) for name, part in value.items()}
    if isinstance(value, list):
        return [_marked(part, count, may) for part in value]
    return value


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.append(node.name.value)


def _used(document: Node) -> list[str]:
    """The variables that a document names, as often as it does; its definitions of them left out."""
    visitor = _Variables()
    visit(document, visitor)
    counted = Counter(visitor.names)
    return [name for name, times in counted.items() for _ in range(times - 1)]


def _told(scope: Scope, plan: Planned, found: Answer) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers and the body of the answer."""
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    body = answer.data(plan.fixed, found.body)
    head = [_TYPES[answer.RESULT if answer.RESULT.encode() in accept else answer.JSON], *_KEPT]
    if found.receipt:
        head.append((b"lienthong-receipt", found.receipt.encode()))
    head.append((b"content-length", b"%d" % len(body)))
    return head, body
