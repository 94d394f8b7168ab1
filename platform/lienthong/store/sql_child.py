"""The process that reads SQL typed by people: one JSON line asked, one JSON line told. It may die of what it reads."""

import json
import resource
import sys
from typing import Any

from lienthong.store import sql_functions, sql_guard

MEMORY = 512 << 20


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
    """Until the other side closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
