"""Columns of text -> columns of spreadsheet cells as XML (ECMA-376 part 1, 18.3.1.4)."""

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

LONGEST = 32_767  # characters that a cell holds
_UNCARRIED = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]"
_DIGITS = 15  # that a spreadsheet's number keeps
_FIRST_DAY = 25_569  # 1970-01-01; a spreadsheet counts from 1899-12-30
_SURE_FROM = 61 - _FIRST_DAY  # 1900-03-01: before it spreadsheets know a 29 February 1900


def is_date(kind: pa.DataType) -> bool:
    """Is it shown as a date?"""
    return bool(pa.types.is_date(kind))


def cells(texts: pa.ChunkedArray, kind: pa.DataType, style: str) -> tuple[pa.ChunkedArray, int]:
    """The cells of a column in `style`, and how many texts were cut. A missing value is an empty cell."""
    cut = 0
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        made = _numbers(texts)
    elif pa.types.is_boolean(kind):
        bits = pc.if_else(pc.equal(texts, "true"), "1", "0")
        made = pc.binary_join_element_wise('<c t="b"><v>', bits, "</v></c>", "")
    elif is_date(kind):
        made = _dates(texts, style)
    else:
        made, cut = _texts(texts)
    return pc.fill_null(made, "<c/>"), cut


def _numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    exact = pc.less_equal(pc.utf8_length(pc.replace_substring_regex(texts, r"[-.]|^-?0\.0*", "")), _DIGITS)
    return pc.if_else(exact, pc.binary_join_element_wise("<c><v>", texts, "</v></c>", ""), _plain(texts))


def _dates(texts: pa.ChunkedArray, style: str) -> pa.ChunkedArray:
    days = texts.cast(pa.date32()).cast(pa.int32())
    number = pc.add(days, _FIRST_DAY).cast(pa.string())
    dated = pc.binary_join_element_wise(f'<c s="{style}"><v>', number, "</v></c>", "")
    return pc.if_else(pc.greater_equal(days, _SURE_FROM), dated, _plain(texts))


def _plain(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise('<c t="inlineStr"><is><t>', texts, "</t></is></c>", "")


def _texts(texts: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    long = pc.greater(pc.utf8_length(texts), LONGEST)
    cut = int(pc.sum(long).as_py() or 0)
    if cut:
        texts = pc.if_else(long, pc.utf8_slice_codeunits(texts, 0, LONGEST), texts)
    texts = _escaped(texts)
    if pc.any(pc.match_substring_regex(texts, r"^\s|\s$|\n|  ")).as_py():
        opening = '<c t="inlineStr"><is><t xml:space="preserve">'
        return pc.binary_join_element_wise(opening, texts, "</t></is></c>", ""), cut
    return _plain(texts), cut


def _escaped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts as XML carries them; characters that XML has no way to carry are dropped."""
    if pc.any(pc.match_substring_regex(texts, _UNCARRIED)).as_py():
        texts = pc.replace_substring_regex(texts, _UNCARRIED, "")
    # What would be read as an escaped character is escaped itself (ECMA-376 part 1, 22.9.2.19).
    if pc.any(pc.match_substring(texts, "_x")).as_py():
        texts = pc.replace_substring_regex(texts, r"_x([0-9A-Fa-f]{4})_", r"_x005F_x\1_")
    for sign, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        texts = pc.replace_substring(texts, sign, escaped)
    return texts
