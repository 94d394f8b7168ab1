"""Rows as GeoJSON features, put together as text: parsing JSON that was just made would cost more than the page."""

from collections.abc import Sequence

from lienthong.contract.model import Contract
from lienthong.store.compile import Compiler, Statement
from lienthong.store.keyset import SortKey, sort_keys
from lienthong.store.mask import keeps_type, masked_column
from lienthong.store.predicate import column, ident
from lienthong.store.query import ROW_NUMBER, Item, Order, Query, fields
from lienthong.store.scope import Scope
from lienthong.store.spatial import CRS84, Crs


class Featurer(Compiler):
    """Compiles a query into features."""

    def features_of(self, query: Query, geometry: str, crs: Crs = CRS84) -> Statement:
        """`body` (a JSON array of GeoJSON features), `count`, `next`, `total`; the geometry is not a property."""
        scope = self.scopes[query.dataset]
        keys = sort_keys(scope, query.order)
        names = query.items or fields(scope.visible)
        rest = query.but(items=tuple(i for i in names if not (isinstance(i, Item) and i.field == geometry)))
        place = place_column(scope, geometry)
        shown = self._shown(query, rest.items) if rest.items else set()
        stored = shown | {place, *scope.key}
        page = (
            self._narrow(query, keys, stored) if _is_by_number(scope, query) else self._page(query, keys, None, stored)
        )
        feature = (
            f"""'{{"type":"Feature","id":' || {_id(scope)} || ',"geometry":' || """
            f"coalesce({geojson(column('p', place), scope.contract, geometry, crs)}, 'null') || "
            f"""',"properties":' || {self._row(rest, "p") if rest.items else "'{}'"} || '}}'"""
        )
        return self._collected(query, keys, f"'[' || coalesce(string_agg({feature}, ',')", ", '') || ']'", page)

    def numbers_of(self, query: Query) -> Statement:
        """`body` (the numbers of the rows, with commas between them), `count`, `next`, `total`."""
        keys = sort_keys(self.scopes[query.dataset], query.order)
        page = self._page(query, keys, None, set())
        return self._collected(query, keys, f"coalesce(string_agg(p.{ROW_NUMBER}::text, ',')", ", '')", page)

    def _collected(self, query: Query, keys: Sequence[SortKey], begin: str, end: str, page: str) -> Statement:
        """A page with what a pager needs; `begin` ends with an aggregate of what is shown of each row."""
        limit = query.page.limit
        total = f"({self._total(query)})" if query.total else "null"
        release, more = self._told_release(query)
        sql = (
            f"select {begin} filter (where p._n <= {limit}){end}, "
            f"least(count(*), {limit})::int, case when count(*) > {limit} then max({self._cursor(query, keys, 'p')}) "
            f"filter (where p._n = {limit}) end, {total}{release}"
        )
        self._touch(query, f"array_agg(p.{ROW_NUMBER}) filter (where p._n <= {limit})")
        return self._statement(sql, f" from ({page}) p", ("body", "count", "next", "total", *more))

    def _narrow(self, query: Query, keys: Sequence[SortKey], stored: set[str]) -> str:
        """A page whose rows are found and sorted by their numbers alone, and only then read."""
        alias = self._alias()
        found = self._page(query, keys, None, set())
        listed = ", ".join(column(alias, name) for name in sorted(stored | {ROW_NUMBER}))
        joined = f"{column(alias, ROW_NUMBER)} = k.{ROW_NUMBER}"
        return f"select k._n, {listed} from ({found}) k join {self._relation(query)} {alias} on {joined} order by k._n"


def _is_by_number(scope: Scope, query: Query) -> bool:
    """Are rows of a release, of which a condition may find many, asked for in the order in which they lie there?"""
    return scope.schema == "open" and query.where is not None and query.order == (Order(ROW_NUMBER),)


def place_column(scope: Scope, geometry: str) -> str:
    """The stored column of a geometry as the caller sees it."""
    return masked_column(scope.contract.by_name[geometry]) if geometry in scope.masked else geometry


def geojson(value: str, contract: Contract, geometry: str, crs: Crs = CRS84) -> str:
    """The SQL of a geometry as GeoJSON text; outer rings turn counter-clockwise (RFC 7946)."""
    field = contract.by_name[geometry]
    made = value if field.logical_type == "point" else f"st_forcepolygonccw({value})"
    if crs.srid != 4326:
        made = f"st_transform({made}, {int(crs.srid)})"
    if crs.flipped:
        made = f"st_flipcoordinates({made})"
    return f"st_asgeojson({made}, {crs.digits}, 0)"


def is_placed(scope: Scope, geometry: str) -> bool:
    """Does the caller see the geometry as one, or through a mask that shows one?"""
    field = scope.contract.by_name.get(geometry)
    return field is not None and geometry in scope.fields and (geometry not in scope.masked or keeps_type(field))


def _id(scope: Scope) -> str:
    ids = [f"p.{ident(name)}::text" for name in scope.key]
    joined = ids[0] if len(ids) == 1 else f"concat_ws(chr(44), {', '.join(ids)})"
    return f"to_json({joined})::text"
