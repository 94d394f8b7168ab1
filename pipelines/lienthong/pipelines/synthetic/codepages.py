"""Text as the bytes of old Vietnamese encodings."""

import unicodedata

from lienthong.pipelines.decode.codepages import LEGACY

_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))


def _windows_table() -> dict[int, str]:
    """Precomposed letter -> letter and tone that Windows-1258 can write."""
    letters = (chr(c) for c in (*range(0xC0, 0x250), *range(0x1EA0, 0x1EFA)))
    table: dict[int, str] = {}
    for letter in letters:
        try:
            letter.encode("cp1258")
        except UnicodeEncodeError:
            apart = unicodedata.normalize("NFD", letter)
            tone = "".join(mark for mark in apart if ord(mark) in _TONES)
            table[ord(letter)] = unicodedata.normalize("NFC", apart.translate(_TONES)) + tone
    return table


def _tcvn3_table() -> dict[int, str]:
    """Letter -> the Latin-1 character with the byte of TCVN3; a toned capital is written small, as in ABC fonts."""
    small = {LEGACY["tcvn3"](bytes([byte])): chr(byte) for byte in range(0xA1, 0x100)}
    table = {ord(letter): char for letter, char in small.items() if letter.islower() or letter in "ĂÂÊÔƠƯĐ"}
    capitals = {letter.upper(): char for letter, char in small.items() if letter.islower()}
    return {ord(letter): char for letter, char in capitals.items() if len(letter) == 1} | table


_TABLES = {"cp1258": _windows_table(), "tcvn3": _tcvn3_table()}


def encode(text: str, encoding: str) -> bytes:
    """The bytes of NFC text; `encoding` is `tcvn3` or anything Python knows."""
    if encoding == "tcvn3":
        return text.translate(_TABLES["tcvn3"]).encode("latin-1", "replace")
    if encoding == "cp1258":
        return text.translate(_TABLES["cp1258"]).encode("cp1258", "replace")
    return text.encode(encoding)
