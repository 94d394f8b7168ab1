"""Text files for the readers: any encoding in, UTF-8 out, with notes on what was decoded and how surely."""

from pathlib import Path

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from ..decode.detect import ENCODINGS, MOJIBAKE
from ..decode.transcode import UnicodeFile, unicode_file
from .raw import Note, Options, note

MIN_CONFIDENCE = 0.6
_NAMES = {"tcvn3": "TCVN3 (ABC)", "vni": "VNI", "viscii": "VISCII", "cp1258": "Windows-1258"}
_NAMES[MOJIBAKE] = "UTF-8 ↔ Windows-1252"


def read_text(path: Path, options: Options, work: Path) -> tuple[UnicodeFile, list[Note]]:
    """`path` as UTF-8. Options: `encoding` (default auto), `min_confidence` (default 0.6).

    Raises Invalid when the file is empty, the encoding is unknown, or the detection is less sure than asked.
    """
    if path.stat().st_size == 0:
        raise Invalid(both("Tệp rỗng.", "The file is empty."), place=path.name)
    encoding = str(options.get("encoding", "auto")).lower()
    try:
        text = unicode_file(path, work, encoding)
    except LookupError as error:
        known = ", ".join(ENCODINGS)
        raise Invalid(
            both(f"Không biết bảng mã '{encoding}'.", f"There is no encoding '{encoding}'."),
            place=path.name,
            fix=both(f"Dùng auto, utf-16 hoặc một trong: {known}.", f"Use auto, utf-16 or one of: {known}."),
        ) from error
    least = float(options.get("min_confidence", MIN_CONFIDENCE))
    if text.detection.confidence < least:
        raise _unsure(path, text, least)
    return text, _notes(path.name, text)


def _unsure(path: Path, text: UnicodeFile, least: float) -> Invalid:
    found = text.detection
    measured = f"{found.confidence:.2f} < {least:.2f}"
    return Invalid(
        both(
            f"Không nhận ra bảng mã: gần nhất là {found.encoding}, độ tin cậy {measured} ({found.words} từ có dấu).",
            f"The encoding cannot be told: closest is {found.encoding}, confidence {measured} "
            f"({found.words} words with marks).",
        ),
        place=f"{path.name}:{_first_marked(path)}",
        fix=both(
            "Ghi rõ encoding trong options của nguồn ở hợp đồng dữ liệu, hoặc xuất lại tệp bằng UTF-8.",
            "State encoding in the options of the contract's source, or export the file again as UTF-8.",
        ),
    )


def _first_marked(path: Path) -> int:
    """The first line with a byte that is not ASCII."""
    with path.open("rb") as file:
        return next((number for number, line in enumerate(file, 1) if not line.isascii()), 1)


def _notes(name: str, text: UnicodeFile) -> list[Note]:
    segments, notes = text.detection.segments, []
    encodings = [_NAMES.get(segment.encoding, segment.encoding) for segment in segments]
    if len(segments) > 1:
        parts = "; ".join(f"{e} ≥ {s.line}" for e, s in zip(encodings, segments, strict=True))
        vi, en = "Tệp dùng nhiều bảng mã, theo dòng", "The file is in several encodings, by line"
        notes.append(note("mixed_encoding", f"{vi}: {parts}.", f"{en}: {parts}.", f"{name}:{segments[1].line}"))
    elif segments[0].encoding != "utf-8":
        sure = text.detection.confidence
        vi, en = f"Đã chuyển từ {encodings[0]} sang Unicode", f"Decoded from {encodings[0]} to Unicode"
        notes.append(note("decoded", f"{vi} (độ tin cậy {sure:.2f}).", f"{en} (confidence {sure:.2f}).", name))
    for code, count, vi, en in (
        (
            "restored_letters",
            text.restored,
            "chữ đã mất được từ điển âm tiết khôi phục",
            "lost letters restored",
        ),
        ("lost_letters", text.lost, "chữ đã mất (U+FFFD)", "letters lost (U+FFFD)"),
        ("null_bytes", text.nulls, "byte NUL đã bỏ", "NUL bytes left out"),
    ):
        if count:
            notes.append(note(code, f"{count} {vi}.", f"{count} {en}.", name))
    return notes
