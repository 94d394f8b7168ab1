"""Identifiers that hold letters: e-mail addresses, health insurance cards, passports, number plates, old licences."""

import re

from lienthong.privacy.identifiers import words
from lienthong.privacy.identifiers.numbers import without_dates
from lienthong.privacy.identifiers.reading import fold

_TLD = (
    r"(?:com|vn|net|org|edu|info|io|me|biz|asia|name|co|us|uk|jp|kr|sg|eu|de|fr|gov|mil|xyz|"
    r"online|site|cloud|ru|cn|tw|au|ca|th|la)"
)
_SAID = r"a[ \-]?(?:cong|moc)"
_SAID_AT = rf"(?: @ |@ | ?[\[({{<] {{0,2}}(?:at|a|{_SAID}|@) {{0,2}}[\])}}>] ?| {_SAID} |_at_)"
_AT = rf"(?:@| at |{_SAID_AT})"
_DOT = r"(?: ?\. ?| ?[\[({<] ?(?:dot|cham|\.) ?[\])}>] ?| (?:dot|cham) )"
_PLAIN_MAIL = re.compile(r"[a-z0-9_%+\-.]*[a-z0-9_%+\-]@((?:[a-z0-9\-]+\.)+[a-z]{2,24})(?![a-z0-9])")
_MAIL = re.compile(
    rf"[a-z0-9_%+\-.]*[a-z0-9_%+\-]{_AT}([a-z0-9\-]+(?:{_DOT}[a-z0-9\-]+){{0,3}}{_DOT}{_TLD})(?![a-z0-9])"
)
# Where the sign is told so clearly, any domain is one.
_SAID_MAIL = re.compile(
    rf"[a-z0-9_%+\-.]*[a-z0-9_%+\-]{_SAID_AT}([a-z0-9\-]+(?:{_DOT}[a-z0-9\-]+){{0,3}}{_DOT}[a-z]{{2,6}})(?![a-z0-9])"
)
# A name with a digit or a point in it, and a blank before the sign: no Instagram name.
_LOOSE_MAIL = re.compile(
    r"(?<![a-z0-9])[a-z]+(?=[a-z]*[0-9_.])[a-z0-9_.]+ @([a-z0-9\-]+(?:\.[a-z0-9\-]+){0,3}\.[a-z]{2,6})(?![a-z0-9])"
)
_CUT_MAIL = re.compile(r"[a-z0-9_%+\-.]*[a-z0-9_%+\-] ?@ ?(gmail|yahoo|hotmail|outlook|icloud|ymail|live)(?![a-z0-9])")
_PRIVATE_MAIL = re.compile(
    r"(?:gmail|yahoo|hotmail|outlook|icloud|ymail|live|proton|protonmail|aol|zoho|msn|mail)(?:\.|$)"
)
_OFFICE = re.compile(
    r"(?:^|[^a-z0-9])(?:info|contact|lienhe|vanthu|hotro|support|sales?|kinhdoanh|admin|cskh|office|hr|tuyendung|"
    r"hanhchinh|vanphong|webmaster|hopthu|toasoan|bandoc|tiepcongdan|phananh|gopy|bientap|thuky|noreply|"
    r"no-reply|help|bophanmotcua|tiepdan)@"
)
_HEALTH_GROUPS = (
    "DN|HX|CH|NN|TK|HC|XK|HT|TB|NO|CT|XB|TN|CS|QN|CA|CY|XN|MS|CC|CK|CB|KC|HD|TE|BT|HN|DT|DK|XD|TS|TC|TQ|TA|TY|HG|LS|"
    "PV|HS|SV|GB|GD|TH|TV|TD|TU|BA|NU|TG|ND|XV|TL|XH|VT|TX|TT|QT|LE|NM|CN|DS|AK|NC|HK|KH"
)
_SEPARATOR = r"[ .\-–_/()*~\n\r]{0,3}"  # whatever stands between signs of one number
_NO_SERIES = r"(?:ma|so|la|dt)[ (:.]"  # words of two letters
_O = "[0-9oilsbz]"  # a digit, or a letter that stands for it


# A scanner's letters among the digits; most are read right.
def _health(separator: str, digit: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![a-z0-9])(?<!cong )(?:{_HEALTH_GROUPS.lower()}){_SEPARATOR}(?=(?:[^0-9]{{0,3}}\d){{8}})[1-5silz]"
        rf"(?:{separator}{digit}){{12}}(?![a-z0-9])"
    )


