"""What one caller may see of one dataset: the input of the compiler, made by `lienthong.access`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lienthong.contract.model import Contract
from lienthong.store.query import ROW_NUMBER, Condition

Search = Literal["index", "rows", "fields"]
Schema = Literal["open", "governed", "twin", "draft"]
OWN_DATA = ("provider", "administrator")
"""What `Scope.agreement` says of those who need no agreement."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The schema that is read, the fields that may be named at all, and the rows that count.

    `masked` are fields that are seen through their mask. `agreement` tells people where the scope comes from: the
    number of an agreement, `provider`, `administrator` or `twin`; None is the open view. `purpose` is what it is for.
    `release` is the number of a draft, which nobody but its stewards reads.
    """

    contract: Contract
    schema: Schema
    fields: frozenset[str]
    where: Condition | None = None
    agreement: str | None = None
    masked: frozenset[str] = frozenset()
    purpose: str | None = None
    release: int | None = None

    @property
    def visible(self) -> tuple[str, ...]:
        """The visible fields in the contract's order."""
        return tuple(field.name for field in self.contract.fields if field.name in self.fields)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells rows apart: the primary key, or the row's number where the caller may not see all of it."""
        names = self.contract.primary_key
        return names if self.fields - self.masked >= set(names) else (ROW_NUMBER,)

    @property
    def searchable(self) -> bool:
        """May the search text of a row be looked in? It is made of all search fields: each must be the caller's."""
        return self.schema == "open" or covers_search(self.contract, self.fields - self.masked)

    @property
    def search(self) -> Search:
        """How words are looked for. Under a row filter of PostgreSQL no index helps: its operators could leak."""
        if not self.searchable:
            return "fields"
        return "rows" if self.schema == "governed" and self.agreement not in OWN_DATA else "index"


Scopes = Mapping[str, Scope]


def covers_search(contract: Contract, fields: frozenset[str]) -> bool:
    """Are all search fields of the contract among `fields`?"""
    return all(field.name in fields for field in contract.fields if field.search)
