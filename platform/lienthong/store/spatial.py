"""Coordinate systems, and `near`: how it is read, and how it finds its rows through the index in degrees."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, radians
from typing import TYPE_CHECKING, Any

from lienthong.contract.types import ParseError
from lienthong.kernel.text import both

if TYPE_CHECKING:
    from lienthong.store.predicate import Params

MOST_METRES = 1_000_000
DEGREE = 110_500  # metres: a little less than the shortest degree of latitude, so that the box is never too small
_FORM = both(
    f"near cần kinh độ, vĩ độ, số mét (đến {MOST_METRES})",
    f"near takes longitude, latitude and metres (at most {MOST_METRES})",
)
Near = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Crs:
    """A coordinate system: its address, its number in PostGIS, its first axis, the digits that are worth writing.

    `flipped`: its authority puts latitude before longitude, and so do positions that are written in it.
    """

    uri: str
    srid: int
    flipped: bool = False
    angular: bool = False

    @property
    def digits(self) -> int:
        """A decimetre, in degrees or metres."""
        return 6 if self.angular else 2


_OGC, _EPSG = "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/EPSG/0/"
# VN-2000 (TCVN, Thông tư 973/2001/TT-TCĐC): degrees, the zones of 6 degrees, those of 3 degrees.
_VN2000 = (3405, 3406, 5896, 5897, 5898, 5899, 6956, 6957, 6958, 6959)
CRS84 = Crs(_OGC, 4326, angular=True)
SYSTEMS = {
    crs.uri: crs
    for crs in (
        CRS84,
        Crs(f"{_EPSG}4326", 4326, flipped=True, angular=True),
        Crs(f"{_EPSG}3857", 3857),
        Crs(f"{_EPSG}4756", 4756, flipped=True, angular=True),
        *(Crs(f"{_EPSG}{number}", number) for number in _VN2000),
    )
}


def parse_near(raw: Any) -> Near:
    """(longitude, latitude, metres) of `106.7,21.8,5000`, of a list, or of `{lon, lat, metres}`. Raises ParseError."""
    if isinstance(raw, Mapping):
        parts: list[Any] = [raw.get(name) for name in ("lon", "lat", "metres")]
    else:
        parts = raw.split(",") if isinstance(raw, str) else list(raw)
    if len(parts) != 3 or any(part is None or isinstance(part, bool) for part in parts):
        raise ParseError(_FORM)
    lon, lat, metres = (float(part) for part in parts)
    if not (abs(lon) <= 180 and abs(lat) <= 90 and 0 < metres <= MOST_METRES):
        raise ParseError(_FORM)
    return lon, lat, metres


def near_sql(name: str, near: Near, params: "Params") -> str:
    """Rows whose geometry comes within so many metres: a box that the index knows, then the true distance."""
    lon, lat, metres = near
    west, south, east, north = (f"{params.add(edge)}::float8" for edge in box(near))
    point = f"st_makepoint({params.add(lon)}::float8, {params.add(lat)}::float8)"
    return (
        f"({name} && st_makeenvelope({west}, {south}, {east}, {north}, 4326) and "
        f"st_dwithin({name}::geography, st_setsrid({point}, 4326)::geography, {params.add(metres)}::float8))"
    )


def box(near: Near) -> tuple[float, float, float, float]:
    """West, south, east, north of a box around the circle; the whole width near a pole or the antimeridian."""
    lon, lat, metres = near
    high = metres / DEGREE
    furthest = min(abs(lat) + high, 90)
    wide = high / cos(radians(furthest)) if furthest < 89 else 360
    if lon - wide < -180 or lon + wide > 180:
        return -180, max(lat - high, -90), 180, min(lat + high, 90)
    return lon - wide, max(lat - high, -90), lon + wide, min(lat + high, 90)
