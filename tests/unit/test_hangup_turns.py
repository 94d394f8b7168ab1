"""The watch over who hangs up waits for its turn: a server may tell the second of two that wait that all is over."""

import asyncio

import pytest
from starlette.types import Message, Receive, Send

from lienthong.app.hangup import PATIENCE, watched


class Body:
    """A body in two parts, the second of which comes after `pause` seconds; only one may wait at a time."""

    def __init__(self, pause: float) -> None:
        self._pause, self._asked, self._waiting = pause, 0, 0

    async def receive(self) -> Message:
        """The next part, as a server tells it."""
        if self._waiting:
            return {"type": "http.disconnect"}
        self._waiting, part, self._asked = 1, self._asked, self._asked + 1
        try:
            await asyncio.sleep((0, self._pause, 60)[part])
        finally:
            self._waiting = 0
        return {"type": "http.request", "body": b"x", "more_body": part == 0}


@pytest.mark.parametrize("pause", [0.0, PATIENCE / 2, PATIENCE * 1.5, PATIENCE * 3])
async def test_a_slow_body_is_read_to_its_end_and_answered(pause: float) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def call(receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(PATIENCE * 2)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    await watched(call, Body(pause).receive, send)
    assert [message["status"] for message in sent] == [200]
