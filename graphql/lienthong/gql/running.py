"""Runs operations for a caller: planned, judged, read by the door, answered; every error in GraphQL's form."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from graphql import GraphQLError
from starlette.requests import Request

from lienthong.access import pricing, synthetic
from lienthong.access.bound import Bound
from lienthong.access.permit import Permit
from lienthong.access.services import Services
from lienthong.access.visible import visible
from lienthong.governance.subject import ANONYMOUS, Subject
from lienthong.gql import answer
from lienthong.gql.asked import Asked, NoRequest
from lienthong.gql.document import Refused
from lienthong.gql.following import Following, shaped
from lienthong.gql.operations import SCOPE, Operations, UnknownOperation
from lienthong.gql.plan import Misplaced, Plan, Planner, Told
from lienthong.kernel.problem import Problem, Unauthenticated
from lienthong.kernel.text import Language, both
from lienthong.web.language import language

COST = "lienthong-cost"
log = logging.getLogger("lienthong.gql")


@dataclass(frozen=True)
class Caller:
    """Who asks, and how the answer is wanted."""

    subject: Subject
    language: Language
    shows_cost: bool

    @staticmethod
    def of(request: Request, subject: Subject = ANONYMOUS) -> "Caller":
        """The caller of a request."""
        return Caller(subject, language(request), request.headers.get(COST) == "1")


@dataclass(frozen=True)
class Reply:
    """The answer to one request. `plain` is the status for clients that know `application/json` only.

    `bound`: the open data that it was read from, when it was read from nothing else.
    """

    body: bytes
    status: int = 200
    plain: int = 200
    receipts: tuple[str, ...] = ()
    bound: Bound | None = None


class Runner:
    """Runs operations over one set of services."""

    def __init__(self, services: Services, planner: Planner, operations: Operations) -> None:
        self._services = services
        self._planner = planner
        self._operations = operations

    async def one(self, caller: Caller, asked: Asked) -> Reply:
        """The answer to one operation."""
        try:
            return await self._run(caller, self._plan(caller, asked))
        except Exception as error:
            return self.failed(caller, error)

    async def batch(self, caller: Caller, operations: Sequence[Asked]) -> Reply:
        """The answers to some operations, each by itself; together they may cost what one may."""
        plans: list[Plan | Reply] = []
        for asked in operations:
            try:
                plans.append(self._plan(caller, asked))
            except Exception as error:
                plans.append(self.failed(caller, error))
        try:
            pricing.within(sum(plan.cost for plan in plans if isinstance(plan, Plan)))
        except Problem as error:
            return self.failed(caller, error)
        replies = [plan if isinstance(plan, Reply) else await self._ran(caller, plan) for plan in plans]
        receipts = tuple(receipt for reply in replies for receipt in reply.receipts)
        return Reply(b"[" + b",".join(reply.body for reply in replies) + b"]", receipts=receipts)

    def failed(self, caller: Caller, error: Exception) -> Reply:
        """The answer that tells of an error; of one that is nobody's business only that it was."""
        match error:
            case Refused():
                return Reply(answer.refused(error, lambda e: self._message(caller, e)), 400)
            case Misplaced():
                return Reply(answer.problem(error.problem, caller.language, error), error.problem.status)
            case NoRequest() | UnknownOperation():
                return Reply(answer.problem(error, caller.language), error.status, error.status)
            case Problem():
                return Reply(answer.problem(error, caller.language), error.status)
            case _:
                log.error("a GraphQL request failed", exc_info=error)
                return Reply(answer.masked(caller.language), 500, 500)

    def _plan(self, caller: Caller, asked: Asked) -> Plan:
        only_trusted = SCOPE in (caller.subject.scopes or ())
        plan = self._planner.plan(self._operations.text(asked, only_trusted), asked.variables, asked.operation)
        if not only_trusted:
            self._operations.show(asked)
        return plan

    async def _ran(self, caller: Caller, plan: Plan) -> Reply:
        try:
            return await self._run(caller, plan)
        except Exception as error:
            return self.failed(caller, error)

    async def _run(self, caller: Caller, plan: Plan) -> Reply:
        told = self._told(caller, plan.told) if plan.told else b""
        cost = plan.cost if caller.shows_cost else None
        if plan.following:
            return await self._followed(caller, plan.following, plan.fixed, told, cost)
        if not plan.members:
            return Reply(answer.data(plan.fixed, told, cost=cost))
        found = await self._services.door.document(caller.subject, plan.members, surface="graphql")
        body = answer.data(plan.fixed, told, found.body, cost=cost, synthetic=synthetic.noted())
        return Reply(body, receipts=(found.receipt,) if found.receipt else (), bound=None if told else found.bound)

    async def _followed(
        self, caller: Caller, following: Following, fixed: bytes, told: bytes, cost: int | None
    ) -> Reply:
        """A page of changes. A row is told whole by the door: that its shown fields are the caller's is asked first."""
        door, permit = self._services.door, Permit(self._services.registry, caller.subject)
        for name in following.fields:
            permit.show(following.dataset, name)
        feed = await door.changes(
            caller.subject, following.dataset, following.since, following.first, surface="graphql"
        )
        body = answer.data(fixed, told, shaped(following, feed), cost=cost)
        return Reply(body, receipts=(feed.receipt,) if feed.receipt else ())

    def _told(self, caller: Caller, told: Told) -> bytes:
        """The answer to introspection. Raises Unauthenticated when nobody in particular may have it."""
        if caller.subject == ANONYMOUS and not self._services.settings.graphql_introspection:
            raise Unauthenticated(
                both("Cần mã truy cập để xem lược đồ", "The schema is told to callers with a token"), place="__schema"
            )
        seen = visible(self._services.registry, caller.subject)
        return self._planner.introspect(told, seen, partial(self._services.door.charge, caller.subject))

    def _message(self, caller: Caller, error: GraphQLError) -> str:
        return self._planner.message(error, visible(self._services.registry, caller.subject))
