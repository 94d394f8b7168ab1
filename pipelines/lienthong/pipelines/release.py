"""Release: an immutable, numbered publication of an open view, as tables and files, seen whole or not at all.

Everything of the database happens in one transaction on one snapshot; the files appear by one rename just before it is
committed. Killed at any moment, the next publication removes what is left over and makes the same release.

`publish` goes the whole way; where the contract asks for an approval, and in `draft`, the release waits for it
(`release_serve`), made and checked: what is approved is what will be public.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.types.json import Jsonb

from lienthong.catalog.releases import OPERATOR, Actor, goes_straight
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.formats import FORMATS, Format
from lienthong.kernel.clock import now
from lienthong.kernel.problem import Problem, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.pipelines import release_serve
from lienthong.pipelines.release_build import Progressed, Publication, ReleaseReport
from lienthong.privacy.disclosure import check_contract
from lienthong.store import owner, release

__all__ = ["ReleaseReport", "draft", "opened_by", "publish", "publish_all"]
THE_OPERATOR = Actor(OPERATOR, OPERATOR)


def publish_all(
    settings: Settings,
    registry: Registry,
    contracts: Sequence[Contract] | None = None,
    *,
    force: bool = False,
    progress: Progressed = lambda *_: None,
) -> list[ReleaseReport]:
    """Publish the open views of `contracts` (all by default); a problem with one is reported and stops no other."""
    chosen = contracts if contracts is not None else [c for c in registry.contracts.values() if not c.derived_from]
    reports = []
    for number, contract in enumerate(chosen):
        progress("publish", number, len(chosen), contract.id)
        try:
            reports.append(publish(settings, registry, contract, force=force, progress=progress))
        except Problem as problem:
            reports.append(ReleaseReport(contract.id, "failed", problem=_told(problem)))
    progress("publish", len(chosen), len(chosen), "")
    return reports


def publish(
    settings: Settings,
    registry: Registry,
    contract: Contract,
    *,
    force: bool = False,
    progress: Progressed = lambda *_: None,
    formats: Mapping[str, Format] = FORMATS,
) -> ReleaseReport:
    """Publish the open view of `contract`: its rows, or the aggregate made of it, on the operator's own account.

    Nothing is done when the served release has the same run and contract, unless `force`. When the contract asks for an
    approval, the release is made and waits for it. Raises Invalid or Conflict when the disclosure check refuses,
    Unavailable when the database or the disk does.
    """
    opened = opened_by(registry, contract)
    if opened is None:
        return ReleaseReport(contract.id, "closed")
    straight = goes_straight(opened, THE_OPERATOR)
    return _made(settings, registry, opened, THE_OPERATOR, straight, force, progress, formats)


def draft(
    settings: Settings,
    registry: Registry,
    contract: Contract,
    actor: Actor,
    *,
    force: bool = False,
    progress: Progressed = lambda *_: None,
    formats: Mapping[str, Format] = FORMATS,
) -> ReleaseReport:
    """Make a release and check it; it waits for its approval. One that waits already, of the same data, is kept.

    One that does not pass its check stays a draft, with the reason; what is served is not touched.
    """
    opened = opened_by(registry, contract)
    if opened is None:
        return ReleaseReport(contract.id, "closed")
    try:
        return _made(settings, registry, opened, actor, False, force, progress, formats)
    except Unavailable:
        raise
    except Problem as problem:
        with owner.connect(settings) as connection, _alone(connection, opened.id):
            number = _refused(connection, settings, opened, actor, problem)
        return ReleaseReport(opened.id, "draft", number, problem=_told(problem))


def opened_by(registry: Registry, contract: Contract) -> Contract | None:
    """The open view of a contract: itself, or the aggregate made of it; None when nothing is open."""
    return contract if contract.is_open else registry.derived(contract.id)


def _made(
    settings: Settings,
    registry: Registry,
    opened: Contract,
    actor: Actor,
    straight: bool,
    force: bool,
    progress: Progressed,
    formats: Mapping[str, Format],
) -> ReleaseReport:
    check_contract(opened)
    try:
        with owner.connect(settings) as connection, _alone(connection, opened.id):
            publication = Publication(connection, settings, registry, opened, formats, progress, actor, straight)
            made = publication.make(force)
            if made.manifest:
                # Marks all rows as seen by everybody: index-only scans from now on.
                for suffix in ("", "_history", "_changes"):
                    name = release.release_name(opened.id, made.number or 0) + suffix
                    connection.execute(psycopg.sql.SQL("vacuum {}").format(psycopg.sql.Identifier("release", name)))
            return made
    except (psycopg.Error, OSError) as error:
        text = str(error).split("\n")[0]
        detail = both(f"Không công bố được: {text}", f"Could not be published: {text}")
        raise Unavailable(detail, place=opened.slug) from error


def _told(problem: Problem) -> dict[str, Any]:
    return problem.as_json("vi") | {"exit_code": problem.exit_code}


def _refused(connection: Connection, settings: Settings, contract: Contract, actor: Actor, problem: Problem) -> int:
    """Record a draft that did not pass: no table, no file, the reason."""
    told = {"vi": problem.as_json("vi"), "en": problem.as_json("en")}
    with connection.transaction():
        release_serve.discard(connection, settings, contract)
        number = release_serve.last_number(connection, contract.id) + 1
        connection.execute(
            "insert into platform.release (id, dataset, number, state, published_at, contract_version, rows, "
            "fingerprint, manifest, drafted_by, problem) values (%s, %s, %s, 'draft', %s, %s, 0, '', '{}', %s, %s)",
            (uuid4(), contract.id, number, now(), contract.version, actor.id, Jsonb(told)),
        )
    return number


@contextmanager
def _alone(connection: Connection, dataset: str) -> Iterator[None]:
    """One publication of a dataset at a time, on one snapshot."""
    with release_serve.alone(connection, dataset):
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        yield
