"""The encoding of a stream of lines is found, also when it changes on the way, and doubt is said."""

import codecs
import random
from pathlib import Path

import pytest

from lienthong.pipelines.decode.codepages import LEGACY
from lienthong.pipelines.decode.detect import MOJIBAKE, Segment, detect
from lienthong.pipelines.decode.fonts import decode_cell, encoding_of_sheet
from lienthong.pipelines.decode.transcode import unicode_file

LINES = [
    "1;Phường Đông Kinh;thành phố Lạng Sơn, tỉnh Lạng Sơn;Đang hoạt động",
    "2;Xã Thượng Cường;huyện Chi Lăng, tỉnh Lạng Sơn;Tạm ngừng kinh doanh",
    "3;Thị trấn Đồng Đăng;huyện Cao Lộc, tỉnh Lạng Sơn;Đã giải thể",
    "4;Nguyễn Thị Hường;số 12, đường Trần Đăng Ninh;cấp giấy chứng nhận đầu tư",
]
BYTES = {name: {LEGACY[name](bytes([b])): b for b in range(0x20, 0x100)} for name in ("tcvn3", "viscii")}


def encoded(line: str, encoding: str) -> bytes:
    """`line` in an encoding, by the tables that codepages were proved with."""
    if encoding in BYTES:
        return bytes(BYTES[encoding][char] for char in line) + b"\n"
    if encoding == MOJIBAKE:
        return line.encode().decode("cp1252", "replace").encode() + b"\n"
    return (line + "\n").encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "tcvn3", "viscii", MOJIBAKE])
def test_four_lines_are_enough(encoding: str) -> None:
    found = detect(encoded(line, encoding) for line in LINES)
    assert found.segments == (Segment(1, encoding),)
    assert found.confidence > 0.9


@pytest.mark.parametrize("first", ["utf-8", "viscii"])
@pytest.mark.parametrize("change", [5, 300, 1201])
def test_a_change_of_encoding_is_found_on_its_line(first: str, change: int) -> None:
    lines = [encoded(LINES[i % 4], first if i < change - 1 else "tcvn3") for i in range(1500)]
    assert detect(lines).segments == (Segment(1, first), Segment(change, "tcvn3"))


def test_three_lines_in_the_middle_of_a_file_are_found() -> None:
    lines = [encoded(LINES[i % 4], "tcvn3" if 700 <= i < 703 else "utf-8") for i in range(2000)]
    assert detect(lines).segments == (Segment(1, "utf-8"), Segment(701, "tcvn3"), Segment(704, "utf-8"))


def test_lines_of_ascii_tell_nothing_and_are_sure() -> None:
    found = detect([b"a,b\n", b"1,2\n"])
    assert (found.encoding, found.confidence, found.words) == ("utf-8", 1.0, 0)


@pytest.mark.parametrize(
    "lines",
    [
        ["Élysée, garçon, Noël, déjà, hôtel, où, forêt\n".encode("latin-1")] * 5,
        ["Größe, Straße, Übung, Äpfel, Müller, Köln\n".encode("latin-1")] * 5,
        [random.Random(7).randbytes(60) + b"\n" for _ in range(200)],
    ],
    ids=["French", "German", "noise"],
)
def test_what_is_not_vietnamese_is_not_taken_for_it(lines: list[bytes]) -> None:
    assert detect(lines).confidence < 0.5


def test_one_ambiguous_word_is_no_certainty() -> None:
    assert detect([b"x\xe3\n"]).confidence < 0.9  # xã in VISCII and Windows-1258, xó in TCVN3


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, b""])
def test_utf16_is_known_with_and_without_its_mark(tmp_path: Path, mark: bytes) -> None:
    source = tmp_path / "a.txt"
    source.write_bytes(mark + "\r\n".join(LINES).encode("utf-16-le"))
    text = unicode_file(source, tmp_path)
    assert text.detection.encoding == "utf-16-le"
    assert text.path.read_bytes().decode() == "\r\n".join(LINES)
    assert text.lines == 3


def test_utf8_is_not_copied(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(codecs.BOM_UTF8 + "\n".join(LINES).encode())
    text = unicode_file(source, tmp_path)
    assert text.path == source
    assert not text.decomposed


def test_bytes_that_utf8_forbids_are_counted_and_the_lines_stay(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b"".join([*(encoded(line, "utf-8") for line in LINES), b"5;Tr\xc3;x;y\n"]))
    text = unicode_file(source, tmp_path)
    assert (text.detection.encoding, text.lost, text.lines) == ("utf-8", 1, 5)


def test_carriage_returns_alone_end_lines_too(tmp_path: Path) -> None:
    source = tmp_path / "mac.csv"
    source.write_bytes("\r".join(LINES).encode())
    text = unicode_file(source, tmp_path)
    assert text.path.read_bytes().decode().split("\n") == LINES


@pytest.mark.parametrize(
    ("shown", "font", "meant"),
    [
        ("Tæng s¶n phÈm trong n\u00adíc", ".VnTime", "Tổng sản phẩm trong nước"),
        ("ñy ban nh©n d©n tØnh", ".VnTimeH", "ỦY BAN NHÂN DÂN TỈNH"),
        ("stt", ".VnArial NarrowH", "STT"),
        ("THAØNH PHOÁ HOÀ CHÍ MINH", "VNI-Times", "THÀNH PHỐ HỒ CHÍ MINH"),
        ("Hà Giang", ".VnTime", "Hà Giang"),  # Unicode pasted into an old font
        ("Thành phố Cần Thơ", ".VnTime", "Thành phố Cần Thơ"),
        ("TĐ", ".VnTime", "TĐ"),
        ("UBND huyÖn", "Arial", "UBND huyÖn"),  # one cell in a new font proves nothing
        ("José Conceição", "Arial", "José Conceição"),
        ("café", None, "café"),
        ("Ký hiệu", "Times New Roman", "Ký hiệu"),
    ],
)
def test_the_font_of_a_cell_tells_its_encoding(shown: str, font: str | None, meant: str) -> None:
    assert decode_cell(shown, font)[0] == meant


@pytest.mark.parametrize(
    ("texts", "encoding"),
    [
        (["Tªn ®¬n vÞ", "X· Th\u00adîng C\u00adêng", "Sè hé"], "tcvn3"),
        (["THAØNH PHOÁ", "Caàn Giôø", "abc"], "vni"),
        (["Nguyễn Văn Ánh", "Hà Nội", "Vi Hoàng Khaùnh"], None),  # one old word among Unicode
        (["Hà Giang", "xã", "café", "TĐ"], None),
        (["José", "Conceição", "São"], None),
        ([], None),
    ],
)
def test_a_sheet_without_fonts_is_judged_as_a_whole(texts: list[str], encoding: str | None) -> None:
    assert encoding_of_sheet(texts) == encoding
