"""Logs: a JSON line for each event, in ASCII, so that nothing that a caller sends can begin a line or move a cursor.

An error is told by its kind and its places; its message may hold values of persons and is left out.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any


def line(values: dict[str, Any]) -> str:
    """One event: JSON without a control character, line separators of Unicode included."""
    return json.dumps(values, ensure_ascii=True, separators=(",", ":"), default=str).replace("\x7f", "\\u007f")


class JsonFormatter(logging.Formatter):
    """A record of logging as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        found: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            found["error"] = type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)[-8:]
            found["trace"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        return line(found)


def begin() -> None:
    """All logs of this process go to standard error in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
