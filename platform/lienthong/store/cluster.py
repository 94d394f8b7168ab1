"""The private PostgreSQL + PostGIS cluster in a folder of the project. Touches no other cluster of the machine.

Layout under `home/pg`: `data` (the cluster), `run` (socket and log), `secret` and `port` (the caller's alone), `lock`.
"""

import base64
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both
from lienthong.store import cluster_install
from lienthong.store.cluster_account import Account, account_for
from lienthong.store.cluster_settings import Profile, server_settings

SUPERUSER = "postgres"
DATABASE = "lienthong"
EXTENSIONS = ("postgis", "pg_trgm", "unaccent", "btree_gist", "pgcrypto")

_SOCKET_PATH_LIMIT = 107  # bytes, of Linux
_LOG_LIMIT = 16 * 1024 * 1024
_START_SECONDS = 300  # recovery after a crash may take long
_PRIVATE_PORT = 5432  # of a test cluster: only the name of a socket in a folder of its own


class Cluster:
    """A cluster in `home/pg`, made at the first `start`. `profile` "test" trades durability for speed, without TCP."""

    def __init__(self, home: Path, profile: Profile = "serve") -> None:
        self.root = home.absolute() / "pg"
        self.profile = profile
        self.data = self.root / "data"
        self.run = self.root / "run"
        self.log = self.run / "server.log"

    # Installation

    def ensure_installed(self) -> Path:
        """The folder of the server's programs; installs them when missing. Raises Unavailable with what to do."""
        major = self._major()
        return cluster_install.find(major) or cluster_install.install(major)

    def binary(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs: psql, pg_dump ..."""
        return self.ensure_installed() / name

    # Life

    def start(self) -> str:
        """Start the cluster (make it first when there is none) and return the URL of its database `lienthong`.

        Does nothing when it runs. Several processes may call it at once. Raises Unavailable.
        """
        binaries = self.ensure_installed()
        with self._locked():
            account = account_for(self.root)
            if not self.running:
                self._prepare(account, binaries)
                self._launch(account, binaries)
            self._provision()
        return self.url()

    def stop(self) -> None:
        """Stop the cluster, ending its connections. Does nothing when it does not run."""
        if not self.running:
            return
        with self._locked():
            account = account_for(self.root)
            pg_ctl = [self.binary("pg_ctl"), "stop", "-D", self.data, "-w"]
            if self.running and account.run([*pg_ctl, "-m", "fast", "-t", "60"]).returncode != 0:
                account.run([*pg_ctl, "-m", "immediate", "-t", "30"])
            if self.running:
                raise self._failure("Không dừng được PostgreSQL.", "PostgreSQL does not stop.")

    @property
    def running(self) -> bool:
        """Whether a server works in this very folder; a pid file that was left or copied does not count."""
        return self._server() is not None

    # Addresses

    @property
    def sockets(self) -> Path:
        """The folder of the unix socket: in the cluster's folder, or a short one when that path is too long."""
        longest = os.fsencode(self.run / ".s.PGSQL.65535.lock")
        if len(longest) <= _SOCKET_PATH_LIMIT:
            return self.run
        return Path("/tmp") / ("lienthong-" + hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16])

    @property
    def port(self) -> int:
        """The port on 127.0.0.1, the same at every start while it is free."""
        if self.profile == "test":
            return _PRIVATE_PORT
        return int((self.root / "port").read_text())

    def password(self, user: str) -> str:
        """The password of a login role: derived from the cluster's secret, so none has to be stored."""
        secret = (self.root / "secret").read_bytes()
        digest = hmac.digest(secret, user.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """A connection URL by the unix socket, for a role whose password is `password(user)`."""
        where = urlencode({"host": str(self.sockets), "port": self.port}, quote_via=quote)
        login = f"{quote(user, safe='')}:{self.password(user)}"
        return f"postgresql://{login}@localhost:{self.port}/{quote(database, safe='')}?{where}"

    # Databases

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, with all extensions or as a copy of `template`; its URL.

        Raises psycopg.errors.DuplicateDatabase, or ObjectInUse when somebody is connected to the template.
        """
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with self._connect("postgres") as connection:
            connection.execute(
                statement.format(sql.Identifier(name), sql.Identifier(template or "template1"))
            )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its connections."""
        with self._connect("postgres") as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    # Inner parts

    def _major(self) -> int | None:
        """The major version that made the data; None when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except OSError:
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        try:
            self.root.mkdir(mode=0o711, parents=True, exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as error:
            raise self._failure(
                "Không ghi được vào thư mục của cụm cơ sở dữ liệu; thư mục thuộc người dùng khác.",
                "The cluster's folder cannot be written; it belongs to another user.",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _server(self) -> int | None:
        """The pid of the server that works in this folder."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            return pid if os.path.samefile(f"/proc/{pid}/cwd", self.data) else None
        except (OSError, ValueError):
            return None

    def _prepare(self, account: Account, binaries: Path) -> None:
        """Everything that a start needs: the data folder, no leftovers, secret, port and settings."""
        self._private_file("secret", secrets.token_hex(32))
        for folder in (self.run, self.sockets):
            folder.mkdir(mode=0o755, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), account.uid):
                raise self._failure(f"{folder} thuộc người dùng khác.", f"{folder} belongs to another user.")
            account.own(folder)
        if not self.data.exists():
            self._initialise(account, binaries)
        account.own(self.data)
        self.data.chmod(0o700)
        for leftover in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")):
            leftover.unlink(missing_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _initialise(self, account: Account, binaries: Path) -> None:
        """initdb in a folder beside, renamed when it is complete: a start that was killed leaves no half."""
        fresh = self.root / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self.run / "password"
        password.touch(mode=0o600)
        password.write_text(self.password(SUPERUSER))
        for path in (fresh, password):
            os.chown(path, account.uid, account.gid)
        options = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=vi-VN"]
        options += [
            "--data-checksums",
            "--auth=scram-sha-256",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
        ]
        options += ["--no-sync"] if self.profile == "test" else []
        result = account.run([binaries / "initdb", *options, "-D", fresh])
        password.unlink()
        if result.returncode != 0:
            raise self._failure("initdb không thành công.", "initdb failed.", result.stderr)
        with (fresh / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude_if_exists = 'lienthong.conf'\n")
        fresh.rename(self.data)

    def _launch(self, account: Account, binaries: Path) -> None:
        """Start the server; on another port when ours is taken."""
        for attempt in range(3):
            port = self._choose_port(fresh=attempt > 0)
            settings = self.data / "lienthong.conf"
            settings.write_text(server_settings(self.profile, port, self.sockets))
            os.chown(settings, account.uid, account.gid)
            command = [
                binaries / "pg_ctl",
                "start",
                "-D",
                self.data,
                "-l",
                self.log,
                "-w",
                "-t",
                _START_SECONDS,
            ]
            if account.run(list(map(str, command))).returncode == 0:
                return
        raise self._failure(
            "PostgreSQL không khởi động được.", "PostgreSQL does not start.", self._log_tail()
        )

    def _choose_port(self, fresh: bool) -> int:
        """The port of the last start while it is free, else a free one, written down for the next."""
        if self.profile == "test":
            return _PRIVATE_PORT
        file = self.root / "port"
        if not fresh and file.exists() and _is_free(int(file.read_text())):
            return int(file.read_text())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        file.write_text(str(port))
        return port

    def _provision(self) -> None:
        """The database, and the extensions in the template that new databases are copied from."""
        with self._connect("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                return
        with self._connect("template1") as template:
            for extension in EXTENSIONS:
                template.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
                )
        self.create_database(DATABASE)

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """An autocommit connection of the superuser; waits while the server recovers."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                return psycopg.connect(self.url(database), autocommit=True, connect_timeout=10)
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or not self.running or "starting up" not in str(error):
                    raise self._failure(
                        "Không kết nối được PostgreSQL.", "PostgreSQL does not answer.", str(error)
                    ) from error
                time.sleep(0.1)

    def _private_file(self, name: str, content: str) -> None:
        """Write a file that only the caller can read, unless it is there."""
        path = self.root / name
        if not path.exists() or not path.stat().st_size:
            path.touch(mode=0o600)
            path.write_text(content)

    def _log_tail(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        except OSError:
            return ""

    def _failure(self, vi: str, en: str, reason: str = "") -> Unavailable:
        reason = f" {reason.strip()}" if reason.strip() else ""
        fix = both(f"Xem nhật ký {self.log}", f"See the log {self.log}") if self.log.exists() else None
        return Unavailable(both(vi + reason, en + reason), place=str(self.root), fix=fix)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
