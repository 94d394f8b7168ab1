"""The steps in the life of a release, carried out: checked again, done in one transaction, written down for good.

Surfaces ask for a step (`platform.release_step`); the keeper carries it out, since readers' rights are not enough.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lienthong.catalog.releases import ACTIONS, Action, Actor, check_step, moment, no_release, reason_of, review_after
from lienthong.catalog.tables import Release
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.clock import now, today
from lienthong.kernel.problem import Invalid, Problem
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.pipelines import release_serve

Details = Mapping[str, Any]
SCHEDULER = "schedule"


@dataclass(frozen=True)
class Step:
    """One step: of which release, by whom, with what. `id` is that of the request, when there was one."""

    contract: Contract
    number: int
    action: Action
    actor: Actor
    details: Details
    id: UUID | None = None


def take(settings: Settings, registry: Registry, connection: psycopg.Connection, step: Step) -> None:
    """Carry out a step (any but draft) on an autocommit connection of the owner. Raises Problem."""
    with release_serve.alone(connection, step.contract.id):
        with connection.transaction():
            row = found(connection, step.contract, step.number)
            check_step(step.contract, row, step.action, step.actor)
            _DO[step.action](settings, registry, connection, step)
            _written(connection, step)
        if step.action == "withdraw":
            release_serve.remove_files(settings, step.contract, step.number)


def _approve(_: Settings, __: Registry, connection: psycopg.Connection, step: Step) -> None:
    _set(connection, step, "state = 'approved', approved_by = %s, approved_at = clock_timestamp()", step.actor.id)
    if at := step.details.get("at"):
        _set(connection, step, "publish_at = %s", moment(str(at)))


def _reject(settings: Settings, _: Registry, connection: psycopg.Connection, step: Step) -> None:
    reason = _reason(step.details)
    release_serve.clear(connection, settings, step.contract, step.number)
    told = {"vi": {"detail": reason["vi"]}, "en": {"detail": reason["en"]}}
    _set(connection, step, "state = 'draft', approved_by = null, approved_at = null, problem = %s", Jsonb(told))


def _publish(settings: Settings, _: Registry, connection: psycopg.Connection, step: Step) -> None:
    release_serve.serve(connection, settings, step.contract, step.number)


def _schedule(_: Settings, __: Registry, connection: psycopg.Connection, step: Step) -> None:
    at = step.details.get("at")
    _set(connection, step, "publish_at = %s", moment(str(at)) if at else None)


def _withdraw(settings: Settings, registry: Registry, connection: psycopg.Connection, step: Step) -> None:
    reason, successor = _reason(step.details), step.details.get("successor")
    instead = step.details.get("instead", "previous")
    if instead not in ("previous", "nothing"):
        raise Invalid(both("instead: previous hoặc nothing", "instead: previous or nothing"), place="instead")
    if successor is not None:
        found(connection, step.contract, int(successor))
    release_serve.withdraw(
        connection,
        settings,
        registry,
        step.contract,
        step.number,
        both(reason["vi"], reason["en"]),
        int(successor) if successor is not None else None,
        instead,
    )


def _rollback(settings: Settings, _: Registry, connection: psycopg.Connection, step: Step) -> None:
    _reason(step.details)
    release_serve.roll_back(connection, settings, step.contract, step.number)


def _review(_: Settings, __: Registry, connection: psycopg.Connection, step: Step) -> None:
    _set(connection, step, "review_due = %s", review_after(step.contract, today()))


_DO: Mapping[Action, Callable[[Settings, Registry, psycopg.Connection, Step], None]] = {
    "approve": _approve,
    "reject": _reject,
    "publish": _publish,
    "schedule": _schedule,
    "withdraw": _withdraw,
    "rollback": _rollback,
    "review": _review,
}


def found(connection: psycopg.Connection, contract: Contract, number: int) -> Release:
    """The row of a release. Raises NotFound."""
    with connection.cursor(row_factory=dict_row) as cursor:
        query = "select * from platform.release where dataset = %s and number = %s"
        row = cursor.execute(query, (contract.id, number)).fetchone()
    if row is None:
        raise no_release(contract, number)
    return Release.model_validate(row)


def _set(connection: psycopg.Connection, step: Step, changes: str, *values: Any) -> None:
    connection.execute(
        f"update platform.release set {changes}, changed_at = clock_timestamp() "
        "where dataset = %s and number = %s".encode(),
        (*values, step.contract.id, step.number),
    )


def _reason(details: Details) -> dict[str, str]:
    reason = reason_of(str(details.get("reason") or ""), str(details.get("reason_en") or ""))
    return {"vi": reason.vi, "en": reason.en}


def _written(connection: psycopg.Connection, step: Step) -> None:
    """Write down that the step was taken."""
    if step.id is not None:
        connection.execute(
            "update platform.release_step set state = 'done', number = %s, done_at = clock_timestamp() where id = %s",
            (step.number, step.id),
        )
        return
    record(connection, step.contract, step.number, step.action, step.actor, step.details)


def drafted(connection: psycopg.Connection, id_: UUID, number: int | None) -> None:
    """Write down that the draft which was asked for is made; whether it passed stands with it."""
    connection.execute(
        "update platform.release_step set state = 'done', number = %s, done_at = clock_timestamp() where id = %s",
        (number, id_),
    )


def record(
    connection: psycopg.Connection, contract: Contract, number: int | None, action: str, actor: Actor, details: Details
) -> None:
    """Write down a step that was taken without being asked for."""
    connection.execute(
        "insert into platform.release_step (id, dataset, number, action, actor, actor_role, asked_at, details, state, "
        "done_at) values (%s, %s, %s, %s, %s, %s, %s, %s, 'done', %s)",
        (uuid4(), contract.id, number, action, actor.id, actor.role, now(), Jsonb(dict(details)), now()),
    )


# --- the keeper -------------------------------------------------------------------------------------------------


def carry_out(settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
    """Every step that was asked for, and every publication that is due; how many. A duty of the keeper."""
    return _asked(settings, registry, connection) + _due(settings, registry, connection)


def _asked(settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
    rows = connection.execute(
        "select id, dataset, number, action, actor, actor_role, details from platform.release_step "
        "where state = 'asked' and action <> 'draft' order by asked_at limit 20"
    ).fetchall()
    for id_, dataset, number, action, actor, role, details in rows:
        try:
            contract = registry.get(dataset)
            assert action in ACTIONS
            step = Step(contract, int(number or 0), action, Actor(actor, role), details, id_)
            take(settings, registry, connection, step)
        except Problem as problem:
            refuse(connection, id_, problem)
    return len(rows)


def refuse(connection: psycopg.Connection, id_: UUID, problem: Problem) -> None:
    """Write down why a step was not taken."""
    fix = problem.fix
    kept: dict[str, Any] = {
        "slug": problem.slug,
        "status": problem.status,
        "detail": {"vi": problem.detail.vi, "en": problem.detail.en},
        "place": problem.place,
        "fix": {"vi": fix.vi, "en": fix.en} if fix else None,
    }
    told = {"vi": problem.as_json("vi"), "en": problem.as_json("en"), "kept": kept}
    connection.execute(
        "update platform.release_step set state = 'refused', done_at = clock_timestamp(), problem = %s where id = %s",
        (Jsonb(told), id_),
    )


def _due(settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
    """Publish what is approved and due. One that cannot be is not tried again: the reason stands with it."""
    rows = connection.execute(
        "select dataset, number, approved_by from platform.release where state = 'approved' and publish_at <= now()"
    ).fetchall()
    for dataset, number, approved_by in rows:
        contract = registry.get(dataset)
        step = Step(contract, number, "publish", Actor(approved_by, SCHEDULER), {"scheduled": True})
        try:
            take(settings, registry, connection, step)
        except Problem as problem:
            told = {"vi": problem.as_json("vi"), "en": problem.as_json("en")}
            connection.execute(
                "update platform.release set publish_at = null, problem = %s, changed_at = clock_timestamp() "
                "where dataset = %s and number = %s",
                (Jsonb(told), dataset, number),
            )
    return len(rows)
