"""A multipart form as it comes in: its texts in memory, its files straight to the disk, each within a limit."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from lienthong.catalog.hosted.uploads import Incoming, Received, TooLarge, Uploads
from lienthong.ckan.errors import NoPage, Refusal

Pair = tuple[str, Any]
MOST_FILES, MOST_FIELDS, MOST_TEXT = 20, 1_000, 16_000_000  # MOST_TEXT: bytes of all texts together
_EXTENDED = re.compile(rb"filename\*\s*=\s*utf-8''([^;\s]+)", re.IGNORECASE)
_AT_ONCE = 512 * 1024  # bytes that are gathered before they go to the disk


def too_large(limit: int) -> Refusal:
    """An upload that is larger than may be kept: 413 in CKAN's form."""
    told = f"File upload too large: at most {limit // 1_000_000} MB may be kept"
    return Refusal(413, {"upload": [told], "__type": "Validation Error"})


class Receiver:
    """Takes in the files of one request. `room`: how many bytes may be kept for the caller; 0: no file at all."""

    def __init__(self, uploads: Uploads, room: Callable[[], Awaitable[int]]) -> None:
        self.files: list[Received] = []
        self._uploads = uploads
        self._room = room
        self._limit: int | None = None

    async def begin(self, name: str) -> Incoming:
        """A file begins. Raises Refusal when there is no room at all."""
        if self._limit is None:
            self._limit = await self._room()
        if self._limit <= 0:
            raise too_large(0)
        incoming = await to_thread.run_sync(self._uploads.incoming, name, self._limit)
        self.files.append(incoming.received)
        return incoming

    def discard(self) -> None:
        """Away with what was not kept."""
        for file in self.files:
            file.discard()


class _Part:
    """What is known of the part that comes in; `events` are taken in order after each piece of the body."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self._header = self._value = b""
        self._disposition = b""
        self._is_file = False
        self._text = 0
        self._seen = 0

    def callbacks(self) -> Any:
        """For the parser."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": lambda: self.events.append(("end", None)),
        }

    def _begin(self) -> None:
        self._header = self._value = self._disposition = b""
        self._seen += 1
        if self._seen > MOST_FIELDS:
            raise NoPage(413)

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        if len(self._value) > 8_192:
            raise NoPage(400)

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        options = parse_options_header(self._disposition)[1]
        if b"name" not in options:
            raise NoPage(400)
        field, name = _decoded(options[b"name"]), _file_name(self._disposition, options)
        self._is_file = name is not None
        self.events.append(("begin", (field, name)))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if not self._is_file:
            self._text += end - start
            if self._text > MOST_TEXT:
                raise NoPage(413)
        self.events.append(("data", data[start:end]))


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _file_name(disposition: bytes, options: dict[bytes, bytes]) -> str | None:
    """The name of a file, also as RFC 8187 writes it; None for a text."""
    extended = _EXTENDED.search(disposition)
    if extended is not None:
        return unquote(_decoded(extended[1]))
    return _decoded(options[b"filename"]) if b"filename" in options else None


async def read(content_type: str, body: AsyncIterator[bytes], receiver: Receiver | None) -> list[Pair]:
    """The pairs of the form: texts and `Received`; without a receiver files are dropped. Raises NoPage, Refusal."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise NoPage(400)
    part = _Part()
    form = _Form(receiver)
    try:
        parser = MultipartParser(boundary, part.callbacks())
        async for piece in body:
            parser.write(piece)
            await form.take(part.events)
            part.events.clear()
        parser.finalize()
    except TooLarge as error:
        raise too_large(error.limit) from error
    except FormParserError as error:
        raise NoPage(400) from error
    finally:
        form.close()
    return form.pairs


class _Form:
    """What has come in of a form."""

    def __init__(self, receiver: Receiver | None) -> None:
        self.pairs: list[Pair] = []
        self._receiver = receiver
        self._field = ""
        self._text = bytearray()
        self._file: Incoming | None = None
        self._waiting = bytearray()
        self._is_file = False
        self._files = 0

    async def take(self, events: list[tuple[str, Any]]) -> None:
        """What the parser has found in one piece of the body."""
        for kind, value in events:
            if kind == "data":
                await self._data(value)
            elif kind == "begin":
                await self._begin(*value)
            else:
                await self._end()

    async def _begin(self, field: str, name: str | None) -> None:
        self._field, self._is_file, self._file = field, name is not None, None
        self._text.clear()
        # A browser sends an empty file field without a name.
        if name and self._receiver:
            self._files += 1
            if self._files > MOST_FILES:
                raise NoPage(413)
            self._file = await self._receiver.begin(name)

    async def _data(self, data: bytes) -> None:
        if not self._is_file:
            self._text += data
        elif self._file:
            self._waiting += data
            if len(self._waiting) >= _AT_ONCE:
                await self._write()

    async def _write(self) -> None:
        if self._file and self._waiting:
            data = bytes(self._waiting)
            self._waiting.clear()
            await to_thread.run_sync(self._file.write, data)

    async def _end(self) -> None:
        if not self._is_file:
            self.pairs.append((self._field, self._text.decode("utf-8", "replace")))
        elif self._file:
            await self._write()
            self.pairs.append((self._field, await to_thread.run_sync(self._file.finish)))
            self._file = None

    def close(self) -> None:
        """What was not finished is dropped."""
        if self._file:
            self._file.abandon()
