"""What a new version of a contract changes for those who use the data, and the version number that it needs.

Semantic versioning from the consumer's side: major when a query or a program that worked may stop working or mean
something else; minor when something is added or a promise grows; patch when only words or the source change.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from lienthong.contract.model import Contract, FieldContract, OpenView, QualityRule, Relationship
from lienthong.contract.part import Part
from lienthong.kernel.text import Bilingual, both

Bump = Literal["major", "minor", "patch"]
_ORDER: tuple[Bump, ...] = ("patch", "minor", "major")
_RESTRICTION = ("public", "internal", "personal", "sensitive")
# Attributes that need no thought: a change of them is of this weight.
_FIELD: dict[str, Bump] = {
    "title": "patch",
    "description": "patch",
    "examples": "patch",
    "national_term": "patch",
    "index": "patch",
    "logical_type": "major",
    "mask": "minor",
}
_CONTRACT: dict[str, Bump] = {
    "title": "patch",
    "description": "patch",
    "source": "patch",
    "agency": "major",
    "id": "major",
    "primary_key": "major",
    "validity": "major",
    "indexes": "patch",
    "rollups": "patch",
    "privacy": "minor",
    "status": "minor",
}
_CATALOGUE: dict[str, Bump] = {"licence": "major", "update_frequency": "minor", "data_class": "minor"}
# Options that change what stored values look like; others narrow or widen what is accepted.
_RESHAPING = frozenset({"scale", "precision", "level", "version", "items"})
_READING = frozenset({"formats", "repair"})


@dataclass(frozen=True)
class Change:
    """One difference: where, what it is for a consumer, and the part of the version that it raises."""

    path: str
    bump: Bump
    detail: Bilingual

    @property
    def breaking(self) -> bool:
        """May it break a consumer?"""
        return self.bump == "major"

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        level = "breaking" if self.breaking else "compatible"
        return {"level": level, "bump": self.bump, "place": self.path, "detail": self.detail.model_dump()}


def diff(old: Contract, new: Contract) -> list[Change]:
    """All changes from `old` to `new`, the breaking ones first."""
    changes = [
        *_attributes("", old, new, _CONTRACT),
        *_fields(old, new),
        *_relationships(old, new),
        *_quality(old, new),
        *_attributes("catalogue.", old.catalogue, new.catalogue, _CATALOGUE, default="patch"),
        *_access(old, new),
        *_open_view(old.open_view, new.open_view),
    ]
    return sorted(changes, key=lambda c: -_ORDER.index(c.bump))


def required_version(old: str, changes: Iterable[Change]) -> str:
    """The least version number after `old` that tells these changes; `old` itself when there are none."""
    bumps = [change.bump for change in changes]
    if not bumps:
        return old
    major, minor, patch = map(int, old.split("."))
    match max(bumps, key=_ORDER.index):
        case "major":
            return f"{major + 1}.0.0"
        case "minor":
            return f"{major}.{minor + 1}.0"
        case _:
            return f"{major}.{minor}.{patch + 1}"


def version_is_enough(old: Contract, new: Contract) -> bool:
    """Does the new contract's version number tell its changes?"""
    needed = required_version(old.version, diff(old, new))
    return tuple(map(int, new.version.split("."))) >= tuple(map(int, needed.split(".")))


def _changed(path: str, bump: Bump, old: Any, new: Any) -> Change:
    def shown(value: Any) -> str:
        return "-" if value is None else str(value)[:60]

    detail = both(f"{path}: {shown(old)} → {shown(new)}", f"{path}: {shown(old)} → {shown(new)}")
    return Change(path, bump, detail)


def _added(path: str, bump: Bump) -> Change:
    return Change(path, bump, both(f"thêm {path}", f"{path} added"))


def _removed(path: str, bump: Bump) -> Change:
    return Change(path, bump, both(f"bỏ {path}", f"{path} removed"))


def _attributes(
    path: str, old: Part, new: Part, weights: dict[str, Bump], default: Bump | None = None
) -> Iterator[Change]:
    names = type(old).model_fields if default else weights
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield _changed(path + name, weights.get(name, default or "patch"), before, after)


Named = TypeVar("Named", FieldContract, Relationship, QualityRule)


def _paired(
    old: Sequence[Named], new: Sequence[Named], key: str
) -> tuple[list[tuple[Named, Named]], list[Named], list[Named]]:
    """Those in both, those gone, those new, by the attribute `key`."""
    before = {getattr(item, key): item for item in old}
    after = {getattr(item, key): item for item in new}
    kept = [(item, after[name]) for name, item in before.items() if name in after]
    return kept, [i for n, i in before.items() if n not in after], [i for n, i in after.items() if n not in before]


