"""Which kinds of identifier stand in a text."""

import re

from lienthong.privacy.identifiers import kinds, marked, words
from lienthong.privacy.identifiers.joining import joined, pressed
from lienthong.privacy.identifiers.numbers import Number, runs, without_counts, without_dates
from lienthong.privacy.identifiers.reading import clean, digits, fold, unbroken
from lienthong.privacy.identifiers.tables import lines_of_tables

_WORTH = re.compile(
    r"\d(?:\D{0,4}\d){6}|@|[\[({<] ?a ?[\])}>]|(?<![a-z])(?:at|a[ \-]?(?:cong|moc))(?![a-z])|"
    r"(?<![a-z])[a-z]{1,2}[ .\-]?[\doil][\doilsbz]{6}|"
    r"(?<!\d)\d\d[ .\-/\n_]{0,3}[a-z][a-z0-9]?[ .\-/\n_]{0,3}\d{4}(?!\d)"
)
_FEWEST_LEFT = 9  # digits
_CODE_GOES_ON = re.compile(r"[.\-/_][a-z]{1,3}\d")  # 000.10.34.H37
# Words that say that ten digits are no telephone, nine no identity card.
_OTHERWISE = frozenset({"tax", "business", "other", "number", "personal_tax", "card"})


def find(text: str) -> set[str]:
    """The kinds of personal identifier that stand in `text` (see detectors.DETECTORS)."""
    text = joined(clean(text))
    found = _find(text)
    if (whole := joined(unbroken(pressed(text)))) != text:
        found |= _find(whole)
    if (table := lines_of_tables(whole)) and table != text:
        found |= _find(joined(table))
    return found


def _find(text: str) -> set[str]:
    folded = fold(text)
    read = digits(text)
    if not _WORTH.search(read.lower() if read is text else fold(read)) and not _WORTH.search(folded):
        return set()
    found = marked.find(text, folded, read)
    blotted, last = without_counts(without_dates(read), folded), 0
    for run in runs(blotted):
        told = _read(run, read, folded, last)
        found |= {kind for kind, _ in told}
        if told and (beside := _beside(run, [number for _, number in told], blotted)):
            rest = read[: run[0].start] + beside[run[0].start :] + read[len(beside) :]
            found |= {kind for left in runs(beside) for kind, _ in _read(left, rest, folded, last)}
        if any(len(n.digits) >= 8 for n in run):
            last = _word_after(folded, last, run[0])
    return found


def _read(run: list[Number], text: str, folded: str, last: int) -> list[tuple[str, Number]]:
    """The numbers of a run that are somebody's, with their kinds; no two share a digit."""
    told: list[tuple[str, Number]] = []
    for number in _in_order(run):
        if any(number.start < t.end and t.start < number.end for _, t in told):
            continue
        if kind := _kind(number, text, folded, last):
            told.append((kind, number))
    return told


def _beside(run: list[Number], taken: list[Number], text: str) -> str | None:
    """The run alone, as far into `text` as it was, without the numbers taken: what is left may be a number, too."""
    start, end = min(n.start for n in run), max(n.end for n in run)
    left = "\x00" * start + text[start:end]
    for number in taken:
        left = left[: number.start] + "\x00" * (number.end - number.start) + left[number.end :]
    return left if sum(sign.isdigit() for sign in left) >= _FEWEST_LEFT else None


def _word_after(folded: str, last: int, run: Number) -> int:
    """From where words tell of the next number: after this one, unless nothing but signs will follow it."""
    rest = folded[run.end : run.end + 40]
    return run.end if re.match(r"[^a-z]{0,6}[a-z]", rest) else last


def _in_order(run: list[Number]) -> list[Number]:
    """Numbers written in one piece, or separated from their neighbours, before those that cut through groups."""
    return sorted(run, key=lambda n: (not n.complete, -len(n.digits)))


