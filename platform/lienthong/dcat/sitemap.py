"""Lists of pages for search engines (sitemaps.org 0.9), and the latest releases as a feed (RFC 4287)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from lienthong.catalog.profiles.described import Entry, day

PAGES = 20_000  # datasets in one list: each has two addresses, and a list has 50,000 at most
LATEST = 100
_SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def document(entries: Sequence[Entry], site: str, number: int | None) -> bytes:
    """The list, the list with the number, or the index of several lists."""
    if number is None and len(entries) > PAGES:
        parts = range(1, -(-len(entries) // PAGES) + 1)
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
    found = sorted(((v.issued, v, e) for e in entries for v in e.versions), key=lambda t: t[0], reverse=True)[:LATEST]
    updated = found[0][0] if found else datetime.fromtimestamp(0, UTC)
    items = "".join(
        f"<entry><id>{escape(v.url)}</id><title>{escape(e.title.vi)} · {v.number}</title>"
        f"<updated>{moment.isoformat()}</updated><link href={_quoted(v.url)}/>"
        f"<summary>{escape(e.description.vi)}</summary></entry>"
        for moment, v, e in found
    )
    return (
        f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi"><id>{escape(site)}/releases.atom</id>'
        f"<title>Liên Thông: bản phát hành mới</title><updated>{updated.isoformat()}</updated>"
        "<author><name>Liên Thông</name></author>"
        f'<link rel="self" href={_quoted(site + "/releases.atom")}/>{items}</feed>\n'
    ).encode()


def _quoted(text: str) -> str:
    return '"' + escape(text, {'"': "&quot;"}) + '"'
