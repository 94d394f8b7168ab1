"""A row's key as one text: values joined by commas, a comma inside a value doubled by nothing but %2C."""

from typing import Any
from urllib.parse import unquote

from lienthong.contract.model import Contract
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.store.condition import value_of


def parse_key(contract: Contract, text: str) -> tuple[Any, ...]:
    """The typed key values in `text` (`80,2025-07-01`). Raises NotFound when the number of parts is wrong."""
    parts = text.split(",", len(contract.primary_key) - 1)
    if len(parts) != len(contract.primary_key):
        names = ",".join(contract.primary_key)
        raise NotFound(
            both(f"Khóa gồm {names}", f"The key consists of {names}"),
            place=text,
            fix=both(f"Viết {{{names}}}, cách nhau bằng dấu phẩy", f"Write {{{names}}}, separated by commas"),
        )
    pairs = zip(contract.primary_key, parts, strict=True)
    return tuple(value_of(contract.by_name[name], "eq", unquote(part)) for name, part in pairs)
