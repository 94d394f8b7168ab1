"""The legacy encodings decode what fonts and systems of their time wrote; glibc's tables are the second opinion."""

import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.pipelines.decode.codepages import LEGACY, windows_bytes
from lienthong.pipelines.decode.mojibake import undo
from lienthong.pipelines.decode.syllables import is_syllable, is_vietnamese

LOWER = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
LETTERS = LOWER + LOWER.upper()
PLAIN = " 0123456789,;-/().\n\t"
TONES = {"\u0300": 0xCC, "\u0309": 0xD2, "\u0303": 0xDE, "\u0301": 0xEC, "\u0323": 0xF2}
VNI_SINGLE = {"ì": 0xED - 1, "í": 0xED, "ỉ": 0xE6, "ĩ": 0xF3, "ị": 0xF2, "ơ": 0xF4, "ư": 0xF6, "ỵ": 0xEE, "đ": 0xF1}
VNI_MARK = {
    "\u0300": 0xF8, "\u0301": 0xF9, "\u0309": 0xFB, "\u0303": 0xF5, "\u0323": 0xEF,
    "\u0302": 0xE2, "\u0302\u0300": 0xE0, "\u0302\u0301": 0xE1, "\u0302\u0309": 0xE5, "\u0302\u0303": 0xE3,
    "\u0302\u0323": 0xE4, "\u0306": 0xEA, "\u0306\u0300": 0xE8, "\u0306\u0301": 0xE9, "\u0306\u0309": 0xFA,
    "\u0306\u0303": 0xFC, "\u0306\u0323": 0xEB,
}  # fmt: skip


def one_byte(encoding: str) -> dict[str, int]:
    """Letter -> byte of an encoding with one byte a letter."""
    return {LEGACY[encoding](bytes([byte])): byte for byte in range(256)}


def vni(text: str) -> bytes:
    """`text` as the VNI keyboard driver wrote it: the letter, then its mark."""
    out = bytearray()
    for char in text:
        small = char.lower()
        if small in VNI_SINGLE:
            out.append(VNI_SINGLE[small] - (0x20 if char != small else 0))
            continue
        base, *marks = unicodedata.normalize("NFD", char)
        horn = "\u031b" in marks
        marks = sorted((m for m in marks if m != "\u031b"), key=lambda m: m in TONES)
        out += bytes([{"o": 0xF4, "u": 0xF6, "O": 0xD4, "U": 0xD6}[base]]) if horn else base.encode()
        if marks:
            out.append(VNI_MARK["".join(marks)] - (0x20 if char != small else 0))
    return bytes(out)


def cp1258(text: str) -> bytes:
    """`text` as Vietnamese Windows writes it: letters whole, tones after them."""
    out = bytearray()
    for char in text:
        base = unicodedata.normalize("NFC", "".join(c for c in unicodedata.normalize("NFD", char) if c not in TONES))
        out += base.encode("cp1258") + bytes(TONES[c] for c in unicodedata.normalize("NFD", char) if c in TONES)
    return bytes(out)


@settings(deadline=None)
@given(st.text(LETTERS + PLAIN))
def test_viscii_gives_back_what_was_written(text: str) -> None:
    table = one_byte("viscii")
    assert LEGACY["viscii"](bytes(table[char] for char in text)) == text


@settings(deadline=None)
@given(st.text("".join(c for c in LETTERS if c in one_byte("tcvn3")) + PLAIN))
def test_tcvn3_gives_back_what_was_written(text: str) -> None:
    table = one_byte("tcvn3")
    assert LEGACY["tcvn3"](bytes(table[char] for char in text)) == text


@settings(deadline=None)
@given(st.text(LETTERS + PLAIN))
def test_vni_gives_back_what_was_written(text: str) -> None:
    assert LEGACY["vni"](vni(text)) == text


@settings(deadline=None)
@given(st.text(LETTERS + PLAIN))
def test_windows_1258_gives_back_what_was_written(text: str) -> None:
    assert LEGACY["cp1258"](cp1258(text)) == text


@settings(deadline=None)
@given(st.binary())
@pytest.mark.parametrize("encoding", LEGACY)
def test_any_bytes_give_composed_text(encoding: str, data: bytes) -> None:
    text = LEGACY[encoding](data)
    assert unicodedata.is_normalized("NFC", text)
    assert text.count("\n") == data.count(b"\n")


@pytest.mark.skipif(not shutil.which("iconv"), reason="no iconv on this machine")
@pytest.mark.parametrize(("encoding", "known_as"), [("tcvn3", "TCVN"), ("viscii", "VISCII"), ("cp1258", "CP1258")])
def test_glibc_agrees_byte_by_byte(encoding: str, known_as: str) -> None:
    for byte in range(256):
        if encoding == "tcvn3" and 0x80 <= byte < 0xA0:  # quotes in the ABC fonts, capitals in the standard
            continue
        done = subprocess.run(["iconv", "-f", known_as, "-t", "UTF-8"], input=bytes([byte]), capture_output=True)
        if done.returncode == 0:
            assert LEGACY[encoding](bytes([byte])) == done.stdout.decode(), hex(byte)


def test_tcvn3_capitals_and_quotes_share_bytes_and_are_told_apart() -> None:
    # 0x84 is capital A with dot below in TCVN 5712 and a low quote in the ABC fonts, 0x93 and 0x94 are curly quotes
    assert LEGACY["tcvn3"](b"\x84NH") == "ẠNH"
    assert LEGACY["tcvn3"](b"x\xb7 \x93L\xbbng\x94") == "xã “Lằng”"


def test_vni_takes_the_case_of_the_letter_not_of_the_mark() -> None:
    assert LEGACY["vni"]("Aán ÑOÀNG Ñoàng".encode("latin-1")) == "Ấn ĐỒNG Đồng"


def test_windows_bytes_are_those_behind_the_shown_characters() -> None:
    assert windows_bytes("Tæng céng…") == b"T\xe6ng c\xe9ng\x85"
    assert windows_bytes("Tổng cộng") is None  # real Unicode has no such byte


@pytest.mark.parametrize(
    "word", ["Nghiêng", "THƯỜNG", "quýt", "giếng", "uống", "yêu", "khuya", "Ỷ", "gìn", "hoà", "hòa"]
)
def test_syllables_of_the_language_are_known(word: str) -> None:
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["Nghieâng", "tHƯỜNG", "mặk", "càt", "strong", "héè", "Ã©t"])
def test_what_a_wrong_encoding_makes_is_no_syllable(word: str) -> None:
    assert not is_syllable(word)


def test_place_names_of_other_languages_are_words_too() -> None:
    assert is_vietnamese("Đắk Lắk Krông Búk")


@settings(deadline=None)
@given(st.text(LETTERS + PLAIN))
def test_text_that_is_not_damaged_stays(text: str) -> None:
    assert undo(text) == text


@pytest.mark.parametrize("text", ["Phường Ỷ La, Xã Thượng Ấm", "Đường Điện Biên Phủ", "Công trường Ấp 3 – “Bình Trị”"])
def test_utf8_read_as_windows_1252_is_undone(text: str) -> None:
    damaged = text.encode().decode("cp1252", "replace")
    assert damaged != text
    assert undo(damaged) == text


def test_a_lost_letter_that_two_words_fit_stays_lost() -> None:
    damaged = "h\u00e1\u00bb\ufffd"  # hề, họ, hỏ, hờ: which one it was is gone for good
    assert undo(damaged) in ("h\ufffd", "họ", "hờ", "hề")
    assert undo("xqz\u00e1\u00bb\ufffdk").count("\ufffd") == 1
