"""Counting the values of fields among the datasets that were found."""

import json
from collections import Counter
from typing import Any

from lienthong.ckan.errors import invalid
from lienthong.ckan.index import Index
from lienthong.ckan.parameters import Params, flag, natural
from lienthong.ckan.postings import documents

Counts = list[tuple[str, int]]
_TITLED = frozenset({"organization", "groups", "license_id"})
MANY = 4  # so many times more values than datasets: count in the datasets


def facets(index: Index, params: Params, found: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """`facets` (value: count) and `search_facets` (with titles, by title from Z to A, as CKAN has it)."""
    fields = _fields(params.get("facet.field"))
    if not flag(params, "facet", True):
        return {}, {}
    limit, least = _whole(params, "facet.limit", 50), natural(params, "facet.mincount", 1)
    counted: dict[str, dict[str, int]] = {}
    shown: dict[str, Any] = {}
    for field in fields:
        counted[field] = dict(_ordered(counts(index, field, found, limit if limit >= 0 else None), limit, least))
        titles = index.titles(field) if field in _TITLED else {}
        items = [{"name": v, "display_name": titles.get(v, v), "count": n} for v, n in counted[field].items()]
        shown[field] = {"title": field, "items": sorted(items, key=lambda i: str(i["display_name"]), reverse=True)}
    return counted, shown


def counts(index: Index, field: str, found: int, most: int | None) -> Counts:
    """How many of the found datasets have each value; of `most` wanted, values that cannot be among them are left."""
    exact = index.exact(field)
    if found.bit_count() * MANY < len(exact.bits):
        return list(Counter(v for n in documents(found) for v in set(index[n].exact.get(field, ()))).items())
    counted: Counts = []
    worst = 0  # what the last of the best so far has
    for value, bits, total in exact.ranked():
        if most is not None and total < worst:
            break
        if count := (bits & found).bit_count():
            counted.append((value, count))
            if most and len(counted) % most == 0:
                worst = sorted((n for _, n in counted), reverse=True)[most - 1]
    return counted


def _ordered(counted: Counts, limit: int, least: int) -> Counts:
    """The most frequent first; without a limit by value (Solr's rule)."""
    enough = [pair for pair in counted if pair[1] >= least]
    if limit < 0:
        return sorted(enough)
    return sorted(enough, key=lambda pair: (-pair[1], pair[0]))[:limit]


def _fields(given: Any) -> list[str]:
    if given is None:
        return []
    wrong = []
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            wrong.append("Could not parse as valid JSON")
    if not isinstance(given, list):
        raise invalid("facet.field", *wrong, "Not a list")
    if others := [field for field in given if not isinstance(field, str)]:
        raise invalid("facet.field", f"Not a string: {others[0]}")
    return given


def _whole(params: Params, name: str, default: int) -> int:
    try:
        return int(str(default if params.get(name) in (None, "") else params[name])[:10])
    except ValueError as error:
        raise invalid(name, "Invalid integer") from error
