"""Readers: what a source system delivers becomes one Parquet file of text cells, with line numbers and notes.

One file per reader, one registry. A reader raises `Invalid` with the place and a way out when a file cannot be read
at all; single records that are no rows come back in `RawTable.rejects`.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from .raw import LINE, Note, Options, RawTable

__all__ = ["LINE", "READERS", "Note", "Options", "RawTable", "read"]

READERS: Mapping[str, str] = {
    "csv": "delimited",
    "excel": "excel",
    "geojson": "geojson",
    "jsonl": "jsonl",
    "onestop_json": "onestop_json",
    "sql_dump": "sql_dump",
    "vietnam_admin_units": "vietnam_admin_units",
}
"""Name in a contract -> module here, imported when it is used. A module has `OPTIONS` and `read`."""


def read(path: Path, reader: str, options: Mapping[str, Any], work: Path, name: str | None = None) -> RawTable:
    """Read one file with the reader of that name.

    `work` is a folder of this run alone, for the Parquet files and what is in between. `name` is what people call
    the file, when `path` is a stored object with another name; messages and notes use it.
    Raises Invalid for an unknown reader or option, a missing file, and whatever makes the file unreadable.
    """
    module = _module(reader)
    if unknown := sorted(options.keys() - module.OPTIONS):
        known = ", ".join(sorted(module.OPTIONS))
        raise Invalid(
            both(
                f"Bộ đọc '{reader}' không có tùy chọn '{unknown[0]}'.",
                f"Reader '{reader}' has no option '{unknown[0]}'.",
            ),
            fix=both(f"Các tùy chọn: {known}.", f"Its options: {known}."),
        )
    work.mkdir(parents=True, exist_ok=True)
    if module.NEEDS_FILE and not path.is_file():
        raise Invalid(both("Không có tệp.", "There is no such file."), place=name or str(path))
    table: RawTable = module.read(_named(path, name, work), options, work)
    return table


def _module(reader: str) -> Any:
    if reader not in READERS:
        known = ", ".join(READERS)
        raise Invalid(
            both(f"Không có bộ đọc '{reader}'.", f"There is no reader '{reader}'."),
            fix=both(f"Các bộ đọc: {known}.", f"The readers are: {known}."),
        )
    return import_module(f".{READERS[reader]}", __name__)


def _named(path: Path, name: str | None, work: Path) -> Path:
    """`path` under the name that people know, as a link in `work`; DuckDB takes *, ? and [ for patterns."""
    wanted = re.sub(r"[*?\[\]]", "_", Path(name).name if name else path.name)
    if wanted == path.name and not re.search(r"[*?\[\]]", str(path)):
        return path
    link = work / wanted
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link