def _kind(number: Number, text: str, folded: str, last: int) -> str | None:
    """What a number is, by the word beside it, else by its form."""
    if number.digits[:4] in ("1800", "1900") and words.of_call_centre(folded, number.start):
        return None
    told = words.before(folded, number.start, last)
    if told in ((), ("number",)) and (behind := words.after(folded, number.end)):
        told = (behind,)
    word = told[0] if told else None
    if not (number.ends_like_an_amount and words.is_amount(folded, number.end)) and not _is_round(number, folded):
        for name in told:
            if name == "passport" and "identity" in told:
                continue  # a label for either
            if (
                name in ("bank", "wallet")
                and told[0] == "phone"
                and (kinds.is_land_line(number.digits) or not number.whole)
            ):
                continue  # the telephone of a bank
            if named := _named(number, name, folded):
                return named
    if not _begins(text, folded, number, word) or _CODE_GOES_ON.match(folded, number.end):
        return None
    if number.complete and kinds.is_land_line(number.digits):
        since = last if kinds.is_mobile(number.digits) else 0  # the word for the one before is not this one's
        if words.is_of_home(folded, number.start, number.end, since):
            return "home_phone"
    if number.complete and number.even_gaps and kinds.is_citizen_id(number.digits):
        return "citizen_id"
    return (
        _by_form(number, word, text, folded)
        if number.natural or number.complete and kinds.is_card(number.digits)
        else None
    )


def _is_round(number: Number, folded: str) -> bool:
    """Thousands of a currency, written without points."""
    return number.single and number.digits.endswith("000") and words.is_amount(folded, number.end, any_unit=False)


def _named(number: Number, word: str, folded: str) -> str | None:
    """What the word before says, where the digits do not speak against it."""
    length = len(number.digits)
    complete = number.complete
    if ": " in number.gaps and number.shape[-3:] == (3, 3, 3):
        return None  # quarter 3: 118.447.220
    match word:
        case "identity" if length == 9 and _is_coded(number, folded):
            return None  # a parcel's CC616963422VN
        case "identity" if complete and length in (9, 12):
            return "old_identity_card" if length == 9 else "citizen_id"
        case "personal_tax" if complete and length in (10, 12, 13):
            return "citizen_id" if length == 12 else "personal_tax_code"
        case "social" if number.is_amount_like(folded) and number.digits.endswith("000"):
            return None
        case "social" if complete and length == 10:
            return "social_insurance"
        case "health" if complete and length in (10, 13):
            return "health_insurance"
        case "licence" if complete and length == 12:
            return "driving_licence"
        case "passport" if complete and number.natural and length == 9 and not _is_coded(number, folded):
            return "passport"  # of a country whose passports have digits alone
        case "card" if complete and 12 <= length <= 19:
            return "bank_card"
        case "bank" if complete and length >= 16 and kinds.is_card(number.digits):
            return "bank_card"
        case "bank" if complete and 6 <= length <= 19:
            return "bank_account" if _is_account(number, folded) else None
        case "wallet":
            return "mobile_phone" if complete and kinds.is_mobile(number.digits) else _named(number, "bank", folded)
        case "phone" if complete and _is_said_mobile(number, folded):
            return "mobile_phone"
        case "tax" if complete and length == 10 and number.digits[0] == "8" and kinds.is_tax_code(number.digits):
            return "personal_tax_code"  # those of firms begin with the number of a tax office
        case "tax" if complete and number.natural and length == 12 and kinds.is_citizen_id(number.digits):
            return "citizen_id"
    return None


def _is_said_mobile(number: Number, folded: str) -> bool:
    """Beside the word for a telephone: one of today or of before, or one whose zero is lost that is no amount."""
    if ": " in number.gaps:
        return False  # XL84: 360000000
    if kinds.is_mobile(number.digits):
        return True
    if not number.natural or "," in "".join(number.gaps) or words.is_amount(folded, number.end):
        return False
    return kinds.is_mobile_without_zero(number.digits)


def _is_coded(number: Number, folded: str) -> bool:
    """Do letters stand right before and right after it, so that it is a part of a code?"""
    return folded[number.start - 1 : number.start].isalpha() and folded[number.end : number.end + 1].isalpha()


