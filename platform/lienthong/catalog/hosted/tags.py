"""Tags, free ones and those of vocabularies."""

from collections.abc import Iterable

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from lienthong.catalog.hosted.tables import HostedPackage, HostedTag, HostedVocabulary


async def vocabularies(session: AsyncSession) -> list[HostedVocabulary]:
    """All of them, by name."""
    return list((await session.execute(select(HostedVocabulary).order_by(HostedVocabulary.name))).scalars())


async def vocabulary(session: AsyncSession, name: str) -> HostedVocabulary | None:
    """The vocabulary with the id or name."""
    query = select(HostedVocabulary).where(or_(HostedVocabulary.id == name, HostedVocabulary.name == name))
    found: HostedVocabulary | None = (await session.execute(query)).scalars().first()
    return found


async def of_vocabularies(session: AsyncSession, ids: Iterable[str]) -> dict[str, list[HostedTag]]:
    """The tags of each vocabulary, in the order in which they were put in."""
    found: dict[str, list[HostedTag]] = {}
    query = select(HostedTag).where(col(HostedTag.vocabulary_id).in_(list(ids))).order_by(col(HostedTag.number))
    for tag in (await session.execute(query)).scalars():
        found.setdefault(str(tag.vocabulary_id), []).append(tag)
    return found


async def free(session: AsyncSession, names: Iterable[str]) -> dict[str, HostedTag]:
    """The free tags with the names."""
    query = select(HostedTag).where(col(HostedTag.vocabulary_id).is_(None), col(HostedTag.name).in_(list(names)))
    return {tag.name: tag for tag in (await session.execute(query)).scalars()}


async def find(session: AsyncSession, name: str, vocabulary_id: str | None) -> HostedTag | None:
    """A tag by id, or by its name in a vocabulary (None: a free one)."""
    place = col(HostedTag.vocabulary_id)
    here = place == vocabulary_id if vocabulary_id else place.is_(None)
    query = select(HostedTag).where(or_(HostedTag.id == name, (col(HostedTag.name) == name) & here))
    found = list((await session.execute(query)).scalars())
    return min(found, key=lambda tag: tag.id != name, default=None)


async def replace(session: AsyncSession, owner: HostedVocabulary, names: Iterable[str]) -> None:
    """These are the tags of a vocabulary, and no others."""
    wanted = list(dict.fromkeys(names))
    known = {tag.name: tag for tag in (await of_vocabularies(session, [owner.id])).get(owner.id, [])}
    for name, tag in known.items():
        if name not in wanted:
            await drop(session, tag)
    session.add_all(HostedTag(name=name, vocabulary_id=owner.id) for name in wanted if name not in known)
    await session.flush()


async def drop(session: AsyncSession, tag: HostedTag) -> None:
    """No dataset bears the tag any more, and it is gone."""
    bears = col(HostedPackage.body)["tags"].contains(func.jsonb_build_array(func.jsonb_build_object("id", tag.id)))
    for package in (await session.execute(select(HostedPackage).where(bears))).scalars():
        left = [given for given in package.body["tags"] if given["id"] != tag.id]
        values = {"body": package.body | {"tags": left}}
        await session.execute(update(HostedPackage).where(col(HostedPackage.id) == package.id).values(**values))
    await session.execute(delete(HostedTag).where(col(HostedTag.id) == tag.id))


async def drop_vocabulary(session: AsyncSession, owner: HostedVocabulary) -> None:
    """A vocabulary and its tags are gone."""
    for tag in (await of_vocabularies(session, [owner.id])).get(owner.id, []):
        await drop(session, tag)
    await session.delete(owner)
