"""A question over one dataset (filter, group, measure, chart) that lives in an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import orjson

from lienthong.access import Subject
from lienthong.access.services import Services
from lienthong.contract.model import Contract
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import Bilingual, both, unslug
from lienthong.reports.engine import Column, Table
from lienthong.reports.model import Function, Transform
from lienthong.store.condition import compare, field_of, unknown
from lienthong.store.query import Compare, Group, Measure, Order, Page, Query, all_of

MAX_GROUPS = 1000
MARKS = ("bar", "line", "none")
NAMES = ("dataset", "field", "op", "value", "group", "transform", "group2", "transform2", "measure", "of", "chart")


@dataclass(frozen=True)
class Question:
    """What the address says, each member as it was given."""

    dataset: str = ""
    field: str = ""
    op: str = "eq"
    value: str = ""
    group: str = ""
    transform: str = "none"
    group2: str = ""
    transform2: str = "none"
    measure: str = "count"
    of: str = ""
    chart: str = "bar"

    @classmethod
    def of_address(cls, parameters: Mapping[str, str]) -> "Question":
        """The question in query parameters. Raises QueryInvalid for a parameter that it does not have."""
        for name in parameters:
            if name not in NAMES:
                raise unknown("tham số", "parameter", name, NAMES)
        return cls(**{name: value for name, value in parameters.items() if value})


async def answer(services: Services, subject: Subject, question: Question) -> tuple[Contract, Table]:
    """The groups that answer the question. Raises QueryInvalid naming the member that is wrong."""
    contract = services.registry.get(unslug(question.dataset))
    groups = _groups(contract, question)
    measure = _measure(contract, question)
    order = () if _is_time(question) else (Order(measure.key, True),)
    query = Query(
        contract.id,
        where=all_of(_filter(contract, question)),
        groups=groups,
        measures=(measure,),
        order=order,
        page=Page(MAX_GROUPS),
    )
    found = await services.door.rows(subject, query, surface="reports")
    columns = [Column(g.key, contract.by_name[g.field].title, False) for g in groups]
    columns.append(Column(measure.key, _title(contract, measure), True))
    return contract, Table(tuple(columns), tuple(orjson.loads(found.body)))


def _filter(contract: Contract, question: Question) -> Compare | None:
    if not (question.field and question.value):
        return None
    return compare(field_of(contract, question.field), question.op, question.value)


def _groups(contract: Contract, question: Question) -> tuple[Group, ...]:
    pairs = ((question.group, question.transform), (question.group2, question.transform2))
    made: list[Group] = []
    for name, transform in pairs:
        if not name:
            continue
        field = field_of(contract, name)
        if transform not in get_args(Transform):
            raise unknown("phép", "transform", transform, get_args(Transform))
        _fits(field.logical_type, transform, name)
        made.append(Group(name, name, transform))  # type: ignore[arg-type]  # checked above
    return tuple(made)


def _fits(kind: str, transform: str, name: str) -> None:
    """A date cannot be cut into bands, a text not into months."""
    allowed = {
        "year": {"date", "datetime", "partial_date"},
        "quarter": {"date", "datetime"},
        "month": {"date", "datetime", "partial_date"},
        "band5": {"integer", "decimal", "money"},
    }
    if kind not in allowed.get(transform, {kind}):
        raise QueryInvalid(
            both(f"Không cắt {name} ({kind}) theo {transform} được", f"{name} ({kind}) cannot be cut by {transform}"),
            place="transform",
        )


def _measure(contract: Contract, question: Question) -> Measure:
    if question.measure not in get_args(Function):
        raise unknown("số đo", "measure", question.measure, get_args(Function))
    if question.measure == "count":
        return Measure("count")
    if not question.of:
        raise QueryInvalid(both("Số đo này cần một trường số", "This measure needs a number field"), place="of")
    field = field_of(contract, question.of)
    if field.logical_type not in {"integer", "decimal", "money"}:
        raise QueryInvalid(both(f"{field.name} không phải số", f"{field.name} is not a number"), place="of")
    return Measure(question.measure, question.measure, field.name)  # type: ignore[arg-type]  # checked above


def _is_time(question: Question) -> bool:
    return question.transform in {"year", "quarter", "month"}


def _title(contract: Contract, measure: Measure) -> Bilingual:
    words: dict[str, Bilingual] = {
        "count": both("Số dòng", "Rows"),
        "sum": both("Tổng", "Sum"),
        "avg": both("Trung bình", "Mean"),
        "min": both("Nhỏ nhất", "Smallest"),
        "max": both("Lớn nhất", "Largest"),
    }
    word = words[measure.function]
    if not measure.field:
        return word
    field = contract.by_name[measure.field].title
    return both(f"{word.vi}: {field.vi}", f"{word.en}: {field.en}")


def as_rows(table: Table) -> list[dict[str, Any]]:
    """The rows with their columns in order."""
    return [{column.key: row.get(column.key) for column in table.columns} for row in table.rows]
