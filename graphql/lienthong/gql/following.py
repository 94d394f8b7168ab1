"""Changes of a dataset since a cursor: the types, what is asked of them, and the answer in that shape."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FieldNode
from strawberry.types.field import StrawberryField

from lienthong.access.changes import BEGIN, DEFAULT_LIMIT, MAX_LIMIT, Feed
from lienthong.gql.naming import TYPENAME, Fields, Names
from lienthong.gql.parts import Made, argument, enum_type, later, many, maybe, member, object_type
from lienthong.gql.scalars import JSON, DateTime
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.query import Item, Member, Nested

SUFFIX = "Feed"  # not Changes: a dataset may be called so
Under = Callable[[Sequence[FieldNode]], Fields]
Items = Callable[[Names, Fields], Sequence[Item | Nested]]
_KINDS = {
    "INSERT": "dòng mới với bạn / a row that is new to you",
    "UPDATE": "dòng đã đổi / a row that changed",
    "DELETE": "dòng không còn / a row that is gone",
}


@dataclass(frozen=True)
class Following:
    """What is asked of a dataset's changes: since where, how many, which members under which keys."""

    key: str
    dataset: str
    since: str
    first: int
    members: tuple[Member, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of rows that are shown."""
        parts = (part for member in self.members for part in member.parts)
        items = (item for part in parts for item in part.items if isinstance(item, Item))
        return tuple(dict.fromkeys(item.field for item in items if item.literal is None))


def common(made: Made) -> None:
    """What the changes of all datasets share."""
    kinds = {name: (name, text) for name, text in _KINDS.items()}
    enum_type(made, "ChangeKind", kinds, "Loại thay đổi, với những gì bạn được xem / Kind of change, to you")


def types(made: Made, own: Names) -> None:
    """The types of one dataset's changes."""
    change = [
        member("op", later(made, "ChangeKind")),
        member("key", many(JSON), "Khóa của dòng / The row's key"),
        member("at", maybe(DateTime), "Lúc ghi nhận; trống khi đọc toàn bộ / When; empty in the whole state"),
        member("version", maybe(str), "Như nhau khi dòng như nhau / The same while the row is the same"),
        member("row", maybe(later(made, own.type)), "Dòng lúc này, không kèm quan hệ / The row, without relations"),
    ]
    object_type(made, own.type + SUFFIX + "Change", change, "Một thay đổi / A change")
    page = [
        member("nodes", many(later(made, own.type + SUFFIX + "Change"))),
        member("endCursor", str, "Dùng cho `since` của trang sau / For `since` of the next page"),
        member("hasNextPage", bool, "Đã có thay đổi tiếp theo / More changes are there already"),
    ]
    object_type(made, own.type + SUFFIX, page, "Một trang thay đổi / A page of changes")


def root(made: Made, own: Names) -> StrawberryField:
    """The root field of one dataset's changes."""
    title = own.contract.title
    text = f"{title.vi}: thay đổi từ một con trỏ, đủ để dựng lại đúng bảng; đứng một mình trong truy vấn / "
    text += f"{title.en}: changes since a cursor, enough to rebuild the table; alone in its query"
    since = "begin: toàn bộ trước, now: từ bây giờ, hoặc con trỏ / begin: the whole state first, now, or a cursor"
    arguments = [
        argument("since", str, since, BEGIN),
        argument("first", int, f"Số thay đổi, tối đa {MAX_LIMIT} / Changes, at most {MAX_LIMIT}", DEFAULT_LIMIT),
    ]
    return member(own.feed, later(made, own.type + SUFFIX), text, arguments)


def asked(
    names: Names, key: str, nodes: Sequence[FieldNode], given: Mapping[str, Any], under: Under, items: Items
) -> Following:
    """What a field of changes asks. Raises QueryInvalid."""
    if not 1 <= given["first"] <= MAX_LIMIT:
        detail = both(f"first phải từ 1 đến {MAX_LIMIT}", f"first must be 1 to {MAX_LIMIT}")
        raise QueryInvalid(detail, place="first")

    def part(key: str, nodes: Sequence[FieldNode]) -> Member:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Member(key, name, literal=names.type + SUFFIX + "Change")
        shown = tuple(items(names, under(nodes))) if name == "row" else ()
        if any(isinstance(item, Nested) for item in shown):
            raise QueryInvalid(both("Dòng thay đổi không kèm quan hệ", "A change has no relations"), place="row")
        return Member(key, name, items=shown)

    def whole(key: str, nodes: Sequence[FieldNode]) -> Member:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Member(key, name, literal=names.type + SUFFIX)
        parts = (part(k, inner) for k, inner in under(nodes).items()) if name == "nodes" else ()
        return Member(key, name, tuple(parts))

    members = tuple(whole(k, inner) for k, inner in under(nodes).items())
    return Following(key, names.contract.id, given["since"], given["first"], members)


def shaped(following: Following, feed: Feed) -> bytes:
    """The answer as a JSON object with one member."""
    page: dict[str, Any] = {"endCursor": feed.next, "hasNextPage": feed.more}
    changes = orjson.loads(feed.body)
    found = {
        m.key: m.literal or ([_change(m, change) for change in changes] if m.name == "nodes" else page[m.name])
        for m in following.members
    }
    return orjson.dumps({following.key: found})


def _change(asked: Member, change: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in asked.parts:
        value = change.get(part.name)
        if part.literal is not None:
            value = part.literal
        elif part.name == "op":
            value = str(value).upper()
        elif part.name == "row" and value is not None:
            value = _row(part.items, value)
        found[part.key] = value
    return found


def _row(items: Sequence[Item | Nested], row: Mapping[str, Any]) -> dict[str, Any]:
    """The members asked of a row, or of a record in it."""
    found: dict[str, Any] = {}
    for item in items:
        assert isinstance(item, Item)
        value: Any = item.literal if item.literal is not None else row.get(item.field)
        found[item.key] = [_row(item.path, each) for each in value] if item.path and value is not None else value
    return found
