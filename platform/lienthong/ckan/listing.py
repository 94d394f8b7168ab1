"""The index as one list for other surfaces: what everybody can see, and a search in it."""

import logging
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import partial, reduce
from itertools import islice, takewhile
from operator import or_

from lienthong.catalog.listing import Choice, Found, Hit, Listing, Wanted
from lienthong.catalog.profiles import described
from lienthong.ckan.entry import PUBLIC, Entry
from lienthong.ckan.facets import counts
from lienthong.ckan.index import Index
from lienthong.ckan.indexes import Indexes
from lienthong.ckan.matching import Hits, Match
from lienthong.ckan.search import page_of
from lienthong.ckan.simple import simple, way
from lienthong.kernel.text import Language, fold

# A governed dataset has a contract, checks and releases: where nothing else tells, it comes first.
_ORDERS = {
    "relevance": [("score", True), ("governed", True), ("metadata_modified", True), ("name", False)],
    "newest": [("metadata_modified", True), ("name", False)],
    "title": [("title", False), ("name", False)],
}
_MOST_CHOICES = 12
_MOST_WORDS = 30
log = logging.getLogger("lienthong.ckan")
_MARKS = re.compile(r"[^\w\s-]")


class IndexListings:
    """Lists made of the index, each once between two changes."""

    def __init__(self, indexes: Indexes, site: str) -> None:
        self._indexes = indexes
        self._site = site
        self._told: dict[str, tuple[Entry, described.Entry]] = {}

    async def warm(self) -> None:
        """Read the catalogue before anybody asks, and list it."""
        try:
            await self.public()
            await self._indexes.of("en")
        except Exception:  # whoever asks next is told what is wrong
            log.exception("the catalogue could not be read")

    async def public(self) -> Listing:
        """What everybody can see now."""
        index = await self._indexes.of("vi")
        return index.kept("listing", lambda: self._listing(index))

    def _listing(self, index: Index) -> Listing:
        entries = [entry for entry in index.public if entry.lifecycle == "active"]
        before = self._told
        self._told = {e.id: before[e.id] if self._same(before, e) else (e, self._described(e)) for e in entries}
        told = tuple(self._told[entry.id][1] for entry in entries)
        known = {entry.id: one for entry, one in zip(entries, told, strict=True)}
        return Listing(index.version, told, known | {one.name: one for one in told})

    @staticmethod
    def _same(before: dict[str, tuple[Entry, described.Entry]], entry: Entry) -> bool:
        return entry.id in before and before[entry.id][0] is entry

    def _described(self, entry: Entry) -> described.Entry:
        if entry.state:
            return described.governed(entry.state, self._site)
        return described.hosted(entry.package, self._site)

    async def search(self, language: Language, wanted: Wanted) -> Found:
        """Search public datasets, and those that are shared under agreements."""
        index = await self._indexes.of(language)
        known, words = index.kept("known to all", lambda: _known(index)), _MARKS.sub(" ", wanted.words).split()
        hits, way_taken = Hits(known), 0
        for number, match in enumerate(_ways(words[:_MOST_WORDS])):
            hits, way_taken = match(index), number
            if hits.bits & known:
                break
        fits = {field: index.exact(field).bits.get(value, 0) for field, value in wanted.filters.items() if value}
        bits = _all(hits.bits & known, fits)
        page = page_of(index, hits, bits, _ORDERS[wanted.sort], wanted.start, wanted.rows)
        choices = {field: _choices(index, field, _all(hits.bits & known, fits, field)) for field in wanted.counted}
        return Found(bits.bit_count(), tuple(Hit(e.package, e.state) for e in page), choices, bool(way_taken and bits))


def _known(index: Index) -> int:
    """Active datasets that are public or that a contract governs: private and unfinished ones of people never are."""
    return (index.labelled((PUBLIC,)) | index.governed()) & index.exact("state").bits.get("active", 0)


def _ways(words: list[str]) -> Iterator[Match]:
    """Every word; if there is none with them all, words that begin so; at last most of them, or half of them."""
    if words:
        yield simple(" ".join(words), way(mm="100%"))
        yield partial(_beginning, words=[part for word in words for part in fold(word).split()])
        yield simple(" ".join(words), way())
    if len(words) > 1:  # half of one word is none
        yield simple(" ".join(words), way(mm="50%"))


def _beginning(index: Index, words: list[str]) -> Hits:
    """Datasets with words that begin like all of these; where a title has them, first."""
    bits, titled = index.every, index.every
    for word in words:
        bits &= _with_beginning(index, "text", word)
        titled &= _with_beginning(index, "title", word)
    return Hits(bits, ((titled & bits, lambda _: 1.0),))


def _with_beginning(index: Index, field: str, word: str) -> int:
    texts = index.text(field)
    known = index.kept(("words", field), lambda: sorted(texts.words()))
    begun = takewhile(lambda found: found.startswith(word), islice(known, bisect_left(known, word), None))
    return reduce(or_, (texts.bits(found) for found in begun), 0)


def _all(seen: int, fits: dict[str, int], but: str = "") -> int:
    for field, bits in fits.items():
        seen &= bits if field != but else seen
    return seen


def _choices(index: Index, field: str, bits: int) -> tuple[Choice, ...]:
    titles = index.titles(field)
    found = sorted(counts(index, field, bits, _MOST_CHOICES), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Choice(value, titles.get(value, value), n) for value, n in found[:_MOST_CHOICES] if value)
