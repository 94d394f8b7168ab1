"""The data behind a report as files: CSV that opens right in Excel, and JSON."""

import csv
import io
import re
from typing import Any

import orjson

from lienthong.reports.engine import Table

BOM = "\ufeff"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # as in the files of releases


def as_csv(table: Table) -> bytes:
    """UTF-8 with a mark, so that Excel reads Vietnamese."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [column.key for column in table.columns], extrasaction="ignore")
    writer.writeheader()
    writer.writerows({key: _safe(value) for key, value in row.items()} for row in table.rows)
    return (BOM + out.getvalue()).encode()


def as_json(table: Table) -> bytes:
    """The rows as a JSON array."""
    keys = [column.key for column in table.columns]
    return orjson.dumps([{key: row.get(key) for key in keys} for row in table.rows])


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is marked as text."""
    return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value
