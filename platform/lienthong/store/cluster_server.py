"""Make, start and stop the server process of a private cluster. The caller holds the cluster's lock."""

import os
import secrets
import shutil
import socket
import time
from pathlib import Path

from lienthong.store.cluster_account import Account
from lienthong.store.cluster_place import SUPERUSER, Place
from lienthong.store.cluster_settings import memory_limit, server_settings

START_SECONDS = 300  # recovery after a crash may take long

_LOG_LIMIT = 16 * 1024 * 1024
_ATTEMPTS = 3


def is_running(place: Place) -> bool:
    """Whether a server works in this very folder; a pid file that was left or copied does not count."""
    pid = place.pid()
    try:
        return pid is not None and os.path.samefile(f"/proc/{pid}/cwd", place.data)
    except OSError:
        return False


def start(place: Place, account: Account, binaries: Path) -> None:
    """Start the server, and make its folder first when there is none. Raises Unavailable."""
    _write_private(place.root / "secret", secrets.token_hex(32))
    _own_folders(place, account)
    if not place.data.exists():
        _initialise(place, account, binaries)
    account.own(place.data)
    place.data.chmod(0o700)  # a copy may have lost it
    _clear_leftovers(place)
    _launch(place, account, binaries)


def stop(place: Place, account: Account, binaries: Path) -> None:
    """Stop the server: politely to its clients first, then at once. Raises Unavailable."""
    command = _pg_ctl(place, binaries, "stop", "-w")
    if account.run([*command, "-m", "fast", "-t", "60"]).returncode != 0:
        account.run([*command, "-m", "immediate", "-t", "30"])
    if is_running(place):
        raise place.failure("Không dừng được PostgreSQL.", "PostgreSQL does not stop.")
    if place.sockets != place.run:
        shutil.rmtree(place.sockets, ignore_errors=True)


def _own_folders(place: Place, account: Account) -> None:
    for folder in {place.run, place.sockets}:
        folder.mkdir(mode=0o755, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), account.uid):
            raise place.failure(f"{folder} thuộc người dùng khác.", f"{folder} belongs to another user.")
        account.own(folder)


def _initialise(place: Place, account: Account, binaries: Path) -> None:
    """initdb in a folder beside, renamed when it is complete: a start that was killed leaves no half."""
    fresh = place.root / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password = place.run / "password"
    _write_private(password, place.password(SUPERUSER))
    for path in (fresh, password):
        os.chown(path, account.uid, account.gid)
    options = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=vi-VN"]
    options += ["--data-checksums", "--auth=scram-sha-256", f"--username={SUPERUSER}"]
    options += ["--no-sync"] if place.profile != "serve" else []
    result = account.run([binaries / "initdb", *options, f"--pwfile={password}", "-D", fresh])
    password.unlink()
    if result.returncode != 0:
        raise place.failure("initdb không thành công.", "initdb failed.", result.stderr)
    with (fresh / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists = 'lienthong.conf'\n")
    fresh.rename(place.data)


def _clear_leftovers(place: Place) -> None:
    """Remove what would stop a start wrongly.

    PostgreSQL clears what a dead server left by itself, except where another process has got that number
    since, or the folder was copied from a running one.
    """
    pid = place.pid()
    if pid is not None and Path(f"/proc/{pid}").exists():
        (place.data / "postmaster.pid").unlink(missing_ok=True)
    for leftover in place.sockets.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)
    if place.log.exists() and place.log.stat().st_size > _LOG_LIMIT:
        place.log.replace(place.log.with_suffix(".log.1"))


def _launch(place: Place, account: Account, binaries: Path) -> None:
    command = [*_limits(place), *_pg_ctl(place, binaries, "start", "-l", place.log, "-w", "-t", str(START_SECONDS))]
    settings = place.data / "lienthong.conf"
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt)  # processes of a server that was killed take a moment to go
        _choose_port(place)
        settings.write_text(server_settings(place.profile, place.port, place.sockets))
        os.chown(settings, account.uid, account.gid)
        if account.run(command).returncode == 0:
            return
    tail = place.log.read_text(errors="replace").splitlines()[-5:] if place.log.exists() else []
    raise place.failure("PostgreSQL không khởi động được.", "PostgreSQL does not start.", "\n".join(tail))


def _limits(place: Place) -> list[str | Path]:
    """Each process of a sandbox has so much memory and no more, whatever is asked of it."""
    memory = memory_limit(place.profile)
    return ["prlimit", f"--as={memory}", "--core=0", "--"] if memory else []


def _pg_ctl(place: Place, binaries: Path, action: str, *options: str | Path) -> list[str | Path]:
    return [binaries / "pg_ctl", action, "-D", place.data, *options]


def _choose_port(place: Place) -> None:
    """Keep the port of the last start while it is free, else write down a free one."""
    file = place.root / "port"
    if file.exists() and _is_free(int(file.read_text())):
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        file.write_text(str(probe.getsockname()[1]))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _write_private(path: Path, content: str) -> None:
    """Write a file that only the caller can read, unless it is there."""
    if path.exists() and path.stat().st_size:
        return
    path.touch(mode=0o600)
    path.write_text(content)
