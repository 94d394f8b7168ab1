"""What an action is given, and the register of actions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lienthong.access.callers import Callers
from lienthong.access.door import Answer
from lienthong.access.services import Services
from lienthong.catalog.hosted.caller import Caller
from lienthong.catalog.hosted.writing import Engine
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.ckan import authz
from lienthong.ckan.entry import PUBLIC, Entry
from lienthong.ckan.errors import denied, not_found
from lienthong.ckan.index import Index
from lienthong.ckan.parameters import Params
from lienthong.ckan.postings import documents
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import Language
from lienthong.store.query import Query


@dataclass(frozen=True)
class Raw:
    """A result that is JSON already; `receipt` names the ledger entry of a governed read.

    `release`: the open release, or releases, that it tells of, and of nothing else.
    """

    body: bytes
    receipt: str | None = None
    release: ReleaseInfo | tuple[ReleaseInfo, ...] | None = None


@dataclass(frozen=True)
class Told:
    """A result with what stands beside it in the envelope."""

    result: Any
    beside: dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of an action: its parameters, its caller, and the catalogue in the caller's language.

    `subject` is who asks as the door sees them, `caller` the user of the hosted catalogue that they are; `callers`
    forgets what it knows when users, tokens or members change; `look_again` takes into the index what the action has
    just written. `language` is that of titles; `told` that of messages (English unless the address begins with /vi,
    as clients look for CKAN's English words).
    """

    services: Services
    index: Index
    subject: Subject
    params: Params
    language: Language
    told: Language
    caller: Caller
    callers: Callers
    look_again: Callable[[], Awaitable[Any]]

    async def rows(self, query: Query) -> Answer:
        """Rows through the door. Raises Problem."""
        return await self.services.door.rows(self.subject, query, surface="ckan")

    @property
    def user(self) -> str:
        """The caller's name in messages; nobody's is empty."""
        return self.caller.name

    @property
    def engine(self) -> Engine:
        """Where the hosted catalogue lies."""
        return self.services.catalog.engine

    def asking(self, params: Params) -> "Call":
        """The same caller with other parameters."""
        return replace(self, params=params)

    def check(self, act: str, thing: Any = None) -> None:
        """Raises Refusal (403) unless the caller may do `act` to `thing` (`authz`)."""
        authz.check(self.caller, act, thing)

    def may(self, act: str, thing: Any = None) -> bool:
        """May the caller do `act` to `thing` (`authz`)?"""
        return authz.may(self.caller, act, thing)

    def may_read(self, dataset: str) -> bool:
        """May the caller read rows of a dataset that is not published?"""
        try:
            return self.services.door.scope(self.subject, dataset).schema == "governed"
        except Problem:
            return False

    def entry(self, name: str) -> Entry:
        """A dataset by id or name. Raises Refusal: 404, or 403 when it is not for the caller."""
        found = self.index.find(name)
        if found is None:
            raise not_found()
        if not self.sees(found):
            raise denied(f"User {self.user} not authorized to read package {name}")
        return found

    def sees(self, entry: Entry) -> bool:
        """May the caller see the dataset?"""
        if self.caller.sysadmin or entry.is_public:
            return True
        if entry.state:
            return self.may_read(entry.state.contract.id)
        return not self._labels.isdisjoint(entry.labels)

    def visible(self, *, private: bool) -> int:
        """The datasets that the caller may see, whatever their state; without `private` maybe less."""
        index = self.index
        if self.caller.sysadmin:
            return index.every
        found = index.labelled(self._labels)
        if private:
            for number in index.kept("governed", lambda: documents(index.governed())):
                entry = index[number]
                if not entry.is_public and entry.state and self.may_read(entry.state.contract.id):
                    found |= 1 << number
        return found

    @cached_property
    def _labels(self) -> frozenset[str]:
        """CKAN's permission labels of the caller."""
        caller = self.caller
        own = [f"creator-{caller.id}"] if caller.id else []
        member = (f"member-{id}" for id in caller.reads())
        return frozenset([PUBLIC, *own, *member, *(f"collaborator-{id}" for id in caller.collaborations)])


Action = Callable[[Call], Awaitable[Any]]
ACTIONS: dict[str, Action] = {}


def action(function: Action) -> Action:
    """Register an action under its name; its docstring is what help_show tells."""
    ACTIONS[function.__name__] = function
    return function
