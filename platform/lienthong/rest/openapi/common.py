"""What several operations share: parameters, answers, security."""

from typing import Any

from lienthong.kernel.problem import (
    Conflict,
    Gone,
    Invalid,
    NotFound,
    NotPermitted,
    Problem,
    QueryInvalid,
    TooCostly,
    Unauthenticated,
    Unavailable,
)
from lienthong.rest.lookup import UnsupportedMedia
from lienthong.rest.negotiation import NotAcceptable
from lienthong.store.query import MAX_LIMIT

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
EXPECTED: tuple[type[Problem], ...] = (QueryInvalid, Unauthenticated, NotPermitted, NotFound, TooCostly, Unavailable)
OF_ROWS: tuple[type[Problem], ...] = (NotAcceptable, Gone)
WRITING: tuple[type[Problem], ...] = (Conflict, Invalid)
SHARED: tuple[type[Problem], ...] = (*EXPECTED, *WRITING, *OF_ROWS, UnsupportedMedia)


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


def answers(*kinds: type[Problem]) -> Json:
    """Status -> the shared answer of further kinds of problem."""
    return {str(kind.status): ref("responses", problem_name(kind)) for kind in kinds}


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
        for kind in SHARED
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
            "exact: đếm mọi dòng phù hợp; estimated: ước lượng, rất nhanh / exact: counts all rows that fit; "
            "estimated: what the planner thinks, at once",
            {"type": "string", "enum": ["none", "estimated", "exact"], "default": "none"},
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
        **_further(),
    }


def _further() -> Json:
    """Those of relations, trees of conditions and groups."""
    return {
        "Include": _query(
            "include",
            "Quan hệ lồng vào mỗi dòng: `a,a.b`; nhiều dòng thì thêm `a.limit`, `a.sort`, `a.filter` / "
            "Relations put inside each row: `a,a.b`; of many related rows: `a.limit`, `a.sort`, `a.filter`",
            _TEXT,
        ),
        "Filter": _query(
            "filter",
            'Cây điều kiện bằng JSON / A tree of conditions: `{"or": [{"a": {"lt": 3}}, {"not": {"b": true}}]}`',
            {"type": "string", "contentMediaType": "application/json"},
        ),
        "GroupBy": _query(
            "group_by",
            "Nhóm / Groups: `field`, `day:month` (year, quarter, month, band5)",
            _TEXT,
        ),
        "Measure": _query(
            "measure", "Số đo của nhóm / Numbers of groups: `count,sum:a,avg:a,min:a,max:a,count_distinct:a`", _TEXT
        ),
        "Distinct": _query(
            "distinct", "Các giá trị khác nhau của `fields` / Distinct values of `fields`", {"const": "true", **_TEXT}
        ),
        "Offset": _query(
            "offset", "Bỏ qua từng ấy nhóm / Groups to skip", {"type": "integer", "minimum": 0, "maximum": 9_999_999}
        ),
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
            "total": {"type": "integer", "description": "chỉ khi có count / only with count"},
            "estimated": {"type": "boolean", "description": "total là ước lượng / total is an estimate"},
        },
    }
