"""What is asked of the Action API: the same jobs as CKAN was measured with, each request another one."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import psycopg

from bench.load import Request, answer

ACTION = "/api/3/action/"
# Eight columns and the row's number, as CKAN's table had.
FIELDS = "_id,enterprise_code,name_vi,enterprise_type,status,registered_on,charter_capital,province_code,synthetic"
COLUMNS = ("province_code", "main_activity_code")
FACETS = ["organization", "groups", "tags", "res_format", "license_id"]
# Words of the names, with 58,000 to 240,000 hits of 1,000,000.
WORDS = (
    *("vận tải", "nông sản", "du lịch", "công nghệ", "cơ khí", "dược phẩm", "thực phẩm", "may mặc", "nội thất"),
    *("điện lạnh", "khoáng sản", "lâm nghiệp", "thủy sản", "bất động sản", "thương mại", "xây dựng", "cổ phần"),
)
Made = tuple[Request, ...]


@dataclass(frozen=True)
class Case:
    """One job: CKAN's figure by its name, and how it is asked.

    `once`: the requests are few and only the first time counts; each is sent once, one after the other.
    `again`: they are sent over and over, and kept answers count.
    """

    name: str
    known: str
    requests: Made
    once: bool = False
    again: bool = False


def cases(url: str, port: int) -> list[Case]:
    """All jobs, with values of the rows and datasets that are there."""
    with psycopg.connect(url) as connection:
        pairs = connection.execute(
            "select province_code, main_activity_code from open.enterprises group by 1, 2 order by 1, 2"
        ).fetchall()
        offices = connection.execute("select distinct tax_office from open.enterprises order by 1").fetchall()
    provinces = sorted({province for province, _ in pairs})
    names, words = _packages(port)
    first = _search({"offset": n * 41} for n in range(20_000))
    after = _search({"filters": json.dumps({"_id": {"gt": 900_000 + n * 9}})} for n in range(10_000))
    return [
        Case("status_show", "status", (Request(ACTION + "status_show"),)),
        Case("datastore_search, 100 rows, each another", "search", first),
        Case("datastore_search, 100 rows, asked before", "search", first[:20], again=True),
        Case("… one filter (29,000 hits), counted", "filter",
             _search([*_filters([(p,) for p in provinces]), *_filters(offices, ("tax_office",))]), once=True),
        Case("… two filters (1,500 hits), counted", "filter", _search(_filters(pairs[::7])), once=True),
        Case("… offset 900,000 and more, each another", "offset",
             _search({"offset": 900_000 + n * 9} for n in range(10_000))),
        Case("… after a row number over 900,000, counted", "keyset", after[:2_000]),
        Case("… after a row number, not counted", "keyset",
             tuple(Request(r.path + "&include_total=false") for r in after[2_000:])),
        Case("… q with 58,000 hits and more, counted", "q", _search({"q": word} for word in WORDS), once=True),
        Case("… q, other pages of them", "q",
             _search({"q": word, "offset": n * 10} for n in range(1, 200) for word in WORDS)),
        Case("datastore_search_sql, LIMIT 100", "sql",
             _sql(f'select {FIELDS} from "enterprises" limit 100 offset {n}' for n in range(10_000))),
        Case("datastore_search_sql, LIMIT 100, asked before", "sql",
             _sql(f'select {FIELDS} from "enterprises" limit 100 offset {n}' for n in range(20)), again=True),
        Case("datastore_search_sql, GROUP BY", "sql group",
             _sql('select province_code, count(*) as n from "enterprises" group by province_code '
                  f"having count(*) > {n}" for n in range(3_000))),
        Case("package_show", "package_show", tuple(Request(f"{ACTION}package_show?id={name}") for name in names)),
        Case("package_search, q, 10 rows, 5 facets", "package_search", _packages_by(words)),
        Case("package_search, all, 20 rows", "package_search all",
             tuple(Request(f"{ACTION}package_search?q=*:*&rows=20&start={n}") for n in range(2_500))),
        Case("organization_list, all fields", "organization_list",
             (Request(ACTION + "organization_list?all_fields=true"),)),
    ]  # fmt: skip


def _search(given: Iterable[dict[str, object]]) -> Made:
    start = f"{ACTION}datastore_search?resource_id=enterprises&limit=100&fields={FIELDS}"
    return tuple(Request(start + "".join(f"&{k}={quote(str(v))}" for k, v in one.items())) for one in given)


def _filters(values: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS) -> Iterator[dict[str, object]]:
    for given in values:
        yield {"filters": json.dumps(dict(zip(columns, given, strict=False)))}


def _sql(given: Iterator[str]) -> Made:
    return tuple(Request(f"{ACTION}datastore_search_sql?sql={quote(one)}") for one in given)


def _packages_by(words: list[str]) -> Made:
    facets = quote(json.dumps(FACETS))
    return tuple(Request(f"{ACTION}package_search?q={quote(w)}&rows=10&facet.field={facets}") for w in words)


def _packages(port: int) -> tuple[list[str], list[str]]:
    """The names of all datasets, and words of their titles, the most frequent ones first."""
    names: list[str] = json.loads(answer(port, Request(ACTION + "package_list")))["result"]
    found: Counter[str] = Counter()
    for start in range(0, len(names), 500):
        page = json.loads(answer(port, Request(f"{ACTION}package_search?rows=500&start={start}")))
        for package in page["result"]["results"]:
            found.update(set(re.findall(r"[a-z]{4,}", package["title"].lower())))
    return names, [word for word, _ in found.most_common(1_500)]
