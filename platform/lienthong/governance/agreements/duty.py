"""The keeper's duty: the database's rights follow what agreements say.

Signing leaves a row in state `signed`; here its rights are written and it becomes `active`, in one transaction. Days
pass: agreements expire, announced suspensions begin. What has ended loses its rights; `platform.holds` has refused it
from the first moment.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.agreements.states import VALID
from lienthong.kernel.clock import today
from lienthong.kernel.settings import Settings
from lienthong.store import rights
from lienthong.store.condition import condition

log = logging.getLogger("lienthong.keeper")
PLATFORM = "platform"
RIGHTS = 2
"""How rights are written; another number, and those of all agreements in force are written anew."""
_SELECT = (
    "select id, consumer, dataset, fields, clear, condition, purpose, valid_from, expires, state, renews, suspend_from,"
    " version, applied from platform.agreement "
)
_ALIVE = _SELECT + "where state = any(%s) or applied is not null order by requested_at, id"
_RENEWED = _SELECT + "where id = %s for update"
_failed: set[tuple[str, int]] = set()


class Row(NamedTuple):
    """What the duty needs of an agreement."""

    id: str
    consumer: str
    dataset: str
    fields: list[str]
    clear: list[str]
    condition: dict[str, Any] | None
    purpose: str
    valid_from: date
    expires: date
    state: str
    renews: str | None
    suspend_from: date | None
    version: int
    applied: str | None


def apply_rights(settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
    """Bring states and rights to what they are today; how many agreements changed."""
    return sum(_tried(registry, connection, work) for find in (_end, _begin) for work in find(registry, connection))


def _tried(registry: Registry, connection: psycopg.Connection, work: tuple[Row, str]) -> int:
    """One agreement in its own transaction; one that fails stops no other and is told once."""
    row, what = work
    try:
        with connection.transaction():
            connection.execute("set local lock_timeout = '2s'")
            return int(_DONE[what](registry, connection, row))
    except psycopg.errors.LockNotAvailable:
        return 0  # somebody reads for long; in the next round again
    except psycopg.OperationalError:
        raise
    except Exception:
        if (row.id, row.version) not in _failed:
            _failed.add((row.id, row.version))
            log.exception("agreement %s: %s failed", row.id, what)
        return 0


def _rows(connection: psycopg.Connection) -> list[Row]:
    with connection.cursor(row_factory=class_row(Row)) as cursor:
        return cursor.execute(_ALIVE, (list(VALID),)).fetchall()


def _end(registry: Registry, connection: psycopg.Connection) -> Iterator[tuple[Row, str]]:
    day = today()
    for row in _rows(connection):
        if row.state in VALID and row.expires < day:
            yield row, "expire"
        elif row.state == "active" and row.suspend_from and row.suspend_from <= day:
            yield row, "suspend"
        elif row.state not in VALID:
            yield row, "withdraw"


def _begin(registry: Registry, connection: psycopg.Connection) -> Iterator[tuple[Row, str]]:
    day = today()
    for row in _rows(connection):
        contract = registry.contracts.get(row.dataset)
        if contract is None:
            continue
        if row.state == "signed" and row.valid_from <= day:
            yield row, "activate"
        elif row.state == "active" and row.applied != digest(contract, row):
            yield row, "apply"


def digest(contract: Contract, row: Row) -> str:
    """What the rights of an agreement are made of, and of how they are written (`RIGHTS`)."""
    made_of = [RIGHTS, contract.fingerprint, row.consumer, row.fields, row.clear, row.condition, row.purpose]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def grant(registry: Registry, contract: Contract, row: Row) -> rights.Grant:
    """The rights of an agreement; fields that the contract no longer has are left out."""
    fields = tuple(name for name in row.fields if name in contract.by_name)
    where = condition(registry, contract, row.condition) if row.condition else None
    return rights.Grant(row.id, row.consumer, row.purpose, contract, fields, where, frozenset(row.clear))


def activate(registry: Registry, connection: psycopg.Connection, row: Row) -> bool:
    """Write the rights and switch to `active`; the agreement that it renews is replaced in the same moment."""
    if row.renews:
        with connection.cursor(row_factory=class_row(Row)) as cursor:
            old = cursor.execute(_RENEWED, (row.renews,)).fetchone()
        if old and old.state in (*VALID, "expired") and _moved(connection, old, "replaced", "replace", row.id):
            withdraw(registry, connection, old)
    if not _moved(connection, row, "active", "activate"):
        return False
    return apply(registry, connection, row)


def apply(registry: Registry, connection: psycopg.Connection, row: Row) -> bool:
    """Write the rights of an active agreement anew."""
    contract = registry.contracts[row.dataset]
    rights.apply(connection, grant(registry, contract, row))
    _remember(connection, row, digest(contract, row))
    return True


def withdraw(registry: Registry, connection: psycopg.Connection, row: Row) -> bool:
    """Take the rights back. What else the same role has on the dataset is written anew in the next step."""
    contract = registry.contracts.get(row.dataset)
    if contract and row.applied:
        rights.withdraw(connection, rights.Grant(row.id, row.consumer, row.purpose, contract, ()))
    _remember(connection, row, None)
    connection.execute(
        "update platform.agreement set applied = null where state = 'active' and id <> %s "
        "and (consumer, dataset, purpose) = (%s, %s, %s)",
        (row.id, row.consumer, row.dataset, row.purpose),
    )
    return True


def _expire(registry: Registry, connection: psycopg.Connection, row: Row) -> bool:
    return _moved(connection, row, "expired", "expire") and withdraw(registry, connection, row)


def _suspend(registry: Registry, connection: psycopg.Connection, row: Row) -> bool:
    return _moved(connection, row, "suspended", "suspend_begins")


def _moved(connection: psycopg.Connection, row: Row, state: str, what: str, note: str = "") -> bool:
    """Switch the state with its event, unless somebody else was faster."""
    moved = connection.execute(
        "update platform.agreement set state = %s, version = version + 1 where id = %s and version = %s",
        (state, row.id, row.version),
    )
    if moved.rowcount != 1:
        return False
    connection.execute(
        "insert into platform.agreement_event (agreement, who, what, state, note) values (%s, %s, %s, %s, %s)",
        (row.id, PLATFORM, what, state, note),
    )
    return True


def _remember(connection: psycopg.Connection, row: Row, applied: str | None) -> None:
    connection.execute("update platform.agreement set applied = %s where id = %s", (applied, row.id))


_DONE = {"expire": _expire, "suspend": _suspend, "withdraw": withdraw, "activate": activate, "apply": apply}
