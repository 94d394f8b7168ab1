"""Texts by others: what of them may stand in a page."""

import re
from functools import lru_cache

from markdown_it import MarkdownIt

_RENDER = MarkdownIt("commonmark", {"html": False})
_ENOUGH = 6_000  # characters, of which some words are left
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h\d)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def html(text: str | None) -> str:
    """A description in Markdown as HTML, without any HTML of its own."""
    return str(_RENDER.render(untagged(text)))


def plain(notes: str | None) -> str:
    """The first words of a description, without its marks."""
    return _plain((notes or "")[:_ENOUGH])


@lru_cache(maxsize=2_048)
def _plain(notes: str) -> str:
    inner = (child for token in _RENDER.parse(untagged(notes)) for child in [*(token.children or ()), None])
    found = "".join(" " if child is None or child.type.endswith("break") else child.content for child in inner)
    return " ".join(found.split())[:280]


def untagged(text: str | None) -> str:
    """A text by others without HTML: catalogues that were taken over from elsewhere are full of it."""
    return _TAG.sub("", _BREAK.sub("\n\n", text or ""))
