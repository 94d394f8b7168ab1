"""The catalogue as it is now: one immutable snapshot that every surface reads, refreshed when it changed."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from lienthong.catalog import ahead
from lienthong.catalog.releases import WAITING
from lienthong.catalog.tables import Dataset, Distribution, Release, Run, ValidationResult
from lienthong.contract.finding import nearest
from lienthong.contract.model import Agency, Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.clock import today
from lienthong.kernel.problem import Gone, NotFound
from lienthong.kernel.text import Bilingual, both, fold, unslug

REFRESH_SECONDS = 1.0
_VERSION = text(
    "select concat_ws('/', (select count(*) || ':' || coalesce(max(changed_at)::text, '') || ':' || "
    "count(*) filter (where state = 'published') from platform.release), "
    "(select max(at) from platform.validation_result), (select max(finished_at) from platform.run), "
    "(select string_agg(fingerprint, '' order by id) from platform.dataset))"
)


@dataclass(frozen=True)
class FileInfo:
    """One file of a release; `path` is relative to the releases folder."""

    id: uuid.UUID
    format: str
    media_type: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ReleaseInfo:
    """One publication of an open view. `reason` and `successor` are those of a withdrawn one."""

    id: uuid.UUID
    dataset: str
    number: int
    state: str
    published_at: datetime
    contract_version: str
    rows: int
    manifest: Mapping[str, Any]
    files: tuple[FileInfo, ...]
    drafted_by: str = ""
    approved_by: str | None = None
    approved_at: datetime | None = None
    publish_at: datetime | None = None
    review_due: date | None = None
    withdrawn_at: datetime | None = None
    reason: Bilingual | None = None
    successor: int | None = None
    problem: Mapping[str, Any] | None = None

    @property
    def review_overdue(self) -> bool:
        """Should somebody have looked at it by now?"""
        return self.state == "published" and self.review_due is not None and self.review_due < today()


@dataclass(frozen=True)
class QualityInfo:
    """The last validation of the dataset: score 0 to 1 and the result of every rule."""

    success: bool
    score: float
    at: datetime
    engine: str
    results: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class RunInfo:
    """The last run of the dataset's pipeline."""

    id: uuid.UUID
    state: str
    step: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, Any]


@dataclass(frozen=True)
class DatasetState:
    """A dataset with everything that is known of it now. `waiting`: releases that are not public, or not yet."""

    contract: Contract
    agency: Agency
    release: ReleaseInfo | None = None
    releases: tuple[ReleaseInfo, ...] = ()
    waiting: tuple[ReleaseInfo, ...] = ()
    quality: QualityInfo | None = None
    run: RunInfo | None = None
    rows: int = 0
    loaded_at: datetime | None = None

    @property
    def is_published(self) -> bool:
        """Is there a release that everybody can read?"""
        return self.release is not None and self.release.number > 0

    def served(self) -> ReleaseInfo:
        """The release that is served. Raises NotFound when there is none, Gone when the last one was withdrawn."""
        if self.release is not None:
            return self.release
        if self.releases:
            raise self.gone(self.releases[0])
        detail = both("Bộ dữ liệu chưa có bản phát hành", "The dataset has no release yet")
        raise NotFound(detail, place=self.contract.slug)

    def numbered(self, number: int) -> ReleaseInfo:
        """A release that is or was public. Raises NotFound, Gone when it was withdrawn."""
        found = next((r for r in self.releases if r.number == number), None)
        if found is None:
            detail = both(f"Không có bản {number}", f"There is no release {number}")
            fix = nearest(str(number), (str(r.number) for r in self.releases))
            raise NotFound(detail, place=f"{self.contract.slug}/{number}", fix=fix)
        if found.state == "withdrawn":
            raise self.gone(found)
        return found

    def gone(self, release: ReleaseInfo) -> Gone:
        """What is told in place of a withdrawn release: when, why, and which one to use."""
        place, reason = f"{self.contract.slug}/{release.number}", release.reason or both("không nêu", "not given")
        number = release.successor or (self.release.number if self.release else None)
        fix, extra = None, {}
        if number is not None:
            address = f"/api/v1/datasets/{self.contract.slug}/releases/{number}"
            fix = both(f"Dùng bản {number}: {address}", f"Use release {number}: {address}")
            extra = {"successor": address, "page": f"/releases/{self.contract.slug}/{number}"}
        return Gone(
            both(
                f"Bản {release.number} đã được thu hồi: {reason.vi}",
                f"Release {release.number} was withdrawn: {reason.en}",
            ),
            place=place,
            fix=fix,
            withdrawn_at=release.withdrawn_at.isoformat(timespec="seconds") if release.withdrawn_at else None,
            **extra,
        )


@dataclass(frozen=True)
class Snapshot:
    """All datasets at one moment; `version` changes when anything in it does."""

    version: str
    datasets: Mapping[str, DatasetState]
    texts: Mapping[str, str]

    def get(self, name: str) -> DatasetState:
        """The dataset with the id or slug `name`. Raises NotFound."""
        found = self.datasets.get(unslug(name))
        if found is None:
            raise NotFound(both(f"Không có bộ dữ liệu {name}", f"There is no dataset {name}"), place=name)
        return found

    def published(self) -> list[DatasetState]:
        """The datasets that anybody can read, by title."""
        return sorted((d for d in self.datasets.values() if d.is_published), key=lambda d: fold(d.contract.title.vi))

    def all(self) -> list[DatasetState]:
        """Every dataset, also those that need an agreement, by title."""
        return sorted(self.datasets.values(), key=lambda d: fold(d.contract.title.vi))

    def search(self, words: str, everything: bool = False) -> list[DatasetState]:
        """Published datasets (or all) in which every word occurs, compared without tone marks; title hits first."""
        wanted = fold(words).split()
        hits = [
            d
            for d in (self.all() if everything else self.published())
            if all(word in self.texts[d.contract.id] for word in wanted)
        ]
        phrase = " ".join(wanted)
        return sorted(hits, key=lambda d: phrase not in fold(f"{d.contract.title.vi} {d.contract.title.en}"))


