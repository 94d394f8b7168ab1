"""package_search over the catalogue in memory, with the semantics of CKAN's Solr."""

import re
from collections.abc import Iterable, Mapping
from heapq import nsmallest
from typing import Any

import orjson

from lienthong.ckan.call import Call, Raw, action
from lienthong.ckan.entry import Entry
from lienthong.ckan.errors import search_error, search_query
from lienthong.ckan.facets import facets
from lienthong.ckan.index import Index
from lienthong.ckan.lucene import lucene
from lienthong.ckan.matching import Hits, Match, all_of, everything, is_date, nothing
from lienthong.ckan.parameters import Params, flag, natural
from lienthong.ckan.postings import documents
from lienthong.ckan.simple import FIELDS, simple, way

MAX_ROWS = 1_000
DEFAULT_SORT = "score desc, metadata_modified desc"
_NAMES = (
    "q fq fq_list sort rows start fl wt qf bf boost tie defType mm df facet facet.mincount facet.limit facet.field "
    "extras include_private include_drafts include_deleted use_default_schema"
)
NAMES = frozenset(_NAMES.split())
_MAGIC = re.compile(r"(?<![\w\\])\\?_\\?(?:query|val)\\?_\s*:")
_PARSER = re.compile(r"(?<!\\)\{!")
# What the search engine keeps of a package as lists, and by which order of members.
_SEVERAL = frozenset({"tags", "groups", "res_name", "res_description", "res_format", "res_url", "res_type"})
_STORED = (
    "id", "metadata_created", "metadata_modified", "name", "notes", "organization", "state", "title", "data_dict",
    "validated_data_dict", "tags", "capacity", "groups", "res_name", "res_description", "res_format", "res_url",
    "res_type", "entity_type", "dataset_type", "site_id", "index_id", "indexed_ts",
)  # fmt: skip


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
    :param include_private: also private ones that you may read
    :param include_drafts: also drafts that you may read
    :param include_deleted: also deleted ones that you may read
    """
    params, index = call.params, call.index
    unknown = [name for name in params if name not in NAMES and not name.startswith("ext_")]
    if unknown:
        raise search_query(f'"Invalid search parameters: {unknown}"')
    visible = call.visible(private=flag(params, "include_private"))
    key = (visible, orjson.dumps(params, default=str, option=orjson.OPT_NON_STR_KEYS))
    body = index.answer(key)
    if body is None:
        body = _searched(index, params, visible)
        if b"NOW" not in key[1]:  # whose answer changes with the time
            index.keep_answer(key, body)
    return Raw(body)


def _searched(index: Index, params: Params, visible: int) -> bytes:
    rows = min(natural(params, "rows", 10, "Please enter an integer value"), MAX_ROWS)
    start = natural(params, "start", 0)
    sort = str(params.get("sort") or DEFAULT_SORT)
    sort = DEFAULT_SORT if sort == "rank" else sort
    for name, given in params.items():
        _refuse_magic(given, name)
    order = _order(sort)
    hits = query(params)(index)
    bits = hits.bits & _filter(params)(index).bits & visible & allowed(index, params)
    counted, shown = facets(index, params, bits)
    page = page_of(index, hits, bits, order, start, rows)
    head = b'{"count":%d,"facets":%b,"results":[' % (bits.bit_count(), orjson.dumps(counted))
    tail = b'],"sort":%b,"search_facets":%b}' % (orjson.dumps(sort), orjson.dumps(shown))
    parts = [part for body in _results(page, params) for part in (b",", body)]
    return b"".join((head, *parts[1:], tail))


def allowed(index: Index, params: Params) -> int:
    """What CKAN adds to every search: public unless `include_private`, active unless told or filtered otherwise."""
    states = index.exact("state").bits
    bits = index.every
    if "+state" not in str(params.get("fq") or ""):
        bits = states.get("active", 0)
        for state, name in (("draft", "include_drafts"), ("deleted", "include_deleted")):
            if flag(params, name):
                bits |= states.get(state, 0)
    if not flag(params, "include_private"):
        bits &= index.exact("capacity").bits.get("public", 0)
    return bits


def query(params: Params) -> Match:
    """What `q` asks for. Raises Refusal."""
    given = params.get("q")
    if given is None or given in ("", '""', "''"):
        return everything
    if isinstance(given, dict):
        raise search_error(f"Cannot parse '{given}'")
    if isinstance(given, list):
        return nothing
    given = str(given)
    kind = str(params.get("defType") or "dismax")
    if ":" in given and kind != "edismax":
        return lucene(given, str(params.get("df") or "text"))
    if kind == "lucene":
        return lucene(given, str(params.get("df") or "text"))
    fields, tie, mm = (str(params.get(name) or "") for name in ("qf", "tie", "mm"))
    return simple(given, way(fields or FIELDS, tie, mm, patterns=kind == "edismax"))


def _filter(params: Params) -> Match:
    given, several = params.get("fq") or "", params.get("fq_list") or []
    if not isinstance(given, str):
        raise search_error(f"fq must be one text, use fq_list for several: {given}")
    if not isinstance(several, list):
        raise search_error(f"fq_list must be a list: {several}")
    filters = [str(part) for part in [given, *several] if str(part).strip()]
    return all_of([(lucene(part), False) for part in filters]) if filters else everything


def _refuse_magic(given: Any, name: str) -> None:
    """No other query parser, no query within a query: not in `q` or `fq`, not in any other parameter either."""
    for part in given if isinstance(given, list) else [given]:
        if not isinstance(part, str):
            continue
        if _MAGIC.search(part):
            raise search_error(f"Magic fields are not supported in param '{name}'.")
        if _PARSER.search(part):
            raise search_error(f"Local parameters are not supported in param '{name}'.")


# --- order ------------------------------------------------------------------------------------------------------


def _order(sort: str) -> list[tuple[str, bool]]:
    """(field, descending) of each key. Raises Refusal."""
    found = []
    for part in sort.split(","):
        words = part.split()
        if len(words) != 2 or words[1].lower() not in ("asc", "desc"):
            raise search_query("'Invalid \"sort\" parameter'")
        found.append((words[0], words[1].lower() == "desc"))
    return found


def page_of(index: Index, hits: Hits, bits: int, order: list[tuple[str, bool]], start: int, rows: int) -> list[Entry]:
    """The datasets of one page of what was found."""
    scored = [n for n, (field, _) in enumerate(order) if field == "score"]
    if not bits or not rows or start >= bits.bit_count():
        return []
    if not scored or not hits.weights:
        plain = tuple(key for key in order if key[0] != "score")
        return [index[number] for number in index.ordered(plain, bits)[start : start + rows]]
    _, places = index.ranks(tuple(order[scored[0] + 1 :]))
    sign = -1 if order[scored[0]][1] else 1
    # One weight for all is asked directly: a common word is in most datasets.
    weigh = hits.weights[0][1] if len(hits.weights) == 1 else hits.weigh
    found = [(sign * round(weigh(n), 9), places[n], n) for n in documents(bits)]
    if scored[0]:
        _, first = index.ranks(tuple(order[: scored[0]]))
        found.sort(key=lambda each: first[each[2]])
    else:
        found = nsmallest(start + rows, found)
    return [index[number] for *_, number in found[start : start + rows]]


# --- members ----------------------------------------------------------------------------------------------------


def _results(page: list[Entry], params: Params) -> Iterable[bytes]:
    fields = _shown(params)
    if fields is None:
        return (entry.body for entry in page)
    return (orjson.dumps(_stored(entry, fields)) for entry in page)


def _shown(params: Params) -> list[str] | None:
    given = params.get("fl")
    if not given:
        return None
    parts = given if isinstance(given, list) else str(given).replace(",", " ").split()
    return [str(part) for part in parts]


def _stored(entry: Entry, fields: list[str]) -> dict[str, Any]:
    """The members as the search engine keeps them: lists of texts, moments with a Z, the package as text."""
    package, every = entry.package, "*" in fields
    extras = tuple(extra["key"] for extra in package["extras"])
    own = {
        "notes": package["notes"],
        "data_dict": entry.body.decode(),
        "validated_data_dict": entry.body.decode(),
        "index_id": entry.id,
        "indexed_ts": entry.modified + "Z",
        "title": entry.title,
    } | {_RESOURCES[m]: [r.get(m) for r in package["resources"]] for m in _RESOURCES}
    found: dict[str, Any] = {}
    for name in [n for n in (*_STORED, *extras) if every or n in fields]:
        values = entry.exact.get(name, ())
        if name in own:
            found[name] = own[name]
        elif name in _SEVERAL:
            found[name] = list(values)
        elif values:
            found[name] = values[0] + ("Z" if is_date(name) else "")
    return {name: value for name, value in found.items() if value is not None}


_RESOURCES: Mapping[str, str] = {
    "name": "res_name", "description": "res_description", "format": "res_format", "url": "res_url",
    "resource_type": "res_type",
}  # fmt: skip
