"""Numbers whose parts stand apart: in the boxes of a form, with words between the groups, half of it said in words."""

import re
from collections.abc import Callable

from lienthong.privacy.identifiers import kinds, words
from lienthong.privacy.identifiers.reading import fold

_NAMES = {
    "khong": "0", "mot": "1", "hai": "2", "ba": "3", "bon": "4", "tu": "4", "nam": "5", "lam": "5", "sau": "6",
    "bay": "7", "tam": "8", "chin": "9",
}  # fmt: skip
_DIGIT = "(?:" + "|".join(_NAMES) + ")(?![a-z])"
_NAME = rf"(?:(?!lam (?!{_DIGIT})[a-z]){_DIGIT})"  # "làm tin" is no five
_APART = r"(?:,? {1,3}|[,.\-])"
_SPOKEN = re.compile(rf"(?:(?<![a-z\d])|(?<=[a-z])(?=\d))(?:(?:\d+|{_NAME}){_APART})*(?:\d+|{_NAME})(?![a-z\d])")
# Four digits said, three after four that are written, two after six; "ba mươi" is not said digit by digit.
_NO_COUNT = r"(?! (?:muoi|tram|nghin|ngan|trieu|ty|phan|thang|lan|ngay)(?![a-z]))"
_SAID = re.compile(
    rf"{_NAME}(?:{_APART}{_NAME}){{3}}|\d(?:{_APART}?\d){{3}}(?:(?:{_APART}?\d){{2,}}|"
    rf"{_APART}{_NAME})(?:{_APART}{_NAME}){{2,}}{_NO_COUNT}"
)
_TWO_SAID = re.compile(rf"{_NAME}{_APART}{_NAME}")
_ALL_SAID = re.compile(rf"{_NAME}(?:{_APART}{_NAME}){{8,}}")
_TOKEN = re.compile(r"\d+|[a-z]+")
_SHORTEST, _LONGEST = 8, 20
_SHORTEST_SAID = 7  # the digits of a passport

_BOXES = re.compile(r"(?<![\w|\[])[|\[]?(\d)( ?[|_] ?|\] ?\[)(?:\d\2){6,}\d(?!\d)")
_LETTERED = re.compile(r"(?<![^\s:;,|\[])[A-Z]([ .|])(?:[A-Z]\1)?(?:\d\1){6,}\d(?!\w)")
_COUNTED = "123456789"  # the heads of columns

# Groups with the same words or dots between them: 0912 rồi 345 rồi 678. Units and joining words make a list of numbers.
_LISTED = (
    r"(?:va|den|hoac|hay|thang|nam|ngay|khoan|dieu|dong|d|vnd|usd|trieu|ty|nghin|ngan|ha|kg|tan|km|m|nguoi|ho|luot|cai|"
    r"con|chiec|x|tk|muc|diem|tiet|dtdd|dt|sdt|thua|quyen|so|lop|tuoi|phong|and|or|to)(?![a-z])"
)
_BETWEEN = rf" ?,? ?\.{{2,4}} ?| ,? ?(?!{_LISTED})[a-z]{{1,6}}(?: [a-z]{{1,6}}){{0,2}} |, (?!{_LISTED})[a-z]{{2,6}} "
_SAME_BETWEEN = re.compile(rf"(?<![\w.,/\-])\d{{2,6}}({_BETWEEN})(?:\d{{2,6}}\1)+\d{{1,6}}(?!\w)")
_GROUP = re.compile(r"\d+")
_ONE_A_LINE = re.compile(r"(?<![\w/])\d{2,4}(?: *\r?\n *\d{2,4}){2,7}(?![\d/.,]*\d)")


def joined(text: str) -> str:
    """`text` with such numbers written in one piece; the rest as it was."""
    if "|" in text or "_" in text or "[" in text:
        text = _BOXES.sub(lambda found: _shown(found[0], _GROUP.findall(found[0]), _COUNTED), text)
    if " " in text or "." in text or "|" in text:
        text = _LETTERED.sub(lambda found: found[0].replace(found[1], ""), text)
    if _TWO_SAID.search(folded := fold(text)) and _SAID.search(folded):
        text = _replaced(text, _SPOKEN, _from_speech)
    return _replaced(text, _SAME_BETWEEN, lambda part: _shown(part, _GROUP.findall(part)))


def pressed(text: str) -> str:
    """`text` with a number whose groups stand one a line in one piece, where a word or its form tells it."""
    if "\n" not in text:
        return text
    folded = fold(text)

    def one(found: re.Match[str]) -> str:
        first, *inner, last = groups = _GROUP.findall(found[0])
        whole = "".join(groups)
        if len({*map(len, inner)}) > 1 or len(last) > max(len(first), 4) or not _SHORTEST < len(whole) < _LONGEST:
            return found[0]
        named = words.names(folded, found.start()) or kinds.is_mobile(whole) or kinds.is_card(whole)
        named = named or whole[0] == "8" and kinds.is_tax_code(whole)
        return whole if named else found[0]

    return _ONE_A_LINE.sub(one, text)


def _replaced(text: str, pattern: re.Pattern[str], made: Callable[[str], str]) -> str:
    """`text` with what the pattern finds in its folded form made anew."""
    out, last = [], 0
    folded = fold(text)
    for found in pattern.finditer(folded):
        if (new := made(found[0])) != found[0]:
            out += [text[last : found.start()], new]
            last = found.end()
    return "".join([*out, text[last:]]) if out else text


def _shown(part: str, groups: list[str], but: str | None = None, shortest: int = _SHORTEST) -> str:
    """The digits alone, when they are as many as an identifier has."""
    digits = "".join(groups)
    return digits if shortest <= len(digits) <= _LONGEST and digits != but else part


def _from_speech(part: str) -> str:
    """Digits in words, and what stands beside them in digits; a number said as a whole by itself."""
    if not _SAID.search(part):
        return part
    if (whole := _ALL_SAID.search(part)) and whole[0] != part:
        return part[: whole.start()] + _from_speech(whole[0]) + part[whole.end() :]
    head, _, rest = part.rpartition(", ")
    if rest.isalpha() and len(_TOKEN.findall(head)) > 2 and ", " not in head:
        return _from_speech(head) + part[len(head) :]
    said = [_NAMES.get(token, token) for token in _TOKEN.findall(part)]
    if part.endswith(" khong") and (kinds.is_mobile(told := "".join(said[:-1])) or kinds.is_citizen_id(told)):
        return told + " khong"  # "... không trả lời"
    return _shown(part, said, shortest=_SHORTEST_SAID)