class Catalog:
    """Keeps the snapshot fresh: some looks a second while it is asked for, one rebuild when something changed."""

    def __init__(self, registry: Registry, engine: AsyncEngine) -> None:
        self.registry = registry
        self.engine = engine
        self._snapshot: Snapshot | None = None
        self._looked = 0.0
        self._asked = False  # since the last look
        self._changes = 0
        self._lock = asyncio.Lock()

    async def at(self, dataset: str, number: int) -> ReleaseInfo | None:
        """A release that rows were just read from: the snapshot may not know of it yet."""
        for _ in range(2):
            found = next((r for r in (await self.current()).datasets[dataset].releases if r.number == number), None)
            if found is not None:
                return found
            self.look_again()
        return None

    def look_again(self) -> None:
        """Something was changed just now: the next caller sees it."""
        self._changes += 1
        self._looked = 0.0

    @property
    def fresh(self) -> Snapshot | None:
        """The snapshot, if nobody has to look whether it is the latest."""
        self._asked = True
        return self._snapshot if time.monotonic() - self._looked < REFRESH_SECONDS else None

    async def current(self) -> Snapshot:
        """The snapshot, not older than a second."""
        self._asked = True
        if self._snapshot is not None and time.monotonic() - self._looked < REFRESH_SECONDS:
            return self._snapshot
        async with self._lock:
            if self._snapshot is None or time.monotonic() - self._looked >= REFRESH_SECONDS:
                await self._refresh()
        assert self._snapshot is not None
        return self._snapshot

    def is_due(self) -> bool:
        """Is it asked for, and soon too old?"""
        return self._asked and time.monotonic() - self._looked >= ahead.SECONDS

    async def look(self) -> None:
        """Look now, so that no caller has to."""
        self._asked = False
        async with self._lock:
            await self._refresh()

    async def _refresh(self) -> None:
        changes, begun = self._changes, time.monotonic()
        async with AsyncSession(self.engine) as session:
            version = str((await session.execute(_VERSION)).scalar_one())
            if self._snapshot is None or self._snapshot.version != version:
                states = await _states(session, self.registry)
                self._snapshot = Snapshot(version, states, {name: _text(s) for name, s in states.items()})
        if changes == self._changes:  # else it may have looked too early
            self._looked = begun


async def _states(session: AsyncSession, registry: Registry) -> dict[str, DatasetState]:
    releases = await _releases(session)
    loaded = {d.id: d for d in (await session.execute(select(Dataset))).scalars()}
    quality = await _latest(session, ValidationResult, ValidationResult.at)
    runs = await _latest(session, Run, Run.started_at)
    states = {}
    for name, contract in registry.contracts.items():
        origin = contract.derived_from or name
        every = sorted(releases.get(name, ()), key=lambda r: -r.number)
        own = tuple(r for r in every if r.state not in WAITING)
        row = loaded.get(origin)
        states[name] = DatasetState(
            contract=contract,
            agency=registry.agencies[contract.agency],
            release=next((r for r in own if r.state == "published"), None),
            releases=own,
            waiting=tuple(r for r in every if r.state in WAITING),
            quality=_quality(quality.get(origin)),
            run=_run(runs.get(origin)),
            rows=row.rows if row else 0,
            loaded_at=row.loaded_at if row else None,
        )
    return states


async def _releases(session: AsyncSession) -> dict[str, list[ReleaseInfo]]:
    files: dict[uuid.UUID, list[FileInfo]] = {}
    for d in (await session.execute(select(Distribution).order_by(col(Distribution.format)))).scalars():
        files.setdefault(d.release_id, []).append(FileInfo(d.id, d.format, d.media_type, d.path, d.size, d.sha256))
    found: dict[str, list[ReleaseInfo]] = {}
    for r in (await session.execute(select(Release))).scalars():
        info = ReleaseInfo(
            r.id, r.dataset, r.number, r.state, r.published_at, r.contract_version, r.rows, r.manifest,
            tuple(files.get(r.id, ())), r.drafted_by, r.approved_by, r.approved_at, r.publish_at, r.review_due,
            r.withdrawn_at, both(**r.withdrawn_reason) if r.withdrawn_reason else None, r.successor, r.problem,
        )  # fmt: skip
        found.setdefault(r.dataset, []).append(info)
    return found


async def _latest(session: AsyncSession, table: Any, moment: Any) -> dict[str, Any]:
    newest = select(table).ext(distinct_on(table.dataset)).order_by(table.dataset, col(moment).desc())
    rows = await session.execute(newest)
    return {row.dataset: row for row in rows.scalars()}


def _quality(row: ValidationResult | None) -> QualityInfo | None:
    return QualityInfo(row.success, row.score, row.at, row.engine, row.results) if row else None


def _run(row: Run | None) -> RunInfo | None:
    return RunInfo(row.id, row.state, row.step, row.started_at, row.finished_at, row.counts) if row else None


def _text(state: DatasetState) -> str:
    """Everything of a dataset that a search looks in, folded."""
    c = state.contract
    texts = [
        c.title,
        c.description.purpose,
        state.agency.name,
        *c.catalogue.keywords,
        *(f.title for f in c.fields),
    ]
    return fold(" ".join([c.slug, *(f"{t.vi} {t.en}" for t in texts)]))
