"""A small memory of recent things."""

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """At most `size` values by key; the one that was put or asked for longest ago goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[object, Value] = {}

    def get(self, key: object) -> Value | None:
        """The value kept, if it still is."""
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value
        return value

    def put(self, key: object, value: Value) -> None:
        """Keep a value."""
        self._values[key] = value
        if len(self._values) > self._size:
            del self._values[next(iter(self._values))]
