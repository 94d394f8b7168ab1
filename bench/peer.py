"""PostGraphile 5 over the same tables of the same cluster: installed from its lock, as its documentation sets it up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from bench.place import Place, free_port, serving

SOURCE = Path(__file__).with_name("postgraphile")
ROLE, PASSWORD = "bench_peer", "bench"
_TABLES = (("release", "enterprises_1"), ("release", "administrative_units_1"), ("governed", "dossiers"))


@contextmanager
def peer(place: Place) -> Iterator[tuple[int, int]]:
    """PostGraphile while the context lasts: its port and its process."""
    folder, port = place.home.parent / "postgraphile", free_port()
    _install(folder)
    _allow(place)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    url = psycopg.conninfo.make_conninfo(place.url, user=ROLE, password=PASSWORD)
    parts = psycopg.conninfo.conninfo_to_dict(url)
    address = {
        "PGHOST": str(parts["host"]),
        "PGPORT": str(parts["port"]),
        "PGUSER": ROLE,
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": str(parts["dbname"]),
    }
    environment = kept | address | {"BENCH_PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    command = ["node", str(folder / "server.mjs")]
    with serving(command, environment, port, "/graphql") as pid:
        yield port, pid


def _install(folder: Path) -> None:
    """Node packages of the lock, once."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(SOURCE / name, folder / name)
    if not (folder / "node_modules" / "postgraphile").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)


def _allow(place: Place) -> None:
    """A role that reads the three tables whole: no policy is in the peer's way."""
    role = sql.Identifier(ROLE)
    with psycopg.connect(place.url, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_roles where rolname = %s", (ROLE,)).fetchone():
            connection.execute(sql.SQL("create role {} login bypassrls password {}").format(role, PASSWORD))
        for schema in {schema for schema, _ in _TABLES}:
            connection.execute(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(schema), role))
        for table in _TABLES:
            connection.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(*table), role))
