"""Texts of strangers as Markdown: HTML becomes Markdown, and nothing in it can run."""

import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlsplit

from lienthong.kernel.text import fold

MOST_TEXT = 100_000
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&[a-zA-Z#0-9]{2,8};")
_BLOCKS = re.compile(r"<(?:p|div|br|li|ul|ol|h[1-6]|table)\b", re.IGNORECASE)
_OPENS = re.compile(r"<(?=[a-zA-Z/!?])")
_SCRIPTED = re.compile(r"\]\(\s*(?:javascript|data|vbscript|file)\s*:", re.IGNORECASE)
_PARAGRAPHS = frozenset({"p", "div", "ul", "ol", "table", "section", "article", "blockquote", "pre", "tr", "dl"})
_SILENT = frozenset({"script", "style", "head", "template", "noscript", "iframe", "object", "svg", "math"})


def markdown(text: object) -> str:
    """A text of a stranger as Markdown without HTML. At most MOST_TEXT characters of it are read."""
    given = _CONTROLS.sub("", unicodedata.normalize("NFC", str(text or ""))[:MOST_TEXT])
    if _MARKUP.search(given):
        reader = _Reader(has_blocks=_BLOCKS.search(given) is not None)
        reader.feed(given)
        reader.close()
        given = reader.told()
    return _SCRIPTED.sub("](#", given).replace("\r\n", "\n").strip()


def line(text: object, most: int = 1_000) -> str:
    """A text of one line, without markup: a title, a name."""
    plain = (
        markdown(text)
        if _MARKUP.search(str(text or "")[:MOST_TEXT])
        else _CONTROLS.sub("", str(text or "")[:MOST_TEXT])
    )
    return " ".join(plain.replace("&lt;", "<").split())[:most]


def name(text: str, most: int = 100) -> str:
    """A name for addresses: 2 to `most` characters a-z, 0-9, - and _."""
    made = (
        re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9_]+", "-", fold(text).replace("đ", "d"))).strip("-_")[:most].rstrip("-_")
    )
    return made if len(made) >= 2 else f"dataset-{made}".rstrip("-")


def address(url: object) -> str | None:
    """An address that may stand behind a link: http, https or ftp; None: it is none."""
    given = str(url or "").strip()
    try:
        parts = urlsplit(given)
    except ValueError:
        return None
    good = parts.scheme.lower() in ("http", "https", "ftp") and parts.netloc and len(given) <= 4_000
    return given if good and not any(c <= " " for c in given) else given.replace(" ", "%20") if good else None


class _Reader(HTMLParser):
    """Puts HTML down as Markdown."""

    def __init__(self, *, has_blocks: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._has_blocks = has_blocks
        self._parts: list[str] = []
        self._silent = 0
        self._links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A mark, a line, a link."""
        if tag in _SILENT:
            self._silent += 1
        elif tag in _PARAGRAPHS:
            self._parts.append("\n\n")
        elif tag == "br":
            self._parts.append("\n")
        elif tag == "li":
            self._parts.append("\n- ")
        elif tag in ("td", "th"):
            self._parts.append(" ")
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self._parts.append("\n\n" + "#" * max(3, int(tag[1])) + " ")
        elif tag == "a":
            self._link(dict(attrs).get("href"))

    def _link(self, href: str | None) -> None:
        found = address(href)
        self._links.append(found)
        if found:
            self._parts.append("[")

    def handle_endtag(self, tag: str) -> None:
        """The end of what began."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _PARAGRAPHS or (len(tag) == 2 and tag[0] == "h" and tag[1].isdigit()):
            self._parts.append("\n\n")
        elif tag == "a" and self._links:
            found = self._links.pop()
            if found:
                self._parts.append("](" + found.replace("(", "%28").replace(")", "%29").replace("<", "%3C") + ")")

    def handle_data(self, data: str) -> None:
        """A text; what would begin a tag does not."""
        if self._silent:
            return
        if self._has_blocks:
            data = re.sub(r"\s+", " ", data)
        self._parts.append(_OPENS.sub("&lt;", data.replace("\xa0", " ")))

    def told(self) -> str:
        """The Markdown."""
        text = "".join(self._parts)
        text = re.sub(r"[ \t]*\n[ \t]*", "\n", text) if self._has_blocks else text
        return re.sub(r"\n{3,}", "\n\n", text)