_HEALTH = _health(r"(?:\.| ?- ?| \. | {1,2})?", r"\d")
_NAMED_HEALTH = _health(_SEPARATOR, _O)
_PASSPORT = re.compile(
    rf"(?<![a-z0-9])(?!{_NO_SERIES})[a-z]{{1,2}}{_SEPARATOR}(?=(?:[^0-9]{{0,4}}\d){{4}})[0-9oil](?:{_SEPARATOR}{_O}){{6,7}}(?![a-z0-9])"
)
_VN_PASSPORT = re.compile(r"(?<![a-z0-9])[bcnpke]\d{7,8}(?![a-z0-9])")
# Of other countries: letters and digits in any order, eight or nine.
_FOREIGN = re.compile(r"(?<![a-z0-9])[a-z](?=(?:[a-z]{0,4}\d){4})[a-z0-9]{7,8}(?![a-z0-9])")
_ATM_ACCOUNT = re.compile(r"(?<![a-z0-9])711[a-z]{1,2} ?\d{7,8}(?!\d)")
# The lines that machines read in a passport and on a citizen's card, and a passport in the record of a journey.
_MACHINE = re.compile(
    r"(?<![a-z0-9])[a-z]\d{7,8}<?\d[a-z]{3}\d{7}|p/[a-z]{3}/[a-z]\d{6,8}/|(?<![a-z])p<[a-z]{3}[a-z]+<"
)
_MACHINE_CARD = re.compile(r"idvnm\d{10}\d{12}")
_LICENCE = re.compile(rf"(?<![a-z0-9])(?!{_NO_SERIES})[a-z]{{1,2}}{_SEPARATOR}\d(?:{_SEPARATOR}\d){{5,11}}(?!\d|vn)")
_PLATE_GAP = r"[ .\-/\n_]{0,3}"
_PLATE = re.compile(
    rf"(?<![a-z0-9.])(?:1[1-9]|[2-9]\d){_PLATE_GAP}[a-z](?:[a-z]\d|[a-z0-9])?{_PLATE_GAP}"
    rf"(?:\d{{3}}[. \-\n]?\d{{2}}|\d{{4}}|(?<=[a-z][ \-/])\d{{3}}[ .\-]?\d{{3}})(?!\d)"
)
# A plate tells itself by its point (60-B2 150.14), unless it is an area; without it where it is all of a text.
_STRICT_PLATE = re.compile(
    r"(?<![a-z0-9.])(?:1[1-9]|[2-9]\d)(?: ?- ?| )?(?!m[23])[a-hk-np-vx-z](?:[a-z]|\d)?(?: ?- ?|"
    r" {1,3})?\d{3}\.\d{2}(?!\d|[.,]\d)"
)
# Without a point it is one where the text tells of the road or names the make of a vehicle.
_ROAD_PLATE = re.compile(
    r"(?<![a-z0-9.])(?:1[1-9]|[2-9]\d)(?: ?- ?| )?[a-hk-np-vx-z](?:(?: ?- ?| |\.)?\d{3}\.?\d{2}|[1-9](?: ?- ?|"
    r" )\d{4,5}| ?- ?\d{4})(?![\d.,\w])"
)
_ROAD = re.compile(
    r"(?<![a-z])(?:lan lan|lan duong|toc do|den do|via he|do xe|dau xe|va cham|tai nan|bo chay|chu xe|tai xe|lai xe|"
    r"ql ?\d|quoc lo|cao toc|nguoc chieu|vuot|dung do|bai xe|giu xe|gui xe|ve (?:thang|xe|ngay)|"
    r"wave|exciter|vision|air ?blade|dream|sirius|"
    r"winner|lead|future|jupiter|vario|vespa|vios|innova|fortuner|camry|kia|mazda|hyundai|toyota|honda|yamaha|suzuki|"
    r"ford|vinfast|grab|container|parked|parking|driver|traffic)(?![a-z])"
)
_WHOLE_PLATE = re.compile(
    r"(?:\A\W*|[|\t]\s*)(?:1[1-9]|[2-9]\d)(?: ?- ?| )?[a-hk-np-vx-z](?:[1-9a-z]?(?: ?- ?| )?\d{3}[. ]?\d{2}|"
    r"(?:[1-9](?: ?- ?| )| ?- ?)(?!(?:19|20)\d\d)\d{4})(?:\W*\Z|\s*[|\t])"
)


def find(text: str, folded: str, digits: str) -> set[str]:
    """The kinds found. `text` cleaned, `folded` and `digits` as long as it."""
    found = set()
    undated = without_dates(folded)
    if _has_mail(folded):
        found.add("email")
    if _HEALTH.search(fold(digits)) or _HEALTH.search(folded) or _beside(_NAMED_HEALTH, folded, "health"):
        found.add("health_insurance")
    if _MACHINE_CARD.search(folded):
        found.add("citizen_id")
    if (
        _MACHINE.search(folded)
        or _beside(_PASSPORT, undated, "passport")
        or _beside(_FOREIGN, undated, "passport")
        or any(words.of_person(folded, m.start()) for m in _VN_PASSPORT.finditer(folded))
    ):
        found.add("passport")
    if _beside(_ATM_ACCOUNT, folded, "bank"):
        found.add("bank_account")
    if _beside(_LICENCE, undated, "licence"):
        found.add("driving_licence")
    if _has_plate(folded):
        found.add("vehicle_plate")
    return found


def _has_plate(folded: str) -> bool:
    if _STRICT_PLATE.search(folded) or _WHOLE_PLATE.search(folded) or _beside(_PLATE, folded, "plate"):
        return True
    return bool(_ROAD_PLATE.search(folded) and _ROAD.search(folded))


def _beside(pattern: re.Pattern[str], folded: str, kind: str) -> bool:
    """Is there one that a word names before it?"""
    return any(
        kind in words.before(folded, m.start(), 0) or kind == words.after(folded, m.end())
        for m in pattern.finditer(folded)
    )


def _has_mail(folded: str) -> bool:
    if _CUT_MAIL.search(folded):
        return True
    return any(
        _is_private(m)
        for pattern in (_PLAIN_MAIL, _MAIL, _SAID_MAIL, _LOOSE_MAIL)
        if "@" in folded or pattern in (_MAIL, _SAID_MAIL)
        for m in pattern.finditer(folded)
    )


def _is_private(found: re.Match[str]) -> bool:
    """Not an agency's address, nor the box of an office at a domain of its own."""
    domain = re.sub(
        r"[\[({<>})\]]", "", re.sub(r" ?[\[({<]? ?(?:dot|cham) ?[\])}>]? ?", ".", found[1].replace(" ", ""))
    )
    domain = domain.strip(".")
    if re.search(r"(?:^|\.)gov\.vn(?:\.|$)", domain):  # a sentence may go on after it
        return False
    office = _OFFICE.match(found[0][: found[0].find("@") + 1] if "@" in found[0] else "")
    return not office or bool(_PRIVATE_MAIL.match(domain))
