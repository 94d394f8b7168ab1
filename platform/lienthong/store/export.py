"""The rows of a release as one COPY stream, rendered by PostgreSQL: what every file format is written from.

A row is the text of each field (as it stands in JSON; geometry as WKT), then the row as JSON, and for datasets on the
map the row as a GeoJSON feature (RFC 7946), each geometry as hexadecimal WKB, and the box around the first one.
"""

from collections.abc import Iterator, Sequence

from psycopg import Connection

from lienthong.contract.model import FieldContract
from lienthong.store.predicate import column, ident

# No value holds these characters (the types refuse them), so hardly anything is quoted.
DELIMITER, QUOTE = "\x1f", "\x01"
JSON, FEATURE, WKB = "_json", "_feature", "_wkb_"
BOX = ("_xmin", "_ymin", "_xmax", "_ymax")
BLOCK = 8 << 20  # bytes


def is_geometry(field: FieldContract) -> bool:
    """Is the field stored as a PostGIS geometry?"""
    return field.columns[0].sql_type.startswith("geometry")


def stream_columns(fields: Sequence[FieldContract]) -> list[str]:
    """The columns of the stream, in their order."""
    shapes = [field.name for field in fields if is_geometry(field)]
    further = [FEATURE, *(WKB + name for name in shapes), *BOX] if shapes else []
    return [*(field.name for field in fields), JSON, *further]


def blocks(
    connection: Connection, key: Sequence[str], fields: Sequence[FieldContract], relation: str, size: int = BLOCK
) -> Iterator[bytes]:
    """The stream of `release.<relation>` in the order of `key`, in blocks of whole rows of about `size` bytes."""
    statement = (
        f"copy ({_select(key, fields, relation)}) to stdout "
        f"(format csv, delimiter E'\\x{ord(DELIMITER):02x}', quote E'\\x{ord(QUOTE):02x}')"
    )
    held: list[bytes] = []
    length = 0
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as rows:
        for row in rows:  # one message of the protocol is one row
            held.append(bytes(row))
            length += len(row)
            if length >= size:
                yield b"".join(held)
                held, length = [], 0
    if held:
        yield b"".join(held)


def extent(connection: Connection, relation: str, shape: FieldContract) -> tuple[float, float, float, float] | None:
    """The box around all places of `release.<relation>`: west, south, east, north; None when there are none."""
    box = f"(select st_extent({ident(shape.name)}) as b from release.{ident(relation)}) e"
    found = connection.execute(f"select {', '.join(f'st{side}(b)' for side in BOX)} from {box}".encode()).fetchone()
    return None if found is None or found[0] is None else (found[0], found[1], found[2], found[3])


def _select(key: Sequence[str], fields: Sequence[FieldContract], relation: str) -> str:
    shapes = [field for field in fields if is_geometry(field)]
    parts = [*map(_text, fields), "row_to_json(r)::text"]
    lateral = f"cross join lateral (select {_json(fields)}) r"
    if shapes:
        rest = [field for field in fields if field is not shapes[0]]
        lateral += f" cross join lateral (select {_json(rest)}) o"
        parts.append(_feature(key, shapes[0]))
        parts += [f"encode(st_asbinary({column('p', shape.name)}), 'hex')" for shape in shapes]
        parts += [f"st{side}({column('p', shapes[0].name)})" for side in BOX]
    order = ", ".join(column("p", name) for name in key)
    return f"select {', '.join(parts)} from release.{ident(relation)} p {lateral} order by {order}"


def _text(field: FieldContract) -> str:
    name = column("p", field.name)
    if is_geometry(field):
        return f"st_astext({name}, 6)"
    return f"({field.type.json_expr(name, field.options)})::text"


def _json(fields: Sequence[FieldContract]) -> str:
    made = (f"{f.type.json_expr(column('p', f.name), f.options)} as {ident(f.name)}" for f in fields)
    return ", ".join(made) or "null as _"


def _feature(key: Sequence[str], shape: FieldContract) -> str:
    """A feature, written as an answer of the API is; rings turn as RFC 7946 asks (outer ones counter-clockwise)."""
    ids = ", ".join(f"{column('p', name)}::text" for name in key)
    outline = f"st_asgeojson(st_forcepolygonccw({column('p', shape.name)}), 6, 0)"
    return (
        f"""'{{"type":"Feature","id":' || to_json(concat_ws(',', {ids}))::text || ',"geometry":' || """
        f"""coalesce({outline}, 'null') || ',"properties":' || row_to_json(o)::text || '}}'"""
    )
