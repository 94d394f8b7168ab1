"""A release as vector tiles (MVT 2.1), zoom by zoom, made by PostGIS: what a PMTiles file is written from.

Few rows stand in every tile with all their plain fields. Many points are gathered at low zooms: one point for each cell
of a grid of `CELLS` to a tile's side, with the number of rows in `point_count`; at the last zoom each row stands for
itself. Areas are simplified to half a pixel of a 512-pixel tile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import Connection

from lienthong.contract.model import FieldContract
from lienthong.store.export import is_geometry
from lienthong.store.predicate import column, ident

COUNT = "point_count"
EXTENT, CELLS, FEW = 4096, 64, 2_000
LEAST, MOST, FULL = 10, 14, 5_000  # the last zoom is LEAST, or up to MOST while a tile has more than FULL points
_TABLE = "_places"
_WIDTH = 40_075_016.68557849  # of the world in EPSG:3857
_BATCH = 200  # tiles that are fetched together


@dataclass(frozen=True)
class Pyramid:
    """What the tiles hold: the attributes (name, SQL type), the zooms, and from which on each row stands for itself."""

    layer: str
    attributes: tuple[tuple[str, str], ...]
    is_point: bool
    last: int
    single_from: int
    rows: int


def prepare(
    connection: Connection, relation: str, layer: str, key: Sequence[str], fields: Sequence[FieldContract]
) -> Pyramid:
    """Put the places of `release.<relation>` into a table of this transaction, in Web Mercator."""
    shape = next(field for field in fields if is_geometry(field))
    plain = [f for f in fields if not is_geometry(f) and f.columns[0].sql_type != "jsonb"]
    is_point = shape.columns[0].sql_type.startswith("geometry(Point")
    given = column("p", shape.name)
    # Web Mercator ends at 85.06 degrees; x and y count tiles of zoom 0 from the north-west.
    clipped = given if is_point else f"st_intersection({given}, st_makeenvelope(-180, -85.06, 180, 85.06, 4326))"
    places = f"st_transform({clipped}, 3857)"
    shown = f"st_x(_g) / {_WIDTH} + 0.5 as _wx, 0.5 - st_y(_g) / {_WIDTH} as _wy" if is_point else "_g"
    within = f"and abs(st_y({given})) < 85.06" if is_point else ""
    listed = "".join(f", {_attribute(field)} as {ident(field.name)}" for field in plain)
    order = ", ".join(column("p", name) for name in key)
    statement = (
        f"create temp table {_TABLE} on commit drop as "
        f"select row_number() over (order by {order}) as _n, {shown}{listed} "
        f"from release.{ident(relation)} p cross join lateral (select {places} as _g) m "
        f"where {given} is not null {within}"
    )
    connection.execute(statement.encode())
    rows = _number(connection, f"select count(*) from {_TABLE}")
    last = _last(connection) if is_point else LEAST
    kinds = tuple((f.name, _kind(f)) for f in plain)
    return Pyramid(layer, kinds, is_point, last, 0 if rows <= FEW or not is_point else last, rows)


def tiles(connection: Connection, pyramid: Pyramid, zoom: int) -> Iterator[tuple[int, int, bytes]]:
    """The tiles of a zoom: x, y, the tile."""
    if not pyramid.is_point:
        statement = _areas(pyramid, zoom)
    elif zoom < pyramid.single_from:
        statement = _gathered(pyramid, zoom)
    else:
        statement = _points(pyramid, zoom)
    with connection.cursor(name="_tiles") as cursor:
        cursor.itersize = _BATCH
        for x, y, tile in cursor.execute(statement.encode()):
            yield x, y, bytes(tile)


def finish(connection: Connection) -> None:
    """Forget the table of `prepare`."""
    connection.execute(f"drop table if exists {_TABLE}".encode())


def _number(connection: Connection, query: str) -> int:
    found = connection.execute(query.encode()).fetchone()
    return int(found[0] or 0) if found else 0


def _last(connection: Connection) -> int:
    """The first zoom from `LEAST` on whose fullest tile is not too full."""
    for zoom in range(LEAST, MOST):
        side = 2**zoom
        tile = f"select count(*) as n from {_TABLE} group by floor(_wx * {side}), floor(_wy * {side})"
        if _number(connection, f"select max(n) from ({tile}) t") <= FULL:
            return zoom
    return MOST


def _kind(field: FieldContract) -> str:
    sql_type = field.columns[0].sql_type
    if sql_type.startswith("numeric"):
        return "double precision"
    return sql_type if sql_type in ("integer", "bigint", "boolean") else "text"


def _attribute(field: FieldContract) -> str:
    name = column("p", field.name)
    kind = _kind(field)
    return f"{name}::{kind}" if kind != "text" else f"({field.type.json_expr(name, field.options)})::text"


def _local(side: int) -> str:
    """The place within its tile, y growing southwards."""
    x, y = (f"round((({c} * {side} - {t}) * {EXTENT})::numeric)" for c, t in (("_wx", "_x"), ("_wy", "_y")))
    return f"st_makepoint({x}, {y}) as _geom"


def _names(pyramid: Pyramid) -> str:
    return "".join(f", {ident(name)}" for name, _ in pyramid.attributes)


def _points(pyramid: Pyramid, zoom: int) -> str:
    side = 2**zoom
    inner = f"select *, floor(_wx * {side})::int as _x, floor(_wy * {side})::int as _y from {_TABLE}"
    return _grouped(pyramid.layer, f"{_local(side)}{_names(pyramid)}", inner)


def _gathered(pyramid: Pyramid, zoom: int) -> str:
    side, cells = 2**zoom, 2**zoom * CELLS
    inner = (
        f"select min(_n) as _n, count(*)::int as {COUNT}, avg(_wx) as _wx, avg(_wy) as _wy, "
        f"floor(_wx * {cells})::int / {CELLS} as _x, floor(_wy * {cells})::int / {CELLS} as _y "
        f"from {_TABLE} group by floor(_wx * {cells})::int, floor(_wy * {cells})::int"
    )
    return _grouped(pyramid.layer, f"{_local(side)}, {COUNT}", inner)


def _areas(pyramid: Pyramid, zoom: int) -> str:
    side = 2**zoom
    half_pixel = _WIDTH / side / 1024
    inner = (
        f"select s.*, _x, _y, st_asmvtgeom(_s, st_tileenvelope({zoom}, _x, _y), {EXTENT}, 64, true) as _geom "
        f"from (select *, st_simplify(_g, {half_pixel}, true) as _s from {_TABLE}) s "
        f"cross join lateral generate_series({_tile('st_xmin(_g)', side)}, {_tile('st_xmax(_g)', side)}) _x "
        f"cross join lateral generate_series({_tile('-st_ymax(_g)', side)}, {_tile('-st_ymin(_g)', side)}) _y"
    )
    return _grouped(pyramid.layer, f"_geom{_names(pyramid)}", inner, "where r._geom is not null")


def _tile(metres: str, side: int) -> str:
    return f"least({side - 1}, greatest(0, floor(({metres} / {_WIDTH} + 0.5) * {side})::int))"


def _grouped(layer: str, columns: str, inner: str, condition: str = "") -> str:
    """One row for each tile: the row given to ST_AsMVT has the geometry and the attributes alone, in a fixed order."""
    text = layer.replace("'", "''")
    return (
        f"select _x, _y, st_asmvt(r, '{text}', {EXTENT}, '_geom' order by _n) "
        f"from ({inner}) t cross join lateral (select {columns}) r {condition} group by _x, _y"
    )
