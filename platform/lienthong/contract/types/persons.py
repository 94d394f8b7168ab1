"""Numbers of persons and of enterprises."""

from typing import ClassVar

from lienthong.contract.types.base import EQUALITY, Operator, Options
from lienthong.contract.types.pattern import PatternType, Replacement
from lienthong.kernel.text import both

# Provinces of birth registration (63, before the merger of 2025, which keeps them), then century and sex, then year.
_CITIZEN = (
    r"0(0[12468]|1[0124579]|2[024567]|3[01345678]|4[0245689]|5[12468]|6[024678]|7[024579]|8[0234679]|9[123456])"
    r"[0-3][0-9]{2}[0-9]{6}"
)
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


class CitizenId(PatternType):
    """Personal identification number, 12 digits: province, century and sex, year of birth, 6 digits (NĐ 137/2015)."""

    name = "citizen_id"
    bare = True
    pattern = _CITIZEN
    form = both("số định danh cá nhân 12 chữ số", "a personal identification number of 12 digits")
    example = "020099000001"
    max_length = 12
    operators: ClassVar[frozenset[Operator]] = EQUALITY


class TaxCode(PatternType):
    """Tax code, which is also the enterprise code: TT 105/2020/TT-BTC Điều 5, TT 86/2024/TT-BTC.

    10 digits with a check digit; `-` and 3 digits more for a dependent unit; or the 12 digits of a person
    (household business). Option `repair: true` restores the leading zero that spreadsheets drop.
    """

    name = "tax_code"
    bare = True
    pattern = rf"[0-9]{{10}}(-[0-9]{{3}})?|{_CITIZEN}"
    form = both("mã số thuế có chữ số kiểm tra đúng", "a tax code with a right check digit")
    example = "0100109106"
    max_length = 14
    option_names: ClassVar[frozenset[str]] = frozenset({"repair"})

    def repairs(self, options: Options) -> tuple[Replacement, ...]:
        joined = (r"^([0-9]{10})([0-9]{3})$", r"\1-\2")
        if not options.get("repair"):
            return (joined,)
        return ((r"^([0-9]{9,10})\.0$", r"\1"), (r"^([0-9]{9}(-[0-9]{3})?)$", r"0\1"), joined)

    def valid(self, value: str, options: Options) -> bool:
        if len(value) == 12:
            return True
        rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, value, strict=False)) % 11
        return rest > 0 and 10 - rest == int(value[9]) and not value.endswith("-000")

    def sql_valid(self, value: str, options: Options) -> str:
        # Digits by their character code: no cast that could fail on a text of another form.
        total = " + ".join(
            f"{weight} * (ascii(substr({value}, {at}, 1)) - 48)" for at, weight in enumerate(_WEIGHTS, 1)
        )
        rest = f"mod({total}, 11)"  # not the percent sign, which database drivers read as a placeholder
        check = f"{rest} > 0 AND 10 - {rest} = ascii(substr({value}, 10, 1)) - 48"
        return f"(length({value}) = 12 OR ({check} AND right({value}, 4) <> '-000'))"
