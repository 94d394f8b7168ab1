"""The rows of a dataset as OpenAPI: schemas, typed filters, two operations; all from its contract."""

from collections.abc import Iterator, Sequence

from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.text import pascal
from lienthong.rest.openapi.common import Json, header, problem_answers, ref
from lienthong.store.query import MAX_LIMIT

OPERATORS = ("ne", "in", "gt", "gte", "lt", "lte", "contains", "bbox", "within", "near", "is_null")
_TEXT: Json = {"type": "string"}
ROW_ANSWERS = ("ETag", "Link", "Lienthong-Receipt")


def row_schema(contract: Contract) -> Json:
    """The schema of one row. No field is required: `fields` chooses."""
    return {
        "type": "object",
        "title": f"{contract.title.vi} / {contract.title.en}",
        "description": f"{contract.description.purpose.vi}\n\n{contract.description.purpose.en}",
        "additionalProperties": False,
        "properties": {field.name: _property(field, contract) for field in contract.fields},
    }


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
    }
    if not many:
        del properties["page"]
    return {"type": "object", "required": [n for n in properties if n != "as_of"], "properties": properties}


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
    shared = ["Fields", "Sort", "Cursor", "Limit", "AsOf", "Count", *search]
    listed = operation(
        f"list{name}", contract.title.vi, contract.title.en, answer_schema(row, True), shared, list(filters(contract))
    )
    one = operation(
        f"get{name}",
        f"{contract.title.vi}: một dòng",
        f"{contract.title.en}: one row",
        answer_schema(row, False),
        ["Fields", "AsOf"],
        [key],
    )
    for found in (listed, one):
        found["tags"] = [contract.slug]
        found["security"] = [{"token": []}] if not contract.is_open else [{}, {"token": []}]
    return {base: {"get": listed}, base + "/{key}": {"get": one}}


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
        },
    }


def headers() -> Json:
    """The headers of answers with rows."""
    return {
        "ETag": header("Thẻ của câu trả lời về một bản phát hành / Tag of an answer about a release"),
        "Link": header('Địa chỉ trang sau, rel="next" / Address of the next page'),
        "Lienthong-Receipt": header("Số biên nhận trong sổ truy cập / Receipt in the access ledger, for governed data"),
    }


def generic() -> Json:
    """The same operations for a dataset whose name is known only at run time."""
    row: Json = {"type": "object", "additionalProperties": True}
    free = {
        "name": "filter",
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
    shared = ["Name", "Fields", "Sort", "Cursor", "Limit", "AsOf", "Count", "Search"]
    text = f"Tối đa {MAX_LIMIT} dòng một trang / At most {MAX_LIMIT} rows a page"
    listed = operation(
        "listRows", "Dòng của một bộ dữ liệu", "Rows of a dataset", answer_schema(row, True), shared, [free]
    )
    one = operation(
        "getRow",
        "Một dòng theo khóa",
        "One row by its key",
        answer_schema(row, False),
        ["Name", "Fields", "AsOf"],
        [key],
    )
    for found in (listed, one):
        found |= {"tags": ["rows"], "security": [{}, {"token": []}], "description": text}
    base = "/api/v1/datasets/{name}/rows"
    return {base: {"get": listed}, base + "/{key}": {"get": one}}
