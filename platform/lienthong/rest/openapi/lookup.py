"""Lookup by keys as OpenAPI."""

from lienthong.kernel.problem import Gone, Invalid
from lienthong.kernel.text import Bilingual, both
from lienthong.rest.lookup import MOST_KEYS, UnsupportedMedia
from lienthong.rest.openapi.common import Json, answers, problem_answers, ref


def operation(id: str, title: Bilingual | None, row: Json) -> Json:
    """`POST .../lookup` of one dataset, or (no title) of any."""
    name = title or both("Một bộ dữ liệu", "A dataset")
    return {
        "operationId": id,
        "summary": f"{name.vi}: tra theo khóa / {name.en}: look up by keys",
        "description": "Trả lời theo thứ tự khóa, null khi không có dòng.\n\n"
        "Answers in the order of the keys, null where there is no row.",
        "parameters": [ref("parameters", "Purpose")],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _asked()}}},
        "responses": {
            "200": {
                "description": "Dữ liệu / The data",
                "headers": {n: ref("headers", n) for n in ("Lienthong-Receipt", "Lienthong-Contract")},
                "content": {"application/json": {"schema": _answered(row)}},
            },
            **problem_answers(),
            **answers(Gone, UnsupportedMedia, Invalid),
        },
    }


def _asked() -> Json:
    part: Json = {"type": ["string", "integer"]}
    names: Json = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    return {
        "type": "object",
        "required": ["keys"],
        "additionalProperties": False,
        "properties": {
            "keys": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_KEYS,
                "items": {"anyOf": [part, {"type": "array", "items": part}]},
                "description": "khóa; khóa ghép là danh sách / keys; one of several parts is a list",
            },
            "fields": names,
            "include": names,
            "as_of": {"type": "string", "examples": ["2025-06-30"]},
        },
    }


def _answered(row: Json) -> Json:
    return {
        "type": "object",
        "required": ["data", "missing", "dataset", "release"],
        "properties": {
            "data": {"type": "array", "items": {"anyOf": [row, {"type": "null"}]}},
            "missing": {"type": "array", "items": {}, "description": "khóa không có dòng / keys without a row"},
            "dataset": {"type": "string"},
            "release": {"type": ["integer", "null"]},
        },
    }
