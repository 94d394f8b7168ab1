"""Search texts without a colon: words and phrases, enough of which must occur (Solr's dismax)."""

import re

from lienthong.ckan.errors import search_error
from lienthong.ckan.index import Entry
from lienthong.ckan.matching import WEIGHTS, Match, nothing
from lienthong.ckan.words import occurs, words

EXACT_WEIGHTS = {"name": 4.0, "tags": 2.0}
TIE = 0.1
MM = "2<-1 5<80%"


def simple(text: str, mm: str = MM) -> Match:
    """Words and phrases, enough of which must occur; `+` and `-` before one demand and forbid it. `*` means nothing."""
    if text.count('"') % 2:
        text = text.replace('"', " ")
    optional: list[Match] = []
    demanded: list[Match] = []
    forbidden: list[Match] = []
    for sign, phrase, word in re.findall(r'([+-]?)(?:"([^"]*)"|(\S+))', text):
        given = phrase or word
        if found := words(given):
            {"": optional, "+": demanded, "-": forbidden}[sign].append(_anywhere(given, found))
    if not optional and not demanded:
        return nothing
    needed = enough(len(optional), mm)

    def match(entry: Entry) -> float:
        scores = [part(entry) for part in optional]
        musts = [part(entry) for part in demanded]
        if sum(map(bool, scores)) < needed or not all(musts) or any(part(entry) for part in forbidden):
            return 0.0
        return sum(scores) + sum(musts)

    return match


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


def _anywhere(given: str, phrase: list[str]) -> Match:
    def match(entry: Entry) -> float:
        scores = [weight for field, weight in WEIGHTS.items() if occurs(phrase, entry.text[field])]
        scores += [weight for field, weight in EXACT_WEIGHTS.items() if given in entry.exact[field]]
        best = max(scores, default=0.0)
        return best + TIE * (sum(scores) - best)

    return match
