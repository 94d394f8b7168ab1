"""Files as HTTP gives them out (RFC 9110): content codings chosen from what was made with the release, validators,
ranges, digests (RFC 9530), names in any script (RFC 6266, RFC 8187). One answer for a disk and for object storage.
"""

import asyncio
import base64
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from lienthong.kernel.problem import Conflict, Unavailable
from lienthong.kernel.text import both
from lienthong.store.files import FileStore
from lienthong.web.caching import CURRENT
from lienthong.web.ranges import Span, Unsatisfiable, spans

FOREVER = "public, max-age=31536000, immutable"
SHORTLY = CURRENT + ", must-revalidate"
LINK_SECONDS = 600
_SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "br": ".br"}
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Disposition, Content-Encoding, Content-Length, "
    "Content-Range, ETag, Repr-Digest",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    # A file is data, never a page of ours, whatever is in it.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@dataclass(frozen=True)
class Copy:
    """The bytes of a file under a content coding ("" for none): where they lie, how many, their SHA-256 (hex)."""

    path: str
    size: int
    sha256: str
    coding: str = ""

    @property
    def tag(self) -> str:
        """The strong validator."""
        return f'"{self.sha256}"'


@dataclass(frozen=True)
class Served:
    """A file: its copies, the plain one first; its own name and the one it is saved under; since when it is so."""

    copies: tuple[Copy, ...]
    media_type: str
    plain: str
    name: str
    changed: datetime
    disposition: str = "attachment"


class PreconditionFailed(Conflict):
    """If-Match names another state of the file (RFC 9110, 13.1.1)."""

    status = 412


def copies(path: str, size: int, sha256: str, variants: Sequence[Mapping[str, object]]) -> tuple[Copy, ...]:
    """The copies of a file, from what its manifest says of its variants."""
    made = [Copy(path, size, sha256)]
    for v in variants:
        coding = str(v["coding"])
        made.append(Copy(path + _SUFFIXES[coding], int(str(v["size"])), str(v["sha256"]), coding))
    return tuple(made)


async def answer(
    request: Request, store: FileStore, file: Served, cache: str, further: Mapping[str, str] | None = None
) -> Response:
    """The file, a part of it, or that it has not changed. Raises PreconditionFailed, Unavailable."""
    copy = _chosen(request.headers.get("accept-encoding", ""), file.copies)
    headers = _HEADERS | _described(file, copy) | {"Cache-Control": cache} | dict(further or {})
    if _refused(request, copy):
        raise PreconditionFailed(both("Tệp đã khác", "The file is another one"), place="If-Match")
    if _unchanged(request, file, copy):
        return Response(status_code=304, headers=headers)
    if address := await store.link(copy.path, LINK_SECONDS):
        return RedirectResponse(address, 302, headers={"Cache-Control": "private, max-age=60"})
    local = store.local(copy.path)
    if local is not None and not local.is_file():
        raise Unavailable(both("Tệp không có trên máy chủ này", "The file is not on this server"), place=file.plain)
    headers |= {"Content-Type": _typed(file.media_type), "Content-Disposition": disposition(file)}
    if copy.coding:
        headers["Content-Encoding"] = copy.coding
    try:
        wanted = spans(request.headers["range"], copy.size) if _takes_range(request, file, copy) else None
    except Unsatisfiable:
        return Response(status_code=416, headers=_HEADERS | {"Content-Range": f"bytes */{copy.size}"})
    made = _Answer(store, copy, wanted, headers)
    if local is None and request.method == "GET":
        await made.begin()
    return made


def is_download(request: Request, made: Response) -> bool:
    """Is this answer the file from its beginning, or the way to it?"""
    begins = request.headers.get("range", "bytes=0-").startswith("bytes=0-")
    return request.method == "GET" and made.status_code in (200, 206, 302) and begins


def _described(file: Served, copy: Copy) -> dict[str, str]:
    """What a 304 says too."""
    told = {
        "ETag": copy.tag,
        "Last-Modified": format_datetime(file.changed.astimezone(tz=UTC), usegmt=True),
        "Repr-Digest": _digest(copy),
    }
    return told | ({"Vary": "Accept-Encoding"} if len(file.copies) > 1 else {})


def _digest(copy: Copy) -> str:
    return f"sha-256=:{base64.b64encode(bytes.fromhex(copy.sha256)).decode()}:"


def _typed(media_type: str) -> str:
    return media_type + "; charset=utf-8" if media_type.startswith("text/") and ";" not in media_type else media_type


