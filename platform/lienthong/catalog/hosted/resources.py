"""Rows of hosted resources and of their views."""

from collections.abc import Iterable

from sqlalchemy import delete, func
from sqlmodel import col, select

from lienthong.catalog.hosted.tables import HostedPackage, HostedResource, HostedTable, HostedView
from lienthong.catalog.hosted.writing import Session


async def find(session: Session, id: str) -> tuple[HostedPackage, HostedResource] | None:
    """The resource with the id, also a deleted one, and its package."""
    row = await session.get(HostedResource, id)
    package = await session.get(HostedPackage, row.package_id) if row else None
    return (package, row) if row and package else None


async def of_package(session: Session, package: str) -> list[HostedResource]:
    """Every resource that a package has or had, in their order."""
    query = select(HostedResource).where(HostedResource.package_id == package)
    return list((await session.execute(query.order_by(col(HostedResource.position)))).scalars())


async def existing(session: Session, ids: Iterable[str]) -> set[str]:
    """Those of the ids that resources have."""
    query = select(HostedResource.id).where(col(HostedResource.id) == func.any(list(ids)))
    return set((await session.execute(query)).scalars())


async def tabled(session: Session, ids: Iterable[str]) -> list[str]:
    """Those of the resources that have rows in the DataStore."""
    query = select(HostedTable.resource_id).where(col(HostedTable.resource_id) == func.any(list(ids)))
    return list((await session.execute(query)).scalars())


async def views(session: Session, resource: str) -> list[HostedView]:
    """The views of a resource in their order."""
    query = select(HostedView).where(HostedView.resource_id == resource).order_by(col(HostedView.position))
    return list((await session.execute(query)).scalars())


async def view(session: Session, id: str) -> HostedView | None:
    """The view with the id."""
    return await session.get(HostedView, id)


async def clear_views(session: Session, types: list[str] | None) -> None:
    """Delete the views of some types, or all."""
    query = delete(HostedView)
    if types:
        query = query.where(col(HostedView.body)["view_type"].astext == func.any(types))
    await session.execute(query)
