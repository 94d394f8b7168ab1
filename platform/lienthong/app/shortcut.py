"""Kept answers leave where the server takes requests in: the event loop never hears of them.

granian gives each request to a function that has a task made for it in the event loop; what lies ready needs neither.
So ours looks at the kept answers before. It runs in the server's own thread, beside the event loop, and only reads.
The place it stands in is granian's own affair (`granian._futures`): where that looks different some day, requests go
the way through the loop, where the same answers are looked for again, and tests/surface/test_shortcut.py tells.
"""

import logging
from collections.abc import Callable
from typing import Any

from granian import _futures

from lienthong.access.kept import Front, messages

log = logging.getLogger("lienthong")
PLACE = "_cbsched_aioschedule"
Schedule = Callable[[Any], None]


def install(front: Front) -> None:
    """Servers that start in this process from now on ask `front` first."""
    own = getattr(_futures, PLACE, None)
    if own is None:
        log.warning("granian takes requests in at another place: kept answers go through the event loop")
        return

    def scheduling(loop: Any, context: Any, callback: Any) -> Schedule:
        return before(front, own(loop, context, callback))

    setattr(_futures, PLACE, scheduling)


def before(front: Front, later: Schedule) -> Schedule:
    """Answers at once what `front` has; gives everything else to `later`."""

    def schedule(watcher: Any) -> None:
        try:
            found = front.ready(watcher.scope)
        except Exception:  # the way through the loop tells what is wrong
            found = None
        if found is None:
            later(watcher)
            return
        try:
            send = watcher.proto.send
            for message in messages(found):
                send(message)
        except BaseException as error:
            watcher.err(error)
        else:
            watcher.done()

    return schedule
