"""Names with dots: conditions over relations, and related rows inside a row.

`commune.name_vi__contains=ha` keeps the rows that have such a commune; `include=commune,cases` puts them inside.
`cases.limit`, `cases.sort`, `cases.filter` say which of many are put inside. All conditions over one relation are
fulfilled by one and the same related row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.condition import compare, condition, field_of
from lienthong.store.condition import unknown as unknown_name
from lienthong.store.query import Condition, Item, Nested, Order, Page, Query, Related, Text, all_of, fields
from lienthong.store.scope import Scope
from lienthong.web import strict_json
from lienthong.web.parameters import unknown

MAX_RELATIONS = 5  # in one name
INNER_LIMIT, INNER_MOST = 20, 1000
OPTIONS = ("limit", "sort", "filter")


@dataclass(frozen=True)
class Reach:
    """All definitions, and what the caller may see of a dataset."""

    registry: Registry
    scope: Callable[[str], Scope]


@dataclass
class Branch:
    """What is asked of the rows at the end of one relation, and of those beyond."""

    path: str
    fields: list[str] | None = None
    conditions: list[Condition] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    inner: dict[str, "Branch"] = field(default_factory=dict)

    def at(self, relations: Iterable[str]) -> "Branch":
        """The branch at the end of these relations, made where it is not there yet."""
        found = self
        for name in relations:
            path = f"{found.path}.{name}" if found.path else name
            found = found.inner.setdefault(name, Branch(path))
        return found

    def named(self, relations: Sequence[str], leaf: str) -> None:
        """A field is wanted; the relations that lead to it show no more of their own than is wanted of them."""
        for depth in range(len(relations) + 1):
            step = self.at(relations[:depth])
            step.fields = step.fields or []
        step.fields = [*(step.fields or ()), leaf]


def target(reach: Reach, contract: Contract, path: str, place: str) -> Contract:
    """The dataset at the end of a path of relations. Raises QueryInvalid with the nearest right name."""
    relations = path.split(".")
    if len(relations) > MAX_RELATIONS:
        detail = both(f"Quá {MAX_RELATIONS} quan hệ nối nhau", f"More than {MAX_RELATIONS} relations in a row")
        raise QueryInvalid(detail, place=place)
    for name in relations:
        known = reach.registry.relations(contract.id)
        if name not in known:
            raise unknown_name("quan hệ", "relation", name, known, place)
        contract = reach.registry.get(known[name].dataset)
    return contract


# --- conditions -----------------------------------------------------------------------------------------------


def tree(reach: Reach, contract: Contract, text: str, place: str) -> Condition | None:
    """A JSON object in the one grammar of conditions: `{"or": [{"a": 1}, {"b": {"gt": 2}}]}`. Raises QueryInvalid."""
    given = strict_json.loads(text, place)
    if not isinstance(given, Mapping):
        raise QueryInvalid(both("Cần một đối tượng JSON", "A JSON object is needed"), place=place)
    try:
        _no_null(given, place)
        return condition(reach.registry, contract, given)
    except QueryInvalid as error:
        if error.place is not None:
            raise
        raise QueryInvalid(error.detail, place=place, fix=error.fix) from error


def _no_null(value: Any, place: str) -> None:
    if value is None:
        fix = both('Viết {"is_null": true}', 'Write {"is_null": true}')
        raise QueryInvalid(both("null không phải là điều kiện", "null is not a condition"), place=place, fix=fix)
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _no_null(part, place)


def over_relations(reach: Reach, contract: Contract, given: Mapping[str, str]) -> list[Condition]:
    """The conditions whose names have dots, nested as their relations are."""
    root = Branch("")
    for name, value in given.items():
        path, _, leaf = name.rpartition(".")
        far = target(reach, contract, path, name)
        root.at(path.split(".")).conditions.append(_leaf(far, name, leaf, value))
    return _related(root)


def _leaf(far: Contract, name: str, leaf: str, value: str) -> Condition:
    if leaf == "q":
        return Text(value)
    if leaf in far.by_name:
        return compare(far.by_name[leaf], "eq", value)
    field_name, mark, op = leaf.rpartition("__")
    if not mark or field_name not in far.by_name:
        prefix = name[: -len(leaf)]
        raise unknown(name, [prefix + known for known in (*far.by_name, *OPTIONS)])
    return compare(far.by_name[field_name], op, value)


def _related(branch: Branch) -> list[Condition]:
    """The branch's own conditions, and one for each relation that leads on."""
    further = (Related(name, all_of(*_related(inner))) for name, inner in branch.inner.items())  # type: ignore[arg-type]
    return [*branch.conditions, *further]


