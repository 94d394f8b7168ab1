"""What the structural tests look at."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = ("platform", "pipelines", "quality", "graphql")


def tracked(pattern: str) -> list[Path]:
    """Files that git tracks and that are there; `pattern` as git understands it."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--", pattern]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def python_sources() -> list[Path]:
    """The Python files of the four source roots."""
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in SOURCE_ROOTS]


def shown(path: Path) -> str:
    """A path as messages show it."""
    return path.relative_to(ROOT).as_posix()
