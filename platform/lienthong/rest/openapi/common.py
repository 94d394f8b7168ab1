"""What several operations share: parameters, answers, security."""

from typing import Any

from lienthong.kernel.problem import (
    Conflict,
    Invalid,
    NotFound,
    NotPermitted,
    Problem,
    QueryInvalid,
    TooCostly,
    Unauthenticated,
    Unavailable,
)
from lienthong.store.query import MAX_LIMIT

Json = dict[str, Any]
EXPECTED: tuple[type[Problem], ...] = (QueryInvalid, Unauthenticated, NotPermitted, NotFound, TooCostly, Unavailable)
WRITING: tuple[type[Problem], ...] = (Conflict, Invalid)


def ref(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def problem_name(kind: type[Problem]) -> str:
    """The name of the shared answer of a kind of problem."""
    return kind.__name__


def problem_answers(*without: type[Problem]) -> Json:
    """Status -> the shared answer, for every problem that reading can meet."""
    return {str(p.status): ref("responses", problem_name(p)) for p in EXPECTED if p not in without}


def writing_answers() -> Json:
    """The answers to what changes something: also 412, when it has changed since it was read."""
    changed = {"412": ref("responses", problem_name(Conflict))}
    return {str(p.status): ref("responses", problem_name(p)) for p in WRITING} | changed


def responses() -> Json:
    """The shared answers."""
    return {
        problem_name(kind): {
            "description": f"{kind.title.vi} / {kind.title.en}",
            "content": {
                "application/problem+json": {
                    "schema": ref("schemas", "ProblemModel"),
                    "example": {
                        "type": f"/docs/problems/{kind.slug}",
                        "title": kind.title.vi,
                        "status": kind.status,
                        "detail": kind.title.vi,
                        "code": kind.code,
                    },
                }
            },
        }
        for kind in (*EXPECTED, *WRITING)
    }


def parameters(dataset: str | None) -> Json:
    """The shared parameters of rows; `dataset` is the name shown as an example."""
    return {
        "Fields": _query(
            "fields", "Các trường, phân cách bằng dấu phẩy / Fields, separated by commas", {"type": "string"}
        ),
        "Sort": _query(
            "sort",
            "Sắp xếp; dấu trừ: giảm dần; giá trị trống đứng cuối / Sort keys; minus: descending; missing values last",
            {"type": "string"},
        ),
        "Cursor": _query("cursor", "`page.next` của trang trước / `page.next` of the page before", {"type": "string"}),
        "Limit": _query(
            "limit",
            f"Số dòng, tối đa {MAX_LIMIT} / Rows, at most {MAX_LIMIT}",
            {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT, "default": 100},
        ),
        "AsOf": _query(
            "as_of",
            "Trạng thái vào ngày hoặc thời điểm này / The state on this day or at this moment",
            {"type": "string", "examples": ["2025-06-30"]},
        ),
        "Search": _query("q", "Tìm không phân biệt dấu / Text search without tone marks", {"type": "string"}),
        "Count": _query(
            "count",
            "exact: đếm tổng số dòng / counts all rows that fit",
            {"type": "string", "enum": ["none", "exact"], "default": "none"},
        ),
        "Purpose": {
            "name": "Lienthong-Purpose",
            "in": "header",
            "description": "Mục đích, ghi vào sổ truy cập / The purpose, kept in the access ledger",
            "schema": {"type": "string", "maxLength": 200},
        },
        "Name": {
            "name": "name",
            "in": "path",
            "required": True,
            "description": "Tên bộ dữ liệu / Name of the dataset",
            "schema": {"type": "string"} | ({"examples": [dataset]} if dataset else {}),
        },
    }


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def header(description: str) -> Json:
    """A header of an answer."""
    return {"description": description, "schema": {"type": "string"}}


def page_schema() -> Json:
    """The page of a list."""
    return {
        "type": "object",
        "description": "Trang / The page",
        "required": ["limit", "next", "count"],
        "properties": {
            "limit": {"type": "integer"},
            "next": {"type": ["string", "null"], "description": "con trỏ trang sau / cursor of the next page"},
            "count": {"type": "integer", "description": "số dòng của trang / rows of this page"},
            "total": {"type": "integer", "description": "chỉ khi count=exact / only with count=exact"},
        },
    }
