"""The catalogue as one list, governed and hosted datasets alike: what surfaces that show it are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lienthong.catalog.profiles.described import Entry
from lienthong.catalog.snapshot import DatasetState
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import Language, both


@dataclass(frozen=True)
class Listing:
    """What everybody can see, by name; `known` finds it by name and by id. `version` changes when anything in it does.

    An entry stays the same object as long as its dataset does not change.
    """

    version: int
    entries: tuple[Entry, ...]
    known: Mapping[str, Entry]

    def get(self, name: str) -> Entry:
        """The dataset with the name or id. Raises NotFound."""
        found = self.known.get(name)
        if found is None:
            raise NotFound(both(f"Không có bộ dữ liệu {name}", f"There is no dataset {name}"), place=name)
        return found


@dataclass(frozen=True)
class Wanted:
    """What to look for: words, values of fields, which fields to count, which part in which order.

    `sort`: `relevance`, `newest` or `title`.
    """

    words: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    sort: str = "relevance"
    start: int = 0
    rows: int = 20


@dataclass(frozen=True)
class Hit:
    """A dataset that was found: `package` as CKAN tells it; `state` of one that a contract governs."""

    package: Mapping[str, Any]
    state: DatasetState | None


@dataclass(frozen=True)
class Choice:
    """A value to filter by, and how many datasets there are with it among those that fit all other filters."""

    value: str
    title: str
    count: int


@dataclass(frozen=True)
class Found:
    """What was found. `loosely`: nothing has the words, but these have words that begin so."""

    total: int
    hits: tuple[Hit, ...]
    choices: Mapping[str, tuple[Choice, ...]]
    loosely: bool = False


class Listings(Protocol):
    """Lists and searches."""

    async def warm(self) -> None:
        """Read the catalogue before anybody asks."""

    async def public(self) -> Listing:
        """What everybody can see now."""

    async def search(self, language: Language, wanted: Wanted) -> Found:
        """Search what everybody may know of: public datasets, and those that are shared under agreements."""
