"""The owner's connection: migrations, pipelines and releases. The API never uses it."""

import contextlib
import os
import secrets
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store.cluster import Cluster
from lienthong.store.roles import APP


def owner_url(settings: Settings) -> str:
    """The owner's address: the database given, or the private cluster's. Raises Unavailable when it is stopped."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    cluster = Cluster(settings.home)
    if not cluster.running:
        raise Unavailable(
            both("Cụm PostgreSQL riêng chưa chạy", "The private PostgreSQL cluster is not running"),
            place=str(settings.home),
            fix=both("Chạy: lienthong db start", "Run: lienthong db start"),
        )
    return cluster.url()


def app_password(settings: Settings) -> str:
    """The password of the API's login role: the private cluster's, or one kept in the home folder (0600)."""
    if not settings.database_url:
        return Cluster(settings.home).password(APP)
    path = settings.home / "app.secret"
    settings.home.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), open(_new(path), "w") as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text()


def _new(path: Path) -> int:
    """A file that was not there, readable by its owner alone. Raises FileExistsError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def app_url(settings: Settings) -> str:
    """The API's address: the same database, as a role that owns nothing."""
    if not settings.database_url:
        return Cluster(settings.home).url(user=APP)
    parts = conninfo_to_dict(owner_url(settings))
    return make_conninfo("", **{**parts, "user": APP, "password": app_password(settings)})


def sqlalchemy_url(url: str) -> str:
    """A libpq address as SQLAlchemy writes it, for psycopg."""
    parts = {k: str(v) for k, v in conninfo_to_dict(url).items() if v is not None}
    user, password = quote(parts.pop("user", ""), safe=""), quote(parts.pop("password", ""), safe="")
    database = quote(parts.pop("dbname", ""), safe="")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())
    return f"postgresql+psycopg://{user}:{password}@/{database}?{query}"


def connect(settings: Settings) -> psycopg.Connection:
    """An autocommit connection as the owner. Raises Unavailable when the database does not answer."""
    try:
        return psycopg.connect(owner_url(settings), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise Unavailable(
            both("Không kết nối được cơ sở dữ liệu", "The database does not answer"),
            place="LIENTHONG_DATABASE_URL",
        ) from error
