"""The small worlds of tests: one that is only read, one for each file that writes, and a watch over what files leave."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from tests import copies

if TYPE_CHECKING:  # the platform is loaded by those who ask for a world
    from tests.surface.small import World

# What says what is there and who may see it. Readers leave entries, counters, and themselves as a user of CKAN's.
_TABLES = (
    "select schemaname, tablename from pg_tables where schemaname in ('governed', 'history', 'release') "
    "or schemaname = 'platform' and (tablename like 'hosted%' and tablename <> 'hosted_user' or tablename in ('agency', 'agreement', "
    "'agreement_event', 'dataset', 'distribution', 'oauth_client', 'person', 'release', 'release_step', 'voice', 'webhook'))"
)
_NAMES = ("HOME", "LANG", "LC_ALL", "PATH", "TZ")  # and all of our own
Seen = dict[str, tuple[int, str]]


@dataclass
class _Shared:
    """The worlds of this process that nobody may change, and how they were seen last."""

    worlds: "list[tuple[World, Seen]]" = field(default_factory=list)


_KEY = pytest.StashKey[_Shared]()


def looked(world: "World") -> Seen:
    """Of every table that says what is there and who may see it: how many rows, and a digest of them."""
    from lienthong.store import owner

    each = "select {0}, count(*), coalesce(md5(string_agg(t::text, '' order by t::text)), '') from {1} t"
    with owner.connect(world.settings) as connection:
        names = connection.execute(_TABLES).fetchall()
        parts = [sql.SQL(each).format(sql.Literal(f"{s}.{t}"), sql.Identifier(s, t)) for s, t in names]
        return {name: (count, digest) for name, count, digest in connection.execute(sql.SQL(" union all ").join(parts))}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> "Iterator[World]":
    """Four datasets with every kind of value, in a real cluster, behind the real surfaces. Nobody changes it."""
    from tests.surface.small import running

    with running(tmp_path_factory.mktemp("world")) as found:
        request.session.stash.setdefault(_KEY, _Shared()).worlds.append((found, looked(found)))
        yield found


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[World]":
    """The same, for the tests of one file that change it."""
    from tests.surface.small import running

    with running(tmp_path_factory.mktemp("own")) as found:
        yield found


@pytest.fixture(scope="session", autouse=True)
def _no_folder_left() -> Iterator[None]:
    """What worlds were copied from goes with the process."""
    yield
    copies.clear()


def _surroundings() -> dict[str, str]:
    return {n: value for n, value in os.environ.items() if n in _NAMES or n.startswith("LIENTHONG_")}


@pytest.fixture(scope="module", autouse=True)
def _left_as_found(request: pytest.FixtureRequest) -> Iterator[None]:
    """A file leaves the shared world, the environment and the current folder to the next file as it found them."""
    before, folder = _surroundings(), os.getcwd()
    yield
    after = _surroundings()
    told = [f"the environment: {n}" for n in sorted({*before, *after}) if before.get(n) != after.get(n)]
    told += ["the current folder"] if os.getcwd() != folder else []
    shared = request.session.stash.get(_KEY, _Shared())
    for number, (found, seen) in enumerate(shared.worlds):
        now = looked(found)
        tables = sorted(n for n in {*now, *seen} if now.get(n) != seen.get(n))
        told += [f"{t}: {seen.get(t, (0, ''))[0]} rows, now {now.get(t, (0, ''))[0]}" for t in tables]
        shared.worlds[number] = (found, now)
    assert not told, f"{request.node.nodeid} changed what other files share (take own_world): {'; '.join(told)}"
