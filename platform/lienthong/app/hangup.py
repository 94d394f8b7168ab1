"""Who hangs up is worked for no longer: the running statement is cancelled with the task that waits for it."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send

Call = Callable[[Receive, Send], Awaitable[None]]
PATIENCE = 0.2  # seconds before anybody looks: nearly every answer has begun by then


class Watch:
    """Stands between the server and the app during one request."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look)
        self._looking: asyncio.Task[None] | None = None
        self._kept: Message | None = None
        self._whole = False  # has the body been read to its end?
        self._turn = asyncio.Lock()  # two must not wait for a message at once: one would hear of an end
        self._unread = False
        self.left = self.broken = False

    async def receive(self) -> Message:
        """The next message for the app."""
        async with self._turn:
            if self._kept is not None:
                message, self._kept = self._kept, None
                return message
            message = self._noted(await self._receive())
        if message["type"] == "http.disconnect" and self._unread:
            self.broken = True  # nobody can make sense of half a body, whatever surface it was for
            raise asyncio.CancelledError
        return message

    async def send(self, message: Message) -> None:
        """An answer that has begun is watched by whoever sends it."""
        self.end()
        await self._send(message)

    def end(self) -> None:
        """Look no longer."""
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _noted(self, message: Message) -> Message:
        self._unread = not self._whole and message["type"] == "http.disconnect"
        self._whole = self._whole or not message.get("more_body", False)
        return message

    def _look(self) -> None:
        self._looking = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        """Until the caller has gone. A body that is still being read is left to the app."""
        if not self._whole:
            async with self._turn:
                if not self._whole and self._kept is None:
                    self._kept = self._noted(await self._receive())
            if not self._whole:
                return
        message = self._kept if self._kept and self._kept["type"] == "http.disconnect" else await self._receive()
        if message["type"] == "http.disconnect" and self._task is not None:
            self.left = True
            self._task.cancel()


async def watched(call: Call, receive: Receive, send: Send) -> None:
    """Do the call, and stop when the caller hangs up before the answer begins."""
    watch = Watch(receive, send)
    try:
        await call(watch.receive, watch.send)
    except asyncio.CancelledError:
        if watch.broken:
            await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"400: the body broke off\n"})
        elif not watch.left:
            raise
    finally:
        watch.end()
