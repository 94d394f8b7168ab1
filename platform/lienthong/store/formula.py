"""Predicates that compare more than one field with one value: what CQL2 (OGC 21-065r2) can say and `Compare` cannot.

Values are typed where a formula is built (`store.cql2`), and become parameters where it is compiled
(`store.formula_sql`). Logic is three-valued, as in SQL: what looks at a missing value is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lienthong.store.slots import Slot


@dataclass(frozen=True, slots=True)
class Property:
    """A field. `masked`: as its mask shows it, which everybody may compare with who sees it."""

    name: str
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry that the caller gave: WKT with longitude (or easting) first, in the system `srid` of EPSG."""

    wkt: str
    srid: int = 4326


@dataclass(frozen=True, slots=True)
class Formula:
    """`op` applied to `args`: formulas, properties, shapes, plain values, and tuples of them."""

    op: str
    args: tuple[Any, ...]


def tile(geometry: Property, z: int, x: int | Slot, y: int | Slot, margin: float) -> Formula:
    """Rows in a tile of WebMercatorQuad, widened by `margin` tiles on each side."""
    return Formula("tile", (geometry, z, x, y, margin))


def properties(part: Any) -> Iterator[Property]:
    """The fields that a formula looks at."""
    for leaf in leaves(part):
        if isinstance(leaf, Property):
            yield leaf


def leaves(part: Any) -> Iterator[Any]:
    """Everything in a formula that is not made of other things."""
    if isinstance(part, Formula | tuple):
        for inner in part.args if isinstance(part, Formula) else part:
            yield from leaves(inner)
    else:
        yield part
