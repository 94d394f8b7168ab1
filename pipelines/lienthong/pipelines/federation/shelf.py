"""Where harvested datasets are put: rows of the hosted catalogue, written in sets, one transaction for a batch."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Boolean, DateTime, Integer, Text, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col

from lienthong.catalog.hosted.packages import with_ids
from lienthong.catalog.hosted.tables import ACTIVE, DELETED, HostedGroup, HostedPackage, HostedResource, HostedSetting
from lienthong.catalog.hosted.writing import reading, writing
from lienthong.kernel.clock import now
from lienthong.pipelines.federation.records import MOST_NAME, House, Publisher, Record, own_id

BATCH = 200
_KIND = "harvest"


def _pouring(table: Any, again: Sequence[str], **columns: Any) -> Any:
    """Rows that come as one JSON value, in one statement; where the id is there, only the columns `again` change."""
    given = func.jsonb_to_recordset(bindparam("rows", type_=JSONB)).table_valued(
        *(column(name, kind) for name, kind in columns.items())
    )
    made = insert(table.__table__).from_select(list(columns), select(*given.render_derived(with_types=True).c))
    return made.on_conflict_do_update(index_elements=["id"], set_={name: made.excluded[name] for name in again})


_AT = DateTime(timezone=True)
_PACKAGES = _pouring(
    HostedPackage, ("state", "owner_org", "modified", "body"), id=Text, name=Text, state=Text, private=Boolean,
    owner_org=Text, creator=Text, type=Text, created=_AT, modified=_AT, body=JSONB, plugin_data=JSONB,
)  # fmt: skip
_RESOURCES = _pouring(
    HostedResource, ("position", "state", "body"), id=Text, package_id=Text, position=Integer, state=Text, body=JSONB
)


@dataclass(frozen=True)
class Held:
    """A dataset of the source as we hold it. `gone`: it vanished there and was deleted here for that."""

    id: str
    state: str
    fingerprint: str
    gone: bool


@dataclass(frozen=True)
class Kept:
    """What became of a batch."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0


