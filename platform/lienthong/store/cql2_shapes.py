"""Geometries as callers give them (GeoJSON, or WKT read into it) -> WKT that PostGIS reads without complaint."""

import math
import re
from collections.abc import Mapping
from typing import Any

from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both
from lienthong.store.spatial import CRS84, Crs

MOST = 5_000  # positions
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_LEAST = {"LineString": 2, "MultiLineString": 2, "Polygon": 4, "MultiPolygon": 4}


def wkt(given: Mapping[str, Any], crs: Crs, place: str) -> str:
    """A GeoJSON geometry as WKT, easting or longitude first. Raises QueryInvalid."""
    return _Reader(crs, place).geometry(given)


def box(given: Any, crs: Crs, place: str) -> str:
    """A box of four or six numbers as WKT; one that crosses the antimeridian is two. Raises QueryInvalid."""
    reader = _Reader(crs, place)
    edges = [reader.number(part) for part in given] if isinstance(given, list | tuple) else []
    if len(edges) == 6:
        edges = [*edges[0:2], *edges[3:5]]
    if len(edges) != 4:
        raise QueryInvalid(both("Hộp cần 4 hoặc 6 số", "A box takes 4 or 6 numbers"), place=place)
    if crs.flipped:
        edges = [edges[1], edges[0], edges[3], edges[2]]
    west, south, east, north = edges
    if south > north or (west > east and not crs.angular):
        detail = both("Hộp cần tây, nam, đông, bắc", "A box takes west, south, east, north")
        raise QueryInvalid(detail, place=place, fix="106.5,21.6,106.9,22.0")
    if crs.angular and not (max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90):
        detail = both("Kinh độ đến 180, vĩ độ đến 90", "Longitudes go to 180, latitudes to 90")
        raise QueryInvalid(detail, place=place, fix="106.5,21.6,106.9,22.0")
    if west > east:
        return f"MULTIPOLYGON({_ring(west, south, 180, north)},{_ring(-180, south, east, north)})"
    return f"POLYGON{_ring(west, south, east, north)}"


def _ring(west: float, south: float, east: float, north: float) -> str:
    return f"(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"


class _Reader:
    """Reads one geometry."""

    def __init__(self, crs: Crs, place: str) -> None:
        self._crs, self._place, self._count = crs, place, 0

    def geometry(self, given: Mapping[str, Any]) -> str:
        """The geometry, or a collection of them."""
        kind = given.get("type")
        if kind == "GeometryCollection":
            parts = given.get("geometries")
            if not isinstance(parts, list) or not parts or not all(isinstance(p, Mapping) for p in parts):
                raise self._wrong(both("Tập hình học rỗng", "The collection of geometries is empty"))
            if any(part.get("type") == kind for part in parts):
                raise self._wrong(both("Tập hình học lồng nhau", "Collections of geometries are nested"))
            return f"GEOMETRYCOLLECTION({','.join(map(self.geometry, parts))})"
        if not isinstance(kind, str) or kind not in _DEPTH:
            raise self._wrong(both(f"Không có loại hình học “{kind}”", f"There is no geometry “{kind}”"))
        found = self._coordinates(given.get("coordinates"), _DEPTH[kind], kind)
        return f"{kind.upper()}{found if kind != 'Point' else f'({found})'}"

    def number(self, given: Any) -> float:
        """A number that is one."""
        try:
            found = math.nan if isinstance(given, bool) else float(given)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if not math.isfinite(found) or abs(found) > 1e9:
            raise self._wrong(both("Tọa độ không phải số dùng được", "A coordinate is not a usable number"))
        return found

    def _coordinates(self, given: Any, depth: int, kind: str) -> str:
        if not isinstance(given, list) or not given:
            raise self._wrong(both("Thiếu tọa độ", "Coordinates are missing"))
        if depth == 0:
            return self._position(given)
        if depth == 1 and len(given) < _LEAST.get(kind, 1):
            least = _LEAST[kind]
            raise self._wrong(both(f"Cần ít nhất {least} đỉnh", f"At least {least} positions are needed"))
        if depth == 1 and kind.endswith("Polygon") and given[0] != given[-1]:
            raise self._wrong(both("Vòng chưa khép kín", "A ring is not closed"))
        return f"({','.join(self._coordinates(part, depth - 1, kind) for part in given)})"

    def _position(self, given: list[Any]) -> str:
        self._count += 1
        if not 2 <= len(given) <= 4 or self._count > MOST:
            raise self._wrong(
                both(f"Vị trí cần 2 hay 3 số, tối đa {MOST} vị trí", f"A position takes 2 or 3 numbers, {MOST} at most")
            )
        x, y = (self.number(part) for part in given[:2])
        if self._crs.flipped:
            x, y = y, x
        if self._crs.angular and not (abs(x) <= 180 and abs(y) <= 90):
            raise self._wrong(both("Kinh độ đến 180, vĩ độ đến 90", "Longitudes go to 180, latitudes to 90"))
        return f"{x!r} {y!r}"

    def _wrong(self, detail: Any) -> QueryInvalid:
        return QueryInvalid(detail, place=self._place, fix="POINT(106.7 21.8)")


def numbers(given: Any, place: str) -> list[float]:
    """A box as west, south, east, north. Raises QueryInvalid."""
    box(given, CRS84, place)
    found = [float(part) for part in given]
    return [*found[0:2], *found[3:5]] if len(found) == 6 else found


def box_of(given: Mapping[str, Any]) -> list[float]:
    """The box around a GeoJSON geometry. Raises QueryInvalid."""
    text = wkt(given, CRS84, "filter")
    pairs = [part.split() for part in re.findall(r"-?[0-9.e+-]+ -?[0-9.e+-]+", text)]
    xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
    return [min(xs), min(ys), max(xs), max(ys)]
