"""Many more firms in the release that the small world serves, for what must hold on a great many rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from lienthong.store import owner
from tests.surface.small import FIRMS, World


@contextmanager
def crowd(world: World, rows: int) -> Iterator[None]:
    """At least `rows` firms more are served, until the end."""
    with owner.connect(world.settings) as connection:
        names = connection.execute(
            "select attname from pg_attribute where attrelid = 'release.firms_1'::regclass and attnum > 0 "
            "and not attisdropped and attgenerated = '' and attidentity = '' and attname not in ('firm_code', '_id')"
        ).fetchall()
        listed = ", ".join(f'"{name}"' for (name,) in names)
        connection.execute(
            f"insert into release.firms_1 (firm_code, {listed}) select firm_code || '-' || n, {listed} "
            f"from release.firms_1, generate_series(1, {-(-rows // FIRMS)}) n"
        )
    try:
        yield
    finally:
        with owner.connect(world.settings) as connection:
            connection.execute("delete from release.firms_1 where firm_code like '%-%'")
