"""Where a private cluster lies and how it is reached."""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both
from lienthong.store.cluster_settings import Profile

SUPERUSER = "postgres"
DATABASE = "lienthong"

_SOCKET_PATH_LIMIT = 107  # bytes, of Linux
_PRIVATE_PORT = 5432  # of a test cluster: only the name of a socket in a folder of its own


@dataclass(frozen=True)
class Place:
    """The folder of a cluster: `data`, `run` (socket and log), `secret` and `port` (the caller's), `lock`."""

    root: Path
    profile: Profile

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.root / "data"

    @property
    def run(self) -> Path:
        """The folder of the log and, when its path is short enough, of the socket."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.run / "server.log"

    @property
    def sockets(self) -> Path:
        """The folder of the unix socket: `run`, or a short one when that path is too long."""
        longest = os.fsencode(self.run / ".s.PGSQL.65535.lock")
        if len(longest) <= _SOCKET_PATH_LIMIT:
            return self.run
        return Path("/tmp") / ("lienthong-" + hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16])

    @property
    def port(self) -> int:
        """The port on 127.0.0.1, the same at every start while it is free."""
        return _PRIVATE_PORT if self.profile != "serve" else int(self._read("port"))

    @property
    def major(self) -> int | None:
        """The major version of PostgreSQL that made the data; None when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except OSError:
            return None

    def pid(self) -> int | None:
        """What the server's pid file says, true or not."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def password(self, user: str) -> str:
        """The password of a login role: derived from the cluster's secret, so that none has to be stored."""
        digest = hmac.digest(self._read("secret").encode(), user.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def url(self, database: str, user: str) -> str:
        """A URL by the unix socket. It has a host too, which great_expectations insists on."""
        where = urlencode({"host": str(self.sockets), "port": self.port}, quote_via=quote)
        login = f"{quote(user, safe='')}:{self.password(user)}"
        return f"postgresql://{login}@localhost:{self.port}/{quote(database, safe='')}?{where}"

    def failure(self, vi: str, en: str, reason: str = "") -> Unavailable:
        """The error to raise, with the server's own `reason` and where its log is."""
        reason = f" {reason.strip()}" if reason.strip() else ""
        fix = both(f"Xem nhật ký {self.log}", f"See the log {self.log}") if self.log.exists() else None
        return Unavailable(both(vi + reason, en + reason), place=str(self.root), fix=fix)

    def _read(self, name: str) -> str:
        try:
            return (self.root / name).read_text()
        except OSError as error:
            raise Unavailable(
                both("Chưa có cụm cơ sở dữ liệu ở đây, hoặc của người khác.", "No cluster of yours here yet."),
                place=str(self.root),
                fix=both("Chạy: lienthong db start", "Run: lienthong db start"),
            ) from error
