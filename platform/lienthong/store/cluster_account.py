"""As whom the server runs: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both

# Nothing of the caller's environment reaches the server: PGDATA or a locale would change what it does.
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
# Least first: to pass closed folders and read; what containers grant instead.
_CAPABILITIES = ("dac_read_search", "dac_override")


@dataclass(frozen=True)
class Account:
    """Owner of the server's files (`uid`, `gid`), and how to start a command as that owner."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    switch: bool = False

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run `command` from `/` to its end, output captured. The exit code is the caller's to judge."""
        identity: dict[str, Any] = {}
        if self.switch:
            identity = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            cwd="/",
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **identity,
        )

    def own(self, folder: Path) -> None:
        """Give `folder` and all in it to the account, when root and not so yet: new, or a copy."""
        if os.geteuid() != 0 or folder.stat().st_uid == self.uid:
            return
        for path, _, files in os.walk(folder, topdown=False):  # `folder` last: it tells that all is done
            for name in (*files, ""):
                os.chown(os.path.join(path, name), self.uid, self.gid, follow_symlinks=False)


def account_for(folder: Path) -> Account:
    """Who can run a server in `folder`: the caller, or for root the account `postgres`.

    Where `postgres` cannot pass the folders above (a checkout under /root) it gets the capability to. Raises
    Unavailable when that is not allowed either.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        raise _refused(folder) from None
    plain = Account(entry.pw_uid, entry.pw_gid, switch=True)
    for account in (plain, *(_capable(plain, capability) for capability in _CAPABILITIES)):
        if account.run(["stat", folder / "."]).returncode == 0:
            return account
    raise _refused(folder)


def _capable(account: Account, capability: str) -> Account:
    identity = (f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    grant = (f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}")
    return Account(account.uid, account.gid, prefix=("setpriv", *identity, *grant, "--"))


def _refused(folder: Path) -> Unavailable:
    return Unavailable(
        both(
            "PostgreSQL không chạy được dưới quyền root, và tài khoản postgres không vào được thư mục này.",
            "PostgreSQL does not run as root, and the account postgres cannot reach this folder.",
        ),
        place=str(folder),
        fix=both(
            "Đặt LIENTHONG_HOME tới thư mục mà mọi người vào được, ví dụ /var/lib/lienthong",
            "Set LIENTHONG_HOME to a folder that everybody can enter, for example /var/lib/lienthong",
        ),
    )
