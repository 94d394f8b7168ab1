"""The keeper's duty about releases: steps that stewards asked for, publications that are due, drafts for the worker."""

import psycopg

from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings
from lienthong.pipelines.release_life import carry_out

_DRAFTS = (
    "select id, dataset, actor, actor_role, coalesce((details->>'force')::boolean, false) from platform.release_step "
    "where state = 'asked' and action = 'draft' order by asked_at limit 20"
)


def keep_releases(settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
    """Carry out what was asked for and what is due; how much."""
    return carry_out(settings, registry, connection) + _drafts(settings, registry, connection)


def _drafts(settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
    """Hand drafts to the worker: making one takes the machinery and the time of a run."""
    rows = connection.execute(_DRAFTS).fetchall()
    if rows:
        from lienthong.pipelines import worker

        for id_, dataset, actor, role, force in rows:
            # A job that waits already makes the same draft; the step then waits for it.
            made = worker.defer(settings, "draft", dataset, step=str(id_), actor=actor, role=role, force=force)
            if made is not None:
                connection.execute("update platform.release_step set state = 'queued' where id = %s", (id_,))
    return len(rows)
