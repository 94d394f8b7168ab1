"""The example province: generate what its systems deliver, ingest it, publish it. Nothing is done twice."""

import shutil
import time
from pathlib import Path
from typing import Any

from lienthong.app import people
from lienthong.app.definitions import folder as definitions_folder
from lienthong.app.definitions import mark
from lienthong.app.definitions import registry as load_registry
from lienthong.app.output import Progressed
from lienthong.app.records import link
from lienthong.app.sample import write_sample
from lienthong.kernel.problem import Problem
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

PROVINCE = "20"


def load_demo(settings: Settings, progress: Progressed) -> dict[str, Any]:
    """Bring the example into the store and publish it. Raises the first problem of a dataset that failed."""
    from lienthong.pipelines.ingest import ingest_all
    from lienthong.pipelines.release import publish_all
    from lienthong.pipelines.twin.build import build_all

    started = time.monotonic()
    registry = load_registry(settings)
    contracts = [c for c in registry.contracts.values() if not c.derived_from]
    sources = _sources(settings, progress)
    ingested = ingest_all(settings, registry, contracts, sources, force=False, progress=progress)
    published = publish_all(settings, registry, contracts, force=False, progress=progress)
    twins = build_all(settings, registry, progress=progress)
    reports: list[Any] = [*ingested, *published, *twins]
    failed = [r for r in reports if r.problem]
    if failed:
        raise _failure(failed)
    link(settings, registry, people.definitions(definitions_folder(settings)))
    mark(settings, registry)
    return {
        "seconds": round(time.monotonic() - started, 1),
        "ingested": [r.as_json() for r in ingested],
        "published": [r.as_json() for r in published],
        "twins": [r.as_json() for r in twins],
    }


def _sources(settings: Settings, progress: Progressed) -> Path:
    """The folder of generated deliveries; a half-written one is never used."""
    folder = settings.home / "sources"
    if not folder.exists():
        fresh = settings.home / "sources.new"
        shutil.rmtree(fresh, ignore_errors=True)
        write_sample(fresh, PROVINCE, settings.demo_scale, None, None, progress)
        fresh.rename(folder)
    return folder


def _failure(failed: list[Any]) -> Problem:
    names = ", ".join(sorted({r.dataset for r in failed}))
    first = failed[0].problem
    return Problem(
        both(f"Không nạp được: {names}", f"Could not be loaded: {names}"),
        errors=[{"place": r.dataset, "detail": r.problem.get("detail", "")} for r in failed],
        first=first,
    )
