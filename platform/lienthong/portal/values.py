"""Values as people read them: code lists by title, numbers and dates in the page's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lienthong.contract.model import FieldContract
from lienthong.contract.registry import Registry
from lienthong.kernel.text import Language
from lienthong.portal.language import Speaker

NUMBERS = {"integer", "decimal", "money"}


@dataclass(frozen=True)
class Column:
    """A column of a table on a page."""

    key: str
    title: str


def columns(fields: Sequence[FieldContract], t: Speaker) -> list[Column]:
    """The columns of fields, titled in the page's language."""
    return [Column(field.name, t.text(field.title)) for field in fields]


def numeric(fields: Sequence[FieldContract]) -> set[str]:
    """The columns that are numbers."""
    return {field.name for field in fields if field.logical_type in NUMBERS}


def readable(field: FieldContract, value: Any, registry: Registry, t: Speaker) -> str:
    """A JSON value of `field` as text for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return t("value.yes") if value else t("value.no")
    if isinstance(value, Mapping) and "coordinates" in value:
        return _place(value, t)
    if isinstance(value, list | Mapping):
        return f"[{len(value)}]"
    if isinstance(value, int) and _has_four_digits(field):
        return str(value)
    if isinstance(value, int | float):
        return t.number(value, 0 if float(value).is_integer() else 2)
    if field.logical_type == "date":
        return t.day(date.fromisoformat(value))
    return title_of(field, str(value), registry, t)


def _has_four_digits(field: FieldContract) -> bool:
    """Is it a year? Years are written without separators."""
    least, most = field.options.get("min"), field.options.get("max")
    return isinstance(least, int) and isinstance(most, int) and 1000 <= least <= most <= 9999


def title_of(field: FieldContract, code: str, registry: Registry, t: Speaker) -> str:
    """The title of a code of the field's list, or the code itself."""
    if field.logical_type != "enum":
        return code
    return next((title for known, title in titled(field, registry, t.language) if known == code), code)


def titled(field: FieldContract, registry: Registry, language: Language) -> list[tuple[str, str]]:
    """(code, title) of the field's list; a code without a title stands for itself."""
    given = field.options.get("values")
    if isinstance(given, list):
        named = [v for v in given if isinstance(v, Mapping) and "code" in v]
        return [(str(v["code"]), str(v.get(language) or v["code"])) for v in named]
    vocabulary = registry.vocabularies.get(str(field.options.get("list")))
    return [(c.code, c.title.in_language(language) or c.code) for c in vocabulary.codes] if vocabulary else []


def _place(value: Mapping[str, Any], t: Speaker) -> str:
    if value["type"] != "Point":
        return t("value.geometry")
    lon, lat = value["coordinates"][:2]
    return f"{lat:.4f}, {lon:.4f}"
