"""What other actions show of datasets, asked of package_search: one place knows who sees what."""

from dataclasses import replace
from typing import Any

import orjson

from lienthong.ckan.call import ACTIONS, Call, Raw
from lienthong.ckan.documents import Document

_MOST = 1_000


async def asked(call: Call, action: str, **params: Any) -> Any:
    """The result of another action for the same caller. Raises Refusal."""
    found = await ACTIONS[action](replace(call, params=params))
    return orjson.loads(found.body) if isinstance(found, Raw) else found


async def datasets(call: Call, fq: str, rows: int = 10, **more: Any) -> tuple[int, list[Document]]:
    """How many datasets fit a filter, and the first of them."""
    found = await asked(call, "package_search", fq=fq, rows=rows, **more)
    return int(found["count"]), list(found["results"])


_ALL = {"include_private": True, "include_drafts": True}


async def every_id(call: Call, fq: str) -> list[str]:
    """The ids of all datasets that fit a filter and that the caller may see, drafts too."""
    found: list[str] = []
    while True:
        page = await asked(call, "package_search", fq=fq, rows=_MOST, start=len(found), fl=["id"], **_ALL)
        found += [dataset["id"] for dataset in page["results"]]
        if len(page["results"]) < _MOST:
            return found


async def counts(call: Call, *fields: str, fq: str = "", private: bool = True) -> dict[str, dict[str, int]]:
    """For each value of each field, how many datasets that the caller may see have it."""
    asking: dict[str, Any] = {"rows": 0, "facet.field": list(fields), "facet.limit": -1, "include_private": private}
    found = await asked(call, "package_search", **asking, **({"fq": fq} if fq else {}))
    return dict(found["facets"])


def quoted(value: str) -> str:
    """A value inside a filter."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
