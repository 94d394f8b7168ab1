"""Values as people type them into a form: titles of codes, dates and numbers as the page shows them."""

import re

from lienthong.contract.model import FieldContract
from lienthong.contract.registry import Registry
from lienthong.kernel.text import fold
from lienthong.portal.language import Speaker
from lienthong.portal.values import NUMBERS, titled

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_GROUPED = {"vi": re.compile(r"-?\d{1,3}(\.\d{3})+(,\d+)?"), "en": re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")}
_MOST_CHOICES = 80  # a longer code list is no list to choose from


def typed(field: FieldContract, text: str, registry: Registry, t: Speaker) -> str:
    """The value that APIs take for what was typed; whatever is none of these is left as it is."""
    given = text.strip()
    if field.logical_type == "enum":
        wanted = fold(given)
        codes = {fold(title): code for code, title in reversed(titled(field, registry, t.language))}
        return codes.get(wanted, given)
    if field.logical_type in ("date", "partial_date") and (found := _DAY.fullmatch(given)):
        day, month, year = found.groups()
        return f"{year}-{int(month):02}-{int(day):02}"
    if field.logical_type == "boolean":
        said = {fold(t("value.yes")): "true", fold(t("value.no")): "false"}
        return said.get(fold(given), given)
    if field.logical_type in NUMBERS and _GROUPED[t.language].fullmatch(given):
        plain = given.replace("." if t.language == "vi" else ",", "")
        return plain.replace(",", ".")
    return given


def choices(fields: list[FieldContract], registry: Registry, t: Speaker) -> list[tuple[str, str]]:
    """(title, field) of the codes that somebody may choose among."""
    found = [
        (title, t.text(field.title))
        for field in fields
        if field.logical_type == "enum" and len(listed := titled(field, registry, t.language)) <= _MOST_CHOICES
        for _, title in listed
    ]
    return list(dict.fromkeys(found))
