"""The process that reads SQL typed by people: one JSON line asked, one JSON line told. It may die of what it reads."""

import json
import resource
import signal
import sys
from typing import Any

from lienthong.store import sql_functions, sql_guard

MEMORY = 512 << 20
SECONDS = 2.0  # of CPU for one text; whoever needs more is ended by the system, wherever it is


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The verdict on one text."""
    try:
        if asked["kind"] == "function":
            sql_functions.check(asked["text"])
            return {}
        passed = sql_guard.check(asked["text"])
        return {"sql": passed.sql, "relations": passed.relations, "limited": passed.limited}
    except sql_guard.Rejected as rejected:
        return {"refused": rejected.kind, "message": rejected.message}
    except (RecursionError, MemoryError):
        return {"refused": "invalid", "message": "The query is too complex"}
    except Exception as error:  # the printer of a tree that it does not know
        return {"refused": "invalid", "message": f"The query cannot be read: {type(error).__name__}"}


def main() -> None:
    """Until the other side closes. An empty object comes first, when it can begin."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _tell({})  # ready
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        told = answer(json.loads(line))
        signal.setitimer(signal.ITIMER_PROF, 0)
        _tell(told)


def _tell(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
