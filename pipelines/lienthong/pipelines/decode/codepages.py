"""The legacy encodings of Vietnamese text, byte by byte.

TCVN3 (TCVN 5712:1993, the "ABC" fonts), VNI (VNI-Win, a base letter and a mark), VISCII (RFC 1456) and
Windows-1258 (base letters and combining tones). Everything decodes to Unicode NFC.
"""

import codecs
import re
from collections.abc import Callable

from lienthong.kernel.text import nfc

from .syllables import is_vietnamese

_C1 = "".join(bytes([b]).decode("cp1252", "replace") for b in range(0x80, 0xA0))  # “ ” – … of Western Windows


def _table(high: str, low: dict[int, str]) -> str:
    """The characters of all 256 bytes: ASCII, but `low`, then `high` for 0x80 and on."""
    return "".join(low.get(byte, chr(byte)) for byte in range(0x80)) + high


_VISCII = _table(
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ",
    dict(zip(b"\x02\x05\x06\x14\x19\x1e", "ẲẴẪỶỸỴ", strict=True)),
)
# TCVN 5712 has capitals with tones at 0x80-0x9F; the ABC fonts have quotes and dashes there, as Windows does.
_TCVN3_CAPITALS = "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
_TCVN3_REST = (
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịò"
    "ỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
_TCVN3_LOW = dict(zip(b"\x01\x02\x04\x05\x06\x11\x12\x13\x14\x15\x16\x17", "ÚỤỪỬỮỨỰỲỶỸÝỴ", strict=True))
_TCVN3 = _table(_C1 + _TCVN3_REST, _TCVN3_LOW)
_TCVN3_FULL = _table(_TCVN3_CAPITALS + _TCVN3_REST, _TCVN3_LOW)
_TCVN3_DOUBTFUL = re.compile(rb"((?<![A-Za-z\x80-\xff])[A-Za-z\xa1-\xff]*+[\x80-\x9f][A-Za-z\x80-\xff]*+)")
_HAS_C1 = re.compile(rb"[\x80-\x9f]")

_VNI_SINGLE = dict(zip("ÌÍÆÓÒÔÖÎÑìíæóòôöîñ", "ÌÍỈĨỊƠƯỴĐìíỉĩịơưỵđ", strict=True))
# mark of the second byte -> combining marks
_VNI_MARKS = {
    "ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    "â": "\u0302", "à": "\u0302\u0300", "á": "\u0302\u0301", "å": "\u0302\u0309", "ã": "\u0302\u0303",
    "ä": "\u0302\u0323", "ê": "\u0306", "è": "\u0306\u0300", "é": "\u0306\u0301", "ú": "\u0306\u0309",
    "ü": "\u0306\u0303", "ë": "\u0306\u0323",
}  # fmt: skip
_VNI_MARKS |= {mark.upper(): combining for mark, combining in _VNI_MARKS.items()}
_VNI_BASES = {"a": "øùûõïâàáåãäêèéúüë", "e": "øùûõïâàáåãä", "o": "øùûõïâàáåãä"}
_VNI_BASES |= dict.fromkeys("iuyôö", "øùûõï")
_VNI_PAIRS = {
    base + mark: nfc(_VNI_SINGLE.get(base, base) + _VNI_MARKS[mark])
    for lower, marks in _VNI_BASES.items()
    for base in (lower, lower.upper())
    for mark in marks + marks.upper()
}
_VNI = re.compile(
    "|".join(
        f"[{''.join(b + b.upper() for b in bases)}][{marks + marks.upper()}]"
        for bases, marks in (("a", _VNI_BASES["a"]), ("eo", _VNI_BASES["e"]), ("iuyôö", _VNI_BASES["i"]))
    )
    + f"|[{''.join(_VNI_SINGLE)}]"
)
_VNI_LETTERS = _VNI_PAIRS | _VNI_SINGLE
_WESTERN = _table(_C1 + "".join(map(chr, range(0xA0, 0x100))), {})


def _read(data: bytes, table: str) -> str:
    return codecs.charmap_decode(data, "strict", table)[0]


def _tcvn3(data: bytes) -> str:
    if not _HAS_C1.search(data):
        return nfc(_read(data, _TCVN3))
    parts = _TCVN3_DOUBTFUL.split(data)
    return nfc("".join(_tcvn3_word(part) if i % 2 else _read(part, _TCVN3) for i, part in enumerate(parts)))


def _tcvn3_word(word: bytes) -> str:
    """A word with a byte of 0x80-0x9F: with capitals when they make a Vietnamese word, else with quotes."""
    full = nfc(_read(word, _TCVN3_FULL))
    return full if len(full) > 1 and is_vietnamese(full) else _read(word, _TCVN3)


def _vni(data: bytes) -> str:
    return nfc(_VNI.sub(lambda m: _VNI_LETTERS[m.group()], _read(data, _WESTERN)))


def _viscii(data: bytes) -> str:
    return nfc(_read(data, _VISCII))


def _cp1258(data: bytes) -> str:
    return nfc(data.decode("cp1258", "replace"))


LEGACY: dict[str, Callable[[bytes], str]] = {
    "tcvn3": _tcvn3,
    "vni": _vni,
    "viscii": _viscii,
    "cp1258": _cp1258,
}
"""Encoding name -> decoder of bytes to Unicode NFC. A byte that it does not define becomes U+FFFD."""

_BYTE_OF = {bytes([b]).decode("cp1258", "ignore"): b for b in range(0x80, 0x100)}
_BYTE_OF |= {bytes([b]).decode("cp1252", "ignore"): b for b in range(0x80, 0x100)}
_BYTE_OF |= {chr(b): b for b in range(0x100)}
_BYTE_OF.pop("", None)


def windows_bytes(text: str) -> bytes | None:
    """The bytes behind a text that Western or Vietnamese Windows showed; None when it holds other characters.

    A spreadsheet keeps the letters of an old font as the Windows characters with the same byte.
    """
    try:
        return bytes(_BYTE_OF[char] for char in text)
    except KeyError:
        return None
