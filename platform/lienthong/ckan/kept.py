"""The short way of datastore_search and its SQL: a question about open releases that was answered before."""

import hashlib
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from lienthong.access.kept import key_of, sent
from lienthong.access.services import Services
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.ckan import answers
from lienthong.ckan.datastore_again import Again
from lienthong.ckan.errors import from_problem
from lienthong.ckan.indexes import Indexes
from lienthong.kernel.problem import TooCostly, Unavailable

ADDRESSES = ("/api/3/action/datastore_search", "/api/action/datastore_search")  # and datastore_search_sql
_ANSWERED = frozenset(start + end for start in ADDRESSES for end in ("", "_sql"))
MOST_BODY = 65_536
Read = ReleaseInfo | tuple[ReleaseInfo, ...]
_KEY = "lienthong.kept"


class Short:
    """Answers from what is kept; else tells the long way under which key to keep its answer."""

    def __init__(self, services: Services, indexes: Indexes) -> None:
        self._services = services
        self._again = Again(services, indexes)
        self._help = services.settings.public_url + "/api/3/action/help_show?name=datastore_search"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> tuple[bool, Receive]:
        """Answer, if it was answered before. What stands in the address alone was looked for already."""
        if scope["path"] not in _ANSWERED:
            return False, receive
        if scope["query_string"] and (key := key_of(scope)) is not None:
            scope[_KEY] = key
            if scope["path"] in ADDRESSES:
                return await self._searched(scope, receive, send), receive
        elif (key := key_of(scope, method="POST")) is not None:
            body, receive = await _read(receive)
            if body is None:
                return False, receive
            kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
            key = (*key, kind, body)
            found = self._services.kept.find(key, scope["headers"], await self._services.catalog.current())
            if found is not None:
                await sent((found[0], False), send)
                return True, receive
            scope[_KEY] = key
        return False, receive

    async def _searched(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a search by nobody in particular, if it is like one before."""
        try:
            result = await self._again(scope["query_string"])
        except (TooCostly, Unavailable) as problem:
            await answers.refused(self._help, from_problem(problem, "en"), "en")(scope, receive, send)
            return True
        if result is None:
            return False
        response = answers.success(self._help, result, None, own=False)
        if result.release is not None:
            keep(self._services, scope, result.release, response)
        await send({"type": "http.response.start", "status": 200, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body})
        return True


def keep(services: Services, scope: Any, read: Read, response: Response) -> None:
    """Keep an answer that was made the long way; it gets a tag. `read`: the release that it tells of, or several."""
    key = scope.get(_KEY)
    releases = read if isinstance(read, tuple) else (read,)
    if key is not None and response.status_code == 200:
        body = bytes(response.body)
        asked = repr(([release.id for release in releases], key, len(body))).encode()
        tag = f'"{releases[0].number}-{hashlib.blake2b(asked, digest_size=12).hexdigest()}"'
        response.headers["ETag"] = tag
        services.kept.put(key, releases, response.raw_headers, body, tag.encode())


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
