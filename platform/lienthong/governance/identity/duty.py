"""The keeper's duty: what nobody needs any more is deleted, about once a minute."""

import time

import psycopg

from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings

SECONDS = 60.0
_SWEEPS = (
    "delete from platform.used_once where expires_at < now()",
    "delete from platform.attempt where since < now() - interval '1 day' and coalesce(until, since) < now()",
    "delete from platform.session where least(expires_at, ended_at) < now() - interval '30 days'",
    "delete from platform.token where client_id is not null and expires_at < now() - interval '30 days'",
    "delete from platform.totp where confirmed_at is null and created_at < now() - interval '1 day'",
    "delete from platform.recovery_code where used_at < now() - interval '30 days'",
)
_last = 0.0


def sweep(_: Settings, __: Registry, connection: psycopg.Connection) -> int:
    """Delete what is over; how many rows."""
    global _last
    if time.monotonic() - _last < SECONDS:
        return 0
    _last = time.monotonic()
    return sum(connection.execute(statement).rowcount for statement in _SWEEPS)
