"""What every OGC endpoint begins with: who asks, for which collection, in which form."""

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request

from lienthong.access import Subject
from lienthong.access.services import Services
from lienthong.catalog.snapshot import DatasetState, ReleaseInfo, Snapshot
from lienthong.contract.model import FieldContract
from lienthong.governance.subject import ANONYMOUS
from lienthong.kernel.problem import NotFound, Problem, QueryInvalid
from lienthong.kernel.text import both, unslug
from lienthong.store.features import is_placed
from lienthong.store.scope import Scope

GEOJSON = "application/geo+json"


def is_geometry(field: FieldContract) -> bool:
    """Does the field place a row on the map?"""
    return field.logical_type in {"point", "multipolygon"}


@dataclass(frozen=True, slots=True)
class Place:
    """A collection: the rows of a dataset, as one caller sees them, by one of their geometries."""

    state: DatasetState
    scope: Scope
    geometry: FieldContract
    first: bool = True

    @property
    def id(self) -> str:
        """The dataset's name in addresses; with the field's, when it is not the first geometry."""
        slug = self.scope.contract.slug
        return slug if self.first else f"{slug}:{self.geometry.name}"

    @property
    def release(self) -> ReleaseInfo | None:
        """The release that is read; None of governed rows and of twins."""
        return self.state.release if self.scope.schema == "open" else None


class Asking:
    """Callers and collections, over one set of services."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.base = services.settings.public_url + "/ogc"
        self._open: tuple[str, tuple[Place, ...]] = ("", ())

    async def subject(self, request: Request) -> Subject:
        """Who asks. Raises Unauthenticated."""
        return await self.services.directory.subject(request.headers, request.cookies)

    async def places(self, subject: Subject) -> tuple[Place, ...]:
        """The collections that this caller may read, by title."""
        snapshot = await self.services.catalog.current()
        if subject is not ANONYMOUS:
            return tuple(self._places(snapshot, subject))
        if self._open[0] != snapshot.version:
            self._open = snapshot.version, tuple(self._places(snapshot, subject))
        return self._open[1]

    async def place(self, subject: Subject, name: str) -> Place:
        """The collection with this id. Raises NotFound, Gone, Unauthenticated, NotPermitted."""
        slug, _, field = name.partition(":")
        state = (await self.services.catalog.current()).datasets.get(unslug(slug))
        if state is None or not any(map(is_geometry, state.contract.fields)):
            raise _missing(name)
        scope = self.services.door.scope(subject, state.contract.id)
        if scope.schema == "open" and state.release is None and state.releases:
            raise state.gone(state.releases[0])
        for place in _of(state, scope):
            if (not field and place.first) or place.geometry.name == field:
                return place
        raise _missing(name)

    def _places(self, snapshot: Snapshot, subject: Subject) -> Iterator[Place]:
        for state in snapshot.all():
            if any(map(is_geometry, state.contract.fields)):
                try:
                    scope = self.services.door.scope(subject, state.contract.id)
                except Problem:  # not the caller's to read, or only for a purpose that the request does not state
                    continue
                yield from _of(state, scope)


def _of(state: DatasetState, scope: Scope) -> Iterator[Place]:
    if scope.schema == "open" and not state.is_published:
        return
    placed = [f for f in scope.contract.fields if is_geometry(f) and is_placed(scope, f.name)]
    for n, field in enumerate(placed):
        yield Place(state, scope, field, n == 0)


def _missing(name: str) -> NotFound:
    detail = both("Không có bộ sưu tập không gian này", "There is no such spatial collection")
    return NotFound(detail, place=name, fix="/ogc/collections")


def form(request: Request, given: dict[str, str], *known: str) -> str:
    """The form that is asked for, by `f` or by Accept; the first known one unless a page is liked better."""
    if (asked := given.pop("f", None)) is not None:
        if asked not in known:
            detail = both(f"Không có dạng “{asked}”", f"There is no form “{asked}”")
            raise QueryInvalid(detail, place="f", fix=", ".join(known))
        return asked
    accept = request.headers.get("accept", "")
    page, data = accept.find("text/html"), accept.find("json")
    return "html" if "html" in known and page >= 0 and (data < 0 or page < data) else known[0]
