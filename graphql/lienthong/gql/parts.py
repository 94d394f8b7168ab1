"""Small makers of strawberry types: fields, arguments, types that are named before they exist."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.tools import create_type
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

Made = dict[str, Any]


@dataclass(frozen=True)
class Later(LazyType[Any, Any]):
    """A type of this schema by its name; it may be made after the types that use it."""

    made: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def resolve_type(self) -> Any:
        """The type, once the schema is put together."""
        return self.made[self.type_name]


def later(made: Made, name: str) -> Later:
    """The type `name` of the table `made`."""
    return Later(name, __name__, None, made)


def maybe(of: Any) -> Any:
    """`of` or null."""
    return StrawberryOptional(of)


def many(of: Any) -> Any:
    """A list of `of` without nulls."""
    return StrawberryList(of)


def member(
    name: str, of: Any, description: str | None = None, arguments: Sequence[StrawberryArgument] = ()
) -> StrawberryField:
    """A field of an object type. Nothing resolves it: values come from the database as JSON."""
    # The Python name is never a keyword, whatever the field is called.
    made = StrawberryField("f_" + name, name, StrawberryAnnotation(of), description=description)
    made.arguments = list(arguments)
    return made


def entry(name: str, of: Any, description: str | None = None, default: Any = strawberry.UNSET) -> StrawberryField:
    """A field of an input type."""
    return StrawberryField("f_" + name, name, StrawberryAnnotation(of), description=description, default=default)


def argument(name: str, of: Any, description: str | None = None, default: Any = strawberry.UNSET) -> StrawberryArgument:
    """An argument of a field."""
    return StrawberryArgument(name, name, StrawberryAnnotation(of), description=description, default=default)


def object_type(made: Made, name: str, fields: Iterable[StrawberryField], description: str | None = None) -> None:
    """Make the object type `name`."""
    made[name] = create_type(name, list(fields), description=description)


def input_type(made: Made, name: str, fields: Iterable[StrawberryField], description: str | None = None) -> None:
    """Make the input type `name`."""
    made[name] = create_type(name, list(fields), is_input=True, description=description)


def enum_type(made: Made, name: str, values: Mapping[str, tuple[str, str | None]], description: str) -> None:
    """Make the enum `name`: GraphQL value -> (own value, description)."""
    members = {key: strawberry.enum_value(value, description=text) for key, (value, text) in values.items()}
    made[name] = strawberry.enum(Enum(name, members), description=description)  # type: ignore[call-overload]
