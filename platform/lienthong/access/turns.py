"""Fair turns: so many statements at once, so many of one caller; who waits is served in turn, caller by caller.

One caller who asks for too much waits behind their own requests, never before those of others.
"""

import asyncio
from collections import OrderedDict, deque

from lienthong.kernel.problem import TooCostly
from lienthong.kernel.text import both

QUEUE = 64  # requests of one caller that may wait


class Turns:
    """The turns of one process: `slots` statements at once, a quarter of which no single caller ever takes."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._share = max(1, slots - max(1, slots // 4))
        self._active: dict[str, int] = {}
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, caller: str) -> None:
        """Wait for a turn. Raises TooCostly when too many of the caller's requests wait already."""
        if self._free and not self._waiting and self._active.get(caller, 0) < self._share:
            self._begin(caller)
            return
        queue = self._waiting.setdefault(caller, deque())
        if len(queue) >= QUEUE:
            raise TooCostly(
                both(f"Quá {QUEUE} yêu cầu đang chờ", f"More than {QUEUE} requests are waiting"),
                place="concurrency",
                fix=both("Gửi ít yêu cầu cùng lúc hơn", "Send fewer requests at once"),
                cost=len(queue) + 1,
                limit=QUEUE,
                retry_after=1,
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(caller)
            else:
                self._leave(caller, turn)
            raise

    def give(self, caller: str) -> None:
        """A turn is over."""
        self._free += 1
        left = self._active[caller] - 1
        if left:
            self._active[caller] = left
        else:
            del self._active[caller]
        if self._waiting:
            self._serve()

    def _begin(self, caller: str) -> None:
        self._free -= 1
        self._active[caller] = self._active.get(caller, 0) + 1

    def _serve(self) -> None:
        """Give free turns to those who wait, the caller served longest ago first, within their share."""
        while self._free:
            caller = next((c for c in self._waiting if self._active.get(c, 0) < self._share), None)
            if caller is None:
                return
            queue = self._waiting.pop(caller)
            turn = queue.popleft()
            if queue:
                self._waiting[caller] = queue  # behind all others
            if not turn.done():
                self._begin(caller)
                turn.set_result(None)

    def _leave(self, caller: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(caller)
        if queue and turn in queue:
            queue.remove(turn)
        if queue is not None and not queue:
            del self._waiting[caller]
