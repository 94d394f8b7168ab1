"""Search texts without a colon: words and phrases, enough of which must occur (Solr's dismax and edismax)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lienthong.ckan.errors import Refusal, search_error
from lienthong.ckan.index import Index, is_worded
from lienthong.ckan.lucene import lucene
from lienthong.ckan.matching import Hits, Match, Weigh, nothing, term, worded
from lienthong.ckan.postings import K1, documents, rarity
from lienthong.ckan.words import words

FIELDS = "name^4 title^4 tags^2 groups^2 text"
TIE = 0.1
MOST_WORDS = 1_024
MM = "2<-1 5<80%"
_CHUNK = re.compile(r'([+-]?)(?:"([^"]*)"|(\S+))')
_OPERATORS = re.compile(r"(?:^|\s)(?:AND|OR|NOT|&&|\|\|)(?:\s|$)|[:()\[\]{}]")
_SUFFIX = re.compile(r"\^[\d.]*$")


@dataclass(frozen=True, slots=True)
class Way:
    """How words are looked for: fields with weights, what a second field adds, how many words must occur."""

    fields: tuple[tuple[str, float], ...]
    tie: float = TIE
    mm: str = MM
    patterns: bool = False  # edismax: `*` and `?` stand for letters


def way(fields: str = FIELDS, tie: str = "", mm: str = "", *, patterns: bool = False) -> Way:
    """From Solr's parameters. Raises Refusal."""
    found = []
    for part in fields.split():
        name, _, weight = part.partition("^")
        found.append((name, _number(weight or "1", "qf")))
    return Way(tuple(found), _number(tie, "tie") if tie else TIE, mm or MM, patterns)


def simple(text: str, given: Way) -> Match:
    """Words and phrases, enough of which must occur; `+` and `-` before one demand and forbid it."""
    if text.count('"') % 2:
        text = text.replace('"', " ")
    if given.patterns and _OPERATORS.search(text):
        try:
            return lucene(text, expand=lambda found, is_phrase: _anywhere(found, given, is_phrase=is_phrase))
        except Refusal:
            text = _OPERATORS.sub(" ", text)
    optional: list[Match] = []
    demanded: list[Match] = []
    forbidden: list[Match] = []
    chunks = _CHUNK.findall(text)
    if len(chunks) > MOST_WORDS:
        raise search_error(f"More than {MOST_WORDS} words")
    for sign, phrase, word in chunks:
        part = _anywhere(phrase or word, given, is_phrase=bool(phrase))
        {"": optional, "+": demanded, "-": forbidden}[sign].append(part)
    if not optional and not demanded:
        return nothing
    return _enough_of(optional, demanded, forbidden, enough(len(optional), given.mm))


def _enough_of(optional: list[Match], demanded: list[Match], forbidden: list[Match], needed: int) -> Match:
    def match(index: Index) -> Hits:
        several, musts = [part(index) for part in optional], [part(index) for part in demanded]
        bits = _at_least([hits.bits for hits in several], needed, index.every)
        for hits in musts:
            bits &= hits.bits
        for part in forbidden:
            bits &= ~part(index).bits
        return Hits(bits, tuple(weight for hits in [*several, *musts] for weight in hits.weights))

    return match


def _at_least(sets: list[int], needed: int, every: int) -> int:
    """What is in `needed` of the sets or in more."""
    if needed <= 0:
        return every
    reached = [every] + [0] * needed  # reached[n]: what is in n of the sets seen so far
    for bits in sets:
        for n in range(needed, 0, -1):
            reached[n] |= reached[n - 1] & bits
    return reached[needed]


def enough(count: int, mm: str) -> int:
    """How many of `count` words must occur, by Solr's rule `mm`: `2<-1 5<80%` or a plain number."""
    rule, below = "100%", -1
    for part in mm.split():
        limit, less, then = part.rpartition("<")
        if not less:
            rule = then
        elif limit.isdigit() and below < int(limit) < count:
            rule, below = then, int(limit)
    found = re.fullmatch(r"(-?)(\d{1,4})(%?)", rule)
    if not found:
        raise search_error(f"Invalid value of mm: {mm}")
    amount = count * int(found[2]) // 100 if found[3] else int(found[2])
    return max(0, min(count, count - amount if found[1] else amount))


def _anywhere(given: str, way: Way, *, is_phrase: bool) -> Match:
    """In one of the fields: the best one counts, the others a little."""
    if way.patterns and not is_phrase:
        given = _SUFFIX.sub("", given) or given
        if re.search(r"(?<!\\)[*?]", given):
            return _pattern_anywhere(given, way)
    wanted = words(given)
    if not wanted and not any(not is_worded(field) for field, _ in way.fields):
        return nothing
    key = ("anywhere", given, way.fields, way.tie)

    def match(index: Index) -> Hits:
        bits, table = index.kept(key, lambda: _weighed(index, given, wanted, way))
        return Hits(bits, ((bits, table.__getitem__),)) if bits else Hits(0)

    return match


def _weighed(index: Index, given: str, wanted: list[str], way: Way) -> tuple[int, Mapping[int, float]]:
    best: dict[int, float] = {}
    total: dict[int, float] = {}
    every = 0
    for field, weight in way.fields:
        bits, weigh = _in_field(index, field, given, wanted)
        every |= bits
        for number in documents(bits):
            found = weight * weigh(number)
            total[number] = total.get(number, 0.0) + found
            best[number] = max(best.get(number, 0.0), found)
    return every, {number: best[number] + way.tie * (total[number] - best[number]) for number in best}


def _in_field(index: Index, field: str, given: str, wanted: list[str]) -> tuple[int, Weigh]:
    if not is_worded(field):
        bits = index.exact(field).bits.get(given, 0)
        weight = rarity(index.every.bit_count(), bits.bit_count()) / (1 + K1)
        return bits, lambda _: weight
    hits = worded(field, wanted)(index)
    return hits.bits, hits.weights[0][1] if hits.weights else hits.weigh


def _pattern_anywhere(given: str, way: Way) -> Match:
    parts = [term(field, given) for field, _ in way.fields]

    def match(index: Index) -> Hits:
        bits = 0
        for part in parts:
            bits |= part(index).bits
        return Hits(bits, ((bits, lambda _: 1.0),))

    return match


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise search_error(f"Invalid value of {name}: {text}") from error
