"""Find PostgreSQL with PostGIS on a Debian or Ubuntu machine, or install it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lienthong.kernel.problem import Unavailable
from lienthong.kernel.text import both

OLDEST = 15
_BINARIES = Path("/usr/lib/postgresql")
_SHARED = Path("/usr/share/postgresql")
_FALLBACK = 15  # of Debian 12, when the package lists tell nothing

# Debian starts a cluster of its own when the server is installed; the guard stands only while we install.
_INSTALL = """
set -eu
guard=/etc/postgresql-common/createcluster.d/lienthong.conf
mkdir -p "$(dirname "$guard")"
trap 'rm -f "$guard"' EXIT
echo 'create_main_cluster = false' > "$guard"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 "$1"; }
install "$1" || { apt-get update -qq && install "$1"; }
"""


def find(major: int | None = None) -> Path | None:
    """The folder of the newest PostgreSQL's programs that has PostGIS; of `major` only when given."""
    found = {
        int(folder.name): folder / "bin"
        for folder in _BINARIES.glob("[0-9]*")
        if folder.name.isdigit() and (folder / "bin" / "initdb").exists() and _has_postgis(folder.name)
    }
    usable = [n for n in found if n >= OLDEST and major in (None, n)]
    return found[max(usable)] if usable else None


def install(major: int | None = None) -> Path:
    """Install PostgreSQL with PostGIS from the distribution, as root or by sudo; the folder of its programs.

    Says so on standard error. Raises Unavailable with the command to run when it cannot.
    """
    prefix = _privilege()
    if prefix is None:
        raise _missing(_package(major))
    if major is None and _newest_offered() is None:  # a new machine has no package lists yet
        subprocess.run([*prefix, "apt-get", "update", "-qq"], capture_output=True, check=False)
    package = _package(major)
    print(f"Đang cài {package} ... / Installing {package} ...", file=sys.stderr, flush=True)
    script = [*prefix, "sh", "-c", _INSTALL, "install", package]
    result = subprocess.run(script, capture_output=True, text=True, errors="replace", check=False)
    binaries = find(major)
    if result.returncode != 0 or binaries is None:
        raise _missing(package, " " + " ".join(result.stderr.split()[-40:]))
    return binaries


def _package(major: int | None) -> str:
    return f"postgresql-{major or _newest_offered() or _FALLBACK}-postgis-3"


def _has_postgis(major: str) -> bool:
    return (_SHARED / major / "extension" / "postgis.control").exists()


def _newest_offered() -> int | None:
    """The newest major version that the package lists offer with PostGIS."""
    if not shutil.which("apt-cache"):
        return None
    names = subprocess.run(["apt-cache", "pkgnames", "postgresql-"], capture_output=True, text=True, check=False).stdout
    offered = [int(n) for n in re.findall(r"^postgresql-(\d+)-postgis-3$", names, re.MULTILINE)]
    return max((n for n in offered if n >= OLDEST), default=None)


def _privilege() -> list[str] | None:
    """What to put before a command that needs root; None when root is out of reach."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    if subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
        return ["sudo", "-n"]
    return ["sudo"] if sys.stdin.isatty() else None


def _missing(package: str, reason: str = "") -> Unavailable:
    command = f"apt-get update && apt-get install -y --no-install-recommends {package}"
    return Unavailable(
        both(f"Chưa có PostgreSQL kèm PostGIS.{reason}", f"PostgreSQL with PostGIS is missing.{reason}"),
        fix=both(
            f"Chạy với quyền root: {command} — hoặc đặt LIENTHONG_DATABASE_URL tới cơ sở dữ liệu có PostGIS",
            f"Run as root: {command} - or set LIENTHONG_DATABASE_URL to a database with PostGIS",
        ),
        command=command,
    )
