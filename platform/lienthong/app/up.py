"""`lienthong up`: everything a newcomer needs, in order, with progress; Ctrl-C stops it all."""

import functools
import os
import signal
import subprocess
import sys
from typing import NoReturn

from lienthong.app import output
from lienthong.app.children import Children
from lienthong.app.definitions import folder as definitions_folder
from lienthong.app.definitions import is_loaded
from lienthong.app.definitions import registry as load_registry
from lienthong.app.install import migrate
from lienthong.app.people import definitions, seed
from lienthong.app.server import check_port, serve
from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings
from lienthong.kernel.settings import settings as process_settings
from lienthong.store.cluster import Cluster
from lienthong.store.sandbox import Place
from lienthong.store.served import ensure_served


def run(settings: Settings, *, empty: bool, as_json: bool) -> None:
    """Database, migration, people, example data, server. Returns when the server was told to stop."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    check_port(settings)
    if empty:
        settings = _without_datasets(settings)
    cluster = None if settings.database_url else Cluster(settings.home)
    children = Children(())
    try:
        if cluster:
            _say("PostgreSQL + PostGIS")
            cluster.start()
        registry = load_registry(settings)
        children = Children(_beside(registry))
        _say("Cập nhật lược đồ / Migrate")
        migrate(settings, registry)
        ensure_served(settings, registry)
        given = definitions(definitions_folder(settings))
        known = seed(settings, registry, given)
        if given and not is_loaded(settings, registry):
            _load(as_json)
        children.start()
        _welcome(settings, registry, known, as_json)
        serve(settings)
    finally:
        children.stop()
        Place(settings.home).stop()
        if cluster:
            cluster.stop()


def _beside(registry: Registry) -> list[str]:
    """The commands that run beside the server; a worker only where there are rows to write."""
    written = any(contract.access.write for contract in registry.contracts.values())
    return ["keep", "worker"] if written else ["keep"]


def _stop(*_: object) -> NoReturn:
    """A polite request to end, before the server has taken over: what runs is stopped on the way out."""
    sys.exit(128 + signal.SIGTERM)


def _without_datasets(settings: Settings) -> Settings:
    """The same settings with an empty folder of definitions; the server's processes see it too."""
    folder = (settings.home / "empty").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["LIENTHONG_DATASETS"] = str(folder)
    process_settings.cache_clear()
    return settings.model_copy(update={"datasets": folder})


def _load(as_json: bool) -> None:
    """Load the example in a process of its own: it needs libraries that the server never imports."""
    command = [sys.executable, "-m", "lienthong.app.cli", "demo", "load", *(["--json"] if as_json else [])]
    done = subprocess.run(command, check=False, stdout=sys.stderr)
    if done.returncode:
        sys.exit(done.returncode)


def _say(text: str) -> None:
    output.console.print(f"[dim]•[/] {text}")


def _welcome(settings: Settings, registry: Registry, known: dict[str, dict[str, str]], as_json: bool) -> None:
    """Where it is and how to get in."""
    agency, admin = known.get("agency", {}), known["administrator"]
    ready = {"url": settings.public_url, "datasets": len(registry.contracts), "agency": agency}
    if as_json:
        output.emit(ready, True)
        return
    print_ = functools.partial(output.console.print, highlight=False, soft_wrap=True)
    print_(f"\n[bold green]Liên Thông[/]  {settings.public_url}")
    print_(f"  REST {settings.public_url}/docs   GraphQL {settings.public_url}/graphql   CKAN /api/3/action/")
    if agency:
        print_(f"  cơ quan / agency [bold]{agency['id']}[/]: {agency['token']}")
    print_(f"  quản trị / administrator: {admin['username']} / {admin['password']}")
    print_("  Ctrl-C: dừng / stop\n")
