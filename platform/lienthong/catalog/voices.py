"""What the public says: feedback on a dataset, requests for data, reuses of it. Shown once a steward has read it.

An e-mail address is for the answer only: stewards see it, nobody else, and it is erased when the voice is settled.
What is shown can be settled again: with another answer, or not to be shown any more. What is refused stays so.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from sqlalchemy import Column, DateTime, Text, func
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import Field, col, select

from lienthong.catalog.listing import Listings
from lienthong.catalog.snapshot import Catalog
from lienthong.contract.types import TYPES, ParseError
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Conflict, Invalid, NotFound, Unavailable
from lienthong.kernel.text import both, nfc
from lienthong.store.tables import PlatformTable

Kind = Literal["feedback", "request", "reuse"]
KINDS = get_args(Kind)
MOST_WAITING = 500
LIMITS = {"title": 200, "text": 4_000, "url": 500, "name": 100, "email": 200, "answer": 4_000}
_NAMES = {"title": both("tiêu đề", "the title"), "text": both("nội dung", "the text")}
_SETTLED = {"shown": both("cho hiện", "shown"), "refused": both("không cho hiện", "not shown")}


class Voice(PlatformTable, table=True):
    """What somebody said. `state`: waiting | shown | refused; `answer` is the steward's, public when it is shown."""

    __table_args__ = ({"info": {"app": "select, insert, update"}},)

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    kind: str = Field(max_length=10)
    dataset: str | None = Field(default=None, max_length=100)
    title: str = Field(max_length=200)
    text: str = Field(sa_column=Column(Text, nullable=False))
    url: str | None = Field(default=None, max_length=500)
    name: str | None = Field(default=None, max_length=100)
    email: str | None = Field(default=None, max_length=200)
    state: str = Field(default="waiting", max_length=10)
    at: datetime = Field(default_factory=now, sa_column=Column(DateTime(timezone=True), nullable=False))
    answer: str | None = Field(default=None, sa_column=Column(Text))
    settled_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    settled_by: str | None = Field(default=None, max_length=100)

    @property
    def version(self) -> str:
        """What a form to settle it repeats: another one each time it is settled, empty while it waits."""
        return self.settled_at.astimezone(UTC).isoformat() if self.settled_at else ""


async def subjects(catalog: Catalog, listings: Listings) -> list[str]:
    """The names of the datasets that a voice may be about: governed or hosted, all that everybody can see."""
    published = [state.contract.slug for state in (await catalog.current()).published()]
    return list(dict.fromkeys([*published, *(entry.name for entry in (await listings.public()).entries)]))


async def say(engine: AsyncEngine, given: dict[str, str], datasets: Sequence[str]) -> uuid.UUID:
    """Take in what somebody said. `datasets`: the names that it may be about. Raises Invalid, Unavailable."""
    values = _checked(given, datasets)
    async with AsyncSession(engine) as session, session.begin():
        waiting = (await session.execute(select(Voice.id).where(Voice.state == "waiting").limit(MOST_WAITING))).all()
        if len(waiting) >= MOST_WAITING:
            text = both("Đang có quá nhiều ý kiến chờ đọc", "Too many messages wait to be read")
            raise Unavailable(text, fix=both("Thử lại sau", "Try again later"))
        voice = Voice(**values)
        session.add(voice)
        return voice.id


