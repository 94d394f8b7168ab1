"""Text in two languages, and text compared without tone marks."""

import re
import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


class Bilingual(BaseModel):
    """A text that people see: Vietnamese first, English second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vi: str
    en: str

    def in_language(self, language: Language) -> str:
        """The text in `language`."""
        return self.vi if language == "vi" else self.en

    def __str__(self) -> str:
        return self.en


def both(vi: str, en: str) -> Bilingual:
    """A short way to write a bilingual text."""
    return Bilingual(vi=vi, en=en)


def nfc(text: str) -> str:
    """`text` in Unicode normal form C, the only form that is stored."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """`text` for comparing without tone marks: lower case, no diacritics, đ as d, single blanks.

    >>> fold("Đồng  Tháp")
    'dong thap'
    """
    decomposed = unicodedata.normalize("NFD", text.lower())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(plain.replace("đ", "d").split())


def slug(name: str) -> str:
    """A snake_case name as it stands in addresses: `legal_documents` -> `legal-documents`."""
    return name.replace("_", "-")


def unslug(name: str) -> str:
    """The snake_case name behind a slug."""
    return name.replace("-", "_")


def camel(name: str) -> str:
    """A snake_case name in lowerCamelCase, as GraphQL writes it."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def pascal(name: str) -> str:
    """A snake_case name in PascalCase, as GraphQL writes types."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def snake(name: str) -> str:
    """A lowerCamelCase name in snake_case; the inverse of `camel`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
