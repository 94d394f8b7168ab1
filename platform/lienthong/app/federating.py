"""What federation must know of this installation, and what it offers to others."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import col, or_

from lienthong.catalog.hosted.tables import ACTIVE, HostedGroup
from lienthong.catalog.snapshot import Catalog, DatasetState, Snapshot
from lienthong.ckan import documents, formats, ids, licences
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import NotFound
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store import owner

if TYPE_CHECKING:
    from lienthong.pipelines.federation.push import Offer
    from lienthong.pipelines.federation.records import House


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The database, as its owner."""
    engine = create_async_engine(owner.sqlalchemy_url(owner.owner_url(settings)), pool_size=1)
    try:
        yield engine
    finally:
        await engine.dispose()


def house(registry: Registry) -> "House":
    """Names, ids, licences and formats of this installation."""
    from lienthong.pipelines.federation.records import House

    agencies = {name: ids.organization_id(a.id) for a in registry.agencies.values() for name in (a.slug, a.id)}
    slugs = {name for c in registry.contracts.values() for name in (c.slug, c.id)}
    reserved = frozenset(slugs | agencies.keys() | {"new", "edit", "search"})
    return House(reserved, agencies, ids.tag_id, formats.clean, licences.licences(registry, "en"))


async def organization(engine: AsyncEngine, given: "House", name: str | None) -> str | None:
    """The id of the organization with the id or name: an agency, or a hosted one. Raises NotFound."""
    if name is None or name in given.agencies:
        return None if name is None else given.agencies[name]
    query = select(col(HostedGroup.id)).where(
        or_(col(HostedGroup.id) == name, col(HostedGroup.name) == name),
        col(HostedGroup.kind) == "organization",
        col(HostedGroup.state) == ACTIVE,
    )
    async with AsyncSession(engine) as session:
        found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(both(f"Không có cơ quan {name}", f"There is no organization {name}"), place="--org")
    return str(found)


async def offers(
    settings: Settings, registry: Registry, engine: AsyncEngine, names: Iterable[str]
) -> tuple[list["Offer"], dict[str, str], frozenset[str] | None]:
    """What is open now; why what was open is not; the ids that `names` name (None: all). Raises NotFound."""
    snapshot = await Catalog(registry, engine).current()
    only = frozenset(_opened(registry, name) for name in names) or None
    states = [s for s in snapshot.published() if only is None or s.contract.id in only]
    return [_offer(settings, registry, state) for state in states], _withdrawn(snapshot), only


def _opened(registry: Registry, name: str) -> str:
    """The id of what is open of a dataset: itself, or what is derived from it."""
    contract = registry.get(name)
    opened = contract if contract.is_open else registry.derived(contract.id)
    return (opened or contract).id


def _offer(settings: Settings, registry: Registry, state: DatasetState) -> "Offer":
    from lienthong.pipelines.federation.push import Offer

    contract, release = state.contract, state.release
    assert release is not None
    agency = documents.organization(state.agency, None, "vi")
    files = {PurePosixPath(file.path).name: settings.home / "releases" / file.path for file in release.files}
    return Offer(
        dataset=contract.id,
        release=release.number,
        package=documents.package(state, agency, registry, "vi", settings.public_url),
        files=files,
        extras={"publisher": state.agency.name.vi, "title_en": contract.title.en},
        lost=_left(state),
    )


def _left(state: DatasetState) -> Mapping[str, int]:
    """What a package of CKAN has no place for."""
    contract = state.contract
    return {
        "columns (title, type, meaning)": len(contract.fields),
        "keywords (English)": len(contract.catalogue.keywords),
        "quality (result of each rule)": len(state.quality.results) if state.quality else 0,
        "releases (earlier ones)": max(0, len(state.releases) - 1),
        "relations": len(contract.relationships),
        "agency (a package has one organization there)": 1,
    }


def _withdrawn(snapshot: Snapshot) -> dict[str, str]:
    return {
        state.contract.id: f"{reason.vi} / {reason.en}"
        for state in snapshot.datasets.values()
        if not state.is_published and state.releases and (reason := state.releases[0].reason)
    }
