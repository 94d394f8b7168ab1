"""The worker: jobs in the same PostgreSQL (schema `jobs`, procrastinate), done by processes that may die.

A job names a task and a dataset. Of one dataset one job runs at a time, and the same job waits only once. A job whose
worker died is taken up again: every task may be repeated.
"""

import asyncio
import os
from pathlib import Path
from threading import Thread, get_native_id
from typing import Any
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy, SyncPsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.schema import SchemaManager

from lienthong.contract.loader import load_all
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.kernel.problem import Conflict, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.quality import engine
from lienthong.store import owner

QUEUE = "data"
STALLED_SECONDS = 30
AFTER_OTHERS = 5  # a priority below the usual one
_PATH = {"options": "-c search_path=jobs,public"}
_UNFINISHED = (
    "insert into procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args) "
    "select %s, 'write', 10, 'write:' || w.run, jsonb_build_object('dataset', w.dataset, 'run', w.run) "
    "from platform.writing w join platform.run r on r.id = w.run where r.state in ('queued', 'running') "
    "order by w.asked_at on conflict (queueing_lock) where status = 'todo' do nothing"
)
_RETRY = RetryStrategy(max_attempts=5, exponential_wait=5, retry_exceptions=[Unavailable])


def ingest(context: JobContext, dataset: str, source: str | None = None, force: bool = False) -> dict[str, Any]:
    """Ingest a dataset from a folder (the home's `sources` by default). A refusal is a result, a failure is not."""
    from lienthong.pipelines.ingest import ingest as run

    settings, registry, contract = _given(context, dataset)
    folder = Path(source) if source else settings.home / "sources"
    return _result(run(settings, registry, contract, folder, force=force))


def check(context: JobContext, dataset: str) -> dict[str, Any]:
    """Judge the governed rows of a dataset."""
    from lienthong.quality.check import check as run

    settings, _, contract = _given(context, dataset)
    return run(settings, contract).as_json()


def publish(context: JobContext, dataset: str, force: bool = False) -> dict[str, Any]:
    """Publish the open view of a dataset."""
    from lienthong.pipelines.release import publish as run

    return _result(run(*_given(context, dataset), force=force))


def draft(context: JobContext, dataset: str, step: str, actor: str, role: str, force: bool = False) -> dict[str, Any]:
    """Make and check a release that waits for its approval, as a steward asked in `step`."""
    from lienthong.catalog.releases import Actor
    from lienthong.pipelines.release import draft as run
    from lienthong.pipelines.release_life import drafted

    settings, registry, contract = _given(context, dataset)
    report = run(settings, registry, contract, Actor(actor, role), force=force)
    with owner.connect(settings) as connection:
        drafted(connection, UUID(step), report.number)
    return _result(report)


def write(context: JobContext, dataset: str, run: str) -> dict[str, Any]:
    """Carry out a write of rows; the platform's own trigger asks for it."""
    from lienthong.pipelines.writes import write as carry_out

    settings, registry, _ = _given(context, dataset)
    return _result(carry_out(settings, registry, UUID(run)))


async def revive(context: JobContext, timestamp: int = 0) -> None:
    """Take up the jobs of workers that died, every minute."""
    await _revive(context.app)


async def _revive(app: App) -> None:
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await app.job_manager.retry_job(job)


def defer(settings: Settings, task: str, dataset: str, **arguments: Any) -> int | None:
    """Put a job into the queue; its number, or None when the same one waits already."""
    install(settings)
    app = _app(SyncPsycopgConnector(conninfo=owner.owner_url(settings), kwargs=_PATH))
    with app.open():
        job = app.configure_task(task, allow_unknown=False, lock=dataset, queueing_lock=f"{task}:{dataset}")
        try:
            return int(job.defer(dataset=dataset, **arguments))
        except AlreadyEnqueued:
            return None


def run_worker(settings: Settings) -> None:
    """Do jobs, one at a time, until told to stop (SIGINT, SIGTERM); the job at hand is finished first."""
    install(settings)
    _ask_again(settings)
    Thread(target=_warm, name="warm", daemon=True).start()
    asyncio.run(_work(settings))


def _warm() -> None:
    """Meet great_expectations before the first job does: it takes half a minute. Whoever has work goes before."""
    os.setpriority(os.PRIO_PROCESS, get_native_id(), AFTER_OTHERS)
    engine.warm()


async def _work(settings: Settings) -> None:
    app = _app(PsycopgConnector(conninfo=owner.owner_url(settings), kwargs=_PATH))
    async with app.open_async():
        await _revive(app)
        await app.run_worker_async(queues=[QUEUE], additional_context={"settings": settings})


def _ask_again(settings: Settings) -> None:
    """Writes that no worker has finished: asked for before there was a queue, or begun by one that died."""
    with owner.connect(settings) as connection, connection.transaction():
        if connection.execute("select to_regclass('platform.writing')").fetchone() != (None,):
            connection.execute("set local search_path to jobs, public")
            connection.execute(_UNFINISHED, (QUEUE,))


def install(settings: Settings) -> None:
    """Make the queue's tables when they are not there."""
    with owner.connect(settings) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('lienthong.jobs', 0))")
        connection.execute("create schema if not exists jobs")
        if connection.execute("select to_regclass('jobs.procrastinate_jobs')").fetchone() == (None,):
            connection.execute("set local search_path to jobs, public")
            connection.execute(SchemaManager.get_schema())


def _app(connector: BaseConnector) -> App:
    """The tasks, with a way to the database."""
    app = App(connector=connector)
    for task in (ingest, check, publish, draft, write):
        app.task(name=task.__name__, queue=QUEUE, pass_context=True, retry=_RETRY)(task)
    every_minute = app.task(name="revive", queue=QUEUE, pass_context=True, queueing_lock="revive")(revive)
    app.periodic(cron="* * * * *")(every_minute)
    return app


def _given(context: JobContext, dataset: str) -> tuple[Settings, Registry, Contract]:
    """Settings of the worker, and the definitions as they are now."""
    settings: Settings = context.additional_context["settings"]
    registry = load_all(settings.datasets or content("datasets"))
    return settings, registry, registry.get(dataset)


def _result(report: Any) -> dict[str, Any]:
    """The report as JSON. Raises Conflict when the job failed, so that the queue knows."""
    told: dict[str, Any] = report.as_json()
    if report.state == "failed":
        problem = both(f"{report.dataset}: việc không thành", f"{report.dataset}: the job failed")
        raise Conflict(problem, problem=report.problem)
    return told
