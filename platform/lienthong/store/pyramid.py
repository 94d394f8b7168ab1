"""A release as vector tiles (MVT 2.1), zoom by zoom, made by PostGIS: what a PMTiles file is written from.

Few rows stand in every tile with all their plain fields. Many points are gathered at low zooms: one point for each cell
of a grid of `CELLS` to a tile's side, with the number of rows in `point_count`; from `single_from` on each row stands
for itself. Areas are simplified to half a pixel of a 512-pixel tile. A tile holds what `tiles` would put into it.

The zooms end where a tile is made as quickly as it is read: few rows stand in it then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import Connection

from lienthong.contract.model import FieldContract
from lienthong.store.export import is_geometry
from lienthong.store.predicate import column, ident
from lienthong.store.query import ROW_NUMBER

COUNT = "point_count"
EXTENT, CELLS, FEW = 4096, 64, 2_000
BUFFER = 64
"""How far a tile reaches beyond its edge, in units of `EXTENT`."""
_MARGIN = BUFFER / EXTENT
LEAST, MOST, FULL = 10, 14, 5_000  # points are single from LEAST on, or up to MOST while a tile has more than FULL
READY, EASY = 12, 1_000  # the last zoom is READY, or up to MOST while a tile has more than EASY points: 10 ms to make
WHOLE_FROM = 13  # areas are not simplified any more
WORK = 400_000_000  # corners of areas that are cut for one zoom, if it is deeper than LEAST: some 20 CPU seconds
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
    """Put the places of `release.<relation>` into a table of this transaction."""
    shape = next(field for field in fields if is_geometry(field))
    plain = [f for f in fields if not is_geometry(f) and f.columns[0].sql_type != "jsonb"]
    is_point = shape.columns[0].sql_type.startswith("geometry(Point")
    given = column("p", shape.name)
    # Web Mercator ends at 85.06 degrees; x and y count tiles of zoom 0 from the north-west.
    places = f"st_transform({given}, 3857)" if is_point else _within_mercator(given)
    shown = in_world("_g") if is_point else "_g"
    within = f"and abs(st_y({given})) < 85.06" if is_point else ""
    listed = "".join(f", {_attribute(field)} as {ident(field.name)}" for field in plain)
    statement = (
        f"create temp table {_TABLE} on commit drop as "
        f"select {column('p', ROW_NUMBER)} as _n, {shown}{listed} "
        f"from release.{ident(relation)} p cross join lateral (select {places} as _g) m "
        f"where {given} is not null {within}"
    )
    connection.execute(statement.encode())
    rows = _number(connection, f"select count(*) from {_TABLE}")
    single_from, last = _zooms(connection, rows) if is_point else (0, _last_of_areas(connection))
    kinds = tuple((f.name, _kind(f)) for f in plain)
    return Pyramid(layer, kinds, is_point, last, single_from, rows)


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


def simplified(value: str, zoom: int) -> str:
    """The SQL of areas in degrees, simplified to half a pixel where that is much less than they are."""
    return value if zoom >= WHOLE_FROM else f"st_simplify({value}, {360 / 2**zoom / 1024!r}, true)"


def _within_mercator(given: str) -> str:
    cut = f"st_intersection({given}, st_makeenvelope(-180, -85.06, 180, 85.06, 4326))"
    return f"case when st_ymin({given}) < -85.06 or st_ymax({given}) > 85.06 then {cut} else {given} end"


def _number(connection: Connection, query: str) -> int:
    found = connection.execute(query.encode()).fetchone()
    return int(found[0] or 0) if found else 0


def _zooms(connection: Connection, rows: int) -> tuple[int, int]:
    """From where on points are single, and the last zoom."""
    single_from = None if rows > FEW else 0
    for zoom in range(LEAST, MOST + 1):
        side = 2**zoom
        tile = f"select count(*) as n from {_TABLE} group by floor(_wx * {side}), floor(_wy * {side})"
        fullest = _number(connection, f"select max(n) from ({tile}) t")
        if single_from is None and fullest <= FULL:
            single_from = zoom
        if zoom >= READY and fullest <= EASY:
            return zoom if single_from is None else single_from, zoom
    return MOST if single_from is None else single_from, MOST


def _last_of_areas(connection: Connection) -> int:
    """The last zoom up to `READY` for which not too much has to be cut."""
    for zoom in range(LEAST + 1, READY + 1):
        cut = f"sum(({_across('x', zoom)})::bigint * ({_across('y', zoom)}) * (st_npoints(_s) + 400))"
        if _number(connection, f"select {cut} from ({_drawn(zoom)}) s") > WORK:
            return zoom - 1
    return READY


def _across(axis: str, zoom: int) -> str:
    """How many tiles an area touches along an axis."""
    first, last = _span(axis, zoom)
    return f"{last} - {first} + 1"


def _kind(field: FieldContract) -> str:
    sql_type = field.columns[0].sql_type
    if sql_type.startswith("numeric"):
        return "double precision"
    return sql_type if sql_type in ("integer", "bigint", "boolean") else "text"


def _attribute(field: FieldContract) -> str:
    name = column("p", field.name)
    kind = _kind(field)
    return f"{name}::{kind}" if kind != "text" else f"({field.type.json_expr(name, field.options)})::text"


def in_world(mercator: str) -> str:
    """Where a point lies in tile 0 of zoom 0, whose sides are 1, as two columns; y grows southwards."""
    return f"st_x({mercator}) / {_WIDTH} + 0.5 as _wx, 0.5 - st_y({mercator}) / {_WIDTH} as _wy"


def in_tile(side: int, x: str = "_x", y: str = "_y") -> str:
    """Where it lies in a tile of `side` by `side`, as a column."""
    place = ", ".join(f"round(({c} * {side} - {t}) * {EXTENT})" for c, t in (("_wx", x), ("_wy", y)))
    return f"st_makepoint({place}) as _geom"


def _names(pyramid: Pyramid) -> str:
    return "".join(f", {ident(name)}" for name, _ in pyramid.attributes)


def _points(pyramid: Pyramid, zoom: int) -> str:
    side = 2**zoom
    near = "".join(
        f" cross join lateral generate_series(greatest(0, floor({place} * {side} - {_MARGIN})::int), "
        f"least({side - 1}, floor({place} * {side} + {_MARGIN})::int)) {tile}"
        for place, tile in (("_wx", "_x"), ("_wy", "_y"))
    )
    inner = f"select * from {_TABLE}{near}"
    return _grouped(pyramid.layer, f"{in_tile(side)}, _n as _fid{_names(pyramid)}", inner, "_fid")


def _gathered(pyramid: Pyramid, zoom: int) -> str:
    side, cells = 2**zoom, 2**zoom * CELLS
    inner = (
        f"select min(_n) as _n, count(*)::int as {COUNT}, avg(_wx) as _wx, avg(_wy) as _wy, "
        f"floor(_wx * {cells})::int / {CELLS} as _x, floor(_wy * {cells})::int / {CELLS} as _y "
        f"from {_TABLE} group by floor(_wx * {cells})::int, floor(_wy * {cells})::int"
    )
    return _grouped(pyramid.layer, f"{in_tile(side)}, {COUNT}", inner)


def _areas(pyramid: Pyramid, zoom: int) -> str:
    (west, east), (north, south) = _span("x", zoom), _span("y", zoom)
    inner = (
        f"select s.*, _x, _y, st_asmvtgeom(_s, st_tileenvelope({zoom}, _x, _y), {EXTENT}, {BUFFER}, true) as _geom "
        f"from ({_drawn(zoom)}) s "
        f"cross join lateral generate_series({west}, {east}) _x cross join lateral generate_series({north}, {south}) _y"
    )
    drawn = f"_geom, _n as _fid{_names(pyramid)}"
    return _grouped(pyramid.layer, drawn, inner, "_fid", "where r._geom is not null")


def _drawn(zoom: int) -> str:
    # "offset 0": each area is simplified once, not once for every tile.
    return f"select *, st_transform({simplified('_g', zoom)}, 3857) as _s from {_TABLE} offset 0"


def _span(axis: str, zoom: int) -> tuple[str, str]:
    """The first and the last tile that an area touches along an axis, its buffer included."""
    side, low, high = 2**zoom, f"st_{axis}min(_s)", f"st_{axis}max(_s)"
    if axis == "y":
        low, high = f"-{high}", f"-{low}"
    ends = ((low, -_MARGIN), (high, _MARGIN))
    first, last = (
        f"least({side - 1}, greatest(0, floor(({metres} / {_WIDTH} + 0.5) * {side} + {more})::int))"
        for metres, more in ends
    )
    return first, last


def _grouped(layer: str, columns: str, inner: str, number: str = "", condition: str = "") -> str:
    """One row for each tile: the row given to ST_AsMVT has the geometry and the attributes alone, in a fixed order.

    `number` names the column that numbers the features.
    """
    text = layer.replace("'", "''")
    numbered = f", '{number}'" if number else ""
    return (
        f"select _x, _y, st_asmvt(r, '{text}', {EXTENT}, '_geom'{numbered} order by _n) "
        f"from ({inner}) t cross join lateral (select {columns}) r {condition} group by _x, _y"
    )
