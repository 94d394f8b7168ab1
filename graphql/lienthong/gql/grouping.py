"""The selection of an aggregate field -> groups, measures and the shape of the answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import FieldNode

from lienthong.contract.model import FieldContract
from lienthong.contract.rules.opening import TAKES
from lienthong.gql import aggregates
from lienthong.gql.arguments import plain
from lienthong.gql.naming import TYPENAME, Fields, Names
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.query import Function, Group, Measure, Member, Order

_OF = {"countDistinct": "COUNT_DISTINCT", "sum": "SUM", "avg": "AVG", "min": "MIN", "max": "MAX"}


class Grouping:
    """The columns of one aggregate answer: its groups, and each measure once, by names that no field has."""

    def __init__(self, names: Names, given: Mapping[str, Any]) -> None:
        """Raises QueryInvalid when `groupBy` or `orderBy` cannot be."""
        self._names = names
        self._groups = {by.field: by for by in map(self._group, enumerate(given.get("groupBy") or ()))}
        if len(self._groups) < len(given.get("groupBy") or ()):
            raise QueryInvalid(both("Một trường đứng hai lần", "A field stands twice"), place="groupBy")
        self._measures: dict[tuple[str, str | None], Measure] = {}
        self.order = tuple(self._ordered(key) for key in given.get("orderBy") or ())
        if len({key.field for key in self.order}) < len(self.order):
            raise QueryInvalid(both("Một khóa đứng hai lần", "A key stands twice"), place="orderBy")

    @property
    def groups(self) -> tuple[Group, ...]:
        """The dimensions in the order asked for."""
        return tuple(self._groups.values())

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The numbers that are shown or sorted by; one at least."""
        if not self._measures:
            self._measure("COUNT", None)
        return tuple(self._measures.values())

    def members(self, under: Callable[[Sequence[FieldNode]], Fields], nodes: Sequence[FieldNode]) -> tuple[Member, ...]:
        """The members asked of a connection over groups; `under` tells the fields under nodes."""
        return tuple(self._member(under, key, inner) for key, inner in under(nodes).items())

    def _member(self, under: Callable[[Sequence[FieldNode]], Fields], key: str, nodes: list[FieldNode]) -> Member:
        name, kind = nodes[0].name.value, self._names.type + aggregates.SUFFIX
        if name == TYPENAME:
            return Member(key, name, literal=kind + "Connection")
        if name != "nodes":
            return Member(key, name, page_info(under(nodes)))
        return Member(key, name, tuple(self._part(kind, under, k, inner) for k, inner in under(nodes).items()))

    def _part(
        self, kind: str, under: Callable[[Sequence[FieldNode]], Fields], key: str, nodes: list[FieldNode]
    ) -> Member:
        """A member of a group: a number, or an object with a number for each field."""
        name, fields = nodes[0].name.value, [(k, inner[0].name.value) for k, inner in under(nodes).items()]
        if name == TYPENAME:
            return Member(key, name, literal=kind)
        if not fields:
            return Member(key, self._column(name))
        of = kind + aggregates.PARTS[name]
        parts = (Member(k, n, literal=of) if n == TYPENAME else Member(k, self._column(name, n)) for k, n in fields)
        return Member(key, name, tuple(parts))

    def _column(self, part: str, field: str | None = None) -> str:
        """The column of a member of a group: `count`, or `field` (a GraphQL name) of `group`, `sum` and so on."""
        if field is None:
            return self._measure("COUNT", None)
        name = self._names.fields[field].name
        if part != "group":
            return self._measure(_OF[part], name)
        return self._of_group(name, f"group.{field}")

    def _of_group(self, name: str, place: str) -> str:
        if name not in self._groups:
            known = ", ".join(n for n, f in self._names.fields.items() if f.name in self._groups) or "-"
            raise QueryInvalid(
                both("Trường không có trong groupBy", "The field is not in groupBy"),
                place=place,
                fix=both(f"groupBy đang có: {known}", f"groupBy has: {known}"),
            )
        return self._groups[name].key

    def _group(self, given: tuple[int, Mapping[str, Any]]) -> Group:
        at, by = given
        field = self._names.contract.by_name[plain(by["field"])]
        transform = plain(by["transform"])
        takes = TAKES.get(transform)
        if takes is not None and field.logical_type not in takes:
            fits = ", ".join(t.upper() for t in aggregates.fitting(field))
            raise QueryInvalid(
                both(
                    f"{transform.upper()} không dùng cho kiểu {field.logical_type}",
                    f"{transform.upper()} does not take the type {field.logical_type}",
                ),
                place=f"groupBy.{field.name.upper()}",
                fix=both(f"Dùng: {fits}", f"Use: {fits}"),
            )
        return Group(f"_g{at}", field.name, transform)  # type: ignore[arg-type]  # the enum holds transforms only

    def _measure(self, function: str, field: str | None) -> str:
        key = function, field
        if key not in self._measures:
            name: Function = "count" if function.startswith("COUNT") else function.lower()  # type: ignore[assignment]
            self._measures[key] = Measure(
                f"_m{len(self._measures)}", name, field, distinct=function == "COUNT_DISTINCT"
            )
        return self._measures[key].key

    def _ordered(self, given: Mapping[str, Any]) -> Order:
        function, name = given.get("function"), given.get("field")
        descending = plain(given["direction"]) == "DESC"
        field = self._names.contract.by_name[plain(name)] if name is not None else None
        if function is None:
            if field is None:
                raise QueryInvalid(both("Cần field hoặc function", "field or function is needed"), place="orderBy")
            return Order(self._of_group(field.name, f"orderBy.{field.name.upper()}"), descending)
        self._fits(plain(function), field)
        return Order(self._measure(plain(function), field.name if field else None), descending)

    def _fits(self, function: str, field: FieldContract | None) -> None:
        if function == "COUNT":
            fits = field is None
        else:
            kinds = {"SUM": aggregates.numbers, "AVG": aggregates.numbers, "COUNT_DISTINCT": aggregates.groupable}
            allowed = kinds.get(function, aggregates.ordered)(self._names).values()
            fits = field is not None and field.name in {f.name for f in allowed}
        if not fits:
            shown = field.name.upper() if field else "-"
            raise QueryInvalid(
                both(f"{function} không dùng cho {shown}", f"{function} does not take {shown}"), place="orderBy"
            )


def page_info(fields: Fields) -> tuple[Member, ...]:
    """The members asked of a page info."""
    parts = ((key, nodes[0].name.value) for key, nodes in fields.items())
    return tuple(Member(key, part, literal="PageInfo" if part == TYPENAME else None) for key, part in parts)
