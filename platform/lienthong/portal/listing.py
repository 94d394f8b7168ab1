"""The list of datasets: one search over all of them, filters with counts, pages."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from lienthong.catalog.listing import Choice, Found, Hit, Wanted
from lienthong.formats import FORMATS
from lienthong.portal.page import Page
from lienthong.portal.texts import plain

PER_PAGE = 20
# What a list is filtered by: its parameter and the field of the search.
FILTERS = {"access": "capacity", "organization": "organization", "res_format": "res_format", "group": "groups",
           "tag": "tags", "licence": "license_id"}  # fmt: skip
SORTS = ("relevance", "newest", "title")
_ACCESS = {"open": "public", "shared": "private"}  # what needs an agreement is private to CKAN


async def listing(page: Page) -> Response:
    """`/datasets`: search without tone marks, filters, order."""
    return page.render("datasets.html", listed=await listed(page))


async def listed(page: Page, **fixed: str) -> dict[str, Any]:
    """One page of what is asked for. `fixed`: filters of the page itself, by field."""
    given = _given(page)
    number, sort = number_of(page), page.given("sort")
    sort = sort if sort in SORTS else "relevance"
    filters = {FILTERS[name]: _ACCESS.get(value, value) if name == "access" else value for name, value in given.items()}
    wanted = Wanted(page.given("q"), filters | fixed, tuple(FILTERS.values()), sort, (number - 1) * PER_PAGE, PER_PAGE)
    found = await page.services.listed["ckan"].search(page.language, wanted)
    last = max(1, -(-found.total // PER_PAGE))
    near = sorted({1, number - 1, number, number + 1, last} & set(range(1, last + 1)))
    facets = [(name, _choices(page, name, given, found)) for name, field in FILTERS.items() if field not in fixed]
    return {
        "count": found.total,
        "loosely": found.loosely,
        "cards": [card(hit) for hit in found.hits],
        "facets": [(name, choices) for name, choices in facets if choices],
        "chosen": [choice | {"name": name} for name, choices in facets for choice in choices if choice["chosen"]],
        "given": given,
        "words": page.given("q"),
        "sort": sort,
        "pages": [(n, address(page, page=str(n))) for n in near],
        "page": number,
    }


def _given(page: Page) -> dict[str, str]:
    """What is filtered by. Older addresses say `agency` and `format`."""
    given = {name: page.given(name) for name in FILTERS}
    known = FORMATS.get(page.given("format").lower())
    given["organization"] = given["organization"] or page.given("agency")
    given["res_format"] = given["res_format"] or (known.label if known else page.given("format").upper())
    return {name: value for name, value in given.items() if value}


def _choices(page: Page, name: str, given: dict[str, str], found: Found) -> list[dict[str, Any]]:
    """The values to filter by, the most frequent first; the chosen one, which is always among them, leads back."""
    choices = found.choices[FILTERS[name]]
    if name == "access":
        back = {stored: shown for shown, stored in _ACCESS.items()}
        choices = tuple(Choice(back[c.value], page.t(f"access.{back[c.value]}"), c.count) for c in choices)
    chosen = given.get(name)
    if chosen and all(c.value != chosen for c in choices):
        choices = (Choice(chosen, chosen, 0), *choices)
    return [
        {
            "title": choice.title,
            "count": choice.count,
            "chosen": choice.value == chosen,
            "href": _filtered(page, given, name, "" if choice.value == chosen else choice.value),
        }
        for choice in choices
    ]


def _filtered(page: Page, given: dict[str, str], name: str, value: str) -> str:
    """The address with another filter, from the first page on."""
    return address(page, **given | {"agency": "", "format": "", "page": "", name: value})


def address(page: Page, /, **changed: str) -> str:
    """The address of this page with other parameters."""
    query = urlencode({name: value for name, value in {**page.request.query_params, **changed}.items() if value})
    return f"{page.path}?{query}" if query else page.path


def number_of(page: Page) -> int:
    """Which page of a list is asked for, from 1."""
    given = page.given("page", "1")
    return max(1, int(given)) if given.isdecimal() and len(given) < 6 else 1


def card(hit: Hit) -> dict[str, Any]:
    """What a list shows of a dataset of either kind."""
    package = hit.package
    formats = sorted({r["format"].upper() for r in package["resources"] if r["format"]})
    return {"state": hit.state, "package": package, "formats": formats[:8], "text": plain(package["notes"])}