class Shelf:
    """The datasets of one source. `owner`: the organization that gets all of them; None: the source's own ones."""

    def __init__(self, engine: AsyncEngine, house: House, source: str, owner: str | None = None) -> None:
        self._engine, self._house = engine, house
        self.source, self._owner = source, owner
        self._organizations: dict[str, str] = {}
        self._held: dict[str, Held] = {}

    async def look(self) -> None:
        """Find out what is held of the source."""
        body = col(HostedPackage.body)
        query = select(col(HostedPackage.id), col(HostedPackage.state), body["extras"]).where(
            body["extras"].contains([{"key": "harvest_source", "value": self.source}])
        )
        async with reading(self._engine) as session:
            for id, state, extras in (await session.execute(query)).all():
                told = {extra["key"]: extra["value"] for extra in extras}
                key = told.get("harvest_id", "")
                if id != self.id(key):  # anybody may write such extras; only ours have our ids
                    continue
                self._held[key] = Held(id, state, told.get("harvest_fingerprint", ""), "harvest_gone" in told)

    def differs(self, record: Record) -> bool:
        """Is the record new, or another than the one that is held?"""
        held = self._held.get(record.key)
        return held is None or held.gone or held.fingerprint != record.fingerprint

    async def put(self, records: Sequence[Record], *, dry_run: bool = False) -> Kept:
        """Take records in. What somebody deleted here stays deleted; what is unchanged is not written."""
        deleted = {key for key, held in self._held.items() if held.state == DELETED and not held.gone}
        wanted = [r for r in records if r.key not in deleted]
        changed = [r for r in wanted if self.differs(r)]
        new = sum(r.key not in self._held for r in changed)
        if changed and not dry_run:
            async with writing(self._engine) as session:
                await self._write(session, changed)
        for record in changed:
            self._held[record.key] = Held(self.id(record.key), ACTIVE, record.fingerprint, False)
        return Kept(new, len(changed) - new, len(wanted) - len(changed), len(records) - len(wanted))

    def id(self, key: str) -> str:
        """The id of a dataset of the source here: always the same."""
        return own_id(self.source, "dataset", key)

    def missing(self, seen: Iterable[str]) -> list[str]:
        """What is held and was not seen at the source."""
        left = self._held.keys() - set(seen)
        return sorted(key for key in left if self._held[key].state != DELETED)

    async def remove(self, keys: Sequence[str]) -> None:
        """Delete datasets that vanished at the source; they come back when it has them again."""
        async with writing(self._engine) as session:
            query = select(HostedPackage).where(col(HostedPackage.id) == func.any([self._held[key].id for key in keys]))
            for package in (await session.execute(query)).scalars():
                extras = [*package.body.get("extras", []), {"key": "harvest_gone", "value": _moment()}]
                package.state, package.body = DELETED, package.body | {"extras": extras}
                session.add(package)

    # --- what is remembered of a source ---------------------------------------------------------------------------

    async def since(self, asked: str) -> str | None:
        """The latest change that was seen when the same was last asked without a failure."""
        async with reading(self._engine) as session:
            found = await session.get(HostedSetting, (_KIND, self._key(asked)))
            return str(found.body["since"]) if found and found.body.get("since") else None

    async def remember(self, asked: str, since: str) -> None:
        """Keep the latest change that was seen."""
        async with writing(self._engine) as session:
            body = {"source": self.source, "asked": asked, "since": since, "at": _moment()}
            await session.merge(HostedSetting(kind=_KIND, key=self._key(asked), body=body))

    def _key(self, asked: str) -> str:
        return hashlib.sha256(f"{self.source}\n{asked}".encode()).hexdigest()

    # --- writing --------------------------------------------------------------------------------------------------

    async def _write(self, session: AsyncSession, records: Sequence[Record]) -> None:
        owners = await self._owners(session, records)
        names = await self._names(session, records)
        tags = await self._tags(session, records)
        moment = now().isoformat()
        rows = [
            {
                "id": self.id(r.key),
                "name": names[r.key],
                "state": ACTIVE,
                "private": False,
                "owner_org": owners.get(r.key),
                "creator": None,
                "type": "dataset",
                "created": moment,
                "modified": moment,
                "body": r.body | {"extras": self._extras(r), "tags": [tags[name] for name in r.tags]},
                "plugin_data": {},
            }
            for r in records
        ]
        await session.execute(_PACKAGES, {"rows": rows})
        await self._resources(session, records)

    def _extras(self, record: Record) -> list[dict[str, str]]:
        own = {
            "harvest_source": self.source,
            "harvest_id": record.key,
            "harvest_modified": record.modified,
            "harvest_fingerprint": record.fingerprint,
        }
        told = record.extras | {key: value for key, value in own.items() if value}
        return [{"key": key, "value": value} for key, value in sorted(told.items())]

    async def _resources(self, session: AsyncSession, records: Sequence[Record]) -> None:
        moment = _moment()
        rows = []
        for record in records:
            for position, body in enumerate(record.resources):
                id = own_id(self.source, "resource", record.key, str(body["harvest_id"]))
                told = {"created": moment} | body | {"metadata_modified": moment}
                rows.append({"id": id, "package_id": self.id(record.key), "position": position, "state": ACTIVE,
                             "body": told})  # fmt: skip
        rows = list({row["id"]: row for row in rows}.values())
        kept = {row["id"] for row in rows}
        theirs = col(HostedResource.package_id) == func.any([self.id(r.key) for r in records])
        old = select(col(HostedResource.id)).where(theirs, col(HostedResource.state) == ACTIVE)
        left = [id for id in (await session.execute(old)).scalars() if id not in kept]
        if left:
            gone = update(HostedResource).where(col(HostedResource.id) == func.any(left)).values(state=DELETED)
            await session.execute(gone.execution_options(synchronize_session=False))
        await session.execute(_RESOURCES, {"rows": rows})

    async def _tags(self, session: AsyncSession, records: Sequence[Record]) -> dict[str, dict[str, Any]]:
        names = sorted({name for record in records for name in record.tags})
        given = [{"name": name, "vocabulary_id": None} for name in names]
        found = await with_ids(session, given, [self._house.tag_id(name) for name in names])
        return {tag["name"]: tag for tag in found}

    async def _names(self, session: AsyncSession, records: Sequence[Record]) -> dict[str, str]:
        """Names that nobody else has: the source's own if it is free, else with a mark of the source."""
        ours = {self.id(r.key) for r in records}
        marked = {r.key: _marked(r.name, f"{self.source}\n{r.key}") for r in records}
        wanted = [*(r.name for r in records), *marked.values()]
        query = select(col(HostedPackage.name), col(HostedPackage.id)).where(
            col(HostedPackage.name) == func.any(wanted), col(HostedPackage.state) != DELETED
        )
        rows = (await session.execute(query)).all()
        taken = {name for name, id in rows if id not in ours} | self._house.reserved
        # One that is held keeps its name: addresses stay.
        own = select(col(HostedPackage.id), col(HostedPackage.name)).where(
            col(HostedPackage.id) == func.any(list(ours))
        )
        held: dict[str, str] = {row[0]: row[1] for row in (await session.execute(own)).all()}
        taken |= set(held.values())
        found: dict[str, str] = {}
        for record in records:
            name = held.get(self.id(record.key)) or (record.name if record.name not in taken else marked[record.key])
            taken.add(name)
            found[record.key] = name
        return found

    async def _owners(self, session: AsyncSession, records: Sequence[Record]) -> dict[str, str]:
        if self._owner is not None:
            return dict.fromkeys((r.key for r in records), self._owner)
        publishers = {r.publisher.name: r.publisher for r in records if r.publisher}
        for name, publisher in publishers.items():
            if name not in self._organizations:
                self._organizations[name] = await self._organization(session, publisher)
        return {r.key: self._organizations[r.publisher.name] for r in records if r.publisher}

    async def _organization(self, session: AsyncSession, publisher: Publisher) -> str:
        """The id of the source's organization here. It never becomes one of ours that happens to have its name."""
        id = own_id(self.source, "organization", publisher.name)
        if await session.get(HostedGroup, id) is not None:
            return id
        name = publisher.name
        query = select(col(HostedGroup.id)).where(col(HostedGroup.name) == name)
        if name in self._house.reserved or (await session.execute(query)).first() is not None:
            name = _marked(name, self.source)
        body = {"type": "organization", "title": publisher.title, "description": publisher.description,
                "extras": [{"key": "harvest_source", "value": self.source}]}  # fmt: skip
        session.add(HostedGroup(id=id, name=name, kind="organization", body=body))
        await session.flush()
        return id


def _marked(name: str, told: str) -> str:
    mark = hashlib.sha256(told.encode()).hexdigest()[:8]
    return f"{name[: MOST_NAME - 9]}-{mark}"


def _moment() -> str:
    return now().astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
