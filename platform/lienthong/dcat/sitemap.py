"""Lists of pages for search engines (sitemaps.org 0.9), and the latest releases as a feed (RFC 4287)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from heapq import nlargest
from xml.sax.saxutils import escape

from lienthong.catalog.profiles.dcat import clean
from lienthong.catalog.profiles.described import Entry, day

PAGES = 20_000  # datasets in one list: each has two addresses, and a list has 50,000 at most
LATEST = 100
_SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def lists(entries: Sequence[Entry]) -> int:
    """How many lists there are."""
    return max(1, -(-len(entries) // PAGES))


def document(entries: Sequence[Entry], site: str, number: int | None) -> bytes:
    """The list, the list with the number, or the index of several lists."""
    if number is None and len(entries) > PAGES:
        parts = range(1, lists(entries) + 1)
        listed = "".join(f"<sitemap><loc>{escape(site)}/sitemap-{n}.xml</loc></sitemap>" for n in parts)
        return f"{_HEAD}<sitemapindex {_SPACE}>{listed}</sitemapindex>\n".encode()
    start = ((number or 1) - 1) * PAGES
    pages = [f"<url><loc>{escape(site)}{path}</loc></url>" for path in ("/", "/datasets", "/en/datasets") if start == 0]
    for entry in entries[start : start + PAGES]:
        changed = f"<lastmod>{day(entry.modified)}</lastmod>" if entry.modified else ""
        english = entry.url.replace(site, f"{site}/en", 1)
        pages += [f"<url><loc>{escape(address)}</loc>{changed}</url>" for address in (entry.url, english)]
    return f"{_HEAD}<urlset {_SPACE}>{''.join(pages)}</urlset>\n".encode()


def feed(entries: Sequence[Entry], site: str) -> bytes:
    """The latest releases of all datasets, the newest first."""
    return _feed(_releases(entries), f"{site}/releases.atom", "Liên Thông: bản phát hành mới")


def feed_of(entry: Entry) -> bytes:
    """The latest releases of one dataset."""
    return _feed(_releases([entry]), f"{entry.url}/releases.atom", f"{_text(entry.title.vi)}: bản phát hành mới")


def _releases(entries: Iterable[Entry]) -> Iterator[tuple[datetime, str, str, Entry]]:
    return ((v.issued, v.url, f"{e.title.vi} · {v.number}", e) for e in entries for v in e.versions)


def changed(entries: Sequence[Entry], site: str) -> bytes:
    """The datasets that changed last."""
    every = ((e.modified, e.url, e.title.vi, e) for e in entries if e.modified)
    return _feed(every, f"{site}/catalog.atom", "Liên Thông: bộ dữ liệu mới đổi")


def _feed(every: Iterable[tuple[datetime, str, str, Entry]], address: str, title: str) -> bytes:
    found = nlargest(LATEST, every, key=lambda one: one[0])
    updated = found[0][0] if found else datetime.fromtimestamp(0, UTC)
    items = "".join(
        f"<entry><id>{escape(url)}</id><title>{_text(named)}</title>"
        f"<updated>{moment.isoformat()}</updated><link href={_quoted(url)}/>"
        f"<summary>{_text(entry.description.vi[:2000])}</summary></entry>"
        for moment, url, named, entry in found
    )
    return (
        f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi"><id>{escape(address)}</id>'
        f"<title>{title}</title><updated>{updated.isoformat()}</updated>"
        "<author><name>Liên Thông</name></author>"
        f'<link rel="self" href={_quoted(address)}/>{items}</feed>\n'
    ).encode()


def _text(text: str) -> str:
    return escape(clean(text))


def _quoted(text: str) -> str:
    return '"' + escape(text, {'"': "&quot;"}) + '"'
