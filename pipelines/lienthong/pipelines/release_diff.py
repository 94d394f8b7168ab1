"""What changed since the release before, by key: counts, and a file of JSON lines that names every key."""

from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.pipelines.release_folder import digest
from lienthong.store.release import changed_keys

NAME = "changed-keys.jsonl"
MEDIA_TYPE = "application/x-ndjson"


@dataclass(frozen=True)
class Changes:
    """How many rows were added, changed and removed, and the file that tells which: `{"op": "added", "key": {...}}`."""

    added: int
    changed: int
    removed: int
    size: int
    sha256: str


def write_changes(
    connection: Connection, contract: Contract, name: str, previous: str | None, folder: Path
) -> Changes | None:
    """Write `folder/changed-keys.jsonl`; None when there is no release before, or its key is another."""
    found = changed_keys(connection, contract, name, previous) if previous else None
    if found is None:
        return None
    counts = {"added": 0, "changed": 0, "removed": 0}
    path = folder / NAME
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for op, key in found:
            counts[op] += 1
            file.write(f'{{"op": "{op}", "key": {key}}}\n')
    return Changes(**counts, size=path.stat().st_size, sha256=digest(path))
