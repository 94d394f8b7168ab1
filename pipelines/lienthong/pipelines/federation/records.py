"""A dataset of somebody else as we take it in, whatever protocol it came by."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import orjson

_SPACE = uuid.UUID("1d0c9c3e-3f0f-5d0e-8a4b-9d2f6b7c1a55")
MOST_NAME, MOST_TAG = 100, 100


@dataclass(frozen=True)
class House:
    """What federation must know of this installation; the composition root tells it.

    `reserved`: names of datasets and organizations that contracts have. `agencies`: ids of their organizations by name.
    `tag_id`: the id of a free tag. `format`: a format as CKAN writes it. `licences`: the register, as license_list.
    """

    reserved: frozenset[str]
    agencies: Mapping[str, str]
    tag_id: Callable[[str], str]
    format: Callable[[str], str]
    licences: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Publisher:
    """The organization that the source names."""

    name: str
    title: str
    description: str = ""


@dataclass
class Record:
    """One dataset. `key`: its id at the source; `modified`: when the source says it changed, as it says it.

    `body`: CKAN's texts (title, notes, license_id ...). `extras`: what CKAN has no member for.
    `resources`: bodies of resources, each with its `harvest_id`.
    """

    key: str
    name: str
    body: dict[str, Any]
    tags: list[str] = field(default_factory=list)
    extras: dict[str, str] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)
    publisher: Publisher | None = None
    modified: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """The same as long as nothing that we keep changes; asked for when the record is whole."""
        told = (self.key, self.name, self.body, self.tags, self.extras, self.resources, self.publisher)
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


@dataclass
class Report:
    """What a run did. `lost`: by field, how often something of it has no place here (or there)."""

    source: str
    dry_run: bool = False
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0
    requests: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    complete: bool = True
    seconds: float = 0.0

    def fail(self, key: str, reason: object) -> None:
        """One dataset could not be taken."""
        self.failed.append({"dataset": key[:300], "reason": str(reason)[:500]})

    def as_json(self) -> dict[str, Any]:
        """For programs; what was lost with the most frequent first."""
        return asdict(self) | {"lost": dict(self.lost.most_common())}


def own_id(*parts: str) -> str:
    """The id that we give to something of a source: always the same."""
    return str(uuid.uuid5(_SPACE, "\n".join(parts)))
