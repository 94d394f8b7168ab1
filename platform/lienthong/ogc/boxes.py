"""Pages of what lies in a box and nothing else: what a map asks for, found where the process holds the points."""

from collections.abc import Sequence
from dataclasses import dataclass

from lienthong.access.door import Answer
from lienthong.access.placed import Points
from lienthong.access.ready import FeatureFile
from lienthong.catalog.snapshot import ReleaseInfo
from lienthong.contract.model import FieldContract
from lienthong.ogc.asking import Place
from lienthong.ogc.items import Asked
from lienthong.store.condition import value_of
from lienthong.store.keyset import SortKey, cursor_of, sort_keys
from lienthong.store.query import ROW_NUMBER, Compare, Order
from lienthong.store.slots import Slot


@dataclass(frozen=True, slots=True)
class Boxed:
    """The first page of the rows in a box. `text`: the place of the box among the texts of a request."""

    field: FieldContract
    text: int
    limit: int
    keys: tuple[SortKey, ...]

    def answer(
        self, points: Points, features: FeatureFile, release: ReleaseInfo, texts: Sequence[str]
    ) -> Answer | None:
        """The features of the page; None when the box holds too many. Raises QueryInvalid when it is none."""
        found = points.within(value_of(self.field, "bbox", texts[self.text]))
        if found is None:
            return None
        shown = found[: self.limit]
        more = cursor_of(self.keys, [str(shown[-1])], release.number) if len(found) > self.limit else None
        body = features.array(shown) if shown else b"[]"
        return Answer(body, len(shown), more, release=release.number)


def boxed(place: Place, asked: Asked) -> Boxed | None:
    """What is asked, when it is such a page of points."""
    query, where = asked.query, asked.query.where
    if place.geometry.logical_type != "point" or query.page.after is not None or query.page.offset:
        return None
    if query.order != (Order(ROW_NUMBER),) or not isinstance(where, Compare) or where.op != "bbox":
        return None
    edge = where.value[0]
    if not isinstance(edge, Slot):
        return None
    return Boxed(place.geometry, edge.number, query.page.limit, sort_keys(place.scope, query.order))
