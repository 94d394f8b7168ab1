"""Open data against what CKAN costs (`bench/ckan.py`), against an empty answer, and against nginx and COPY.

CPU a request of server and PostgreSQL (the sandbox's included) is compared: the machines are of one kind, their load
is not. The world is that of `compare` (1,000,000 enterprises, released), with the file of the release and with 2,631
datasets of real portals when LIENTHONG_SHARED names the folder that has them.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench import ckan, open_files, open_writes, world
from bench.load import Request, Window, answer, load
from bench.open_cases import ACTION, FIELDS, Case, cases
from bench.place import CLI, ROOT, Place, free_port, serving
from bench.processes import cpu_ms, machine_ms, settle
from bench.reads import Measured, System, rows_released, summary
from lienthong.contract.loader import load_all
from lienthong.kernel.content import content
from lienthong.store import owner, sandbox, served

Say = Callable[[str], None]
ROUNDS = 2
TOKEN = "bench-administrator"
CATALOGUE = Path(os.environ.get("LIENTHONG_SHARED", ROOT.parent / "shared")) / "data/catalog/catalogue_merged.jsonl"
PARTS = ("requests", "writes", "files", "maps")


@dataclass(frozen=True)
class Site(Place):
    """The place, with what a site of open data is started with."""

    @property
    def environment(self) -> dict[str, str]:
        """Nobody is held back; one worker; a token that may write."""
        return super().environment | {
            "LIENTHONG_WORKERS": "1",
            "LIENTHONG_BUDGET_ANONYMOUS": "0",
            "LIENTHONG_BUDGET_KNOWN": "0",
            "LIENTHONG_ADMIN_TOKEN": TOKEN,
        }


def everything(given: Place, rows: int, seconds: float, say: Say, only: str = "") -> dict[str, Any]:
    """All parts, or the one called `only`, or the requests whose name holds `only`."""
    site = Site(given.home)
    found: dict[str, Any] = {}
    parts = [only] if only in PARTS else ["requests"] if only else list(PARTS)
    if "maps" in parts:
        found |= _maps(seconds, say)
    if parts != ["maps"]:
        site.start()
        if rows_released(site) != rows:
            world.build(site, rows, say)
        served.ensure_served(site.settings, load_all(content("datasets")))
        file = open_files.release_file(site, "enterprises")
        if CATALOGUE.exists():
            say(f"catalogue: {site.run('catalogue', 'load', CATALOGUE)['created']} new datasets")
        try:
            with _servers(site) as (ours, forgetful, bare):
                if "requests" in parts:
                    found |= _requests(site, ours, forgetful, bare, seconds, say, "" if only in PARTS else only)
                if "writes" in parts:
                    found["writes"] = open_writes.run(site, ours, TOKEN, say)
                if "files" in parts:
                    found["files"] = open_files.run(site, ours, file, say)
        finally:
            sandbox.Place(site.home).stop()
    return {"rounds": ROUNDS, "seconds": seconds, "load_after": round(os.getloadavg()[0], 1)} | found


@contextmanager
def _servers(site: Site) -> Iterator[tuple[System, System, System]]:
    """Our server, the same with no answer kept, and an app that answers with nothing."""
    statements = site.home / "statements.pickle"
    statements.write_bytes(pickle.dumps({}))
    port, other_port, bare_port = free_port(), free_port(), free_port()
    bare = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--port",
        str(bare_port),
        "--no-ws",
        "bench.bare:app",
    ]
    extra = {"BENCH_STATEMENTS": str(statements), "BENCH_URL": owner.app_url(site.settings)}
    with ExitStack() as stack:
        ours = stack.enter_context(
            serving([*CLI, "serve"], site.environment | {"LIENTHONG_PORT": str(port)}, port, "/healthz")
        )
        other = site.environment | {"LIENTHONG_PORT": str(other_port), "LIENTHONG_KEPT_MEGABYTES": "0"}
        forgetful = stack.enter_context(serving([*CLI, "serve"], other, other_port, "/healthz"))
        low = stack.enter_context(serving(bare, site.environment | extra, bare_port, "/ready/0"))
        yield (
            System("lienthong", port, ours),
            System("forgetful", other_port, forgetful),
            System("bare", bare_port, low),
        )


def _requests(
    site: Site, ours: System, forgetful: System, bare: System, seconds: float, say: Say, only: str
) -> dict[str, Any]:
    """Each job of the server that keeps nothing, but those that ask again."""
    wanted = [case for case in cases(site.url, ours.port) if only in case.name]
    if any(case.known.startswith("sql") for case in wanted):
        _copied(ours.port)
    told = []
    for case in wanted:
        asked = ours if case.again else forgetful
        measured = _once(site, asked, case.requests) if case.once else _windows(site, asked, case, seconds)
        found = _against(case, summary(measured))
        told.append(found)
        cpu = f"{found['server_ms']} + {found['postgres_ms']} ms, {found['times']} times"
        say(f"{case.name}: {cpu}, {found['rate']}/s, p99 {found['p99']}, errors {found['errors']}")
    return {"cases": told} | ({} if only else {"empty": _empty(site, ours, bare, seconds, say)})


def _against(case: Case, found: dict[str, Any]) -> dict[str, Any]:
    known = ckan.REQUESTS[case.known]
    cpu = found["server_ms"] + found["postgres_ms"]
    return {"case": case.name, "ckan": [known.server_ms, known.postgres_ms, known.rate],
            "times": round((known.server_ms + known.postgres_ms) / cpu, 1), "once": case.once, **found}  # fmt: skip


def _windows(site: Site, system: System, case: Case, seconds: float) -> list[Measured]:
    """Windows that share no request, unless the job is to ask again; a short one before warms up."""
    share = len(case.requests) // (ROUNDS + 1)
    found = []
    for number in range(ROUNDS + 1):
        few = case.again or share < 500
        requests = case.requests if few else case.requests[number * share : (number + 1) * share]
        settle(site.postmaster)
        measured = _measured(site, system, partial(load, system.port, requests, seconds if number else 1))
        found += [measured] if number else []
    return found


def _once(site: Site, system: System, requests: Sequence[Request]) -> list[Measured]:
    """Each request once, one after the other, over one connection. Nothing runs on after the last answer."""
    settle(site.postmaster)
    with closing(HTTPConnection("127.0.0.1", system.port, timeout=30)) as connection:
        ask = partial(open_files.timed, partial(_over, connection), requests)
        return [_measured(site, system, ask, after=0)]


def _over(connection: HTTPConnection, request: Request) -> None:
    """Read one answer. Raises RuntimeError when the status is not 200."""
    connection.request("GET", request.path, headers=dict(request.headers))
    found = connection.getresponse()
    found.read()
    if found.status != 200:
        raise RuntimeError(f"{request.path}: {found.status}")


def _measured(site: Site, system: System, ask: Callable[[], Window], after: float = 5) -> Measured:
    """`after`: so many seconds at most are waited for what runs on after the window, which belongs to it."""
    before = cpu_ms(system.pid), _postgres_ms(site), machine_ms()
    found = ask()
    settle(site.postmaster, longest=after)
    then = cpu_ms(system.pid), _postgres_ms(site), machine_ms()
    server, postgres, machine = (b - a for a, b in zip(before, then, strict=True))
    others = (machine - server - postgres) / 1000 / found.seconds
    answers = max(1, found.requests)  # what takes longer than a window has none
    return Measured(found, server / answers, postgres / answers, others)


def _postgres_ms(site: Site) -> float:
    """CPU of the main cluster and of the sandbox."""
    file = site.home / "sandbox" / "data" / "postmaster.pid"
    return cpu_ms(site.postmaster) + (cpu_ms(int(file.read_text().split()[0])) if file.exists() else 0)


def _copied(port: int) -> None:
    """Wait until the sandbox has its copy of the rows."""
    for attempt in range(30):
        try:
            answer(port, Request(f"{ACTION}datastore_search_sql?sql=select%20count(*)%20from%20enterprises"))
            return
        except OSError:  # 503 while it is being copied
            if attempt == 29:
                raise


def _empty(site: Site, ours: System, bare: System, seconds: float, say: Say) -> dict[str, Any]:
    """Kept answers of 1 and of 100 rows, and an empty answer of a bare app, in turn."""
    start = f"{ACTION}datastore_search?resource_id=enterprises&fields={FIELDS}&limit="
    asked = {
        "bare": (bare, (Request("/ready/0"),)),
        "kept, 100 rows": (ours, (Request(start + "100"),)),
        "kept, 1 row": (ours, (Request(start + "1"),)),
    }
    windows: dict[str, list[Measured]] = {name: [] for name in asked}
    for number in range(ROUNDS + 1):
        for name, (system, requests) in asked.items():
            measured = _measured(site, system, partial(load, system.port, requests, seconds if number else 1))
            windows[name] += [measured] if number else []
    told: dict[str, Any] = {name: summary(found) for name, found in windows.items()}
    for name in told:
        if name != "bare":
            told[name]["share"] = {
                "rate": round(told[name]["rate"] / told["bare"]["rate"], 2),
                "cpu": round(told["bare"]["server_ms"] / told[name]["server_ms"], 2),
            }
            told[name]["bytes"] = len(answer(ours.port, asked[name][1][0]))
            say(f"{name}: {told[name]['share']} of an empty answer")
    return told


def _maps(seconds: float, say: Say) -> dict[str, Any]:
    """Boxes and tiles, as `python -m bench.ogc` measures them; left out where tipg is not installed."""
    from bench import ogc

    home = ROOT / ".local" / "bench" / "ogc" / "home"
    if not (ROOT / ".local" / "bench" / "tipg").exists():
        say("maps: tipg is not installed in .local/bench/tipg")
        return {}
    points = ogc.World(home)
    try:
        ogc.build(points, 100_000)
        return {"maps": ogc.measure(points, seconds, ROUNDS)}
    finally:
        points.stop()
