"""`python -m bench.ogc`: maps against tipg and nginx in one run: CPU per request of features in a box and of tiles.

tipg (PyPI) stands in a virtual environment of its own, `.local/bench/tipg`; it reads the very table that the release
is served from. The order of the systems changes from window to window; the best window of each counts.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request as Call
from urllib.request import urlopen
from uuid import uuid4

from bench.load import Request, answer, load
from bench.machine import machine
from bench.open_files import fetch, taken
from bench.place import CLI, ROOT, Place, free_port, serving
from bench.processes import cpu_ms
from lienthong.formats.tilebook import TileBook
from lienthong.kernel.settings import Settings
from lienthong.store import owner

FOLDER = Path(__file__).parent / "ogc_points"
BOX = (106.1, 21.3, 107.3, 22.3)
ZOOM = 12
FIRST, FILTERED = "tile z12, first asked", "tile z12, filtered, made anew"
WHOLE = "every feature as GeoJSON"
# What nginx tells of itself and of each file.
_OWN = frozenset({"server", "date", "connection", "content-type", "content-length", "etag", "last-modified"})
_GATEWAYS = ("proxy", "fastcgi", "uwsgi", "scgi")
_ROWS = """
insert into governed.points (point_code, name, short_name, kind, status, registered_on, changed_on, capital, staff,
  commune, address, activity, is_active, synthetic, position, _run, _hash)
select to_char(n, 'FM0000000000'), 'Công ty trách nhiệm hữu hạn số ' || n, 'CT ' || n, 'K' || n %% 7, 'S' || n %% 4,
  date '2005-01-01' + n %% 7000, date '2020-01-01' + n %% 2000,
  (n %% 999) * 1000000, n %% 300, to_char(n %% 194, 'FM00000'),
  'Số ' || n %% 500 || ', đường Trần Đăng Ninh', to_char(n %% 900, 'FM0000'), n %% 3 > 0, true,
  st_setsrid(st_makepoint({west} + {width} * random(), {south} + {height} * random()), 4326), %s, 'x'