def _fields(old: Contract, new: Contract) -> Iterator[Change]:
    kept, gone, fresh = _paired(old.fields, new.fields, "name")
    yield from (_removed(f"fields.{field.name}", "major") for field in gone)
    yield from (_added(f"fields.{field.name}", "minor") for field in fresh)
    for before, after in kept:
        yield from _field(f"fields.{before.name}.", before, after)
    if [f.name for f in old.fields] != [f.name for f in new.fields] and not gone and not fresh:
        yield _changed("fields (order)", "minor", None, None)


def _field(path: str, old: FieldContract, new: FieldContract) -> Iterator[Change]:
    yield from _attributes(path, old, new, _FIELD)
    if old.logical_type == new.logical_type:
        for name in sorted({*old.options, *new.options}):
            before, after = old.options.get(name), new.options.get(name)
            if before != after:
                bump: Bump = "major" if name in _RESHAPING else "patch" if name in _READING else "minor"
                if name == "items" and _meaning(before) == _meaning(after):
                    bump = "patch"
                yield _changed(f"{path}options.{name}", bump, before, after)
    # A promise that is taken back breaks; a promise that is made does not.
    for promise in ("required", "unique", "search"):
        before, after = getattr(old, promise), getattr(new, promise)
        if before != after:
            yield _changed(path + promise, "major" if before else "minor", before, after)
    if old.is_open != new.is_open:
        yield _changed(path + "open", "major" if old.is_open else "minor", old.is_open, new.is_open)
    if old.classification != new.classification:
        tighter = _RESTRICTION.index(new.classification) > _RESTRICTION.index(old.classification)
        yield _changed(path + "classification", "major" if tighter else "minor", old.classification, new.classification)


def _meaning(items: Any) -> Any:
    """The description of list items without how the source words them."""
    if isinstance(items, dict):
        return {k: _meaning(v) for k, v in items.items() if k not in ("from", "extract", "map", "formats", "title")}
    return [_meaning(part) for part in items] if isinstance(items, list) else items


def _relationships(old: Contract, new: Contract) -> Iterator[Change]:
    kept, gone, fresh = _paired(old.relationships, new.relationships, "name")
    yield from (_removed(f"relationships.{r.name}", "major") for r in gone)
    yield from (_added(f"relationships.{r.name}", "minor") for r in fresh)
    for before, after in kept:
        path = f"relationships.{before.name}."
        weights: dict[str, Bump] = {
            "title": "patch",
            "to": "major",
            "on": "major",
            "cardinality": "major",
            "required": "minor",
        }
        yield from _attributes(path, before, after, weights)
        names = [inverse.name if inverse else None for inverse in (before.inverse, after.inverse)]
        if names[0] != names[1]:
            yield _changed(path + "inverse", "major" if names[0] else "minor", *names)


def _quality(old: Contract, new: Contract) -> Iterator[Change]:
    kept, gone, fresh = _paired(old.quality, new.quality, "id")
    yield from (_removed(f"quality.{rule.id}", "minor") for rule in gone)
    yield from (_added(f"quality.{rule.id}", "minor") for rule in fresh)
    words: dict[str, Bump] = {"title": "patch", "playbook": "patch"}
    for before, after in kept:
        yield from _attributes(f"quality.{before.id}.", before, after, words, default="minor")


def _access(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = old.access.shared, new.access.shared
    purposes = [set(shared.purposes) if shared else set() for shared in (before, after)]
    yield from (_removed(f"access.shared.purposes.{p}", "major") for p in sorted(purposes[0] - purposes[1]))
    yield from (_added(f"access.shared.purposes.{p}", "minor") for p in sorted(purposes[1] - purposes[0]))
    bases = [shared.legal_basis if shared else None for shared in (before, after)]
    if bases[0] != bases[1]:
        yield _changed("access.shared.legal_basis", "minor", *bases)


def _open_view(old: OpenView | None, new: OpenView | None) -> Iterator[Change]:
    if old is None or new is None:
        if old is not None:
            yield _removed("openView", "major")
        if new is not None:
            yield _added("openView", "minor")
        return
    weights: dict[str, Bump] = {
        "id": "major",
        "where": "major",
        "group_by": "major",
        "k": "minor",
        "title": "patch",
        "description": "patch",
    }
    yield from _attributes("openView.", old, new, weights)
    before, after = ({m.name: m for m in view.measures} for view in (old, new))
    for name in {**before, **after}:
        path = f"openView.measures.{name}"
        if name not in after:
            yield _removed(path, "major")
        elif name not in before:
            yield _added(path, "minor")
        elif before[name].model_copy(update={"title": after[name].title}) != after[name]:
            yield _changed(path, "major", before[name].measure, after[name].measure)
        elif before[name] != after[name]:
            yield _changed(path + ".title", "patch", before[name].title, after[name].title)
