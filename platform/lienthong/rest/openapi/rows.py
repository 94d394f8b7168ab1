"""The rows of a dataset as OpenAPI: schemas, typed filters, two operations; all from its contract."""

from collections.abc import Iterator, Sequence

from lienthong.contract.model import Contract, FieldContract
from lienthong.contract.registry import Registry, Relation
from lienthong.kernel.text import pascal
from lienthong.rest.negotiation import KINDS
from lienthong.rest.openapi import lookup
from lienthong.rest.openapi.common import OF_ROWS, Json, answers, header, problem_answers, ref
from lienthong.store.query import MAX_LIMIT

OPERATORS = ("ne", "in", "gt", "gte", "lt", "lte", "contains", "bbox", "within", "near", "is_null")
_TEXT: Json = {"type": "string"}
_FORMS = (
    "Dạng khác, không giới hạn số dòng, thêm đuôi hoặc dùng Accept.\n\n"
    "Other forms, without a limit of rows, by a suffix or Accept: "
    "`/rows.csv`, `.ndjson`, `.geojson`, `.parquet`, `.arrow`, `.xlsx`."
)
ROW_ANSWERS = ("ETag", "Link", "Lienthong-Receipt", "Lienthong-Contract", "Deprecation", "Sunset")
ROW = ("Fields", "Include", "AsOf")
LIST = (*ROW, "Sort", "Cursor", "Limit", "Filter")
GROUPS = ("GroupBy", "Measure", "Distinct", "Offset")  # their answers are no rows of one schema


def row_schema(registry: Registry, contract: Contract) -> Json:
    """The schema of one row. No field is required: `fields` chooses; related rows are there when `include` asks."""
    return {
        "type": "object",
        "title": f"{contract.title.vi} / {contract.title.en}",
        "description": f"{contract.description.purpose.vi}\n\n{contract.description.purpose.en}",
        "additionalProperties": False,
        "properties": {field.name: _property(field, contract) for field in contract.fields}
        | {r.name: _related(r) for r in registry.relations(contract.id).values() if r.name not in contract.by_name},
    }


def _related(relation: Relation) -> Json:
    row = ref("schemas", f"{pascal(relation.dataset)}Row")
    shape: Json = {"type": "array", "items": row} if relation.many else {"anyOf": [row, {"type": "null"}]}
    return shape | {"description": f"{relation.title.vi} / {relation.title.en}; include={relation.name}"}


def _property(field: FieldContract, contract: Contract) -> Json:
    schema = field.type.json_schema(field.options)
    if not (field.required or field.name in contract.primary_key):
        schema = _nullable(schema)
    text = f"{field.title.vi} / {field.title.en}"
    if field.description:
        text += f"\n\n{field.description.vi}\n\n{field.description.en}"
    schema |= {"description": text, "x-classification": field.classification}
    if not (contract.is_open and field.is_open):
        schema["x-needs-agreement"] = True
    if field.examples:
        schema["examples"] = list(field.examples)
    return schema


def _nullable(schema: Json) -> Json:
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def answer_schema(row: Json, many: bool) -> Json:
    """The envelope around rows, or around one row."""
    properties: Json = {
        "data": {"type": "array", "items": row} if many else row,
        "page": ref("schemas", "Page"),
        "dataset": {"type": "string"},
        "release": {
            "type": ["integer", "null"],
            "description": "số bản phát hành; null: dữ liệu có kiểm soát / number of the release; null: governed data",
        },
        "as_of": {"type": "string"},
        "synthetic": {
            "type": "boolean",
            "description": "dòng của bản sao tổng hợp / rows of a synthetic twin, of no person",
        },
    }
    if not many:
        del properties["page"]
    always = [n for n in properties if n not in ("as_of", "synthetic")]
    return {"type": "object", "required": always, "properties": properties}


def filters(contract: Contract) -> Iterator[Json]:
    """`field=value` and `field__op=value` for every operator of every field."""
    for field in contract.fields:
        if "eq" in field.type.operators:
            title = f"{field.title.vi} / {field.title.en}"
            yield {"name": field.name, "in": "query", "description": title, "schema": _input(field)}
        for op in OPERATORS:
            if op in field.type.operators:
                yield {"name": f"{field.name}__{op}", "in": "query", "schema": _operand(field, op)}


def _input(field: FieldContract) -> Json:
    """A value in a query; the pattern of a code is told once, in the row's schema."""
    schema = field.type.json_schema(field.options)
    return {key: schema[key] for key in ("type", "format", "enum") if key in schema}


def _operand(field: FieldContract, op: str) -> Json:
    match op:
        case "is_null":
            return {"type": "boolean"}
        case "in" | "contains" | "bbox" | "within" | "near":
            return _TEXT
        case _:
            schema = _input(field)
            schema.pop("enum", None)
            return schema


def paths(contract: Contract) -> Json:
    """The two operations of a dataset."""
    name, base = pascal(contract.id), f"/api/v1/datasets/{contract.slug}/rows"
    row = ref("schemas", f"{name}Row")
    keys = [contract.by_name[key] for key in contract.primary_key]
    key = {
        "name": "key",
        "in": "path",
        "required": True,
        "description": "Khóa / The key: " + ",".join(f"{k.name} ({k.title.vi} / {k.title.en})" for k in keys),
        "schema": _TEXT,
    }
    if all(k.examples for k in keys):
        key["example"] = ",".join(str(k.examples[0]) for k in keys)
    search = ["Search"] if any(f.search for f in contract.fields) else []
    listed = operation(
        f"list{name}",
        contract.title.vi,
        contract.title.en,
        answer_schema(row, True),
        [*LIST, "Count", *search],
        list(filters(contract)),
    )
    listed["description"] = _FORMS
    one = operation(
        f"get{name}",
        f"{contract.title.vi}: một dòng",
        f"{contract.title.en}: one row",
        answer_schema(row, False),
        ROW,
        [key],
    )
    sought = lookup.operation(f"lookup{name}", contract.title, row)
    for found in (listed, one, sought):
        found["tags"] = [contract.slug]
        found["security"] = [{"token": []}] if not contract.is_open else [{}, {"token": []}]
    place = f"/api/v1/datasets/{contract.slug}/lookup"
    return {base: {"get": listed}, base + "/{key}": {"get": one}, place: {"post": sought}}


