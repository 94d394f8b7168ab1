"""Keeps the index of each language up to date: datasets of contracts by snapshot, hosted ones by what has changed."""

import asyncio
import gc
import logging
import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from lienthong.catalog import ahead
from lienthong.catalog.hosted import packages, tags
from lienthong.catalog.hosted.packages import Whole
from lienthong.catalog.hosted.writing import reading
from lienthong.catalog.snapshot import Catalog, DatasetState, Snapshot
from lienthong.ckan import documents, hosted, ids
from lienthong.ckan.documents import Document
from lienthong.ckan.entry import PUBLIC, Entry, entry
from lienthong.ckan.hosted import Shown
from lienthong.ckan.index import Index
from lienthong.contract.model import Agency
from lienthong.contract.registry import Registry
from lienthong.kernel.text import Language

log = logging.getLogger("lienthong.ckan")
LOOK_SECONDS = 1.0  # what another process has changed is seen within this time
FEW = 100  # so many changed packages are waited for; more are taken in while the index answers as it is
_AT_ONCE = 200  # so many packages are read at once
_TURN = 8  # so many packages are taken in before others have their turn


class Indexes:
    """The index of the catalogue as it is now, in each language that is asked for."""

    def __init__(self, catalog: Catalog, registry: Registry, site: str) -> None:
        self._catalog = catalog
        self._registry = registry
        self._site = site
        self._kept: dict[Language, _Kept] = {}

    async def of(self, language: Language, *, now: bool = False) -> Index:
        """The index, not older than a second; `now`: as it is now, for whoever may have written at another process."""
        snapshot = await self._catalog.current()
        kept = self._kept.get(language)
        if kept is None:
            kept = self._kept[language] = _Kept(self._catalog, self._registry, language, self._site)
        kept.asked = True
        if now or not kept.is_fresh(snapshot):
            await kept.look(snapshot, now=now)
        return kept.index

    def is_due(self) -> bool:
        """Is an index asked for, and soon too old?"""
        return any(kept.is_due() for kept in self._kept.values())

    async def look(self) -> None:
        """Look now, so that no caller has to."""
        snapshot = await self._catalog.current()
        for kept in [kept for kept in self._kept.values() if kept.is_due()]:
            kept.asked = False
            await kept.look(snapshot, now=False, early=True)

    def forget(self) -> None:
        """Something hosted was changed here: look before the next answer."""
        for kept in self._kept.values():
            kept.written += 1


