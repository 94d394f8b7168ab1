"""What digits can be: a personal number, a tax code, a card, a telephone. No words are looked at here."""

import re

from lienthong.contract.types.persons import CitizenId, TaxCode
from lienthong.kernel.clock import today

_CITIZEN = re.compile(CitizenId.pattern)
_TAX = TaxCode()
_MOBILE = re.compile(r"0(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9\d)\d{7}")
_BROAD_MOBILE = re.compile(r"0[35789]\d{8}")
_OLD_MOBILE = re.compile(r"0(?:12\d|16[2-9]|18[68]|199)\d{7}")
_LAND_LINE = re.compile(r"02\d{8,9}|0[2-8]\d{7,8}")
_OLD_CARD = re.compile(r"(?:0[1-9]|[12]\d|3[0-8])\d{7}")
_CARD_ISSUER = re.compile(
    r"9704\d{12}(?:\d{3})?|4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|35\d{14}|62\d{14}(?:\d{3})?"
)
_WEIGHTS_LUHN = tuple(sum(divmod(2 * n, 10)) for n in range(10))


def is_citizen_id(digits: str) -> bool:
    """Twelve digits: a province of registration, a century and sex, a year that is not to come."""
    if not _CITIZEN.fullmatch(digits):
        return False
    return digits[3] in "01" or 2000 + int(digits[4:6]) <= today().year


def is_old_card(digits: str) -> bool:
    """Nine digits that begin with the number of a province, not round."""
    return bool(_OLD_CARD.fullmatch(digits)) and not digits.endswith("000")


def national(digits: str) -> str:
    """A telephone number as dialled in the country."""
    for code in ("0084", "84"):
        rest = digits.removeprefix(code).removeprefix("0")
        if digits.startswith(code) and len(rest) in (9, 10):
            return "0" + rest
    return digits


def is_mobile(digits: str) -> bool:
    """A mobile number of today, of before 2018, or with the code of the country."""
    local = national(digits)
    return bool(_BROAD_MOBILE.fullmatch(local) or _OLD_MOBILE.fullmatch(local))


def is_mobile_without_zero(digits: str) -> bool:
    """Nine digits that are a mobile number whose zero a spreadsheet dropped."""
    return bool(_MOBILE.fullmatch("0" + digits)) and not digits.endswith("000")


def is_land_line(digits: str) -> bool:
    """A number of a house or an office, of today or of before 2017."""
    return bool(_LAND_LINE.fullmatch(national(digits)))


def is_tax_code(digits: str) -> bool:
    """Ten digits with a right check digit, or thirteen of a dependent unit."""
    if len(digits) not in (10, 13):
        return False
    return _TAX.valid(digits[:10], {})


def is_card(digits: str) -> bool:
    """A payment card: the issuer's first digits and the sum of Luhn."""
    return bool(_CARD_ISSUER.fullmatch(digits)) and luhn(digits)


def luhn(digits: str) -> bool:
    """The check sum of payment cards (ISO/IEC 7812)."""
    turned = [int(c) for c in reversed(digits)]
    return sum(_WEIGHTS_LUHN[n] if at % 2 else n for at, n in enumerate(turned)) % 10 == 0
