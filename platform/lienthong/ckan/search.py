"""package_search over the catalogue in memory, with the semantics of CKAN's Solr."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from lienthong.ckan.call import Call, action
from lienthong.ckan.errors import invalid, search_error, search_query
from lienthong.ckan.index import Entry
from lienthong.ckan.lucene import lucene
from lienthong.ckan.matching import DATES, Match, both, everything, nothing
from lienthong.ckan.parameters import Params, flag, natural
from lienthong.ckan.simple import MM, simple
from lienthong.kernel.text import fold

MAX_ROWS = 1_000
DEFAULT_SORT = "score desc, metadata_modified desc"
_NAMES = (
    "q fq fq_list sort rows start fl qf bf boost tie defType mm df facet facet.mincount facet.limit facet.field extras "
    "include_private include_drafts include_deleted use_default_schema"
)
NAMES = frozenset(_NAMES.split())


@action
async def package_search(call: Call) -> Any:
    """Search for datasets.

    :param q: words, or Solr's syntax (`field:value`, AND, OR, NOT, quotes, ranges); tone marks do not matter
    :param fq: one filter in the same syntax
    :param fq_list: several filters
    :param sort: `name asc, metadata_modified desc`; `score desc` by default
    :param rows: at most 1000 (10)
    :param start: how many to skip
    :param facet.field: a list of fields to count
    :param facet.limit: at most so many values (50), -1 for all
    :param facet.mincount: values with at least so many datasets (1)
    :param fl: only these members
    :param include_private: also what is not published and you may read
    """
    params = call.params
    unknown = [name for name in params if name not in NAMES and not name.startswith("ext_")]
    if unknown:
        raise search_query(f'"Invalid search parameters: {unknown}"')
    rows = min(natural(params, "rows", 10, "Please enter an integer value"), MAX_ROWS)
    start = natural(params, "start", 0, "Please enter an integer value")
    sort = str(params.get("sort") or DEFAULT_SORT)
    sort = DEFAULT_SORT if sort == "rank" else sort
    order = _order(sort)
    scored = _found(call, _query(params), _filter(params))
    for field, descending in reversed(order):
        scored.sort(key=lambda pair: _sort_key(pair, field), reverse=descending)
    entries = [entry for entry, _ in scored]
    facets, search_facets = _facets(call, entries)
    page = entries[start : start + rows]
    fields = _shown(params)
    return {
        "count": len(entries),
        "facets": facets,
        "results": [entry.package if fields is None else _stored(entry, fields) for entry in page],
        "sort": sort,
        "search_facets": search_facets,
    }


def _found(call: Call, query: Match, chosen: Match) -> list[tuple[Entry, float]]:
    index = call.index
    entries = index.visible(call.may_read) if flag(call.params, "include_private") else index.public
    scored = [(entry, query(entry)) for entry in entries if chosen(entry)]
    return [pair for pair in scored if pair[1]]


def _query(params: Params) -> Match:
    given = params.get("q")
    if given is None or given == "":
        return everything
    if not isinstance(given, str):
        return nothing
    _refuse_magic(given, "q")
    if ":" in given or params.get("defType") in ("lucene", "edismax"):
        return lucene(given)
    return simple(given, str(params.get("mm") or MM))


def _filter(params: Params) -> Match:
    given, several = params.get("fq") or "", params.get("fq_list") or []
    if not isinstance(given, str):
        raise search_error(f"fq must be one text, use fq_list for several: {given}")
    if not isinstance(several, list):
        raise search_error(f"fq_list must be a list: {several}")
    filters = [str(part) for part in [given, *several] if str(part).strip()]
    for part in filters:
        _refuse_magic(part, "fq")
    return both([lucene(part) for part in filters]) if filters else everything


def _refuse_magic(given: str, name: str) -> None:
    if given.lstrip().startswith("{!"):
        raise search_error(f"Local parameters are not supported in param '{name}'.")
    if "_query_:" in given:
        raise search_error(f"Magic fields are not supported in param '{name}'.")


def _order(sort: str) -> list[tuple[str, bool]]:
    """(field, descending) of each key. Raises Refusal."""
    found = []
    for part in sort.split(","):
        words = part.split()
        if len(words) != 2 or words[1].lower() not in ("asc", "desc"):
            raise search_query("'Invalid \"sort\" parameter'")
        found.append((words[0], words[1].lower() == "desc"))
    return found


def _sort_key(pair: tuple[Entry, float], field: str) -> Any:
    entry, score = pair
    if field == "score":
        return score
    if field.startswith("num_"):
        return entry.package.get(field) or 0
    value = " ".join(entry.exact.get(field, ()))
    return fold(value) if field in ("title", "title_string") else value


# --- facets -----------------------------------------------------------------------------------------------------


def _facets(call: Call, entries: list[Entry]) -> tuple[dict[str, Any], dict[str, Any]]:
    """`facets` (value: count) and `search_facets` (with titles, by title from Z to A, as CKAN has it)."""
    params = call.params
    fields = _facet_fields(params.get("facet.field"))
    if not flag(params, "facet", True):
        return {}, {}
    limit, least = _whole(params, "facet.limit", 50), _whole(params, "facet.mincount", 1)
    facets: dict[str, dict[str, int]] = {}
    shown: dict[str, Any] = {}
    for field in fields:
        counts = Counter(value for entry in entries for value in set(entry.exact.get(field, ())))
        ranked = sorted(((v, n) for v, n in counts.items() if n >= least), key=lambda pair: (-pair[1], pair[0]))
        facets[field] = dict(ranked if limit < 0 else ranked[:limit])
        titles = _titles(call, field)
        items = [{"name": v, "display_name": titles.get(v, v), "count": n} for v, n in facets[field].items()]
        shown[field] = {"title": field, "items": sorted(items, key=lambda i: str(i["display_name"]), reverse=True)}
    return facets, shown


def _facet_fields(given: Any) -> list[str]:
    if given is None or given == "":
        return []
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise invalid("facet.field", "Could not parse as valid JSON") from error
    if not isinstance(given, list):
        raise invalid("facet.field", "Not a list")
    return [str(field) for field in given]


def _whole(params: Params, name: str, default: int) -> int:
    try:
        return int(str(params.get(name) or default)[:10])
    except ValueError as error:
        raise invalid(name, "Invalid integer", "Please enter an integer value") from error


def _titles(call: Call, field: str) -> dict[str, str]:
    if field == "organization":
        return {o["name"]: o["title"] for o in call.index.agencies.values()}
    if field == "license_id":
        return {e.package["license_id"]: e.package["license_title"] for e in call.index.entries.values()}
    return {}


# --- members ----------------------------------------------------------------------------------------------------


def _shown(params: Params) -> list[str] | None:
    given = params.get("fl")
    if not given:
        return None
    parts = given if isinstance(given, list) else str(given).replace(",", " ").split()
    return [str(part) for part in parts]


def _stored(entry: Entry, fields: Iterable[str]) -> dict[str, Any]:
    """The members as the search engine would keep them: lists of texts, moments with a Z."""
    every = "*" in fields
    several = ("tags", "res_format", "res_name")
    found: dict[str, Any] = {}
    for name, values in entry.exact.items():
        if values and (every or name in fields):
            found[name] = list(values) if name in several else values[0] + ("Z" if name in DATES else "")
    return found
