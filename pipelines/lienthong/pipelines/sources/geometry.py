"""GeoJSON geometries checked and TopoJSON arcs put together; longitude and latitude on WGS 84 (RFC 7946)."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from .strict_json import Refused

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_DIGITS = 7  # of a degree: a centimetre; what a quantised grid cannot tell anyway

Position = list[float]


def checked(geometry: Any) -> tuple[dict[str, Any] | None, int]:
    """A geometry with its rings closed, and how many were open. Raises Refused when it is none."""
    if geometry is None:
        return None, 0
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection":
        parts = [checked(part) for part in geometry.get("geometries") or ()]
        return {"type": kind, "geometries": [part for part, _ in parts]}, sum(count for _, count in parts)
    if kind not in _DEPTH:
        raise Refused(f"không phải hình học GeoJSON / no GeoJSON geometry: {kind}")
    coordinates = geometry.get("coordinates")
    closed = sum(_close(ring) for ring in _rings(kind, coordinates))
    _check(coordinates, _DEPTH[kind])
    return {"type": kind, "coordinates": coordinates}, closed


def _rings(kind: str, coordinates: Any) -> Iterator[Any]:
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind, ())
    for polygon in polygons if isinstance(polygons, list) else ():
        yield from polygon if isinstance(polygon, list) else ()


def _close(ring: Any) -> bool:
    """Close one ring in place; whether it was open."""
    is_open = isinstance(ring, list) and len(ring) > 2 and ring[0] != ring[-1]
    if is_open:
        ring.append(list(ring[0]))
    if not isinstance(ring, list) or len(ring) < 4:
        raise Refused("vòng có dưới 4 điểm / a ring of fewer than 4 positions")
    return is_open


def _check(coordinates: Any, depth: int) -> None:
    if not isinstance(coordinates, list):
        raise Refused("thiếu tọa độ / no coordinates")
    if depth:
        for part in coordinates:
            _check(part, depth - 1)
        return
    if len(coordinates) < 2 or not all(isinstance(n, int | float) and isfinite(n) for n in coordinates):
        raise Refused("tọa độ không phải số / a position is no numbers")
    if abs(coordinates[0]) > 180 or abs(coordinates[1]) > 90:
        raise Refused("tọa độ ngoài WGS 84 (VN-2000?) / position beyond WGS 84 (VN-2000?)")


def arcs_of(topology: Mapping[str, Any]) -> list[list[Position]]:
    """The arcs of a TopoJSON topology as positions; quantised arcs are differences on a grid."""
    transform = topology.get("transform")
    if not transform:
        return [list(arc) for arc in topology.get("arcs", ())]
    (kx, ky), (dx, dy) = transform["scale"], transform["translate"]
    decoded: list[list[Position]] = []
    for arc in topology.get("arcs", ()):
        x = y = 0
        positions: list[Position] = []
        for step in arc:
            x, y = x + step[0], y + step[1]
            positions.append([round(x * kx + dx, _DIGITS), round(y * ky + dy, _DIGITS)])
        decoded.append(positions)
    return decoded


def untangled(topology: Mapping[str, Any], shape: Mapping[str, Any], arcs: Sequence[list[Position]]) -> Any:
    """A TopoJSON geometry as GeoJSON. Raises Refused when an arc does not exist."""
    kind = shape.get("type")
    if kind is None:
        return None
    try:
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": [untangled(topology, part, arcs) for part in shape["geometries"]]}
        if kind in ("Point", "MultiPoint"):
            return {"type": kind, "coordinates": _placed(topology, shape["coordinates"], _DEPTH[kind])}
        return {"type": kind, "coordinates": _stitched(shape["arcs"], _DEPTH[kind] - 1, arcs)}
    except (IndexError, KeyError, TypeError) as error:
        raise Refused(f"cung không có / no such arc: {error}") from error


def _placed(topology: Mapping[str, Any], position: Any, depth: int) -> Any:
    if depth:
        return [_placed(topology, part, 0) for part in position]
    transform = topology.get("transform")
    if not transform:
        return list(position)
    pairs = zip(position, transform["scale"], transform["translate"], strict=False)
    return [round(n * scale + offset, _DIGITS) for n, scale, offset in pairs]


def _stitched(indices: Any, depth: int, arcs: Sequence[list[Position]]) -> Any:
    """Arcs joined to a line; a negative index (~i) is the arc reversed; joints are not repeated."""
    if depth:
        return [_stitched(part, depth - 1, arcs) for part in indices]
    line: list[Position] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        line.extend(list(position) for position in (arc[1:] if line else arc))
    return line
