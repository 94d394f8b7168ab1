"""One vector tile (MVT 2.1) as one statement: what no file of the release holds, or what only this caller may see.

Many points are gathered at low zooms as in `pyramid`: one point for each cell of a grid, with `point_count`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lienthong.contract.model import FieldContract
from lienthong.store.compile import Compiler, Statement
from lienthong.store.export import is_geometry
from lienthong.store.features import place_column
from lienthong.store.formula import Formula
from lienthong.store.mask import keeps_type, masked_column
from lienthong.store.predicate import column, ident
from lienthong.store.pyramid import BUFFER, CELLS, COUNT, EXTENT, FEW, LEAST, in_tile, in_world, simplified
from lienthong.store.query import ROW_NUMBER, Item, Query, fields, required
from lienthong.store.scope import Scope

MARGIN = BUFFER / EXTENT
"""How far a tile reaches beyond its edge, in widths of a tile."""
MOST = 50_000
"""Rows that are looked at for one tile."""
MANY = 2_000_000
"""Rows that are gathered for one tile."""


@dataclass(frozen=True, slots=True)
class Layer:
    """How rows are drawn: their geometry, the layer's name, and the zoom (a simplified tile differs with it)."""

    geometry: str
    name: str
    zoom: int
    gathered: bool = False


class Tiler(Compiler):
    """Compiles a query whose condition names a tile."""

    def tile_of(self, query: Query, layer: Layer) -> Statement:
        """`body`: the tile in hexadecimal; `count`: how many rows stand in it."""
        alias, scope = self._alias(), self.scopes[query.dataset]
        where = self._where(query, alias, None)
        place = place_column(scope, layer.geometry)
        names = () if layer.gathered else tuple(plain_fields(scope, query))
        stored = dict.fromkeys([place, ROW_NUMBER, *(_stored(scope, field) for field in names)])
        listed = ", ".join(column(alias, name) for name in stored)
        source = f"{self._relation(query)} {alias}"
        page = f"select {listed} from {source} where {where} limit {int(query.page.limit)}"
        z, x, y = (f"{self.params.add(number)}::int" for number in _numbers(query))
        self._touch(query, f"array_agg(p.{ROW_NUMBER})")
        envelope = f"st_tileenvelope({z}, {x}, {y})"
        title = self._literal(layer.name)
        release, more = self._told_release(query)
        if layer.gathered:
            rows = _gathered(place, (x, y), layer.zoom)
            made = f"st_asmvt(r, {title}, {EXTENT}, '_geom')"
            drawn = f"(select {made} from ({rows}) r)"
            sql = f"select encode({drawn}, 'hex'), count(*)::int{release}"
            return self._statement(f"with p as materialized ({page}) {sql}", " from p", ("body", "count", *more))
        shape = _shape(scope.contract.by_name[layer.geometry], f"p.{ident(place)}", layer.zoom)
        attributes = "".join(f", {attribute(scope, field)} as {ident(field.name)}" for field in names)
        inner = (
            f"select st_asmvtgeom(st_transform({shape}, 3857), {envelope}, {EXTENT}, {BUFFER}, true) as _geom, "
            f"p.{ROW_NUMBER} as _fid{attributes}"
        )
        made = f"st_asmvt(r, {title}, {EXTENT}, '_geom', '_fid') filter (where r._geom is not null)"
        sql = f"select encode({made}, 'hex'), count(*)::int{release}"
        # In the order of storage a tile would tell that something changed in its rows, hidden fields as well.
        ordered = f"select * from ({page}) u order by {ROW_NUMBER}"
        return self._statement(sql, f" from ({ordered}) p cross join lateral ({inner}) r", ("body", "count", *more))


def is_gathered(field: FieldContract, rows: int, zoom: int, single_from: int | None) -> bool:
    """Are points drawn together at this zoom? `single_from`: where that ends in the release's own tiles, if any."""
    if field.logical_type != "point" or rows <= FEW:
        return False
    few = LEAST + (rows > 500_000) + (rows > 2_000_000) + (rows > 8_000_000)
    return zoom < (few if single_from is None else single_from)


def plain_fields(scope: Scope, query: Query) -> Iterable[FieldContract]:
    """The attributes of a tile: the fields that are asked for, else all that are neither places nor lists."""
    for item in query.items or fields(scope.visible):
        field = scope.contract.by_name[item.field] if isinstance(item, Item) else None
        if field and not is_geometry(field) and (query.items or field.columns[0].sql_type != "jsonb"):
            yield field


def _numbers(query: Query) -> tuple[object, ...]:
    found = next(leaf for leaf in required(query.where) if isinstance(leaf, Formula) and leaf.op == "tile")
    return found.args[1:4]


def _stored(scope: Scope, field: FieldContract) -> str:
    return masked_column(field) if field.name in scope.masked else field.name


def kind(scope: Scope, field: FieldContract) -> str:
    """The SQL type of an attribute; a tile knows numbers, truth values and texts."""
    if field.name in scope.masked and not keeps_type(field):
        return "text"
    stored = field.columns[0].sql_type
    if stored.startswith("numeric"):
        return "double precision"
    return stored if stored in ("integer", "bigint", "boolean") else "text"


def attribute(scope: Scope, field: FieldContract) -> str:
    """The SQL of an attribute."""
    name, wanted = column("p", _stored(scope, field)), kind(scope, field)
    if wanted != "text":
        return f"{name}::{wanted}"
    if field.name in scope.masked and not keeps_type(field):
        return name
    if field.columns[0].sql_type == "timestamptz":
        return f"to_json({field.type.json_expr(name, field.options)}) #>> '{{}}'"
    return f"({field.type.json_expr(name, field.options)})::text"


def _shape(field: FieldContract, value: str, zoom: int) -> str:
    return value if field.logical_type == "point" else simplified(value, zoom)


def _gathered(place: str, at: tuple[str, str], zoom: int) -> str:
    """One point for each cell that holds any, in the middle of its points; cells fill the tile exactly."""
    side, cells = 2**zoom, 2**zoom * CELLS
    x, y = at
    inner = f"select {in_world('g')} from (select st_transform({column('p', place)}, 3857) as g from p offset 0) m"
    cell = f"floor(_wx * {cells})::int, floor(_wy * {cells})::int"
    # The index rounds: a point just beyond the edge belongs to the neighbour.
    within = f"floor(_wx * {side})::int = {x} and floor(_wy * {side})::int = {y}"
    middle = f"select avg(_wx) as _wx, avg(_wy) as _wy, count(*)::int as {COUNT} from ({inner}) w where {within}"
    return f"select {in_tile(side, x, y)}, {COUNT} from ({middle} group by {cell} order by {cell}) c"