def _checked(given: dict[str, str], datasets: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: _tidy(given.get(name, "")) for name in ("kind", "dataset", *LIMITS)}
    del found["answer"]
    if found["kind"] not in KINDS:
        raise Invalid(
            both(f"kind là một trong: {', '.join(KINDS)}", f"kind is one of: {', '.join(KINDS)}"), place="kind"
        )
    for name, told in _NAMES.items():
        if not found[name]:
            raise Invalid(both(f"Thiếu {told.vi}", f"{told.en} is missing"), place=name)
    for name, most in LIMITS.items():
        value = found.get(name) or ""
        if len(value) > most:
            raise Invalid(both(f"Dài hơn {most} ký tự", f"Longer than {most} characters"), place=name)
        if any(c < " " and c not in "\n\r\t" for c in value):
            raise Invalid(both("Có ký tự điều khiển", "It holds control characters"), place=name)
    if found["dataset"] and found["dataset"] not in datasets:
        name = found["dataset"][:60]
        raise Invalid(both(f"Không có bộ dữ liệu {name}", f"There is no dataset {name}"), place="dataset")
    if found["kind"] == "feedback" and not found["dataset"]:
        raise Invalid(both("Góp ý về bộ dữ liệu nào?", "Feedback on which dataset?"), place="dataset")
    if found["url"] and not _is_link(found["url"]):
        raise Invalid(
            both("Địa chỉ bắt đầu bằng http:// hoặc https://", "An address begins with http(s)://"), place="url"
        )
    if found["email"]:
        try:
            TYPES["email"].parse(found["email"], {})
        except ParseError as error:
            raise Invalid(error.reason, place="email") from error
    return found


def _tidy(text: str) -> str | None:
    """As it is kept, and measured: a line break is one sign, though browsers send two."""
    return nfc(text).replace("\r\n", "\n").strip() or None


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not any(c.isspace() for c in text)


async def shown(engine: AsyncEngine, *, kind: str = "", dataset: str = "", limit: int = 100) -> list[Voice]:
    """What everybody may read, the newest first."""
    query = select(Voice).where(Voice.state == "shown").order_by(col(Voice.at).desc()).limit(limit)
    if kind:
        query = query.where(Voice.kind == kind)
    if dataset:
        query = query.where(Voice.dataset == dataset)
    async with AsyncSession(engine) as session:
        return list((await session.execute(query)).scalars())


async def waiting(engine: AsyncEngine, limit: int = 100) -> list[Voice]:
    """What waits for a steward, the oldest first."""
    query = select(Voice).where(Voice.state == "waiting").order_by(col(Voice.at)).limit(limit)
    async with AsyncSession(engine) as session:
        return list((await session.execute(query)).scalars())


async def count_waiting(engine: AsyncEngine) -> int:
    """How many wait for a steward."""
    async with AsyncSession(engine) as session:
        query = select(func.count()).select_from(Voice).where(Voice.state == "waiting")
        return int((await session.execute(query)).scalar_one())


async def one(engine: AsyncEngine, id: str) -> Voice:
    """Whatever became of it. Raises NotFound."""
    async with AsyncSession(engine) as session:
        return await _one(session, id)


async def settle(engine: AsyncEngine, id: str, who: str, show: bool, answer: str, version: str = "") -> None:
    """Show it, with an answer if there is one, or refuse it; the same of what is shown.

    `version`: of what the steward has read, so that nobody overwrites unseen what another has settled meanwhile.
    Raises NotFound, Conflict, Invalid.
    """
    told, most = _tidy(answer), LIMITS["answer"]
    if len(told or "") > most:
        raise Invalid(both(f"Dài hơn {most} ký tự", f"Longer than {most} characters"), place="answer")
    async with AsyncSession(engine) as session, session.begin():
        voice = await _one(session, id, for_update=True)
        if voice.state == "refused" or voice.version not in ("", version):
            raise _settled(voice)
        voice.state, voice.answer, voice.email = "shown" if show else "refused", told, None
        voice.settled_at, voice.settled_by = now(), who


def _settled(voice: Voice) -> Conflict:
    done, again = _SETTLED[voice.state], both("Xem lại rồi gửi lại nếu vẫn cần", "Look at it, and send again if needed")
    return Conflict(
        both(
            f"Ý kiến “{voice.title}” đã được {voice.settled_by} xử lý: {done.vi}",
            f"“{voice.title}” has already been settled by {voice.settled_by}: {done.en}",
        ),
        fix=again if voice.state == "shown" else None,
    )


async def _one(session: AsyncSession, id: str, for_update: bool = False) -> Voice:
    try:
        query = select(Voice).where(Voice.id == uuid.UUID(id))
    except ValueError:
        raise _missing(id) from None
    voice = (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()
    if voice is None:
        raise _missing(id)
    return voice


def _missing(id: str) -> NotFound:
    return NotFound(both("Không có ý kiến này", "There is no such message"), place=id[:60])