# --- embedding ------------------------------------------------------------------------------------------------


def items(
    reach: Reach, scope: Scope, given: Mapping[str, str], options: Mapping[str, str], as_of: date | datetime | None
) -> tuple[Item | Nested, ...]:
    """`fields` and `include` as the items of a row; empty when neither is given."""
    if not options and "include" not in given and "fields" not in given:
        return ()
    root = Branch("")
    for name in _once(given["fields"].split(","), "fields") if "fields" in given else ():
        path, _, leaf = name.rpartition(".")
        far = target(reach, scope.contract, path, "fields") if path else scope.contract
        field_of(far, leaf, reach.scope(far.id).visible)
        root.named(path.split(".") if path else [], leaf)
    for path in _once(given["include"].split(","), "include") if "include" in given else ():
        target(reach, scope.contract, path, "include")
        if not root.at(path.split(".")).fields:
            root.at(path.split(".")).fields = None
    for name, value in options.items():
        path, _, option = name.rpartition(".")
        target(reach, scope.contract, path, name)
        branch = _there(root, path, name)
        branch.options[option] = value
    return _items(reach, scope, root, as_of)


def _there(root: Branch, path: str, name: str) -> Branch:
    branch = root
    for relation in path.split("."):
        if relation not in branch.inner:
            detail = both(f"{path} không được lồng vào", f"{path} is not included")
            raise QueryInvalid(detail, place=name, fix=both(f"Thêm include={path}", f"Add include={path}"))
        branch = branch.inner[relation]
    return branch


def _items(reach: Reach, scope: Scope, branch: Branch, as_of: date | datetime | None) -> tuple[Item | Nested, ...]:
    own = fields(scope.visible if branch.fields is None else branch.fields)
    return (*own, *(_nested(reach, scope, name, inner, as_of) for name, inner in branch.inner.items()))


def _nested(reach: Reach, scope: Scope, name: str, branch: Branch, as_of: date | datetime | None) -> Nested:
    relation = reach.registry.relations(scope.contract.id)[name]
    far = reach.scope(relation.dataset)
    made = Query(relation.dataset, _items(reach, far, branch, as_of), page=Page(limit=1), as_of=as_of)
    if relation.many:
        made = made.but(**_many(reach, far, branch))
    elif branch.options:
        option = next(iter(branch.options))
        detail = both(f"{branch.path} chỉ có một dòng", f"{branch.path} is one row only")
        raise QueryInvalid(detail, place=f"{branch.path}.{option}")
    return Nested(name, name, made)


def _many(reach: Reach, far: Scope, branch: Branch) -> dict[str, Any]:
    """Which of many related rows stand inside."""
    given, path = branch.options, branch.path
    limit = given.get("limit", str(INNER_LIMIT))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 4 and int(limit) <= INNER_MOST):
        detail = both(f"limit là số nguyên từ 0 đến {INNER_MOST}", f"limit is a whole number from 0 to {INNER_MOST}")
        raise QueryInvalid(detail, place=f"{path}.limit")
    return {
        "page": Page(limit=int(limit)),
        "order": order(far, given.get("sort"), f"{path}.sort"),
        "where": tree(reach, far.contract, given["filter"], f"{path}.filter") if "filter" in given else None,
    }


# --- shared ---------------------------------------------------------------------------------------------------


def order(scope: Scope, given: str | None, place: str = "sort") -> tuple[Order, ...]:
    """`a,-b` as sort keys. Raises QueryInvalid."""
    if given is None:
        return ()
    keys = [Order(key.removeprefix("-"), key.startswith("-")) for key in given.split(",")]
    _once([key.field for key in keys], place)
    for key in keys:
        if not field_of(scope.contract, key.field, scope.visible).type.sortable:
            detail = both(f"Trường {key.field} không sắp xếp được", f"The field {key.field} cannot be sorted by")
            raise QueryInvalid(detail, place=place)
    return tuple(keys)


def _once(names: list[str], place: str) -> list[str]:
    for name in names:
        if not name:
            raise QueryInvalid(both(f"{place} có tên trống", f"{place} holds an empty name"), place=place)
        if names.count(name) > 1:
            raise QueryInvalid(both(f"{name} đứng hai lần", f"{name} stands twice"), place=place)
    return names
