"""What one caller may see of one dataset: the input of the compiler, made by `lienthong.access`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lienthong.contract.model import Contract
from lienthong.store.query import Condition

Schema = Literal["open", "governed"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The schema that is read, the fields that may be named at all, and the rows that count.

    `reason` tells people where the scope comes from: the open view, or the number of an agreement.
    """

    contract: Contract
    schema: Schema
    fields: frozenset[str]
    where: Condition | None = None
    agreement: str | None = None

    @property
    def visible(self) -> tuple[str, ...]:
        """The visible fields in the contract's order."""
        return tuple(field.name for field in self.contract.fields if field.name in self.fields)


Scopes = Mapping[str, Scope]