def streamed() -> Json:
    """The forms of a stream besides JSON."""
    text: Json = {"schema": {"type": "string"}}
    binary: Json = {"schema": {"type": "string", "format": "binary"}}
    return {kind.media_type: binary if kind.form == "cells" else text for kind in KINDS.values()}


def operation(id: str, vi: str, en: str, schema: Json, shared: Sequence[str], own: Sequence[Json]) -> Json:
    """One operation that reads rows."""
    return {
        "operationId": id,
        "summary": f"{vi} / {en}",
        "parameters": [*own, *(ref("parameters", name) for name in (*shared, "Purpose"))],
        "responses": {
            "200": {
                "description": "Dữ liệu / The data",
                "headers": {name: ref("headers", name) for name in ROW_ANSWERS},
                "content": {"application/json": {"schema": schema}},
            },
            "304": {"description": "Không đổi so với ETag đã có / Unchanged since the ETag given"},
            **problem_answers(),
            **answers(*OF_ROWS),
        },
    }


def headers() -> Json:
    """The headers of answers with rows."""
    return {
        "ETag": header("Thẻ của câu trả lời về một bản phát hành / Tag of an answer about a release"),
        "Link": header('Địa chỉ trang sau, rel="next" / Address of the next page'),
        "Lienthong-Contract": header("Hợp đồng dữ liệu và phiên bản / The contract and its version: `name@1.1.0`"),
        "Deprecation": header("Từ khi nào không nên dùng nữa, RFC 9745 / Since when it should not be begun with"),
        "Sunset": header("Khi nào ngừng, RFC 8594 / When it ends"),
        "Lienthong-Receipt": header("Số biên nhận trong sổ truy cập / Receipt in the access ledger, for governed data"),
    }


def _twins(row: Json, free: Json, key: Json) -> tuple[Json, Json]:
    """The operations that read a synthetic twin; any token may."""
    listed = operation(
        "listTwinRows",
        "Dòng của bản sao tổng hợp",
        "Rows of a synthetic twin",
        answer_schema(row, True),
        ["Name", *LIST, *GROUPS, "Count", "Search"],
        [free],
    )
    one = operation(
        "getTwinRow",
        "Một dòng của bản sao tổng hợp",
        "One row of a synthetic twin",
        answer_schema(row, False),
        ["Name", *ROW],
        [key],
    )
    for found in (listed, one):
        found |= {"tags": ["rows"], "security": [{"token": []}]}
    listed["responses"]["200"]["content"] |= streamed()
    return listed, one


def generic() -> Json:
    """The same operations for a dataset whose name is known only at run time."""
    row: Json = {"type": "object", "additionalProperties": True}
    free = {
        "name": "conditions",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "`field=value` hoặc/or `field__op=value`; op: eq, " + ", ".join(OPERATORS),
        "schema": {"type": "object", "additionalProperties": _TEXT},
        "example": {},
    }
    key = {
        "name": "key",
        "in": "path",
        "required": True,
        "description": "Khóa, các phần cách nhau bằng dấu phẩy / The key, its parts separated by commas",
        "schema": _TEXT,
    }
    listed = operation(
        "listRows",
        "Dòng của một bộ dữ liệu",
        "Rows of a dataset",
        answer_schema(row, True),
        ["Name", *LIST, *GROUPS, "Count", "Search"],
        [free],
    )
    listed["responses"]["200"]["content"] |= streamed()
    export = operation(
        "exportRows",
        "Mọi dòng của một truy vấn, theo luồng",
        "All rows of a query, as a stream",
        row,
        ["Name", *LIST, *GROUPS, "Search"],
        [free, _extension()],
    )
    export["responses"]["200"]["content"] = streamed()
    one = operation(
        "getRow",
        "Một dòng theo khóa",
        "One row by its key",
        answer_schema(row, False),
        ["Name", *ROW],
        [key],
    )
    sought = lookup.operation("lookupRows", None, row)
    sought["parameters"].append(ref("parameters", "Name"))
    twins, twin = _twins(row, free, key)
    for found in (listed, one, export, sought):
        found |= {"tags": ["rows"], "security": [{}, {"token": []}]}
    listed["description"] = f"Tối đa {MAX_LIMIT} dòng một trang / At most {MAX_LIMIT} rows a page"
    base = "/api/v1/datasets/{name}/"
    return {
        base + "rows": {"get": listed},
        base + "rows/{key}": {"get": one},
        base + "rows.{extension}": {"get": export},
        base + "twin/rows": {"get": twins},
        base + "twin/rows/{key}": {"get": twin},
        base + "lookup": {"post": sought},
    }


def _extension() -> Json:
    return {
        "name": "extension",
        "in": "path",
        "required": True,
        "description": "Dạng của luồng / Form of the stream",
        "schema": {"type": "string", "enum": list(KINDS)},
    }
