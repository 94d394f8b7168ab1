"""The short way of datastore_search: a question about an open release that was answered before."""

import hashlib
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from lienthong.access.kept import Key, sent
from lienthong.access.services import Services
from lienthong.catalog.snapshot import ReleaseInfo

ADDRESSES = ("/api/3/action/datastore_search", "/api/action/datastore_search")
MOST_BODY = 65_536
_KEY = "lienthong.kept"
_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


class Short:
    """Answers from what is kept; else tells the long way under which key to keep its answer."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> tuple[bool, Receive]:
        """Answer, if it was answered before."""
        if scope["path"] not in ADDRESSES or scope["method"] not in ("GET", "POST"):
            return False, receive
        key: Key = (scope["path"], scope["query_string"])
        if scope["method"] == "POST":
            body, receive = await _read(receive)
            if body is None:
                return False, receive
            kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
            key = (*key, kind, body)
        elif not scope["query_string"]:
            return False, receive  # then a body counts
        snapshot = await self._services.catalog.current()
        found = self._services.kept.find(key, scope["headers"], snapshot)
        if found is None:
            scope[_KEY] = key
            return False, receive
        await sent(found, scope, send)
        return True, receive


def keep(services: Services, scope: Any, release: ReleaseInfo, response: Response) -> None:
    """Keep an answer that was made the long way; it gets a tag."""
    key = scope.get(_KEY)
    if key is not None and response.status_code == 200:
        named = {name for name, _ in response.raw_headers}
        headers = [*response.raw_headers, *(pair for pair in _ALWAYS if pair[0] not in named)]
        body = bytes(response.body)
        asked = hashlib.blake2b(repr((release.id, key, len(body))).encode(), digest_size=12).hexdigest()
        tag = f'"{release.number}-{asked}"'
        services.kept.put(key, release, headers, body, tag.encode())
        response.headers["ETag"] = tag


async def _read(receive: Receive) -> tuple[bytes | None, Receive]:
    """The body, when it is short, and a way to read it again."""
    taken: list[Message] = []
    body = bytearray()
    more = True
    while more and len(body) <= MOST_BODY:
        message = await receive()
        taken.append(message)
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return taken.pop(0) if taken else await receive()

    whole = not more and len(body) <= MOST_BODY
    return bytes(body) if whole else None, again
