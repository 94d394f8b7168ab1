"""A file of unknown encoding -> the same lines as UTF-8. Valid UTF-8 is looked at once and not copied.

Works on chunks and lines: memory does not grow with the file. Line numbers stay as they were.
"""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .codepages import LEGACY
from .detect import MOJIBAKE, Detection, Segment, detect
from .mojibake import undo

_CHUNK = 1 << 22
_LOST = "\ufffd"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MOJIBAKE_SIGNS = (b"\xc3\xa1\xc2\xba", b"\xc3\xa1\xc2\xbb")  # "áº" and "á»": half of the Vietnamese letters
_TONE_LEADS = (b"\xcc", b"\xcd")  # UTF-8 lead bytes of the combining marks U+0300-U+036F
_NULL = b"\x00"


@dataclass(frozen=True, slots=True)
class UnicodeFile:
    """A UTF-8 file and how it came to be.

    `path` is the source itself when it was UTF-8 already; `lines` counts line ends; `decomposed` tells that
    combining marks occur, so cells may need NFC; `lost` counts the characters U+FFFD in it (letters that are
    gone), `restored` the lost letters that the dictionary found again, `nulls` the NUL bytes left out.
    """

    path: Path
    detection: Detection
    lines: int
    decomposed: bool = False
    lost: int = 0
    restored: int = 0
    nulls: int = 0


@dataclass(slots=True)
class _Look:
    """What one pass over the bytes tells."""

    valid: bool = True
    lines: int = 0
    decomposed: bool = False
    mojibake: bool = False
    lost: int = 0
    nulls: int = 0
    returns: bool = False  # carriage returns, and no line feed


def unicode_file(path: Path, work: Path, encoding: str = "auto") -> UnicodeFile:
    """`path` as UTF-8, in a file under `work` when it has to be rewritten.

    `encoding`: `auto`, one of `detect.ENCODINGS`, `utf-16`, or any name Python knows (else LookupError).
    """
    if encoding == "auto" and (wide := _utf16(path)):
        encoding = wide
    look = _look(path)
    as_is = look.valid and not (look.mojibake or look.nulls or look.returns)
    if as_is and encoding in ("auto", "utf-8", "utf-8-sig"):
        detection = Detection((Segment(1, "utf-8"),), 1.0, 0)
        return UnicodeFile(path, detection, look.lines, look.decomposed, look.lost)
    detection = _detection(path, encoding)
    target = work / f"{path.name}.utf8"
    return _rewrite(path, target, detection, look)


def _detection(path: Path, encoding: str) -> Detection:
    if encoding != "auto":
        if encoding not in LEGACY and encoding != MOJIBAKE:
            codecs.lookup(encoding)
        return Detection((Segment(1, encoding),), 1.0, 0)
    with path.open("rb") as file:
        file.seek(len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0)
        return detect(file)


def _utf16(path: Path) -> str | None:
    """The UTF-16 flavour by byte order mark, or by where the zero bytes of ASCII letters lie."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head[:2] in _UTF16:
        return _UTF16[head[:2]]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if odd > 0.3 * half and even < 0.01 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 * half and odd < 0.01 * half else None


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _look(path: Path) -> _Look:
    look, decoder, tail, returns = _Look(), codecs.getincrementaldecoder("utf-8")(), b"", False
    for chunk in _chunks(path):
        if look.valid:
            try:
                look.lost += decoder.decode(chunk).count(_LOST)
            except UnicodeDecodeError:
                look.valid = False
        look.lines += chunk.count(b"\n")
        look.nulls += chunk.count(_NULL)
        returns = returns or b"\r" in chunk
        if not chunk.isascii():
            look.decomposed = look.decomposed or any(lead in chunk for lead in _TONE_LEADS)
            look.mojibake = look.mojibake or any(sign in tail + chunk for sign in _MOJIBAKE_SIGNS)
        tail = chunk[-3:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        look.valid = False
    look.returns = returns and not look.lines
    return look


def _rewrite(path: Path, target: Path, detection: Detection, look: _Look) -> UnicodeFile:
    lines = lost = nulls = 0
    decomposed = False
    with target.open("wb") as out:
        for text in _texts(path, detection.segments, look.returns):
            if "\x00" in text:
                nulls += text.count("\x00")
                text = text.replace("\x00", "")
            lost += text.count(_LOST)
            data = text.encode("utf-8")
            lines += data.count(b"\n")
            decomposed = decomposed or any(lead in data for lead in _TONE_LEADS)
            out.write(data)
    restored = max(0, look.lost - lost) if MOJIBAKE in detection.encoding else 0
    return UnicodeFile(target, detection, lines, decomposed, lost, restored, nulls)


def _texts(path: Path, segments: tuple[Segment, ...], returns: bool) -> Iterator[str]:
    """The decoded text, some hundred lines at a time."""
    wide = segments[0].encoding
    if wide not in (*LEGACY, MOJIBAKE, "utf-8"):
        with path.open(encoding=wide, errors="replace", newline="") as file:
            yield file.read(_CHUNK).removeprefix("\ufeff")
            while text := file.read(_CHUNK):
                yield text
        return
    with path.open("rb") as file:
        for encoding, data in _pieces(file, segments):
            text = decode(data, encoding).removeprefix("\ufeff")
            yield text.replace("\r", "\n") if returns else text


def _pieces(lines: Iterable[bytes], segments: tuple[Segment, ...]) -> Iterator[tuple[str, bytes]]:
    """The lines in groups of one encoding and at most a megabyte."""
    held: list[bytes] = []
    size, index = 0, 0
    for number, line in enumerate(lines, 1):
        change = index + 1 < len(segments) and segments[index + 1].line == number
        if held and (change or size > 1 << 20):
            yield segments[index].encoding, b"".join(held)
            held, size = [], 0
        index += change
        held.append(line)
        size += len(line)
    if held:
        yield segments[index].encoding, b"".join(held)


def decode(data: bytes, encoding: str) -> str:
    """`data` in one of `detect.ENCODINGS` as Unicode; forbidden bytes become U+FFFD."""
    if decoder := LEGACY.get(encoding):
        return decoder(data)
    text = data.decode("utf-8", "replace")
    return undo(text) if encoding == MOJIBAKE else text
