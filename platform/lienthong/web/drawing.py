"""A map as SVG, drawn from the tiles of a release: no script, no request, the same in the portal and in the mirror.

Units are those of the tiles at the zoom that fits (4096 to a side), so that areas need no arithmetic. Sizes and
colours stand in the style sheet: `.map .ground`, `.dots`, `.areas`.
"""

import gzip
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from lienthong.catalog.snapshot import DatasetState, ReleaseInfo
from lienthong.contract.model import Contract
from lienthong.formats.mvt import Ring, Shape, shapes
from lienthong.formats.tilebook import TileBook
from lienthong.store.pyramid import COUNT, EXTENT

SHAPES = ("point", "multipolygon")
SIZES = (1, 2, 10, 100, 1_000)
"""From how many rows on a dot is one size larger."""
_TILES = 2.5  # tiles along the longer side
_LEAST = 5e-5  # of the world: 2 km, when all lies in one point
_EDGE = 0.05  # left free on each side
_MOST = 400_000  # characters of a picture; a lower zoom is tried beyond
_DEGREES = 10_000_000  # a header counts so
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Drawing:
    """A map. `bounds`: west, south, east, north of what is drawn, in degrees; `sizes`: which of `SIZES` occur."""

    inner: str
    window: tuple[int, int, int, int]
    bounds: Box
    places: int
    sizes: tuple[int, ...]
    is_gathered: bool
    is_areas: bool

    def svg(self, title: str, told: str, name: str = "map") -> str:
        """The picture with what is read out for it."""
        x, y, wide, high = self.window
        return (
            f'<svg class="map" viewBox="{x} {y} {wide} {high}" role="img" '
            f'aria-labelledby="{name}-title {name}-told" xmlns="http://www.w3.org/2000/svg">'
            f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-told">{escape(told)}</desc>'
            f"{self.inner}</svg>"
        )


def has_places(contract: Contract) -> bool:
    """Do its open rows lie anywhere?"""
    return any(field.logical_type in SHAPES for field in contract.open_fields)


def ground(contract: Contract, datasets: Mapping[str, DatasetState]) -> DatasetState | None:
    """The units that the rows belong to, when these have places of their own: they are drawn under them."""
    for relation in contract.relationships:
        local = [contract.by_name[name] for name in relation.on if name in contract.by_name]
        known = datasets.get(relation.to)
        if known is None or relation.to == contract.id or not any(f.logical_type == "admin_unit" for f in local):
            continue
        if known.is_published and known.contract.is_open and has_places(known.contract):
            return known
    return None


def tile_file(releases: Path, release: ReleaseInfo) -> Path | None:
    """The release's file of tiles, when it lies on this machine."""
    found = (releases / file.path for file in release.files if file.format == "pmtiles")
    return next((path for path in found if path.is_file()), None)


def drawing(tiles: Path, ground: Path | None = None) -> Drawing | None:
    """The map of a file of tiles, over the places of another; None when nothing lies in it."""
    book = TileBook(tiles)
    try:
        west, south, east, north = (book.header[side] / _DEGREES for side in ("min_lon_e7", "min_lat_e7",
                                                                             "max_lon_e7", "max_lat_e7"))  # fmt: skip
        box = (west, south, east, north)
        for zoom in range(_zoom(box, int(book.header["max_zoom"])), -1, -1):
            made = _drawn(book, zoom, box, ground)
            if made is None or len(made.inner) <= _MOST:
                return made
        return None
    finally:
        book.close()


def _drawn(book: TileBook, zoom: int, box: Box, ground: Path | None) -> Drawing | None:
    window = _window(box, zoom)
    dots, areas, seen, gathered, places = defaultdict[int, list[str]](list), [], set[int](), False, 0
    for x, y, tile in _tiles(book, zoom, window):
        drawn = []
        for shape in shapes(tile, COUNT):
            new = not shape.id or shape.id not in seen
            seen.add(shape.id)
            places += shape.count if new else 0
            gathered = gathered or shape.count > 1
            if not shape.is_point:
                drawn.append(_area(shape))
            elif new:
                dots[_size(shape.count)].extend(_dot(part, x, y) for part in shape.parts)
        if drawn:
            areas.append(_cut(x, y, f'<path d="{"".join(drawn)}"/>'))
    if not places:
        return None
    inner = _ground(ground, zoom, window) if ground else ""
    inner += f'<g class="areas">{"".join(areas)}</g>' if areas else ""
    for size in sorted(dots, reverse=True):
        inner += f'<path class="dots s{SIZES.index(size)}" d="{"".join(dots[size])}"/>'
    return Drawing(inner, window, box, places, tuple(sorted(dots)), gathered, bool(areas))


