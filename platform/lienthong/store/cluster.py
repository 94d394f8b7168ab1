"""The private PostgreSQL + PostGIS cluster in a folder of the project. It touches no other cluster."""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from lienthong.kernel.problem import Unavailable
from lienthong.store import cluster_install, cluster_server
from lienthong.store.cluster_account import account_for
from lienthong.store.cluster_place import DATABASE, SUPERUSER, Place
from lienthong.store.cluster_settings import Profile

EXTENSIONS = ("postgis", "pg_trgm", "unaccent", "btree_gist", "pgcrypto")


class Cluster:
    """A cluster in `home/pg`, or in another folder there, made at the first `start`.

    The profile "test" trades durability for speed and has no TCP; "sandbox" holds copies only. All methods
    raise `Unavailable` when the machine does not let them do their work, with what to do.
    """

    def __init__(
        self, home: Path, profile: Profile = "serve", folder: str = "pg", extensions: Sequence[str] = EXTENSIONS
    ) -> None:
        self._home = home.absolute()
        self._place = Place(self._home / folder, profile)
        self._extensions = extensions

    def ensure_installed(self) -> Path:
        """The folder of the server's programs. Installs them from the distribution when missing."""
        major = self._place.major
        return cluster_install.find(major) or cluster_install.install(major)

    def binary(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs: psql, pg_dump ..."""
        return self.ensure_installed() / name

    def start(self) -> str:
        """Start the cluster, make it first when there is none; the URL of its database `lienthong`.

        Does nothing when it runs. Several processes may call it at once.
        """
        binaries = self.ensure_installed()
        with self._locked():
            if not self.running:
                self._launch(binaries)
            try:
                self._provision()
            except Unavailable:
                time.sleep(0.2)  # a server that was killed may have been dying while we looked
                if self.running:
                    raise
                self._launch(binaries)
                self._provision()
        return self.url()

    def stop(self) -> None:
        """Stop the cluster, ending its connections. Does nothing when it does not run."""
        if not self.running:
            return
        binaries = self.ensure_installed()
        with self._locked():
            if self.running:
                cluster_server.stop(self._place, account_for(self._place.root), binaries)

    @property
    def running(self) -> bool:
        """Whether a server works in this very folder."""
        return cluster_server.is_running(self._place)

    @property
    def pid(self) -> int | None:
        """The process number of the server."""
        return self._place.pid() if self.running else None

    @property
    def log(self) -> Path:
        """The server's log."""
        return self._place.log

    def password(self, user: str) -> str:
        """The password that a login role `user` of this cluster must be given, so that `url` fits it."""
        return self._place.password(user)

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """A libpq connection URL by the unix socket, for a role whose password is `password(user)`."""
        return self._place.url(database, user)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, with all extensions or as a copy of `template`; its URL.

        Raises psycopg.errors.DuplicateDatabase, or ObjectInUse when somebody is connected to the template.
        """
        source = sql.Identifier(template or "template1")
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its connections."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with self._connect() as connection:
            connection.execute(statement)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        try:
            for folder in (self._home, self._place.root):
                if not folder.exists():
                    folder.mkdir(parents=True)
                    folder.chmod(0o711)  # whatever the umask: the account that runs the server must get through
            lock = os.open(self._place.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except (PermissionError, FileExistsError) as error:
            raise self._place.failure(
                "Không ghi được vào thư mục này.", "This folder cannot be written.", str(error)
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _launch(self, binaries: Path) -> None:
        cluster_server.start(self._place, account_for(self._place.root), binaries)

    def _provision(self) -> None:
        """The database, and the extensions in the template that new databases are copied from."""
        with self._connect() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                return
        with self._connect("template1") as template:
            for name in self._extensions:
                template.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
        self.create_database(DATABASE)

    def _connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """An autocommit connection of the superuser; waits while the server recovers from a crash."""
        deadline = time.monotonic() + cluster_server.START_SECONDS
        while True:
            try:
                return psycopg.connect(self.url(database), autocommit=True, connect_timeout=10)
            except psycopg.OperationalError as error:
                if "starting up" in str(error) and time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                raise self._place.failure(
                    "Không kết nối được PostgreSQL.", "PostgreSQL does not answer.", str(error)
                ) from error
