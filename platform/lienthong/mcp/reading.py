"""The tools that read rows: arguments -> `Query` -> the door -> a structured answer."""

from typing import Any

import orjson

from lienthong.access import synthetic
from lienthong.access.door import Answer
from lienthong.contract.model import Contract
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.mcp import arguments
from lienthong.mcp.call import Call
from lienthong.store.condition import condition, field_of, value_of
from lienthong.store.query import Group, Item, Measure, Order, Page, Query, fields
from lienthong.store.scope import Scope
from lienthong.web.moments import as_of

SURFACE = "mcp"


async def rows(call: Call, given: arguments.Rows) -> dict[str, Any]:
    """`query_rows`"""
    subject, scope = await _scope(call, given)
    contract = scope.contract
    query = Query(
        contract.id,
        _items(scope, given.fields),
        where=condition(call.services.registry, contract, given.where) if given.where else None,
        order=tuple(_order(scope, name) for name in given.sort),
        page=Page(limit=given.limit, after=given.cursor, most=arguments.MOST_ROWS),
        as_of=as_of(given.as_of),
        total=given.count,
    )
    answer = await call.services.door.rows(subject, query, surface=SURFACE)
    found = orjson.loads(answer.body)
    told = {"rows": found, "count": len(found), "next": answer.next}
    return told | ({"total": answer.total} if given.count else {}) | await _from(call, scope, answer)


async def row(call: Call, given: arguments.Row) -> dict[str, Any]:
    """`get_row`"""
    subject, scope = await _scope(call, given)
    query = Query(
        scope.contract.id,
        _items(scope, given.fields),
        key=_key(scope.contract, given.key),
        page=Page(limit=1),
        as_of=as_of(given.as_of),
    )
    answer = await call.services.door.one(subject, query, surface=SURFACE)
    return {"row": orjson.loads(answer.body)} | await _from(call, scope, answer)


async def aggregate(call: Call, given: arguments.Aggregate) -> dict[str, Any]:
    """`aggregate`"""
    subject, scope = await _scope(call, given)
    registry, contract = call.services.registry, scope.contract
    groups = tuple(Group(_group_name(g), _named(scope, g.field), g.transform) for g in given.group_by)
    measures = tuple(
        Measure(
            m.name or "_".join(filter(None, (m.function, m.field))),
            m.function,
            _named(scope, m.field) if m.field else None,
            m.distinct,
            condition(registry, contract, m.where) if m.where else None,
        )
        for m in given.measures
    )
    _distinct([*(g.key for g in groups), *(m.key for m in measures)])
    query = Query(
        contract.id,
        where=condition(registry, contract, given.where) if given.where else None,
        page=Page(limit=given.limit, most=arguments.MOST_ROWS),
        as_of=as_of(given.as_of),
        groups=groups,
        measures=measures,
    )
    answer = await call.services.door.rows(subject, query, surface=SURFACE)
    found = orjson.loads(answer.body)
    return {"groups": found if isinstance(found, list) else [found]} | await _from(call, scope, answer)


async def _scope(call: Call, given: arguments.Read) -> tuple[Subject, Scope]:
    """Who asks, and what of the dataset may be seen. Raises NotFound, Unauthenticated, NotPermitted."""
    subject = await call.subject(given)
    return subject, call.services.door.scope(subject, given.dataset)


async def _from(call: Call, scope: Scope, answer: Answer) -> dict[str, Any]:
    """Where an answer comes from."""
    release = None
    if scope.schema == "open":
        state = (await call.services.catalog.current()).datasets[scope.contract.id]
        release = state.release.number if state.release else None
    return {
        "dataset": scope.contract.slug,
        "release": release,
        "synthetic": synthetic.noted(),
        "receipt": answer.receipt,
    }


def _items(scope: Scope, names: list[str] | None) -> tuple[Item, ...]:
    if names is None:
        return ()
    _distinct(names)
    return fields([_named(scope, name) for name in names])


def _named(scope: Scope, name: str) -> str:
    return field_of(scope.contract, name, scope.visible).name


def _order(scope: Scope, given: str) -> Order:
    name = given.removeprefix("-")
    if not field_of(scope.contract, name, scope.visible).type.sortable:
        raise QueryInvalid(both(f"Trường {name} không sắp xếp được", f"{name} cannot be sorted by"), place="sort")
    return Order(name, given.startswith("-"))


def _key(contract: Contract, parts: list[str]) -> tuple[Any, ...]:
    names = contract.primary_key
    if len(parts) != len(names):
        form = ", ".join(names)
        detail = both(f"Khóa gồm {len(names)} phần", f"The key has {len(names)} parts")
        raise QueryInvalid(detail, place="key", fix=both(f"[{form}]", f"[{form}]"))
    return tuple(value_of(contract.by_name[name], "eq", part) for name, part in zip(names, parts, strict=True))


def _group_name(group: arguments.GroupBy) -> str:
    return group.field if group.transform == "none" else f"{group.field}_{group.transform}"


def _distinct(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise QueryInvalid(both(f"{name} đứng hai lần", f"{name} stands twice"), place=name)