def disposition(file: Served) -> str:
    """The name under which it is saved: in any script for those who read RFC 8187, its own for the others."""
    plain = re.sub(r"[^ !#-\[\]-~]", "_", file.plain)
    extended = f"; filename*=UTF-8''{quote(file.name, safe='')}" if file.name != plain else ""
    return f'{file.disposition}; filename="{plain}"{extended}'


def _chosen(accepted: str, offered: Sequence[Copy]) -> Copy:
    """The copy with the coding that is liked best; of equals the smallest (RFC 9110, 12.5.3)."""
    liked = dict(_weights(accepted))
    rest = liked.get("*", 0.0)
    weights = {copy: liked.get(copy.coding, rest) for copy in offered if copy.coding}
    weights = {copy: weight for copy, weight in weights.items() if weight > 0}
    weights[offered[0]] = liked.get("identity", 0.001)  # taken last, unless it is asked for
    best = max(weights.values())
    return min((copy for copy, weight in weights.items() if weight == best), key=lambda copy: copy.size)


def _weights(accepted: str) -> list[tuple[str, float]]:
    found = []
    for part in accepted.lower().split(",")[:20]:
        name, _, weight = part.partition(";")
        try:
            value = float(weight.partition("=")[2]) if "=" in weight else 1.0
        except ValueError:
            value = 0.0
        found.append((name.strip().replace("x-gzip", "gzip"), value))
    return found


def _tags(given: str) -> list[str]:
    return [part.strip() for part in given.split(",")]


def _refused(request: Request, copy: Copy) -> bool:
    given = request.headers.get("if-match")
    return given is not None and given.strip() != "*" and copy.tag not in _tags(given)


def _unchanged(request: Request, file: Served, copy: Copy) -> bool:
    """Has the caller this very file? A tag counts before a date."""
    given = request.headers.get("if-none-match")
    if given is not None:
        return given.strip() == "*" or copy.tag in (tag.removeprefix("W/") for tag in _tags(given))
    since = _moment(request.headers.get("if-modified-since"))
    return since is not None and file.changed.replace(microsecond=0) <= since


def _takes_range(request: Request, file: Served, copy: Copy) -> bool:
    """Is a range asked for, and of this very file?"""
    if "range" not in request.headers or request.method != "GET":
        return False
    given = request.headers.get("if-range")
    if given is None:
        return True
    if given.startswith(('"', "W/")):
        return given.strip() == copy.tag
    return _moment(given) == file.changed.replace(microsecond=0)


def _moment(given: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(given) if given else None
    except (ValueError, IndexError, TypeError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


class _Answer(Response):
    """200 with all, 206 with one part, 206 with several (RFC 9110, 14.6)."""

    def __init__(self, store: FileStore, copy: Copy, wanted: list[Span] | None, headers: dict[str, str]) -> None:
        self._store, self._copy = store, copy
        self._heads: list[bytes] = [b""]
        self._spans = wanted or [Span(0, copy.size)]
        self._tail = b""
        total = sum(span.length for span in self._spans)
        if wanted is None:
            headers = headers | {"Content-Digest": headers["Repr-Digest"]}
        elif len(wanted) == 1:
            headers = headers | {"Content-Range": wanted[0].told(copy.size)}
        else:
            boundary = copy.sha256[:32]
            kind = headers["Content-Type"]
            self._heads = [
                f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {s.told(copy.size)}\r\n\r\n".encode()
                for s in wanted
            ]
            self._tail = f"\r\n--{boundary}--\r\n".encode()
            total += sum(map(len, self._heads)) + len(self._tail)
            headers = headers | {"Content-Type": f"multipart/byteranges; boundary={boundary}"}
        super().__init__(status_code=200 if wanted is None else 206, headers=headers)
        self._rest = self._pieces()
        self._first = b""
        self.headers["content-length"] = str(total)

    async def begin(self) -> None:
        """Have the first bytes before anything is promised. Raises Unavailable."""
        try:
            self._first = await anext(self._rest, b"")
        except OSError as error:
            detail = both("Kho tệp không trả lời", "The file store does not give the file")
            raise Unavailable(detail, place=self._copy.path) from error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, piece by piece, for as long as somebody listens."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        left = asyncio.create_task(_left(receive))
        try:
            await send({"type": "http.response.body", "body": self._first, "more_body": True})
            async with aclosing(self._rest) as rest:
                async for piece in rest:
                    if left.done():
                        return
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": self._tail, "more_body": False})
        finally:
            left.cancel()

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        for head, span in zip(self._heads, self._spans, strict=True):
            if head:
                yield head
            async with aclosing(self._store.read(self._copy.path, span.start, span.length)) as pieces:
                async for piece in pieces:
                    yield piece


async def _left(receive: Receive) -> None:
    """Until the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
