"""`lienthong doctor`: what works here and what to do about the rest."""

import shutil
import sys
from collections.abc import Callable
from typing import Any

from lienthong.app.definitions import registry
from lienthong.kernel.problem import Problem
from lienthong.kernel.settings import Settings
from lienthong.store import owner
from lienthong.store.cluster import Cluster

MIN_FREE_BYTES = 2 * 1024**3


def examine(settings: Settings) -> list[dict[str, Any]]:
    """One finding a check: {check, ok, detail, fix}."""
    checks: dict[str, Callable[[Settings], str]] = {
        "python": lambda _: sys.version.split()[0],
        "contracts": _contracts,
        "postgresql": _postgresql,
        "database": _database,
        "disk": _disk,
    }
    return [_finding(name, check, settings) for name, check in checks.items()]


def _finding(name: str, check: Callable[[Settings], str], settings: Settings) -> dict[str, Any]:
    try:
        return {"check": name, "ok": True, "detail": check(settings), "fix": None}
    except Problem as problem:
        fix = problem.fix.en if problem.fix else None
        return {"check": name, "ok": False, "detail": problem.message("en"), "fix": fix}


def _contracts(settings: Settings) -> str:
    return f"{len(registry(settings).contracts)} datasets"


def _postgresql(settings: Settings) -> str:
    return "outside" if settings.database_url else str(Cluster(settings.home).ensure_installed())


def _database(settings: Settings) -> str:
    with owner.connect(settings) as connection:
        row = connection.execute(
            "select current_setting('server_version') || ', PostGIS ' || public.postgis_lib_version()"
        ).fetchone()
    return str(row[0]) if row else ""


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home if settings.home.exists() else ".").free
    if free < MIN_FREE_BYTES:
        raise Problem(f"{free // 1024**2} MiB free, 2048 needed", fix="free some disk space")
    return f"{free // 1024**3} GiB free"
