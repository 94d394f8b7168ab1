"""What each tool takes: models that give the JSON Schema and refuse what nobody declared."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_ROWS = 200
Where = Annotated[
    dict[str, Any] | None,
    Field(
        description='Điều kiện / Condition: {"field": {"op": value}}, several keys mean AND; and, or, not combine; '
        "q is a text search without tone marks; a relation's name means that a related row exists. Operators: "
        'describe_dataset. Example: {"status": {"in": ["active"]}, "registered_on": {"gte": "2026-01-01"}}'
    ),
]
Dataset = Annotated[str, Field(description="Tên bộ dữ liệu / Name of the dataset, as search_datasets gives it")]
Names = Annotated[list[str] | None, Field(description="Các trường / Fields; all that you may read when left out")]
AsOf = Annotated[
    str | None, Field(description="Ngày hay thời điểm / The day (YYYY-MM-DD) or moment whose state is asked for")
]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="Số dòng nhiều nhất / At most so many rows")]


class Tool(BaseModel):
    """Arguments of a tool; an unknown one is refused by name."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Nothing(Tool):
    """No argument."""


class Search(Tool):
    """Words to look for in the catalogue."""

    words: Annotated[str, Field(max_length=200, description="Từ khóa / Words, compared without tone marks")] = ""
    limit: Limit = 20


class Read(Tool):
    """What every read of a dataset takes."""

    dataset: Dataset
    purpose: Annotated[
        str | None,
        Field(
            description="Mục đích / Purpose of the read; needed for fields that tell of persons (code list: purpose)"
        ),
    ] = None
    twin: Annotated[
        bool,
        Field(
            description="Đọc bản sao tổng hợp / Read the synthetic twin of a restricted dataset: same shape, no person"
        ),
    ] = False


class Describe(Read):
    """The dataset to describe."""


class Rows(Read):
    """Rows of a dataset."""

    where: Where = None
    fields: Names = None
    sort: Annotated[
        list[str], Field(description="Sắp xếp / Sort by these fields, a minus sign before one that descends")
    ] = []
    limit: Limit = 20
    cursor: Annotated[str | None, Field(description="Con trỏ / `next` of the answer before")] = None
    as_of: AsOf = None
    count: Annotated[bool, Field(description="Đếm tất cả / Tell how many rows fit altogether")] = False


class Row(Read):
    """One row by its key."""

    key: Annotated[list[str], Field(min_length=1, description="Khóa / The parts of the key, in the contract's order")]
    fields: Names = None
    as_of: AsOf = None


class GroupBy(Tool):
    """A dimension."""

    field: str
    transform: Literal["none", "year", "quarter", "month", "band5"] = "none"


class Measured(Tool):
    """A number of a group."""

    function: Literal["count", "sum", "avg", "min", "max"] = "count"
    field: str | None = None
    distinct: bool = False
    where: Where = None
    name: Annotated[
        str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="Tên / Its name in the answer")
    ] = None


class Aggregate(Read):
    """Groups of rows and numbers of each."""

    where: Where = None
    group_by: Annotated[list[GroupBy], Field(max_length=6, description="Chiều / Dimensions; one total when empty")] = []
    measures: Annotated[list[Measured], Field(min_length=1, max_length=10)] = [Measured()]
    limit: Limit = 100
    as_of: AsOf = None


class Lookup(Tool):
    """A code list."""

    list: Annotated[str | None, Field(description="Mã danh mục / Id of the list; all lists when left out")] = None
    words: Annotated[str, Field(max_length=200, description="Mã hoặc tên / A code, or words of its title")] = ""
    limit: Limit = 50


class Docs(Tool):
    """A page of the documentation."""

    page: Annotated[str | None, Field(description="Tên trang / Name of the page; the list of pages when left out")] = (
        None
    )
