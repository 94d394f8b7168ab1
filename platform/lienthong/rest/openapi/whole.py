"""The whole document, for one registry of contracts."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from lienthong.access.services import Services
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.text import pascal
from lienthong.rest import declared
from lienthong.rest.models import ProblemModel
from lienthong.rest.openapi import common, files, rows
from lienthong.rest.openapi.common import Json

VERSION = "1.1.0"
TITLE = "Liên Thông API"
DESCRIPTION = """Dữ liệu dùng chung và dữ liệu mở của tỉnh. Người không có mã truy cập đọc dữ liệu mở; mã truy cập của
một cơ quan đọc thêm những gì thỏa thuận chia sẻ cho phép. Tham số lạ, trường lạ bị từ chối, không bao giờ bị bỏ qua.

Shared and open data of a province. Without a token open data can be read; an agency's token reads in addition what a
sharing agreement allows. Unknown parameters and fields are refused, never ignored.

| `field__op=value` | nghĩa | meaning |
|---|---|---|
| `field=value` | bằng | equal |
| `ne` | khác | not equal |
| `in` | một trong, phân cách bằng dấu phẩy | one of, separated by commas |
| `gt` `gte` `lt` `lte` | lớn hơn, từ, nhỏ hơn, đến | greater than, at least, less than, at most |
| `contains` | chứa, không phân biệt dấu | contains, without tone marks |
| `bbox` | giao với khung tây,nam,đông,bắc | intersects the box west,south,east,north |
| `within` | giao với hình GeoJSON | intersects a GeoJSON geometry |
| `near` | cách kinh độ,vĩ độ không quá số mét: `106.7,21.8,5000` | within so many metres of longitude,latitude |
| `is_null` | `true`: không có giá trị | has no value |

Dấu chấm đi qua quan hệ: `relation.field__contains=ha`. Mọi truy vấn cũng có dạng luồng, không giới hạn số dòng: thêm
`.csv`, `.ndjson`, `.geojson`, `.parquet`, `.arrow`, `.xlsx` vào `/rows`, hoặc dùng Accept. `name@1` ghim phiên bản.

A dot goes over a relation: `relation.field__contains=ha`. Every query is also a stream without a limit of rows: add
`.csv`, `.ndjson`, `.geojson`, `.parquet`, `.arrow`, `.xlsx` to `/rows`, or use Accept. `name@1` pins the version.
"""


def document(registry: Registry, routes: Sequence[BaseRoute] | None = None) -> dict[str, Any]:
    """OpenAPI 3.1: the catalogue, the rows of every dataset, downloads, problems.

    `routes`: every declared route of all surfaces; by default those of this surface alone.
    """
    if routes is None:  # declared, never called: no services are needed
        routes = declared.router(cast(Services, None)).routes
    found = get_openapi(
        title=TITLE,
        version=VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=routes,
        separate_input_output_schemas=False,
    )
    found["servers"] = [{"url": "/"}]
    for item in found["paths"].values():
        for method, operation in item.items():
            _finish(method, operation)
    contracts = registry.contracts.values()
    for path, item in (rows.generic() | files.paths()).items():
        found["paths"].setdefault(path, {}).update(item)  # rows are read and written at one address
    for contract in contracts:
        found["paths"] |= rows.paths(contract)
    schemas = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"ProblemModel": ProblemModel.model_json_schema(), "Page": common.page_schema()}
    schemas |= {f"{pascal(c.id)}Row": rows.row_schema(registry, c) for c in contracts}
    found["components"] |= {
        "parameters": common.parameters(next((c.slug for c in contracts if c.is_open), None)),
        "headers": rows.headers(),
        "responses": common.responses(),
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Mã truy cập / Access token"}},
    }
    found["tags"] = [
        {"name": "catalogue", "description": "Danh mục bộ dữ liệu / Catalogue of datasets"},
        {"name": "rows", "description": "Dòng của bộ dữ liệu bất kỳ / Rows of any dataset"},
        {"name": "downloads", "description": "Tệp tải về / Files to download"},
        {"name": "agreements", "description": "Thỏa thuận chia sẻ dữ liệu / Data-sharing agreements"},
        {"name": "caller", "description": "Người gọi và lỗi / The caller and problems"},
        *({"name": c.slug, "description": f"{c.title.vi} / {c.title.en}"} for c in contracts),
    ]
    _complete(found)
    known = {tag["name"] for tag in found["tags"]}
    used = (tag for item in found["paths"].values() for operation in item.values() for tag in operation["tags"])
    found["tags"] += [{"name": tag, "description": tag} for tag in sorted(set(used) - known)]
    return found


def _complete(part: Any) -> None:
    """Lists say what is in them, if only anything: makers of clients ask for it."""
    if isinstance(part, dict):
        if part.get("type") == "array":
            part.setdefault("items", {})
        part = list(part.values())
    for value in part if isinstance(part, list) else ():
        _complete(value)


def of_dataset(whole: Json, contract: Contract) -> Json:
    """The part of the document that is about one dataset, with all that it refers to."""
    base = f"/api/v1/datasets/{contract.slug}/"
    paths = {path: item for path, item in whole["paths"].items() if path.startswith(base)}
    needed, waiting = set(), list(_references(paths)) + ["#/components/schemas/ProblemModel"]
    while waiting:
        reference = waiting.pop()
        if reference not in needed:
            needed.add(reference)
            kind, name = reference.split("/")[2:]
            waiting += _references(whole["components"][kind][name])
    components: Json = {"securitySchemes": whole["components"]["securitySchemes"]}
    for kind, name in (reference.split("/")[2:] for reference in sorted(needed)):
        components.setdefault(kind, {})[name] = whole["components"][kind][name]
    return whole | {
        "info": {
            "title": f"{contract.title.vi} / {contract.title.en}",
            "version": contract.version,
            "description": f"{contract.description.purpose.vi}\n\n{contract.description.purpose.en}",
        },
        "paths": paths,
        "components": components,
        "tags": [tag for tag in whole["tags"] if tag["name"] == contract.slug],
    }


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    for value in part if isinstance(part, list) else ():
        yield from _references(value)


def _finish(method: str, operation: Json) -> None:
    """What FastAPI does not know: our problems in place of its validation errors, and who may call."""
    operation["responses"].pop("422", None)
    operation["responses"] |= common.problem_answers()
    if method not in ("get", "head"):
        operation["responses"] |= common.writing_answers()
    operation["security"] = [{}, {"token": []}]
