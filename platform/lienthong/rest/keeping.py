"""Answers about rows that are kept as they went out: those of open releases, in JSON, for nobody in particular."""

from starlette.types import Scope

from lienthong.access.door import Answer
from lienthong.access.kept import Headers, Kept, key_of
from lienthong.catalog.snapshot import Snapshot
from lienthong.rest.negotiation import PLAIN

_PLAIN = frozenset(accept.encode() for accept in PLAIN if accept)


def keep(kept: Kept, scope: Scope, answer: Answer, before: Snapshot | None, headers: Headers, body: bytes) -> None:
    """Keep an answer with 200, if it is one of those. `before`: what was served before its rows were read."""
    if answer.bound is None or before is None or (key := key_of(scope, _plain)) is None:
        return
    head = list(headers)
    tag = next((value for name, value in head if name == b"etag"), b"")
    releases = answer.bound.releases(before, answer.release)
    kept.put(key, releases, head, body, tag, accepts=_plain, counted=answer.bound.asked)


def _plain(accept: bytes) -> bool:
    return accept in _PLAIN
