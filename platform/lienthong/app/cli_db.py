"""`lienthong db`: the private cluster."""

import os
from typing import Annotated

import typer

from lienthong.app import output
from lienthong.kernel.problem import Conflict
from lienthong.kernel.settings import settings
from lienthong.kernel.text import both
from lienthong.store import owner
from lienthong.store.cluster import Cluster
from lienthong.store.sandbox import Place

app = typer.Typer(help="Cụm PostgreSQL riêng / The private PostgreSQL cluster", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


def _cluster() -> Cluster:
    given = settings()
    if given.database_url:
        raise Conflict(both("Đang dùng CSDL ngoài", "An outside database is in use"), place="LIENTHONG_DATABASE_URL")
    return Cluster(given.home)


@app.command()
def start(json: Json = False) -> None:
    """Start it, make it first when there is none."""
    address = _cluster().start()
    output.emit({"running": True, "url": address}, json, lambda: address)


@app.command()
def stop(json: Json = False) -> None:
    """Stop it."""
    Place(settings().home).stop()
    _cluster().stop()
    output.emit({"running": False}, json, lambda: "stopped")


@app.command()
def url(json: Json = False) -> None:
    """Print the owner's address."""
    address = owner.owner_url(settings())
    output.emit({"url": address}, json, lambda: address)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context, json: Json = False) -> None:
    """Open psql as the owner; further words go to psql."""
    command = ["psql", owner.owner_url(settings()), *context.args]
    if json:
        output.emit({"command": command}, True)
        return
    os.execvp(command[0], command)
