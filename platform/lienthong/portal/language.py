"""What pages say, in the language of the address: `/en/...` is English, everything else Vietnamese."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.text import Bilingual, Language


@cache
def messages() -> Mapping[str, Bilingual]:
    """All messages by key."""
    given = yaml.safe_load((Path(__file__).parent / "messages.yaml").read_text("utf-8"))
    return {key: Bilingual(**value) for key, value in given.items()}


class Speaker:
    """Says messages, bilingual texts, numbers and dates in one language; makes addresses of that language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: Any) -> str:
        """The message `key`, with `{names}` filled in; `many|one` by `n`. An unknown key is an error of ours."""
        many, _, one = messages()[key].in_language(self.language).partition("|")
        return (one if one and str(values.get("n")) == "1" else many).format(**values)

    def text(self, given: Bilingual | None) -> str:
        """A bilingual text in this language."""
        return given.in_language(self.language) if given else ""

    def known(self, prefix: str, name: str) -> str:
        """The message `prefix.name`, or the bare name when there is none."""
        return self(f"{prefix}.{name}") if f"{prefix}.{name}" in messages() else name

    def href(self, path: str) -> str:
        """The address of `path` in this language."""
        return ("/en" if self.language == "en" else "") + path or "/"

    def number(self, value: float | int | None, digits: int = 0) -> str:
        """A number with the language's separators: 1.234,5 and 1,234.5."""
        if value is None:
            return "–"
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "vi" else text

    def day(self, value: date | datetime | None) -> str:
        """A date: 21/11/2026 and 21 Nov 2026."""
        if value is None:
            return "–"
        day = value.astimezone(VIETNAM) if isinstance(value, datetime) else value
        return day.strftime("%d/%m/%Y" if self.language == "vi" else "%-d %b %Y")

    def moment(self, value: datetime | None) -> str:
        """A date with hours and minutes, in the time of Việt Nam."""
        return f"{self.day(value)} {value.astimezone(VIETNAM):%H:%M}" if value else "–"

    def size(self, count: int) -> str:
        """A number of bytes for people."""
        for unit, step in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
            if count >= step:
                return f"{self.number(count / step, 1)} {unit}"
        return f"{count} B"
