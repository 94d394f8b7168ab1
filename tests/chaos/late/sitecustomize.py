"""Everything that our code begins beside its answer begins late: `make test ARGS="-p tests.chaos.late.sitecustomize"`.

A test that passes only where such work is done before anybody looks fails then. It is the work of tasks and threads;
programs that tests start are late, too, since Python imports a `sitecustomize` it finds on PYTHONPATH.
"""

import asyncio
import inspect
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

LATE = (0.05, 0.3)  # seconds, from and to
_CHANCE = random.Random(1)
_HERE = str(Path(__file__).parent)


def _is_ours() -> bool:
    """Is it code of the platform that begins something?"""
    return "/lienthong/" in sys._getframe(2).f_code.co_filename


async def _later(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        await asyncio.sleep(_CHANCE.uniform(*LATE))
    except BaseException:
        work.close()
        raise
    return await work


def _beginning(begin: Callable[..., Any]) -> Callable[..., Any]:
    def late(work: Any, **options: Any) -> Any:
        return begin(_later(work) if _is_ours() and inspect.iscoroutine(work) else work, **options)

    return late


def _threads(begin: Callable[..., None]) -> Callable[..., None]:
    def late(thread: Any) -> None:
        work = getattr(thread, "_target", None)
        if work is not None and _is_ours():
            thread._target = lambda *a, **k: (time.sleep(_CHANCE.uniform(*LATE)), work(*a, **k))
        begin(thread)

    return late


asyncio.create_task = _beginning(asyncio.create_task)
asyncio.ensure_future = _beginning(asyncio.ensure_future)
threading.Thread.start = _threads(threading.Thread.start)  # type: ignore[method-assign]
_PATHS = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != _HERE]
os.environ["PYTHONPATH"] = os.pathsep.join([_HERE, *_PATHS])
