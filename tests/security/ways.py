"""Every way that rows leave by, as one function each: what a caller sees of a dataset, or the status of the refusal."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.text import camel
from tests.surface.mvt import decode

Row = dict[str, Any]
Found = list[Row] | int
TILE = "WebMercatorQuad/0/0/0"
MCP = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Asked:
    """Who asks (`client`), of what, and for which fields; no field: for whatever there is."""

    client: Any
    contract: Contract
    fields: tuple[str, ...] = ()
    limit: int = 1000

    @property
    def headers(self) -> dict[str, str]:
        """What the client says with each request, purpose and all."""
        return dict(getattr(self.client, "headers", {}))

    def get(self, url: str, **params: Any) -> Any:
        """A GET of a dataset's address."""
        shown = {"fields": ",".join(self.fields)} if self.fields else {}
        return self.client.get(f"/api/v1/datasets/{self.contract.slug}/{url}", params=shown | params)


Way = Callable[[Asked], Found]


def _answered(answer: Any, read: Callable[[Any], list[Row]]) -> Found:
    assert answer.status_code < 500, (str(answer.request.url), answer.text[:300])
    return read(answer) if answer.status_code == 200 else int(answer.status_code)


def rows(asked: Asked) -> Found:
    return _answered(asked.get("rows", limit=asked.limit), lambda a: list(a.json()["data"]))


def as_csv(asked: Asked) -> Found:
    return _answered(
        asked.get("rows.csv", limit=asked.limit), lambda a: list(csv.DictReader(io.StringIO(a.text.lstrip("\ufeff"))))
    )


def as_lines(asked: Asked) -> Found:
    return _answered(
        asked.get("rows.ndjson", limit=asked.limit), lambda a: [json.loads(line) for line in a.text.splitlines()]
    )


def as_parquet(asked: Asked) -> Found:
    return _answered(
        asked.get("rows.parquet", limit=asked.limit), lambda a: list(pq.read_table(io.BytesIO(a.content)).to_pylist())
    )


def as_arrow(asked: Asked) -> Found:
    return _answered(
        asked.get("rows.arrow", limit=asked.limit), lambda a: list(pa.ipc.open_stream(a.content).read_all().to_pylist())
    )


def as_sheet(asked: Asked) -> Found:
    return _answered(asked.get("rows.xlsx", limit=asked.limit), lambda a: _sheet(a.content, asked.contract))


def _sheet(content: bytes, contract: Contract) -> list[Row]:
    """The rows of a workbook, its titles read as the names of fields."""
    names = {text: f.name for f in contract.fields for text in (f.name, f.title.vi, f.title.en)}
    book = openpyxl.load_workbook(io.BytesIO(content))
    head, *lines = list(book.worksheets[0].iter_rows(values_only=True))
    return [{names.get(str(n), str(n)): v for n, v in zip(head, line, strict=True)} for line in lines]


def as_features(asked: Asked) -> Found:
    return _answered(asked.get("rows.geojson", limit=asked.limit), lambda a: _features(a.json(), asked.contract))


def _features(found: Row, contract: Contract) -> list[Row]:
    shape = contract.geometry.name if contract.geometry else ""
    return [f["properties"] | ({shape: f["geometry"]} if f["geometry"] else {}) for f in found["features"]]


def changes(asked: Asked) -> Found:
    """The state, as the feed tells it; the feed has no fields to choose."""
    answer = asked.client.get(f"/api/v1/datasets/{asked.contract.slug}/changes", params={"limit": asked.limit})
    return _answered(answer, lambda a: [c["row"] for c in a.json()["data"]])


def groups(asked: Asked) -> Found:
    """The values of the fields, each combination once."""
    return _answered(asked.get("rows", distinct="true", limit=asked.limit), lambda a: list(a.json()["data"]))


def graphql(asked: Asked) -> Found:
    shown = " ".join(_selected(asked.contract.by_name[name]) for name in asked.fields)
    query = f"{{ {camel(asked.contract.id)}(first: {asked.limit}) {{ nodes {{ {shown} }} }} }}"
    answer = asked.client.post("/graphql", json={"query": query})
    found = answer.json()
    if "errors" in found:
        code = found["errors"][0]["extensions"]["code"]
        assert code in ("FORBIDDEN", "UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"), (query, found)
        assert not found.get("data")
        return 403
    back = {camel(name): name for name in asked.fields}
    return [{back[n]: v for n, v in row.items()} for row in found["data"][camel(asked.contract.id)]["nodes"]]


def _selected(field: FieldContract) -> str:
    items = field.options.get("items", {})
    inner = f" {{ {' '.join(camel(p['name']) for p in items['properties'])} }}" if "properties" in items else ""
    return camel(field.name) + inner


def ckan(asked: Asked) -> Found:
    given = {"resource_id": asked.contract.slug, "fields": list(asked.fields), "limit": asked.limit}
    answer = asked.client.post("/api/3/action/datastore_search", json=given)
    return _answered(answer, lambda a: list(a.json()["result"]["records"]))


def dump(asked: Asked) -> Found:
    answer = asked.client.get(f"/datastore/dump/{asked.contract.slug}", params={"limit": asked.limit})
    return _answered(answer, lambda a: list(csv.DictReader(io.StringIO(a.text.lstrip("\ufeff")))))


def ogc(asked: Asked) -> Found:
    params = {"properties": ",".join(asked.fields)} if asked.fields else {}
    answer = asked.client.get(
        f"/ogc/collections/{asked.contract.slug}/items", params=params | {"limit": min(asked.limit, 1000)}
    )
    return _answered(answer, lambda a: _features(a.json(), asked.contract))


def tile(asked: Asked) -> Found:
    """The whole world in one tile: it has no fields to choose."""
    answer = asked.client.get(f"/ogc/collections/{asked.contract.slug}/tiles/{TILE}")
    return 200 if answer.status_code == 204 else _answered(answer, lambda a: _drawn(a.content))


def _drawn(content: bytes) -> list[Row]:
    return [f["properties"] for layer in decode(content).values() for f in layer["features"]]


def mcp(asked: Asked) -> Found:
    """The tool for rows; the purpose is one of its arguments."""
    purpose = asked.headers.get("lienthong-purpose") or asked.headers.get("Lienthong-Purpose")
    given = {"dataset": asked.contract.slug, "limit": min(asked.limit, 200), "purpose": purpose or None}
    given |= {"fields": list(asked.fields)} if asked.fields else {}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "query_rows", "arguments": given}}
    answer = asked.client.post("/mcp", json=call, headers=MCP)
    assert answer.status_code in (200, 401), answer.text[:300]
    result = answer.json().get("result", {"isError": True})
    return 403 if result.get("isError") else list(result["structuredContent"]["rows"])


CHOOSING: Sequence[Way] = (rows, as_csv, as_lines, as_parquet, as_arrow, as_sheet, graphql, ckan, mcp)
"""Ways on which a caller names the fields."""
PLACED: Sequence[Way] = (as_features, ogc)
"""The same for datasets with a geometry that the caller may see."""
WHOLE: Sequence[Way] = (changes, dump)
"""Ways that show whatever the caller may see."""


def of(contract: Contract, fields: Sequence[str]) -> Sequence[Way]:
    """The ways by which these fields can be asked for."""
    return (*CHOOSING, *PLACED) if contract.geometry and contract.geometry.name in fields else CHOOSING


def selected(asked: Asked, *names: Sequence[str]) -> Asked:
    """The same for other fields."""
    return Asked(asked.client, asked.contract, tuple(name for part in names for name in part), asked.limit)
