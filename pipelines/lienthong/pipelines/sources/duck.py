"""DuckDB as the readers use it: in memory, with a limit, spilling into the work folder, rows in order."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

MEMORY = "1GB"


def connect(work: Path, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A connection that touches nothing but files named in its statements and `work`."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": 1,  # reading is one stream: a second thread waits, and takes memory
        "temp_directory": str(work),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    return duckdb.connect(":memory:", config=config)


def literal(text: str | Path) -> str:
    """`text` as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def name(column: str) -> str:
    """`column` as a quoted SQL name."""
    return '"' + column.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Columns as a list of quoted SQL names."""
    return ", ".join(map(name, columns))


def copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write the rows of `query` to the Parquet file `target`; their number."""
    done = connection.execute(f"COPY ({query}) TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)")
    return int((done.fetchone() or (0,))[0])
