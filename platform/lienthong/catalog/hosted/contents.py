"""Is a file what its name and format say? Told from its bytes, without opening it with a reader of that format.

Nothing is unpacked and no parser of a format runs over what a stranger sent: only first bytes are looked at, the list
of names in an archive, and one small part of a workbook, each up to a limit.
"""

import re
import struct
import zipfile
from pathlib import Path

import orjson

from lienthong.catalog.hosted.kinds import MAGIC, PARTS, SHORT, Kind, by_format, by_name

HEAD = 64 * 1024
MOST_JSON = 10_000_000  # longer JSON is judged by its beginning
MOST_LIST, MOST_PART = 4_000_000, 4_000_000  # bytes of an archive's list of names, of the part that is read
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|title|meta|style)\b", re.IGNORECASE)
_HIDDEN = re.compile(rb"<(?:\w+:)?sheet\s[^>]*\bstate\s*=\s*[\"'](?:hidden|veryHidden)[\"']")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CARRIED = {
    "xl/comments": "comments", "xl/threadedComments/": "comments", "xl/pivotCache/": "the cache of a pivot table",
    "xl/externalLinks/": "copies of other workbooks", "xl/vbaProject": "macros",
}  # fmt: skip
_PNG_TEXTS = (b"iTXt", b"tEXt", b"zTXt")
_EXIF = {"jpeg": (b"Exif\x00\x00", b"http://ns.adobe.com/xap/"), "png": (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile")}


def fault(path: Path, name: str, format: str) -> str | None:
    """Why the file is not what its name and format say, in English; None: it is. Reads from the disk."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        return "The file is empty"
    found = sniffed(head)
    if found == "program":
        return "The file is a program; only data can be published"
    ending, declared = by_name(name), by_format(format)
    if ending is not None:
        return _differs(path, head, found, ending) or _misnamed(found, ending, declared, format)
    if declared is not None:
        return None if found in ("zip", "gzip") else _differs(path, head, found, declared)
    if found in ("html", "svg", "script"):
        return f"The name of the file does not tell that it is {found.upper()}"
    return None


def _misnamed(found: str, ending: Kind, declared: Kind | None, format: str) -> str | None:
    """An archive may hold what the format says; formats of one family are taken for each other."""
    if declared is None or ending.family in ("archive", declared.family):
        return None
    if found in declared.contents and declared.ending not in PARTS:
        return None
    return f"The file is {ending.ending.upper()}, but its format is given as {format}"


def sniffed(head: bytes) -> str:
    """What the beginning of a file is."""
    for beginning, kind in MAGIC:
        if head.startswith(beginning) and not (kind in SHORT and _is_text(head)):
            return kind
    plain = head.decode("utf-16", "replace").encode() if head[:2] in _UTF16 else head
    start = plain.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"<":
        if _HTML.match(start) or (b"<?xml" not in start[:64] and _HTML.search(start[:2048])):
            return "html"
        return "svg" if re.search(rb"<(?:\w+:)?svg\b", start[:8192]) else "xml"
    if not _is_text(head):
        return "binary"
    return "json" if start[:1] in (b"{", b"[") else "text"


def _is_text(head: bytes) -> bool:
    return head[:2] in _UTF16 or not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)


def _differs(path: Path, head: bytes, found: str, expected: Kind) -> str | None:
    """Why a file is not of the kind expected, or holds what its publisher does not see."""
    called = expected.ending.upper()
    if expected.contents == {"json"}:
        if found not in ("json", "text"):
            return f"The file is not {called}: its content is {found}"
        return _json(path) if path.stat().st_size <= MOST_JSON else None
    if found not in expected.contents:
        return f"The file is not {called}: its content is {found}"
    if found in _EXIF and (_tells_in_png(path) if found == "png" else _holds(path, _EXIF[found])):
        return "The picture tells where or with what it was taken (EXIF): save it again without"
    return _office(path, expected.ending) if expected.ending in PARTS else None


def _holds(path: Path, marks: tuple[bytes, ...]) -> bool:
    """Does one of the marks stand anywhere in the file?"""
    before = b""
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            if any(mark in before + part for mark in marks):
                return True
            before = part[-64:]
    return False


def _tells_in_png(path: Path) -> bool:
    """Has a chunk of a PNG, also one behind the picture, EXIF, XMP or a raw profile?"""
    with path.open("rb") as file:
        file.seek(8)
        while len(header := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", header)
            words = file.read(min(length, 64))
            if kind == b"eXIf" or kind in _PNG_TEXTS and any(mark in words for mark in _EXIF["png"]):
                return True
            file.seek(length - len(words) + 4, 1)
    return False


def _json(path: Path) -> str | None:
    try:
        orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return f"The JSON is broken: {str(error)[:120]}"
    return None


def _office(path: Path, ending: str) -> str | None:
    """An office file is an archive with certain parts; in a workbook nothing may be hidden."""
    if not _listable(path):
        return "The file is broken, or has too many parts"
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(info.flag_bits & 1 for info in archive.infolist()):
                return "The file is encrypted"
            if PARTS[ending] not in names:
                return f"The file is not {ending.upper()}: it has no {PARTS[ending]}"
            return _hidden(archive, names, ending) if PARTS[ending].startswith("xl/") else None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError, struct.error):
        return "The file is broken: its parts cannot be read"


def _listable(path: Path) -> bool:
    """Is the archive's list of names short enough to be read? Told from its last record alone."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 65_557))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22 or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        return False
    length: int = struct.unpack_from("<L", tail, end + 12)[0]
    return length <= MOST_LIST


def _hidden(archive: zipfile.ZipFile, names: list[str], ending: str) -> str | None:
    """What people publish with a workbook without seeing it."""
    for beginning, told in _CARRIED.items():
        if any(name.startswith(beginning) for name in names) and not (ending == "xlsm" and told == "macros"):
            return f"The workbook holds {told}, which readers would get, too: remove them and save it again"
    with archive.open("xl/workbook.xml") as part:
        workbook = part.read(MOST_PART + 1)
    if len(workbook) > MOST_PART:
        return "The workbook has too many sheets"
    if _HIDDEN.search(workbook):
        return "The workbook has hidden sheets, which readers would get, too: show or delete them"
    return None
