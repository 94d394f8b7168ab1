"""What readers see of a release changes here, in one transaction each: served, rolled back to, withdrawn.

Files follow the catalogue: they take their place just before a publication is committed, and are taken out of reach
just after a withdrawal is. Every function may be repeated after a kill.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import orjson
from psycopg import Connection, errors, sql
from psycopg.types.json import Jsonb

from lienthong.catalog.releases import WAITING, review_after
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.clock import VIETNAM, now
from lienthong.kernel.problem import Conflict, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import Bilingual, both
from lienthong.pipelines.release_folder import ReleaseFolder
from lienthong.pipelines.release_keys import signed
from lienthong.store import release, release_changes, served
from lienthong.store.files import file_store
from lienthong.store.schema import table

Instead = Literal["previous", "nothing"]
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Stored:
    """The row of a release, as far as serving it needs."""

    number: int
    state: str
    manifest: dict[str, Any]
    approved_at: datetime | None


@contextmanager
def alone(connection: Connection, dataset: str) -> Iterator[None]:
    """One publication of a dataset at a time; a killed one is noticed by the server within seconds."""
    connection.execute("set client_connection_check_interval = '2s'")
    key = (f"lienthong.release.{dataset}",)
    connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", key)
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", key)


def serve(
    connection: Connection,
    settings: Settings,
    contract: Contract,
    number: int,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Serve a release in the transaction at hand, the one before superseded; its signed manifest.

    Raises Conflict when what is served is not what the release was compared with, Unavailable when long reads leave
    no gap.
    """
    row, before = _stored(connection, contract, number), served_number(connection, contract.id)
    told = row.manifest
    if row.state in WAITING:
        _check_fresh(contract, row, before)
        told = _signed(settings, contract, row, at or now())
        _first_time(connection, contract, number, told)
        place = folder(settings, contract, number)
        place.complete(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        _pack(connection, contract, number, told, place.there)
        place.publish()
        file_store(settings).keep(place.final, f"{contract.id}/{number}")
    connection.execute(
        "update platform.release set state = 'superseded', changed_at = clock_timestamp() "
        "where dataset = %s and state = 'published' and number <> %s",
        (contract.id, number),
    )
    connection.execute(
        "update platform.release set state = 'published', publish_at = null, changed_at = clock_timestamp() "
        "where dataset = %s and number = %s",
        (contract.id, number),
    )
    name = release.release_name(contract.id, number)
    connection.execute(sql.SQL("drop view if exists {}").format(table("draft", name)))
    release.swap(connection, contract, name)
    keep = [n for n in (number, before, *_waiting(connection, contract.id)) if n is not None]
    release.drop_old(connection, contract.id, keep)
    return told


def _check_fresh(contract: Contract, row: Stored, before: int | None) -> None:
    compared = (row.manifest.get("previous") or {}).get("number")
    if compared != before:
        raise Conflict(
            both(
                f"Dự thảo so với bản {compared}, nay đang phục vụ bản {before}",
                f"The draft was compared with release {compared}, and {before} is served now",
            ),
            place=f"{contract.slug}/{row.number}",
            fix=both("Lập lại dự thảo", "Draft it again"),
        )


def _signed(settings: Settings, contract: Contract, row: Stored, at: datetime) -> dict[str, Any]:
    """The manifest as it will stand for good. It tells that somebody approved, not who."""
    approval: dict[str, Any] = {"by": "operator" if row.approved_at is None else "steward"}
    if row.approved_at is not None:
        approval["at"] = row.approved_at.isoformat(timespec="seconds")
    told = row.manifest | {
        "published_at": at.isoformat(timespec="seconds"),
        "review_due": review_after(contract, at.astimezone(VIETNAM).date()).isoformat(),
        "approval": approval,
    }
    if _is_package(told):
        from lienthong.pipelines.release_package import texts

        # What the ZIP holds beside the files is signed too.
        made = {name: text.encode() for name, text in texts(contract, told).items()}
        told["texts"] = [{"name": n, "size": len(t), "sha256": sha256(t).hexdigest()} for n, t in made.items()]
    return signed(settings, told)


def _is_package(told: Mapping[str, Any]) -> bool:
    return any(file["format"] == "datapackage" for file in told["files"])


def _pack(connection: Connection, contract: Contract, number: int, told: Mapping[str, Any], place: Path) -> None:
    """Everything in one ZIP, with the manifest as it stands for good; recorded as a file of the release."""
    if not _is_package(told):
        return
    from lienthong.pipelines.release_package import pack

    made = pack(place, contract, number, told)
    connection.execute(
        "insert into platform.distribution (id, release_id, format, media_type, path, size, sha256) "
        "select %s, id, %s, %s, %s, %s, %s from platform.release where dataset = %s and number = %s",
        (
            uuid4(),
            made.format.name,
            made.format.media_type,
            f"{contract.id}/{number}/{made.name}",
            made.size,
            made.sha256,
            contract.id,
            number,
        ),
    )


def _first_time(connection: Connection, contract: Contract, number: int, told: dict[str, Any]) -> None:
    connection.execute(
        "update platform.release set published_at = %s, review_due = %s, manifest = %s "
        "where dataset = %s and number = %s",
        (told["published_at"], told["review_due"], Jsonb(told), contract.id, number),
    )


def roll_back(connection: Connection, settings: Settings, contract: Contract, number: int) -> None:
    """Serve a superseded release again, in the transaction at hand. Raises Conflict when its tables are gone."""
    if number not in release.numbers(connection, contract.id):
        kept = ", ".join(map(str, release.numbers(connection, contract.id))) or "–"
        raise Conflict(
            both(f"Bảng của bản {number} không còn giữ", f"The tables of release {number} are no longer kept"),
            place=f"{contract.slug}/{number}",
            fix=both(f"Còn bảng của các bản: {kept}", f"There are tables of: {kept}"),
        )
    serve(connection, settings, contract, number)


def withdraw(
    connection: Connection,
    settings: Settings,
    registry: Registry,
    contract: Contract,
    number: int,
    reason: Bilingual,
    successor: int | None = None,
    instead: Instead = "previous",
) -> None:
    """Take a release out of every table, in the transaction at hand; `remove_files` follows after it.

    When it is the one that is served, the newest one before it is served again, or (`instead`: nothing) none.
    """
    row = _stored(connection, contract, number)
    connection.execute(
        "update platform.release set state = 'withdrawn', withdrawn_at = clock_timestamp(), withdrawn_reason = %s, "
        "successor = %s, publish_at = null, review_due = null, changed_at = clock_timestamp() "
        "where dataset = %s and number = %s",
        (Jsonb({"vi": reason.vi, "en": reason.en}), successor, contract.id, number),
    )
    if row.state == "published":
        fallback = _fallback(connection, settings, contract) if instead == "previous" else None
        if fallback is not None:
            serve(connection, settings, contract, fallback)
        else:
            served.serve_nothing(connection, registry, contract)
    _take_away(connection, contract, number)
    for other in release.numbers(connection, contract.id):
        if other:
            name = release.release_name(contract.id, other)
            forget_withdrawn(connection, contract, name)
            release_changes.forget(connection, name, number)


def remove_files(settings: Settings, contract: Contract, number: int) -> None:
    """Move the files of a withdrawn release out of reach."""
    folder(settings, contract, number).withdraw(settings.home / "withdrawn")
    file_store(settings).forget(f"{contract.id}/{number}")


def _take_away(connection: Connection, contract: Contract, number: int) -> None:
    """Drop the tables. Who reads them for longer than some seconds is stopped. Raises Unavailable."""
    begun, stopped = time.monotonic(), False
    while True:
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = {release.LOCK_MS}")
                release.drop(connection, contract.id, number)
            return
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            waited = time.monotonic() - begun
            if waited > release.SWAP_SECONDS:
                detail = both("Bản công bố đang bị đọc, chưa thu hồi được", "The release is being read")
                raise Unavailable(detail, place=contract.slug) from error
            if waited > PATIENCE_SECONDS and not stopped:
                stopped = True
                release.stop_readers(connection, contract.id, number)
            time.sleep(release.LOCK_MS / 1000)


def forget_withdrawn(connection: Connection, contract: Contract, name: str) -> None:
    """Take out of the history of `release.<name>` the versions that withdrawn releases showed, and that are no more."""
    connection.execute(
        sql.SQL(
            "delete from {} h using platform.release w where w.dataset = %s and w.state = 'withdrawn' "
            "and h._from <= coalesce((w.manifest->>'made_at')::timestamptz + interval '1 second', w.published_at) "
            "and h._to > coalesce((w.manifest->>'made_at')::timestamptz, w.published_at)"
        ).format(table("release", name + "_history")),
        (contract.id,),
    )


def discard(connection: Connection, settings: Settings, contract: Contract) -> None:
    """Remove what waits, and was never public: tables, files, rows."""
    for number in _waiting(connection, contract.id):
        clear(connection, settings, contract, number)
        chosen = "dataset = %s and number = %s"
        connection.execute(f"delete from platform.release where {chosen}", (contract.id, number))


def clear(connection: Connection, settings: Settings, contract: Contract, number: int) -> None:
    """Remove tables and files of a release that waits."""
    release.drop(connection, contract.id, number)
    connection.execute(
        "delete from platform.distribution d using platform.release r "
        "where r.id = d.release_id and r.dataset = %s and r.number = %s",
        (contract.id, number),
    )
    folder(settings, contract, number).forget()


def folder(settings: Settings, contract: Contract, number: int) -> ReleaseFolder:
    """The folder of a release."""
    return ReleaseFolder(settings.home / "releases", contract.id, number)


def last_number(connection: Connection, dataset: str) -> int:
    """The highest number that was ever given; 0 when there was none."""
    return _number(connection, "select coalesce(max(number), 0) from platform.release where dataset = %s", dataset) or 0


def last_published(connection: Connection, dataset: str) -> int | None:
    """The newest release that ever was public."""
    states = "('published', 'superseded', 'withdrawn')"
    query = f"select max(number) from platform.release where dataset = %s and state in {states}"
    return _number(connection, query, dataset)


def served_number(connection: Connection, dataset: str) -> int | None:
    """The release that is served."""
    query = "select max(number) from platform.release where dataset = %s and state = 'published'"
    return _number(connection, query, dataset)


def _number(connection: Connection, query: str, dataset: str) -> int | None:
    found = connection.execute(query.encode(), (dataset,)).fetchone()
    return int(found[0]) if found and found[0] is not None else None


def _waiting(connection: Connection, dataset: str) -> list[int]:
    query = "select number from platform.release where dataset = %s and state = any(%s)"
    return [n for (n,) in connection.execute(query, (dataset, sorted(WAITING))).fetchall()]


def _fallback(connection: Connection, settings: Settings, contract: Contract) -> int | None:
    """The newest superseded release that could be served at once."""
    query = "select number from platform.release where dataset = %s and state = 'superseded' order by number desc"
    found = [n for (n,) in connection.execute(query, (contract.id,)).fetchall()]
    there = release.numbers(connection, contract.id)
    return next((n for n in found if n in there and folder(settings, contract, n).final.is_dir()), None)


def _stored(connection: Connection, contract: Contract, number: int) -> Stored:
    row = connection.execute(
        "select number, state, manifest, approved_at from platform.release where dataset = %s and number = %s",
        (contract.id, number),
    ).fetchone()
    assert row is not None
    return Stored(*row)
