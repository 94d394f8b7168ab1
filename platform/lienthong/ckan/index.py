"""Everything that CKAN's catalogue actions read, made once for each state of the catalogue and language."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from lienthong.catalog.snapshot import DatasetState, FileInfo, Snapshot
from lienthong.ckan import documents, ids
from lienthong.ckan.documents import Document
from lienthong.ckan.words import Padded, padded
from lienthong.contract.model import Agency
from lienthong.contract.registry import Registry
from lienthong.kernel.text import Language, fold

MayRead = Callable[[str], bool]


@dataclass(frozen=True)
class Entry:
    """A dataset: its state, its package, and what a search compares.

    `exact` holds values that are compared as they are, `text` what is compared word by word without tone marks.
    """

    state: DatasetState
    package: Document
    exact: Mapping[str, tuple[str, ...]]
    text: Mapping[str, Padded]

    @property
    def id(self) -> str:
        """The dataset's own id."""
        return self.state.contract.id

    @property
    def is_public(self) -> bool:
        """Can anybody read it?"""
        return self.state.is_published


@dataclass(frozen=True)
class Index:
    """The packages, files, agencies and keywords of one snapshot in one language."""

    version: str
    entries: Mapping[str, Entry]
    agencies: Mapping[str, Document]
    resources: Mapping[str, tuple[Entry, Document, FileInfo]]
    datastores: Mapping[str, str]

    @cached_property
    def public(self) -> list[Entry]:
        """What anybody can read, by name."""
        return [entry for entry in self.entries.values() if entry.is_public]

    def find(self, name: str) -> Entry | None:
        """The entry with the id or name."""
        return self.entries.get(name) or self._by_id.get(name)

    def visible(self, may_read: MayRead) -> list[Entry]:
        """What a caller can read, private ones too, by name."""
        return [entry for entry in self.entries.values() if entry.is_public or may_read(entry.id)]

    def organization(self, name: str) -> Document | None:
        """The agency with the id or name."""
        return next((o for o in self.agencies.values() if name in (o["id"], o["name"])), None)

    def counted(self, entries: list[Entry]) -> list[Document]:
        """The agencies of `entries`, each with its count of packages, by title."""
        counts = Counter(entry.package["owner_org"] for entry in entries)
        found = (documents.whole_organization(o, counts[o["id"]]) for o in self.agencies.values())
        return sorted((o for o in found if o["package_count"]), key=lambda o: fold(o["title"]))

    @cached_property
    def tags(self) -> list[str]:
        """The keywords of what anybody can read."""
        return sorted({tag["name"] for entry in self.public for tag in entry.package["tags"]}, key=fold)

    @cached_property
    def _by_id(self) -> Mapping[str, Entry]:
        return {entry.package["id"]: entry for entry in self.entries.values()}


class Indexes:
    """The index of the latest snapshot in each language."""

    def __init__(self, registry: Registry, site: str) -> None:
        self._registry = registry
        self._site = site
        self._known: dict[Language, Index] = {}

    def of(self, snapshot: Snapshot, language: Language) -> Index:
        """The index of `snapshot`; made anew only when the catalogue has changed."""
        known = self._known.get(language)
        if known is None or known.version != snapshot.version:
            known = self._known[language] = _index(snapshot, self._registry, language, self._site)
        return known


def _index(snapshot: Snapshot, registry: Registry, language: Language, site: str) -> Index:
    states = sorted(snapshot.datasets.values(), key=lambda s: s.contract.slug)
    agencies = {s.agency.id: s.agency for s in states}
    owners = {name: _owner(agency, states, language) for name, agency in agencies.items()}
    entries: dict[str, Entry] = {}
    resources: dict[str, tuple[Entry, Document, FileInfo]] = {}
    datastores: dict[str, str] = {}
    for state in states:
        contract = state.contract
        entry = _entry(state, owners[state.agency.id], registry, language, site)
        entries[contract.slug] = entry
        files = {ids.resource_id(contract.id, f.format): f for f in (state.release.files if state.release else ())}
        resources |= {r["id"]: (entry, r, files[r["id"]]) for r in entry.package["resources"]}
        datastores |= dict.fromkeys((ids.resource_id(contract.id, "csv"), contract.slug, contract.id), contract.id)
    return Index(snapshot.version, entries, owners, resources, datastores)


def _owner(agency: Agency, states: list[DatasetState], language: Language) -> Document:
    moments: list[datetime] = [r.published_at for s in states if s.agency.id == agency.id for r in s.releases]
    return documents.organization(agency, min(moments, default=None), language)


def _entry(state: DatasetState, owner: Document, registry: Registry, language: Language, site: str) -> Entry:
    package = documents.package(state, owner, registry, language, site)
    contract = state.contract
    keywords = [text for word in contract.catalogue.keywords for text in (word.vi, word.en)]
    extras = {extra["key"]: (extra["value"],) for extra in package["extras"]}
    exact = {
        **{key: (value,) for key, value in package.items() if isinstance(value, str)},
        **extras,
        **{f"extras_{key}": value for key, value in extras.items()},
        "tags": tuple(tag["name"] for tag in package["tags"]),
        "organization": (owner["name"],),
        "res_format": tuple(r["format"] for r in package["resources"]),
        "res_name": tuple(r["name"] for r in package["resources"]),
        "title_string": (package["title"],),
        "dataset_type": ("dataset",),
        "entity_type": ("package",),
        "capacity": ("public" if state.is_published else "private",),
        "private": (str(package["private"]).lower(),),
        "isopen": (str(package["isopen"]).lower(),),
        "num_resources": (str(package["num_resources"]),),
        "num_tags": (str(package["num_tags"]),),
        "site_id": ("default",),
    }
    titles, purpose = (contract.title.vi, contract.title.en), contract.description.purpose
    notes = (purpose.vi, purpose.en)
    names = [text for field in contract.fields for text in (field.title.vi, field.title.en)]
    agency = (state.agency.name.vi, state.agency.name.en)
    extra_texts = [value for (value,) in extras.values()]
    text = {
        "title": padded(*titles),
        "notes": padded(*notes),
        "text": padded(contract.slug, *titles, *notes, *keywords, *agency, *names, *extra_texts),
    }
    return Entry(state, package, exact, text)
