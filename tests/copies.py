"""Folders with a stopped cluster in them that many tests begin with: made once for a process, then copied."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from lienthong.store.cluster import Cluster

_MADE: dict[tuple[object, ...], Path] = {}


def copied(make: Callable[..., None], home: Path, *given: object) -> None:
    """`home` is as `make` makes a folder out of what is `given`; nothing in it may run or name its place."""
    key = (make, *given)
    if key not in _MADE:
        folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="lt-"))
        folder.chmod(0o755)
        make(folder, *given)
        _MADE[key] = folder
    shutil.copytree(_MADE[key], home, symlinks=True, dirs_exist_ok=True)


def clear() -> None:
    """Remove what was made."""
    while _MADE:
        shutil.rmtree(_MADE.popitem()[1], ignore_errors=True)


def bare(home: Path) -> None:
    """A cluster with the extensions and an empty database."""
    cluster = Cluster(home, "test")
    cluster.start()
    cluster.stop()