def _is_account(number: Number, folded: str) -> bool:
    """Beside the word for an account or a bank: no amount, no account of a treasury, no list of numbers."""
    if _is_coded(number, folded):
        return False
    short = len(number.digits) < 9 or not number.single  # after a long number "trieu" is a name, not a million
    if words.is_amount(folded, number.end, short) or words.of_treasury(folded, number.start, number.end):
        return False
    if words.is_account(folded, number.start):
        return number.natural or number.even_gaps or number.cut or len(number.digits) > 8
    return (number.natural or number.cut) and not (number.is_amount_like(folded) and len(number.digits) < 9)


def _by_form(number: Number, word: str | None, text: str, folded: str) -> str | None:
    """What the digits are by themselves."""
    told, found = number.digits, None
    person = words.of_person(folded, number.start)
    if kinds.is_card(told) and (
        number.single
        or set(number.shape[:-1]) <= {4}
        or len(told) == 15
        or words.of_card(folded, number.start)
        or number.cut
        and (person or max(number.shape) > 3 or "".join(number.gaps).strip(" ()") != "")
    ):
        return "bank_card"
    if kinds.is_citizen_id(told):
        return "citizen_id"
    if number.is_amount_like(text) or words.is_amount(folded, number.end):
        return None
    if _is_personal_tax(number, word, person):
        return "personal_tax_code"
    if word not in _OTHERWISE:
        found = _telephone(number, word, text, folded, person) or _old_card(number, text, person)
    return found


def _is_personal_tax(number: Number, word: str | None, person: bool) -> bool:
    told = number.digits
    if not kinds.is_tax_code(told) or told.endswith("000"):
        return False
    if word == "tax" and person:
        return True
    shaped = number.single or number.shape[0] == 10 or word == "tax" or number.cut and " " not in number.gaps
    return (
        told[0] == "8"
        and shaped
        and word in (None, "tax")
        and (len(told) == 10 or number.shape[0] == 10 or word == "tax")
    )


def _telephone(number: Number, word: str | None, text: str, folded: str, person: bool) -> str | None:
    told = number.digits
    if kinds.is_mobile(told):
        return None if _is_decimal(number, text) else "mobile_phone"
    alone = number.single and number.whole and _is_cell(number, text)
    if kinds.is_mobile_without_zero(told) and (alone or person or word == "phone"):
        return "mobile_phone"
    if kinds.is_land_line(told) and (
        person and not words.of_office(folded, number.start) or words.is_of_home(folded, number.start, number.end)
    ):
        return "home_phone"
    return None


def _old_card(number: Number, text: str, person: bool) -> str | None:
    told = number.digits
    if text[number.end : number.end + 1].isalpha():
        return None  # the beginning of a code
    if len(told) == 9 and person and number.shape in ((9,), (3, 3, 3)):
        return "old_identity_card"
    if not kinds.is_old_card(told) or number.shape not in ((9,), (3, 3, 3)):
        return None
    alone = number.single and _is_cell(number, text) or words.is_card_further_on(fold(text), number.end)
    return "old_identity_card" if told[0] == "0" or alone else None


def _is_cell(number: Number, text: str) -> bool:
    """Is the number all that the text holds?"""
    return not (text[: number.start] + text[number.end :]).strip(" .,;:'\"()[]")


def _is_decimal(number: Number, text: str) -> bool:
    """0.912345678 is no telephone."""
    return number.shape == (1, 9) and text[number.start + 1] in ".,"


def _begins(text: str, folded: str, number: Number, word: str | None) -> bool:
    """Can a number begin here? Not within a code such as H01-201008-0975."""
    at = number.start
    if at and text[at - 1] in "+(":
        return True
    token = re.search(r"[^\s,;:()\[\]=\"'|]*\Z", text[max(0, at - 30) : at])
    beside = token[0] if token else ""
    if not beside:
        return True
    if any(c.isdigit() for c in beside) or text[at - 1] == "\x00":
        return not number.gaps and beside[-1] not in ".-_/" and not beside[-1].isalnum()
    if beside[-1].isalpha():  # letters right before: only a word, or a number that tells itself
        return word is not None or number.single and kinds.is_citizen_id(number.digits)
    return True
