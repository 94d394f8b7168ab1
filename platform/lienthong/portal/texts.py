"""Texts by others: what of them may stand in a page."""

import re

from markdown_it import MarkdownIt

_RENDER = MarkdownIt("commonmark", {"html": False})
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h\d)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def html(text: str | None) -> str:
    """A description in Markdown as HTML, without any HTML of its own."""
    return str(_RENDER.render(untagged(text)))


def plain(notes: str | None) -> str:
    """The first words of a description, without its marks."""
    texts = [token.content for token in _RENDER.parse(untagged(notes)) if token.type == "inline"]
    return " ".join(texts)[:280]


def untagged(text: str | None) -> str:
    """A text by others without HTML: catalogues that were taken over from elsewhere are full of it."""
    return _TAG.sub("", _BREAK.sub("\n\n", text or ""))