def _ground(path: Path, zoom: int, window: tuple[int, int, int, int]) -> str:
    """The places of another file under it, all alike; areas as outlines."""
    book = TileBook(path)
    try:
        near = min(zoom, int(book.header["max_zoom"]))
        scale = 2 ** (zoom - near)
        wide = tuple(round(side / scale) for side in window)
        dots, areas = list[str](), list[str]()
        for x, y, tile in _tiles(book, near, (wide[0], wide[1], wide[2], wide[3])):
            for shape in shapes(tile, COUNT):
                if shape.is_point:
                    dots.extend(_dot(part, x, y) for part in shape.parts)
                else:
                    areas.append(_cut(x, y, f'<path d="{_area(shape)}"/>'))
    finally:
        book.close()
    drawn = f"{''.join(areas)}" + (f'<path d="{"".join(dots)}"/>' if dots else "")
    larger = f' transform="scale({scale})"' if scale > 1 else ""
    return f'<g class="ground"{larger}>{drawn}</g>'


def _tiles(book: TileBook, zoom: int, window: tuple[int, int, int, int]) -> Iterator[tuple[int, int, bytes]]:
    x, y, wide, high = window
    last = 2**zoom - 1
    for column in range(max(0, x // EXTENT), min(last, (x + wide) // EXTENT) + 1):
        for row in range(max(0, y // EXTENT), min(last, (y + high) // EXTENT) + 1):
            packed = book.tile(zoom, column, row)
            if packed:
                yield column, row, gzip.decompress(packed)


def _zoom(box: Box, most: int) -> int:
    west, north, east, south = _world(box)
    return max(0, min(most, math.floor(math.log2(_TILES / max(east - west, south - north, _LEAST)))))


def _window(box: Box, zoom: int) -> tuple[int, int, int, int]:
    """x, y, width and height of the picture: the box and an edge, not narrower than half as wide as high."""
    west, north, east, south = (side * 2**zoom * EXTENT for side in _world(box))
    wide, high = max(east - west, (south - north) / 2), max(south - north, (east - west) / 2)
    wide, high = (max(side, _LEAST * 2**zoom * EXTENT) * (1 + 2 * _EDGE) for side in (wide, high))
    return round((west + east - wide) / 2), round((north + south - high) / 2), math.ceil(wide), math.ceil(high)


def _world(box: Box) -> Box:
    """West, north, east and south in Web Mercator, of a world whose sides are 1."""
    west, south, east, north = box

    def down(latitude: float) -> float:
        bound = math.radians(max(-85.05, min(85.05, latitude)))
        return 0.5 - math.log(math.tan(math.pi / 4 + bound / 2)) / (2 * math.pi)

    return west / 360 + 0.5, down(north), east / 360 + 0.5, down(south)


def _size(count: int) -> int:
    return next(size for size in reversed(SIZES) if count >= size)


def _dot(part: Ring, x: int, y: int) -> str:
    """Dots are lines without length and with round ends: a few letters each."""
    return "".join(f"M{x * EXTENT + at[0]} {y * EXTENT + at[1]}h0" for at in part)


def _area(shape: Shape) -> str:
    return "".join("M" + "L".join(f"{x} {y}" for x, y in ring) + "Z" for ring in shape.parts)


def _cut(x: int, y: int, drawn: str) -> str:
    """What a tile holds, cut at its sides: there it reaches into its neighbours."""
    left, top = x * EXTENT, y * EXTENT
    return f'<svg x="{left}" y="{top}" width="{EXTENT}" height="{EXTENT}" viewBox="0 0 {EXTENT} {EXTENT}">{drawn}</svg>'
