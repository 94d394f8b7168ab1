"""Resources with rows in the DataStore, and the packages that they belong to."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from lienthong.catalog.hosted.tables import ACTIVE, HostedPackage, HostedResource
from lienthong.catalog.hosted.writing import reading


async def holder(engine: AsyncEngine, resource_id: str) -> tuple[HostedResource, HostedPackage] | None:
    """The resource with its package, unless it is gone."""
    query = select(HostedResource, HostedPackage).join(
        HostedPackage, col(HostedPackage.id) == HostedResource.package_id
    )
    async with reading(engine) as session:
        found = await session.execute(query.where(HostedResource.id == resource_id, HostedResource.state == ACTIVE))
        row = found.first()
    return (row[0], row[1]) if row else None


async def holders(engine: AsyncEngine, resource_ids: Iterable[str]) -> list[tuple[str, HostedPackage]]:
    """The resources that are there, each with its package."""
    query = select(HostedResource.id, HostedPackage).join(
        HostedPackage, col(HostedPackage.id) == HostedResource.package_id
    )
    wanted = col(HostedResource.id).in_(list(resource_ids))
    async with reading(engine) as session:
        found = (await session.execute(query.where(wanted, HostedResource.state == ACTIVE))).all()
    return [(row[0], row[1]) for row in found]
