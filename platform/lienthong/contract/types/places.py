"""Places: administrative units, points, areas. Coordinates are longitude, latitude in EPSG:4326.

Texts of geometry are checked by their form only, and handed on as WKT; PostGIS reads them in staging.
"""

import re
from typing import Any, ClassVar

from lienthong.contract.types.base import (
    EQUALITY,
    SPATIAL,
    Column,
    LogicalType,
    Operator,
    Options,
    literal,
    refuse,
)
from lienthong.contract.types.pattern import PatternType, Replacement, clean
from lienthong.kernel.text import Bilingual, both

LEVELS = {"province": r"[0-9]{2}", "district": r"[0-9]{3}", "commune": r"[0-9]{5}"}
LEVELS["any"] = "|".join(LEVELS.values())


class AdminUnit(PatternType):
    """Code of an administrative unit (QĐ 124/2004, QĐ 19/2025/QĐ-TTg), with the day its meaning began.

    Codes are used again, so the key is (code, valid_from). Two columns: the code, and `<field>_from`, which linking
    fills with the unit's valid_from at the row's date. Options: `at` (a date field of the row, `today`, `none`),
    `level` (province, district, commune, any), `repair: true` (restores leading zeros).
    """

    name = "admin_unit"
    bare = True
    operators: ClassVar[frozenset[Operator]] = EQUALITY
    option_names: ClassVar[frozenset[str]] = frozenset({"at", "level", "repair"})
    form = both("mã đơn vị hành chính", "the code of an administrative unit")
    example = "06022"
    max_length = 5

    def full_pattern(self, options: Options) -> str:
        return LEVELS[options.get("level", "commune")]

    def repairs(self, options: Options) -> tuple[Replacement, ...]:
        if not options.get("repair"):
            return ()
        width = {"province": 2, "district": 3}.get(options.get("level", "commune"), 5)
        return tuple((f"^([0-9]{{{n}}})$", "0" * (width - n) + r"\1") for n in range(1, width))

    def columns(self, field: str, options: Options) -> tuple[Column, ...]:
        return (*super().columns(field, options), Column(f"{field}_from", "date"))

    def lint(self, options: Options) -> list[Bilingual]:
        wrong = super().lint(options)
        level = options.get("level", "commune")
        if level not in LEVELS:
            known = ", ".join(LEVELS)
            wrong.append(both(f"cấp lạ '{level}': {known}", f"unknown level '{level}': {known}"))
        if options.get("repair") and level == "any":
            wrong.append(both("repair cần một cấp xác định", "repair needs one level"))
        return wrong


_NUMBER = r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?"
_COMMA = r" ?, ?"
_POSITION = rf"{_NUMBER} {_NUMBER}(?: {_NUMBER})?"
_RING = rf"\( ?{_POSITION}(?:{_COMMA}{_POSITION}){{3,}} ?\)"
_POLYGON = rf"\( ?{_RING}(?:{_COMMA}{_RING})* ?\)"
_MULTIPOLYGON = rf"\( ?{_POLYGON}(?:{_COMMA}{_POLYGON})* ?\)"
# A GeoJSON geometry without further members; blanks are squeezed before.
_GEOJSON = r'^\{ ?"type" ?: ?"(Point|Polygon|MultiPolygon)" ?, ?"coordinates" ?: ?(\[[-0-9., \[\]]*\]) ?\}$'
_TO_WKT: tuple[Replacement, ...] = (
    (r"[ \t\r\n]+", " "),
    (_GEOJSON, r"\1 \2"),
    (rf"\[ ?({_NUMBER}) ?, ?({_NUMBER}) ?(?:, ?{_NUMBER} ?)?\]", r"\1 \2"),
    (r"\[", "("),
    (r"\]", ")"),
)


