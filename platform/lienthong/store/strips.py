"""The points of an open release in strips from south to north, each from west to east, for who keeps them."""

from lienthong.store.compile import Statement
from lienthong.store.predicate import ident


def strips_sql(dataset: str, column: str, size: int) -> Statement:
    """The release that is served, the highest number of its rows, and the points in the order of their strips.

    As `access.placed` reads them in binary: numbers of rows (int4), longitudes, latitudes (float8), each one after the
    other. `size`: so many points are a strip; the last one has what is left.
    """
    rows, point = f"open.{ident(dataset)}", ident(column)
    points = f"select _id, st_x({point}) as x, st_y({point}) as y from {rows}"
    numbered = (
        f"select _id, x, y, (row_number() over (order by y) - 1) / $1::int as n from ({points}) p where x is not null"
    )
    text = (
        f"select (select _release from open.{ident(dataset + '_release')}), (select max(_id) from {rows}), "
        "string_agg(int4send(_id::int), ''), string_agg(float8send(x), ''), string_agg(float8send(y), '') "
        f"from (select _id, x, y from ({numbered}) s order by n, x) o"
    )
    return Statement(text, (size,))