class _Kept:
    """The index of one language, and up to where it has read."""

    def __init__(self, catalog: Catalog, registry: Registry, language: Language, site: str) -> None:
        self.index = Index()
        self.written = 0
        self.asked = False  # since the last look
        self._lock = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self._seen = -1
        self._snapshot = ""
        self._looked = 0.0
        self._catalog = catalog
        self._registry = registry
        self._language = language
        self._site = site
        self._upto = 0
        self._governed: set[str] = set()

    def is_fresh(self, snapshot: Snapshot) -> bool:
        """Is there nothing that it should look for?"""
        recent = time.monotonic() - self._looked < LOOK_SECONDS
        return recent and self._seen == self.written and self._snapshot == snapshot.version

    def is_due(self) -> bool:
        """Is it asked for, and soon too old?"""
        return self.asked and time.monotonic() - self._looked >= ahead.SECONDS

    async def look(self, snapshot: Snapshot, *, now: bool, early: bool = False) -> None:
        """Take in what has changed since the last look; `early`: also when that was just now.

        Nobody waits for the many changes of a load by another process, unless they have to see them `now`.
        """
        patient = now or self._seen != self.written or not self._snapshot
        if self._loading is not None and not self._loading.done() and not patient:
            return
        async with self._lock:
            if not now and not early and self.is_fresh(snapshot):
                return
            if patient or await self._pending() <= FEW:
                await self._refresh(snapshot)
            else:
                self._loading = asyncio.create_task(self._load(snapshot))

    async def _load(self, snapshot: Snapshot) -> None:
        async with self._lock:
            try:
                await self._refresh(snapshot)
            except Exception:
                log.exception("the index could not be brought up to date")

    async def _pending(self) -> int:
        async with reading(self._catalog.engine) as session:
            return await packages.pending(session, self._upto, FEW + 1)

    async def _refresh(self, snapshot: Snapshot) -> None:
        # What is written while this looks is looked for again.
        written, begun = self.written, time.monotonic()
        if self._snapshot != snapshot.version:
            self._take_contracts(snapshot)
            self._snapshot = snapshot.version
        if await self._take_hosted() > FEW:
            # An index is a great many objects that live long: the collector would stop everybody to look at them all.
            gc.freeze()
        self._seen, self._looked = written, begun

    async def _take_hosted(self) -> int:
        taken = 0
        while True:
            async with reading(self._catalog.engine) as session:
                if await packages.last_change(session) == self._upto:
                    return taken
                changes = await packages.changes(session, self._upto, _AT_ONCE)
                names = {v.id: v.name for v in await tags.vocabularies(session)}
            agencies = {o["id"]: o for o in self.index.agencies.values()}
            shown = Shown(self._registry, self._language, self._site, agencies)
            for id in changes.gone:
                self.index.drop(id)
            for number, whole in enumerate(changes.packages, taken + 1):
                self.index.put(_hosted(whole, shown, names))
                if number % _TURN == 0:
                    await asyncio.sleep(0)
            self.index.changed()  # groups, too
            taken += len(changes.packages)
            self._upto = changes.upto

    def _take_contracts(self, snapshot: Snapshot) -> None:
        for gone in self._governed - {ids.package_id(name) for name in snapshot.datasets}:
            self.index.drop(gone)
        self._governed = {ids.package_id(name) for name in snapshot.datasets}
        states = sorted(snapshot.datasets.values(), key=lambda s: s.contract.slug)
        owners = {s.agency.id: _owner(s.agency, states, self._language) for s in states}
        index = self.index
        index.agencies, index.resources, index.datastores = owners, {}, {}
        for state in states:
            found = _governed(state, owners[state.agency.id], self._registry, self._language, self._site)
            index.put(found)
            contract = state.contract
            files = {ids.resource_id(contract.id, f.format): f for f in (state.release.files if state.release else ())}
            index.resources |= {r["id"]: (found, r, files[r["id"]]) for r in found.package["resources"]}
            csv = ids.resource_id(contract.id, "csv")
            index.datastores |= dict.fromkeys((csv, contract.slug, contract.id), contract.id)


def _owner(agency: Agency, states: Iterable[DatasetState], language: Language) -> Document:
    moments: list[datetime] = [r.published_at for s in states if s.agency.id == agency.id for r in s.releases]
    return documents.organization(agency, min(moments, default=None), language)


def _governed(state: DatasetState, owner: Document, registry: Registry, language: Language, site: str) -> Entry:
    """A dataset with a contract: words of both languages are found."""
    contract = state.contract
    package = documents.package(state, owner, registry, language, site)
    labels = (PUBLIC,) if state.is_published else (f"contract-{contract.id}",)
    titles = (contract.title.vi, contract.title.en)
    texts = [contract.description.purpose, state.agency.name, *contract.catalogue.keywords]
    texts += [field.title for field in contract.fields]
    texts += [place] if (place := registry.place(contract.catalogue.spatial)) else []
    return entry(package, labels, state, titles, (text for t in texts for text in (t.vi, t.en)))


def _hosted(whole: Whole, shown: Shown, vocabularies: Mapping[str, str]) -> Entry:
    return entry(hosted.package(whole, shown), labels(whole), vocabularies=vocabularies)


def labels(whole: Whole) -> tuple[str, ...]:
    """Who may see a hosted package (CKAN's permission labels)."""
    row = whole.package
    if row.state == "active" and not row.private:
        return (PUBLIC,)
    owner = f"member-{row.owner_org}" if row.owner_org else f"creator-{row.creator}"
    return (owner, f"collaborator-{row.id}")