class Geometry(LogicalType):
    """What points and areas share: WKT or GeoJSON in, WKT text until PostGIS, GeoJSON out."""

    graphql = "GeoJSON"
    odcs = "object"
    operators: ClassVar[frozenset[Operator]] = SPATIAL
    sortable = False
    steps: ClassVar[tuple[Replacement, ...]]
    pattern: ClassVar[str]
    form: ClassVar[Bilingual]
    geojson: ClassVar[str]

    def sql_valid(self, value: str) -> str:
        """A DuckDB condition on a text of the right form."""
        return "TRUE"

    def valid(self, value: str) -> bool:
        """The Python twin of `sql_valid`."""
        return True

    def parse(self, text: str, options: Options) -> str:
        value = clean(text)
        for old, new in self.steps:
            value = re.sub(old, new, value)
        if not re.fullmatch(self.pattern, value) or not self.valid(value):
            raise refuse(f"giá trị không phải {self.form.vi}", f"the value is not {self.form.en}")
        return value

    def duckdb(self, expr: str, options: Options) -> str:
        value = expr
        for old, new in self.steps:
            value = f"regexp_replace({value}, {literal(old)}, {literal(new)}, 'g')"
        fits = f"regexp_full_match({value}, {literal(self.pattern)})"
        return f"CASE WHEN {fits} AND {self.sql_valid(value)} THEN {value} END"

    def staging_sql(self, options: Options) -> str:
        return "text"

    def from_staging(self, column: str, options: Options) -> str:
        return f"ST_GeomFromText({column}, 4326)"

    def json_expr(self, column: str, options: Options) -> str:
        return f"ST_AsGeoJSON({column}, 6)::json"

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"type": {"const": self.geojson}, "coordinates": {"type": "array"}},
            "required": ["type", "coordinates"],
        }


class Point(Geometry):
    """A point. Text: `POINT(106.76 21.85)`, a GeoJSON Point, or two source columns joined: longitude, latitude."""

    name = "point"
    sql_type = "geometry(Point,4326)"
    form = both("điểm (kinh độ, vĩ độ; WKT hoặc GeoJSON)", "a point (longitude, latitude; WKT or GeoJSON)")
    geojson = "Point"
    pattern = rf"POINT\({_NUMBER} {_NUMBER}\)"
    steps = (
        *_TO_WKT[:3],
        (rf"^(?:POINT ?\( ?|Point )?({_NUMBER})(?:{_COMMA}| )({_NUMBER}) ?\)?$", r"POINT(\1 \2)"),
    )

    def valid(self, value: str) -> bool:
        longitude, latitude = map(float, value[6:-1].split(" "))
        return abs(longitude) <= 180 and abs(latitude) <= 90

    def sql_valid(self, value: str) -> str:
        ordinates = (f"try_cast(regexp_extract({value}, '([-0-9.]+) ([-0-9.]+)', {n}) AS DOUBLE)" for n in (1, 2))
        return " AND ".join(f"abs({o}) <= {limit}" for o, limit in zip(ordinates, (180, 90), strict=True))


class MultiPolygon(Geometry):
    """An area of one or more parts. Text: WKT or GeoJSON, Polygon or MultiPolygon; rings are closed."""

    name = "multipolygon"
    sql_type = "geometry(MultiPolygon,4326)"
    form = both("vùng khép kín (WKT hoặc GeoJSON)", "an area of closed rings (WKT or GeoJSON)")
    geojson = "MultiPolygon"
    pattern = rf"MULTIPOLYGON{_MULTIPOLYGON}"
    steps = (
        *_TO_WKT,
        (r"^POLYGON ?(\(.*\))$", r"MULTIPOLYGON(\1)"),
        (r"^Polygon (\(.*\))$", r"MULTIPOLYGON(\1)"),
        (r"^(?:MULTIPOLYGON|MultiPolygon) ?", "MULTIPOLYGON"),
    )
    ring: ClassVar[str] = r"\([^()]+\)"
    first: ClassVar[str] = r"^\( ?([^,]+?) ?,"
    last: ClassVar[str] = r", ?([^,]+?) ?\)$"

    def valid(self, value: str) -> bool:
        rings = re.findall(self.ring, value)
        return all(re.findall(self.first, ring) == re.findall(self.last, ring) for ring in rings)

    def sql_valid(self, value: str) -> str:
        ends = (f"regexp_extract(ring, {literal(end)}, 1)" for end in (self.first, self.last))
        rings = f"regexp_extract_all({value}, {literal(self.ring)})"
        return f"list_bool_and(list_transform({rings}, lambda ring: {' = '.join(ends)}))"
