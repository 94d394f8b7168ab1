"""The schema: types, filters and root fields, all from the contracts of a registry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import strawberry
from graphql import GraphQLSchema
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from lienthong.contract.model import FieldContract
from lienthong.contract.registry import Registry
from lienthong.gql import aggregates, following
from lienthong.gql.inputs import dataset_inputs, value_filters
from lienthong.gql.naming import Names, described, named
from lienthong.gql.parts import Made, argument, enum_type, later, many, maybe, member, object_type
from lienthong.gql.scalars import CONFIG, TYPES, Date
from lienthong.kernel.text import Bilingual

FIRST = 100  # rows of a connection at the root
NESTED_FIRST = 20  # rows of a connection inside a row


RootKind = Literal["many", "one", "groups", "changes"]


@dataclass(frozen=True)
class Built:
    """A schema and the names that lead from it back to the contracts."""

    registry: Registry
    schema: strawberry.Schema
    core: GraphQLSchema
    names: Mapping[str, Names]
    roots: Mapping[str, tuple[str, RootKind]]  # root field -> (dataset, what it answers with)


def build(registry: Registry) -> Built:
    """The schema of all datasets, closed ones too: what a caller may read is decided at the door."""
    names = named(registry)
    made: Made = {}
    _common(made)
    aggregates.common(made)
    following.common(made)
    value_filters(made, [f for n in names.values() for f in n.contract.fields])
    for own in names.values():
        dataset_inputs(made, own, names)
        aggregates.types(made, own)
        following.types(made, own)
        _dataset(made, own, names)
    roots = [field for own in names.values() for field in _roots(made, own)]
    version = member("version", str, "Phiên bản nền tảng / Version of the platform")
    object_type(made, "Query", [version, *roots], "Mọi bộ dữ liệu / All datasets")
    schema = strawberry.Schema(query=made["Query"], config=CONFIG)
    lead: dict[str, tuple[str, RootKind]] = {}
    for dataset, own in names.items():
        lead |= {own.many: (dataset, "many"), own.one: (dataset, "one"), own.groups: (dataset, "groups")}
        lead[own.feed] = (dataset, "changes")
    return Built(registry, schema, schema._schema, names, lead)


def _common(made: Made) -> None:
    enum_type(made, "Direction", {"ASC": ("ASC", None), "DESC": ("DESC", None)}, "Chiều sắp xếp / Sort direction")
    info = [
        member("hasNextPage", bool, "Còn trang sau / More rows follow"),
        member("hasPreviousPage", bool, "Có trang trước / Rows stand before"),
        member("startCursor", maybe(str), "Con trỏ dòng đầu / Cursor of the first row"),
        member("endCursor", maybe(str), "Con trỏ dòng cuối, dùng cho `after` / Cursor of the last row, for `after`"),
    ]
    object_type(made, "PageInfo", info, "Vị trí của trang / Where the page stands")


def _dataset(made: Made, own: Names, names: Mapping[str, Names]) -> None:
    """The row type of a dataset, its connection and edge, and the record types of its list fields."""
    contract = own.contract
    purpose = described(contract.description.purpose) or ""
    object_type(made, own.type, _members(made, own, names), f"{described(contract.title)}\n\n{purpose}")
    edge = [member("node", later(made, own.type)), member("cursor", str, "Con trỏ của dòng / The row's cursor")]
    object_type(made, own.type + "Edge", edge, "Một dòng và vị trí của nó / A row and its place")
    connection = [
        member("edges", many(later(made, own.type + "Edge"))),
        member("nodes", many(later(made, own.type))),
        member("pageInfo", later(made, "PageInfo")),
        member(
            "totalCount", int, "Số dòng thỏa điều kiện; chỉ đếm khi được hỏi / Rows that fit; counted only when asked"
        ),
    ]
    object_type(made, own.type + "Connection", connection, "Một trang / A page")
    for name, members in own.records.items():
        fields = (
            member(p.name, TYPES[p.scalar] if p.required else maybe(TYPES[p.scalar]), p.description) for p in members
        )
        object_type(made, own.record_type(name), fields, described(own.fields[name].title))


def _members(made: Made, own: Names, names: Mapping[str, Names]) -> Iterator[StrawberryField]:
    for name, field in own.fields.items():
        required = field.required or field.name in own.contract.primary_key
        of = _output(made, own, name, field)
        yield member(name, of if required else maybe(of), _help(field))
    for name, relation in own.relations.items():
        target, title = names[relation.dataset], described(relation.title)
        if relation.many:
            yield member(name, later(made, target.type + "Connection"), title, _page(made, target, NESTED_FIRST))
            if name + aggregates.SUFFIX in own.grouped:
                yield _groups(made, target, name + aggregates.SUFFIX, title, NESTED_FIRST)
        else:
            yield member(name, maybe(later(made, target.type)), title)


def _output(made: Made, own: Names, name: str, field: FieldContract) -> Any:
    if name in own.records:
        return many(later(made, own.record_type(name)))
    if field.logical_type == "list":
        kind, _ = field.type.item_type(field.options)  # type: ignore[attr-defined]  # the list type
        return many(TYPES[kind.graphql])
    return TYPES[field.type.graphql]


def _help(field: FieldContract) -> str:
    """Title, description, and how closed the field is."""
    parts = [described(field.title), described(field.description)]
    if not field.is_open:
        parts.append(described(Bilingual(vi="Cần thỏa thuận chia sẻ", en="needs a sharing agreement")))
    return "\n".join(part for part in parts if part)


def _roots(made: Made, own: Names) -> Iterator[StrawberryField]:
    title = described(own.contract.title)
    yield member(own.many, later(made, own.type + "Connection"), title, _page(made, own, FIRST))
    keys = [own.contract.by_name[name] for name in own.contract.primary_key]
    graphql_names = {field.name: name for name, field in own.fields.items()}
    arguments = [argument(graphql_names[f.name], TYPES[f.type.graphql], described(f.title)) for f in keys]
    text = f"{own.contract.title.vi}: một dòng theo khóa / {own.contract.title.en}: one by its key"
    yield member(own.one, maybe(later(made, own.type)), text, [*arguments, _as_of()])
    text = f"{own.contract.title.vi}: nhóm và số liệu / {own.contract.title.en}: groups and numbers"
    yield _groups(made, own, own.groups, text, FIRST)
    yield following.root(made, own)


def _groups(made: Made, target: Names, name: str, text: str | None, first: int) -> StrawberryField:
    of = later(made, target.type + aggregates.SUFFIX + "Connection")
    return member(name, of, text, list(aggregates.arguments(made, target, first, _as_of())))


def _page(made: Made, target: Names, first: int) -> list[StrawberryArgument]:
    return [
        argument("first", int, "Số dòng, tối đa 10000 / Rows, at most 10000", first),
        argument("after", maybe(str), "Con trỏ của dòng đứng trước / Cursor of the row before"),
        argument("where", maybe(later(made, target.type + "Filter"))),
        argument("orderBy", maybe(many(later(made, target.type + "Order")))),
        _as_of(),
    ]


def _as_of() -> StrawberryArgument:
    text = (
        "Trạng thái vào ngày này (2026-01-31) hoặc lúc này (2026-01-31T08:30:00+07:00); dòng liên quan cũng vậy / "
        "The state on this day, or at this moment; related rows of the same"
    )
    return argument("asOf", maybe(Date), text)
