"""One dataset in the index: its package as JSON, who may see it, and what a search compares."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from lienthong.catalog.snapshot import DatasetState
from lienthong.ckan import ids
from lienthong.ckan.documents import Document
from lienthong.ckan.words import Text, analysed

PUBLIC = "public"
# Of resources: member -> field of the search (CKAN 2.12, lib/search/index.py).
_RESOURCE = {
    "name": "res_name", "description": "res_description", "format": "res_format", "url": "res_url",
    "resource_type": "res_type",
}  # fmt: skip
_NOT_COMPARED = frozenset({"notes", "organization"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A dataset as searches see it.

    `exact` holds values that are compared as they are, `text` what is compared word by word without tone marks.
    `labels`: a caller with one of them may see it (CKAN's permission labels). `lifecycle`: active, draft or deleted.
    `titles`: (field, name, title) of its organization, groups and licence. `state`: what is known of a dataset that a
    contract governs; None for a hosted one.
    """

    id: str
    name: str
    title: str
    owner: str | None
    modified: str
    lifecycle: str
    labels: tuple[str, ...]
    body: bytes
    exact: Mapping[str, tuple[str, ...]]
    text: Mapping[str, Text]
    resources: tuple[str, ...]
    titles: tuple[tuple[str, str, str], ...]
    state: DatasetState | None = None

    @property
    def package(self) -> Document:
        """The package, decoded anew: whoever only passes it on takes `body`."""
        found: Document = orjson.loads(self.body)
        return found

    @property
    def contract(self) -> str | None:
        """The id of the dataset whose contract governs this one."""
        return self.state.contract.id if self.state else None

    @property
    def is_deleted(self) -> bool:
        """Was it deleted? It is kept, out of sight, and its name is free."""
        return self.lifecycle == "deleted"

    @property
    def is_public(self) -> bool:
        """Can anybody read it?"""
        return PUBLIC in self.labels


def entry(
    package: Document,
    labels: tuple[str, ...],
    state: DatasetState | None = None,
    titles: Iterable[str] = (),
    further: Iterable[str] = (),
    vocabularies: Mapping[str, str] | None = None,
) -> Entry:
    """An entry for a package. `titles`, `further`: texts in another language and the like, found as well.

    `vocabularies`: the names of vocabularies of tags by their ids.
    """
    title = package["title"] or package["name"]
    exact = _exact(package, labels) | _tags(package, vocabularies or {}) | {"governed": (str(bool(state)).lower(),)}
    titles, notes = (title, *titles), (package["notes"] or "",)
    text = {
        "title": analysed(*titles),
        "notes": analysed(*notes),
        "text": analysed(*_texts(package, exact), *titles, *notes, *further),
    }
    return Entry(
        id=package["id"], name=package["name"], title=title, owner=package["owner_org"],
        modified=package["metadata_modified"], lifecycle=package["state"], labels=labels,
        body=orjson.dumps(package), exact=exact, text=text, resources=tuple(r["id"] for r in package["resources"]),
        titles=tuple(_titles(package)), state=state,
    )  # fmt: skip


def _exact(package: Document, labels: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The fields of CKAN's search schema that are compared as they are; dates, too."""
    found: dict[str, tuple[str, ...]] = {}
    for extra in package["extras"]:
        key, value = extra["key"], str(extra["value"])
        found[f"extras_{key}"] = (value,)
        found[key] = _moment(value) if key.endswith("_date") else (value,)
    for key, value in package.items():
        if isinstance(value, (str, int)) and key not in _NOT_COMPARED:
            found[key] = (str(value).lower() if isinstance(value, bool) else str(value),)
    organization = package["organization"]
    found |= {
        "organization": (organization["name"],) if organization else (),
        "groups": tuple(group["name"] for group in package["groups"]),
        "title_string": (package["title"] or "",),
        "license": (package["license_title"],) if package.get("license_title") else (),
        "dataset_type": (package["type"],),
        "entity_type": ("package",),
        "capacity": ("private" if package["private"] else "public",),
        "site_id": ("default",),
        "permission_labels": labels,
    }
    for member, field in _RESOURCE.items():
        found[field] = tuple(r[member] for r in package["resources"] if r.get(member) is not None)
    return found


def _titles(package: Document) -> Iterator[tuple[str, str, str]]:
    named = [("organization", package["organization"]), *(("groups", group) for group in package["groups"])]
    for field, held in named:
        if held:
            yield field, held["name"], held["title"] or held["name"]
    if package["license_id"]:
        yield "license_id", package["license_id"], package.get("license_title") or package["license_id"]


def _moment(value: str) -> tuple[str, ...]:
    """A date among the extras as the others are written; nothing when it is none."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return ()
    return (ids.stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC)),)


def _tags(package: Document, vocabularies: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Free tags, and those of a vocabulary under its name."""
    found: dict[str, list[str]] = {"tags": []}
    for tag in package["tags"]:
        if not tag.get("vocabulary_id"):
            found["tags"].append(tag["name"])
        else:
            name = vocabularies.get(tag["vocabulary_id"], tag["vocabulary_id"])
            found.setdefault(f"vocab_{name}", []).append(tag["name"])
    return {field: tuple(names) for field, names in found.items()}


def _texts(package: Document, exact: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What CKAN's schema copies into the field `text`."""
    copied = ("tags", "groups", "organization", "license", "res_name", "res_description", "res_url", "url")
    found = [package["name"], package["maintainer"] or "", package["author"] or ""]
    found += [value for field in copied for value in exact.get(field, ())]
    found += [v for field, values in exact.items() if field.startswith(("extras_", "vocab_")) for v in values]
    return found
