"""Looks that are made before they are needed: while callers ask, none of them has to wait for one.

What is good for a second is looked at again after half of it, if anybody has asked for it since the last look; what
nobody asks for is left alone. A look that fails is made again by whoever asks next, who is told what is wrong.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

SECONDS = 0.5
"""The age from which something that is asked for is looked at again."""
_STEP = 0.1  # seconds


class Watched(Protocol):
    """Something that has to be looked at now and then."""

    def is_due(self) -> bool:
        """Was it asked for since it was looked at, and will it soon be too old?"""

    async def look(self) -> None:
        """Look, whatever its age."""


async def keep(watched: Sequence[Watched]) -> None:
    """Look at each in time, until cancelled."""
    while True:
        await asyncio.sleep(_STEP)
        for each in watched:
            if each.is_due():
                with suppress(Exception):
                    await each.look()
