"""Answers to SQL that may be kept: of releases alone, without a clock or chance, and the same when asked again.

A process may run SQL over a copy that another one has just made of an older release. So one answer is not believed:
the second one, some seconds later, must have the same bytes.
"""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Sequence

from lienthong.access.sql import LOOK_SECONDS, Source
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.kernel.clock import today

APART = 2 * LOOK_SECONDS
_MOST = 1_000
# Functions, values and words of PostgreSQL that tell the time, and those that depend on chance.
_MOVING = re.compile(
    r"\b(now|today|tomorrow|yesterday|allballs|current_\w+|local(time|timestamp)\w*|age|timeofday|random"
    r"|(clock|statement|transaction)_timestamp)\b",
    re.IGNORECASE,
)


class Steady:
    """What was answered last to the SQL of this process that may be kept."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[object, ...], tuple[float, bytes]] = OrderedDict()

    def releases(self, sql: str, sources: Sequence[Source], body: bytes) -> tuple[ReleaseInfo, ...] | None:
        """The releases that an answer may be kept for; None when it may not, or not yet."""
        read = [source.release for source in sources if source.release is not None]
        if not read or len(read) < len(sources) or _MOVING.search(sql):
            return None
        key = (sql, *(release.id for release in read), today())
        moment, told = time.monotonic(), hashlib.blake2b(body, digest_size=16).digest()
        before, last = self._seen.get(key, (moment, b""))
        self._seen[key] = (before if told == last else moment, told)
        self._seen.move_to_end(key)
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return tuple(read) if told == last and moment - before >= APART else None
