"""What an answer was read from: while the same open releases are served, it stays what it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lienthong.catalog.snapshot import ReleaseInfo, Snapshot
from lienthong.contract.registry import Registry
from lienthong.store.keyset import release_of, sort_keys
from lienthong.store.query import Nested, Query
from lienthong.store.scope import Scope


@dataclass(frozen=True, slots=True)
class Bound:
    """The datasets that an answer was read from, open data all of them.

    `asked`: those that were asked for, not only joined. `pinned`: the releases by number that its pages go on in.
    """

    datasets: tuple[str, ...]
    asked: tuple[str, ...]
    pinned: tuple[tuple[str, int], ...] = ()

    def releases(self, before: Snapshot, number: int | None = None) -> tuple[ReleaseInfo, ...]:
        """The releases that it is good for; none when they are not all served, or when others were read.

        `before`: what was served before it was read, so that a release which came meanwhile ends the answer, and not
        the other way round. `number`: the release that the statement tells of, of the first dataset.
        """
        found: list[ReleaseInfo] = []
        for name in self.datasets:
            state = before.datasets.get(name)
            if state is None or state.release is None:
                return ()
            found.append(state.release)
        served = {release.dataset: release.number for release in found}
        if number not in (None, served[self.asked[0]]) or any(served[name] != n for name, n in self.pinned):
            return ()
        return tuple(found)


def bound(registry: Registry, scopes: Mapping[str, Scope], queries: Sequence[Query]) -> Bound | None:
    """What these queries read in these scopes; None when it is not open data alone."""
    if any(scope.schema != "open" or scope.release is not None for scope in scopes.values()):
        return None
    every = [part for query in queries for part in _every(registry, query)]
    pinned = {(q.dataset, number) for q in every if (number := _pinned(q, scopes[q.dataset])) is not None}
    return Bound(tuple(scopes), tuple(query.dataset for query in queries), tuple(sorted(pinned)))


def _every(registry: Registry, query: Query) -> Iterator[Query]:
    """The query and those nested in it, each with its dataset."""
    yield query
    relations = registry.relations(query.dataset)
    for item in query.selected:
        if isinstance(item, Nested):
            yield from _every(registry, item.query.but(dataset=relations[item.relation].dataset))


def _pinned(query: Query, scope: Scope) -> int | None:
    """The release that the query's cursor names."""
    after = query.page.after
    if after is None or query.is_aggregate:
        return None
    return release_of(after, sort_keys(scope, query.order))
