"""Files: the CSV of a release against nginx, a filtered stream against COPY; memory of the server meanwhile."""

import hashlib
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from bench.load import Request, Window
from bench.place import Place, free_port, serving
from bench.processes import Watch, cpu_ms, pss_mib, settle
from bench.reads import System
from lienthong.contract.loader import load_all
from lienthong.kernel.content import content

Say = Callable[[str], None]
ROUNDS = 9
FILTER = "status", "active"
STREAM = "/api/v1/datasets/enterprises/rows.csv?{}={}".format(*FILTER)
_GATEWAYS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class File:
    """The CSV of a release: where it lies, and where it is served."""

    path: Path
    address: str


def timed(ask: Callable[[Request], Any], requests: Sequence[Request]) -> Window:
    """Each request once, in turn."""
    took = []
    for request in requests:
        begun = time.monotonic()
        ask(request)
        took.append(1000 * (time.monotonic() - begun))
    ordered = sorted(took)
    p50, p99 = (ordered[int(len(ordered) * q)] for q in (0.5, 0.99))
    return Window(len(took), sum(took) / 1000, p50, p99, 0)


def release_file(place: Place, dataset: str) -> File:
    """The rows of release 1 as a CSV file, known to the catalogue."""
    name = f"{dataset}/1/{dataset}.csv"
    file = File(place.home / "releases" / name, f"/datasets/{dataset}/releases/1/{dataset}.csv")
    if not file.path.exists():
        file.path.parent.mkdir(parents=True, exist_ok=True)
        with psycopg.connect(place.url) as connection:
            copy = sql.SQL("copy (select {} from {}) to stdout (format csv, header)")
            columns = sql.SQL(", ").join(map(sql.Identifier, _columns(dataset)))
            digest = hashlib.sha256()
            with (
                connection.cursor().copy(copy.format(columns, sql.Identifier("open", dataset))) as out,
                file.path.open("wb") as to,
            ):
                for block in out:
                    digest.update(block)
                    to.write(block)
            connection.execute(
                "delete from platform.distribution where release_id in "
                "(select id from platform.release where dataset = %s and number = 1)", (dataset,)
            )  # fmt: skip
            connection.execute(
                "insert into platform.distribution (id, release_id, format, media_type, path, size, sha256) "
                "select %s, id, 'csv', 'text/csv; charset=utf-8', %s, %s, %s from platform.release "
                "where dataset = %s and number = 1",
                (uuid4(), name, file.path.stat().st_size, digest.hexdigest(), dataset),
            )
    return file


def run(place: Place, ours: System, file: File, say: Say) -> dict[str, Any]:
    """Both downloads, in turn with their limits; the best time of each, and CPU over all."""
    with _nginx(file.path.parent) as (port, pid):
        ways = {
            "nginx": (port, f"/{file.path.name}", pid),
            "lienthong": (ours.port, file.address, ours.pid),
        }
        stored = taken(place, {name: fetch(*way[:2]) for name, way in ways.items()},
                        {name: way[2] for name, way in ways.items()})  # fmt: skip
    filtered = taken(place, {"copy": _copy(place), "lienthong": fetch(ours.port, STREAM)},
                      {"copy": None, "lienthong": ours.pid})  # fmt: skip
    told = {"stored": stored, "filtered": filtered}
    for name, limit in (("stored", "nginx"), ("filtered", "copy")):
        found, low = told[name]["lienthong"], told[name][limit]
        found["share"] = {"rate": round(found["mb_s"] / low["mb_s"], 2),
                          "cpu": round(low["cpu_s"] / low["bytes"] / (found["cpu_s"] / found["bytes"]), 2)}  # fmt: skip
        say(f"{name}: {found} {limit} {low}")
    return told


Take = Callable[[], tuple[int, float]]


def taken(place: Place, takes: dict[str, Take], pids: dict[str, int | None]) -> dict[str, Any]:
    """`mb_s`: megabytes a second, best round; `cpu_s`: of all processes but the client, mean; memory in MiB."""
    found: dict[str, Any] = {}
    for _ in range(ROUNDS):
        for name, take in takes.items():
            settle(place.postmaster)
            pid = pids[name]
            own, before = cpu_ms(pid) if pid else _children_ms(), cpu_ms(place.postmaster)
            begun = time.monotonic()
            size, first = take()
            took = time.monotonic() - begun
            spent = (cpu_ms(pid) if pid else _children_ms()) - own + cpu_ms(place.postmaster) - before
            one = found.setdefault(name, {"bytes": size, "mb_s": 0.0, "cpu_s": 0.0, "first_ms": 1e9})
            one["mb_s"] = round(max(one["mb_s"], size / took / 1e6), 1)
            one["cpu_s"] = round(one["cpu_s"] + spent / 1000 / ROUNDS, 3)
            one["first_ms"] = round(min(one["first_ms"], first * 1000), 1)
    for name, take in takes.items():
        found[name]["grown_mib"] = _grown(take, pids[name])
    return found


def _grown(take: Take, pid: int | None) -> float:
    """MiB that a server grows by. In a round of its own: who looks at memory holds up whoever uses it."""
    if pid is None:
        return 0.0
    memory = pss_mib(pid)
    with Watch({"server": pid}, every=0.1) as watch:
        take()
    return round(max(0.0, watch.peaks.get("server", 0) - memory), 1)


def _children_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def fetch(port: int, path: str) -> Take:
    """Bytes, and seconds to the first one."""

    def take() -> tuple[int, float]:
        told = ["-w", "%{http_code} %{size_download} %{time_starttransfer}", f"http://127.0.0.1:{port}{path}"]
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", *told], capture_output=True, text=True, check=True)
        code, size, first = done.stdout.split()
        if code != "200":
            raise RuntimeError(f"{path}: {code}")
        return int(size), float(first)

    return take


def _copy(place: Place) -> Take:
    """The same rows by psql, counted by wc."""
    field, value = FILTER
    columns = ", ".join(_columns("enterprises"))
    command = f"copy (select {columns} from open.enterprises where {field} = '{value}') to stdout (format csv, header)"

    def take() -> tuple[int, float]:
        with subprocess.Popen(["psql", "-qAt", "-c", command, place.url], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            begun, size, first = time.monotonic(), 0, 0.0
            while block := process.stdout.read(1 << 18):
                first = first or time.monotonic() - begun
                size += len(block)
        return size, first

    return take


def _columns(dataset: str) -> list[str]:
    """The open columns, which are all that a file or a stream of the dataset has."""
    return [field.name for field in load_all(content("datasets")).get(dataset).open_fields]


@contextmanager
def _nginx(folder: Path) -> Iterator[tuple[int, int]]:
    """nginx over the folder: its port and process."""
    port = free_port()
    with tempfile.TemporaryDirectory() as own:
        os.chmod(own, 0o755)
        temporary = "".join(f" {kind}_temp_path {own}/{kind};" for kind in _GATEWAYS)
        Path(own, "nginx.conf").write_text(
            f"user {_me()}; worker_processes 1; daemon off; pid {own}/pid; error_log {own}/error.log;\n"
            "events { worker_connections 256; }\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on;{temporary}\n"
            f" server {{ listen 127.0.0.1:{port}; root {folder.absolute()}; }} }}\n"
        )
        with serving(["nginx", "-c", f"{own}/nginx.conf"], dict(os.environ), port, "/") as pid:
            yield port, pid


def _me() -> str:
    """Who runs this: nginx reads what we may read."""
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