from generate_series(1, %s) n
"""


@dataclass(frozen=True)
class World(Place):
    """A home with one dataset of points."""

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, datasets=self.home.parent / "datasets")

    @property
    def environment(self) -> dict[str, str]:
        unlimited = {"LIENTHONG_BUDGET_ANONYMOUS": "0"}
        return super().environment | unlimited | {"LIENTHONG_DATASETS": str(self.home.parent / "datasets")}


def build(world: World, rows: int) -> None:
    """The points, released."""
    folder = world.home.parent / "datasets" / "bench_office"
    (folder / "points").mkdir(parents=True, exist_ok=True)
    shutil.copy(FOLDER / "agency.yaml", folder)
    shutil.copy(FOLDER / "points.yaml", folder / "points" / "contract.yaml")
    shutil.copytree(ROOT / "datasets" / "_vocab", folder.parent / "_vocab", dirs_exist_ok=True)
    world.start()
    with owner.connect(world.settings) as connection:
        known = connection.execute("select rows, number from platform.release where state = 'published'").fetchone()
        if known and known[0] == rows and _brings_tiles(world, known[1]):
            return
        west, south, east, north = BOX
        statement = _ROWS.format(west=west, width=east - west, south=south, height=north - south)
        run = uuid4()
        connection.execute("truncate governed.points")
        connection.execute(statement.encode(), (run, rows))
        connection.execute(
            "insert into platform.run (id, dataset, state, step, started_at, finished_at, contract_version, "
            "fingerprint) values (%s, 'points', 'done', 'done', now(), now(), '1.0.0', '')",
            (run,),
        )
        connection.execute("update platform.dataset set rows = %s, loaded_run = %s, loaded_at = now()", (rows, run))
    world.run("publish", "points", "--force")


def _brings_tiles(world: World, number: int) -> bool:
    """Was it released since tiles of this zoom are written with a release?"""
    book = TileBook(world.home / "releases" / "points" / str(number) / "points.pmtiles")
    deepest = book.header["max_zoom"]
    book.close()
    return bool(deepest >= ZOOM)


@contextmanager
def tipg(world: World) -> Iterator[tuple[int, int]]:
    """tipg over the release's own table: its port and process."""
    python = ROOT / ".local" / "bench" / "tipg" / "bin" / "python"
    port = free_port()
    command = [str(python), "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "error",
               "--no-access-log", "--workers", "1"]  # fmt: skip
    given = {
        "DATABASE_URL": world.url,
        "TIPG_DB_SCHEMAS": '["release"]',
        "TIPG_DB_SPATIAL_SCHEMAS": '["release"]',
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIPG_", "LIENTHONG_"))}
    with serving(command, kept | given, port, "/conformance") as pid:
        yield port, pid


@contextmanager
def nginx(files: dict[str, bytes], headers: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """nginx serving the files with these headers besides its own: its port and process."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for name, body in files.items():
            path = Path(folder) / "www" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        temporary = "".join(f" {kind}_temp_path {folder}/{kind};" for kind in ("client_body", *_GATEWAYS))
        told = "".join(f" add_header {name} '{value}';" for name, value in headers.items() if name not in _OWN)
        # Connections stay open as long as ours do.
        told += f" default_type {headers['content-type']}; keepalive_requests 1000000000;"
        (Path(folder) / "nginx.conf").write_text(
            f"worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 256; }\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on; open_file_cache max=1000;{told}{temporary}\n"
            f" server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}\n"
        )
        with serving(["nginx", "-c", f"{folder}/nginx.conf"], dict(os.environ), port, "/") as pid:
            yield port, pid


@contextmanager
def _keeps_nothing(world: World) -> Iterator[tuple[int, int]]:
    """Our server without memory for answers: whatever is asked, it is asked for the first time."""
    port = free_port()
    environment = world.environment | {"LIENTHONG_PORT": str(port), "LIENTHONG_KEPT_MEGABYTES": "0"}
    with serving([*CLI, "serve"], environment, port, "/readyz") as pid:
        yield port, pid


def boxes(count: int) -> list[str]:
    """Boxes with about 200 points of 100,000 each."""
    chance = random.Random(1)
    west, south, east, north = BOX
    found = []
    for _ in range(count):
        x, y = chance.uniform(west, east - 0.05), chance.uniform(south, north - 0.05)
        found.append(f"{x:.4f},{y:.4f},{x + 0.05:.4f},{y + 0.05:.4f}")
    return found


def tiles(count: int) -> list[tuple[int, int]]:
    """Columns and rows of the zoom, over the points."""
    return [(3255 + n % 12, 1793 + n // 12 % 11) for n in range(count)]


def measure(world: World, seconds: float, rounds: int) -> dict[str, Any]:
    """Windows of every system in turn."""
    with owner.connect(world.settings) as connection:
        (number,) = connection.execute("select number from platform.release where state = 'published'").fetchone() or ()
    table, port = f"points_{number}", free_port()
    environment = world.environment | {"LIENTHONG_PORT": str(port)}
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        ours = port, stack.enter_context(serving([*CLI, "serve"], environment, port, "/readyz"))
        forgetful = stack.enter_context(_keeps_nothing(world))
        theirs = stack.enter_context(tipg(world))
        way, their_way = "/ogc/collections/points", f"/collections/release.{table}"
        cases = {
            "bbox": (
                [Request(f"{way}/items?bbox={box}&limit=100") for box in boxes(200)],
                [Request(f"{their_way}/items?bbox={box}&limit=100&geometry-column=position") for box in boxes(200)],
            ),
            # each box once: nothing was asked before
            "bbox, each another": (
                [Request(f"{way}/items?bbox={box}&limit=100") for box in boxes(20_000)[200:]],
                [Request(f"{their_way}/items?bbox={box}&limit=100&geometry-column=position") for box in boxes(2000)],
            ),
            FIRST: (
                [Request(f"{way}/tiles/WebMercatorQuad/{ZOOM}/{y}/{x}") for x, y in tiles(132)],
                [Request(f"{their_way}/tiles/WebMercatorQuad/{ZOOM}/{x}/{y}") for x, y in tiles(132)],
            ),
            "tile z12": (
                [Request(f"{way}/tiles/WebMercatorQuad/{ZOOM}/{y}/{x}") for x, y in tiles(132)],
                [Request(f"{their_way}/tiles/WebMercatorQuad/{ZOOM}/{x}/{y}") for x, y in tiles(132)],
            ),
            # a filter that leaves out up to a fifth, another one each time: such a tile was not made before
            FILTERED: (
                [Request(f"{way}/tiles/WebMercatorQuad/{ZOOM}/{y}/{x}?filter=staff%3E{n}")
                 for n in range(60) for x, y in tiles(132)],
                [Request(f"{their_way}/tiles/WebMercatorQuad/{ZOOM}/{x}/{y}?filter=staff%3E{n}")
                 for n in range(60) for x, y in tiles(132)],
            ),
        }  # fmt: skip
        for name, (own, other) in cases.items():
            _say(f"{name}: {len(answer(port, own[0]))} and {len(answer(theirs[0], other[0]))} bytes")
            asked = forgetful if name == FIRST else ours
            found[name] = _compared(world, {"lienthong": (*asked, own), "tipg": (*theirs, other)}, seconds, rounds)
        found["cached"] = _cached(world, stack, ours, way, seconds, rounds)
        everything = {"lienthong": fetch(port, f"{way}/items?limit=10000000")}
        found[WHOLE] = taken(world, everything, {"lienthong": ours[1]})["lienthong"]
    return found


def _cached(
    world: World, stack: ExitStack, ours: tuple[int, int], way: str, seconds: float, rounds: int
) -> dict[str, Any]:
    paths = [f"/tiles/WebMercatorQuad/{ZOOM}/{y}/{x}" for x, y in tiles(50)]
    packed = {"Accept-Encoding": "gzip"}
    files: dict[str, bytes] = {}
    told: dict[str, str] = {}
    for path in paths:
        with urlopen(Call(f"http://127.0.0.1:{ours[0]}{way}{path}", headers=packed)) as response:
            files[path.strip("/")] = response.read()
            told = {name.lower(): value for name, value in response.headers.items()}
    server = stack.enter_context(nginx(files, told))
    headers = tuple(packed.items())
    port = free_port()
    empty = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--port", str(port), "bench.empty:app"]
    pid = stack.enter_context(serving(empty, dict(os.environ), port, "/"))
    found = _compared(
        world,
        {
            "lienthong": (*ours, [Request(way + path, headers=headers) for path in paths]),
            "nginx": (*server, [Request(path, headers=headers) for path in paths]),
            "empty": (port, pid, [Request("/", headers=headers)]),
        },
        seconds,
        rounds,
    )
    mine, nothing = found["lienthong"], found["empty"]
    shares = {
        "cpu": round(nothing["server_ms"] / mine["server_ms"], 2),
        "rate": round(mine["rate"] / nothing["rate"], 2),
        "empty_of_nginx": round(nothing["rate"] / found["nginx"]["rate"], 2),
    }
    return found | {"of_empty": shares}


def _compared(
    world: World, systems: dict[str, tuple[int, int, list[Request]]], seconds: float, rounds: int
) -> dict[str, Any]:
    best: dict[str, Any] = {}
    for turn in range(rounds):
        for name in sorted(systems, reverse=bool(turn % 2)):
            port, pid, requests = systems[name]
            load(port, requests, 1)
            before, database = cpu_ms(pid), cpu_ms(world.postmaster)
            window = load(port, requests, seconds)
            spent, spent_there = cpu_ms(pid) - before, cpu_ms(world.postmaster) - database
            told = {
                "rate": round(window.rate),
                "p99": round(window.p99, 1),
                "errors": window.errors,
                "server_ms": round(spent / window.requests, 3),
                "database_ms": round(spent_there / window.requests, 3),
            }
            total = told["server_ms"] + told["database_ms"]
            if name not in best or total < best[name]["server_ms"] + best[name]["database_ms"]:
                best[name] = told
    cost = {name: best[name]["server_ms"] + best[name]["database_ms"] for name in systems}
    theirs = next(name for name in systems if name != "lienthong")
    ratios = {"cpu": cost[theirs] / cost["lienthong"], "rate": best["lienthong"]["rate"] / best[theirs]["rate"]}
    return best | {name: round(ratio, 2) for name, ratio in ratios.items()}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Build, measure, print JSON."""
    parser = argparse.ArgumentParser(prog="bench.ogc", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--home", type=Path, default=ROOT / ".local" / "bench" / "ogc")
    given = parser.parse_args()
    world = World(given.home.absolute() / "home")
    try:
        build(world, given.rows)
        print(
            json.dumps(
                {"machine": machine(), "rows": given.rows} | measure(world, given.seconds, given.rounds), indent=1
            )
        )
    finally:
        if world.home.exists():
            world.stop()


if __name__ == "__main__":
    main()
