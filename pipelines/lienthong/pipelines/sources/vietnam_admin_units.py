"""Administrative units before and after the reform of 1 July 2025, from the PyPI package `vietnamadminunits` (MIT).

What version 1.0.4 holds, counted: before, 63 provinces, 696 districts (5 of them islands without communes) and
10,035 communes; since, 34 provinces and 3,321 communes; 10,602 pairs old -> new (9,569 whole, 1,033 parts; each old
commune has a successor). It has names, codes (text, zeros kept), centre points, and areas of new communes (2 lack);
no population, boundaries, shares or dates. The old state is that of early 2025 (thành phố Huế exists). Ten names
are written with a capital too many ("Thành Phố Bắc Kạn"), which is put right.

`table: units` gives a row for each time in which a code meant one unit. Key (code, valid_from). Old units are valid
from 2004-01-01, a convention (the package has no dates), to 2025-06-30; new ones from 2025-07-01. A unit that keeps
code, name, type, parent and territory keeps its one row: these are the 11 provinces that were not merged. A commune
always gets a new row, because its parent was a district before and is a province now.

`table: changes` gives the pairs of communes (and islands) and of provinces that changed. Districts ended without
successor. `change_type`: merge (the new unit has several predecessors), split (the old unit was divided), part (it
was divided, and one successor goes on under its code), rename, status_change, code_change, unchanged (only the parent
is another). A unit with several successors is `partial` for each.

Options: `table` (units | changes). The path is the package's dataset.db, its folder, or anything else for the
installed package. Only sqlite and json are used: importing the package itself would import geopy and shapely.
"""

import json
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lienthong.kernel.problem import Invalid, Unavailable
from lienthong.kernel.text import both, nfc

from .parquet import write_records
from .raw import LINE, Options, RawTable, Record

OPTIONS = frozenset({"table"})
NEEDS_FILE = False
PACKAGE = "vietnamadminunits"
_OLD_FROM, _OLD_TO, _NEW_FROM = "2004-01-01", "2025-06-30", "2025-07-01"
_PROVINCES_LAW = "202/2025/QH15"
# The resolutions of the National Assembly's Standing Committee of 16 June 2025, 1654 to 1687, by province code.
_RESOLVED = "91 96 01 04 24 48 66 11 75 82 52 42 33 56 92 31 12 68 20 15 37 46 25 51 40 22 44 14 80 19 08 79 38 86"
_RESOLUTIONS = {code: f"{number}/NQ-UBTVQH15" for number, code in enumerate(_RESOLVED.split(), 1654)}
_ENGLISH = {
    "Tỉnh": "Province", "Thành phố": "City", "Quận": "District", "Huyện": "District", "Thị xã": "Town",
    "Phường": "Ward", "Xã": "Commune", "Thị trấn": "Township", "Đặc khu": "Special Zone",
}  # fmt: skip
_UNITS = ("code", "level", "name_vi", "name_en", "unit_type", "parent_code", "province_code", "valid_from",
          "valid_to", "legal_basis", "area_km2", "population", "lat", "lon", "geom")  # fmt: skip
_CHANGES = ("old_code", "old_name", "old_valid_to", "new_code", "new_name", "effective_date", "change_type",
            "overlap_type", "area_share", "population_share", "legal_basis")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit in one of the two states; `key` is how the package's conversion names it."""

    code: str
    level: str
    name: str
    kind: str
    parent: str | None
    province: str
    key: str
    lat: str | None
    lon: str | None
    area: str | None = None


def read(path: Path, options: Options, work: Path) -> RawTable:
    """Read the units or the changes. Raises Invalid for another table, Unavailable without the package."""
    table = options.get("table", "units")
    writers = {"units": (_units, _UNITS), "changes": (_changes, _CHANGES)}
    if table not in writers:
        raise Invalid(
            both(f"Không có bảng '{table}'.", f"There is no table '{table}'."), place=PACKAGE, fix="units | changes"
        )
    country = Country.load(path)
    make, columns = writers[table]
    target = work / f"{PACKAGE}.{table}.parquet"
    numbered = ({**record, LINE: line} for line, record in enumerate(make(country), 1))
    rows, names = write_records(numbered, target, columns)
    return RawTable(target, rows, names, "utf-8", None)


def data_files(path: Path | None = None) -> tuple[Path, Path]:
    """The package's database and its conversion table. Raises Unavailable when they are not there."""
    spec = find_spec(PACKAGE)
    folders = [Path(folder, "data") for folder in (spec.submodule_search_locations or () if spec else ())]
    given = [path] if path and path.is_dir() else []
    for folder in (*given, *(folder / "data" for folder in given), *folders):
        database, conversion = folder / "dataset.db", folder / "converter_2025.json"
        if database.is_file() and conversion.is_file():
            return (path if path and path.is_file() and path.suffix == database.suffix else database), conversion
    raise Unavailable(
        both(f"Chưa cài gói {PACKAGE}.", f"The package {PACKAGE} is not installed."),
        fix=both("Chạy make setup.", "Run make setup."),
    )


@dataclass(frozen=True, slots=True)
class Country:
    """Both states of the country and the conversion between them: pairs of (old key, new key)."""

    old: tuple[Unit, ...]
    new: tuple[Unit, ...]
    provinces: tuple[tuple[str, str], ...]
    whole: tuple[tuple[str, str], ...]
    parts: tuple[tuple[str, str], ...]

    @classmethod
    def load(cls, path: Path | None = None) -> "Country":
        """Read the package's data."""
        database, conversion = data_files(path)
        with sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            old = tuple(_old_units(connection))
            new = tuple(_new_units(connection))
        pairs = json.loads(conversion.read_text("utf-8"))
        whole = pairs["DICT_PROVINCE_WARD_NO_DIVIDED"]
        parts = pairs["DICT_PROVINCE_WARD_DIVIDED"]
        return cls(
            old,
            new,
            tuple((o, n) for n, olds in pairs["DICT_PROVINCE"].items() for o in olds),
            tuple((o, f"{p}_{n}") for p, wards in whole.items() for n, olds in wards.items() for o in olds),
            tuple((o, f"{p}_{w['newWardKey']}") for p, olds in parts.items() for o, new in olds.items() for w in new),
        )

    def lasting(self) -> set[str]:
        """The codes of the provinces that the reform left as they were."""
        merged = Counter(new for _, new in self.provinces)
        now = {unit.key: unit for unit in self.new if unit.level == "province"}
        then = {unit.key: unit for unit in self.old if unit.level == "province"}
        return {
            then[o].code
            for o, n in self.provinces
            if merged[n] == 1 and (then[o].code, then[o].name, then[o].kind) == (now[n].code, now[n].name, now[n].kind)
        }


def _old_units(connection: sqlite3.Connection) -> Iterator[Unit]:
    seen: set[str] = set()
    for row in connection.execute("SELECT * FROM admin_units_legacy ORDER BY provinceCode, districtCode, wardCode"):
        province, district = str(row["provinceCode"]).zfill(2), str(row["districtCode"]).zfill(3)
        keys = row["provinceKey"], f"{row['provinceKey']}_{row['districtKey']}"
        if province not in seen:
            yield _unit(row, "province", province, None, province, keys[0])
        if district not in seen:
            # an island district without communes is converted as such: its key ends with nothing
            key = keys[1] if row["wardCode"] else f"{keys[1]}_"
            yield _unit(row, "district", district, province, province, key)
        seen |= {province, district}
        if row["wardCode"]:
            commune = str(row["wardCode"]).zfill(5)
            yield _unit(row, "ward", commune, district, province, f"{keys[1]}_{row['wardKey']}")


def _new_units(connection: sqlite3.Connection) -> Iterator[Unit]:
    seen: set[str] = set()
    for row in connection.execute("SELECT * FROM admin_units ORDER BY provinceCode, wardCode"):
        province, commune = str(row["provinceCode"]).zfill(2), str(row["wardCode"]).zfill(5)
        if province not in seen:
            yield _unit(row, "province", province, None, province, row["provinceKey"])
        seen.add(province)
        yield _unit(row, "ward", commune, province, province, f"{row['provinceKey']}_{row['wardKey']}")


def _unit(row: sqlite3.Row, prefix: str, code: str, parent: str | None, province: str, key: str) -> Unit:
    written = " ".join(nfc(row[prefix]).replace("\u00d0", "Đ").split())
    kind = next(kind for kind in _ENGLISH if written.casefold().startswith(kind.casefold() + " "))
    name = kind + written[len(kind) :]
    level = "commune" if prefix == "ward" else prefix
    values = dict(row)
    lat, lon = _text(values[f"{prefix}Lat"]), _text(values[f"{prefix}Lon"])
    area = _text(values.get("wardAreaKm2")) if level == "commune" else None
    return Unit(code, level, name, kind, parent, province, key, lat, lon, area)


def _text(value: float | None) -> str | None:
    return None if value is None else str(value)


def _kind(unit: Unit) -> str:
    """The legal type: a city is one of the central government or of a province."""
    if unit.kind != "Thành phố":
        return unit.kind
    return "Thành phố trực thuộc trung ương" if unit.level == "province" else "Thành phố thuộc tỉnh"


def english(name: str, kind: str) -> str:
    """The English name: "Phường Ba Đình" -> "Ba Dinh Ward", "Phường 12" -> "Ward 12", "Hà Nội" -> "Hanoi City"."""
    plain = unicodedata.normalize("NFD", name.removeprefix(kind).strip().replace("đ", "d").replace("Đ", "D"))
    short = "".join(char for char in plain if not unicodedata.combining(char))
    short = {"Ha Noi": "Hanoi", "Hai Phong": "Haiphong"}.get(short, short)
    return f"{_ENGLISH[kind]} {short}" if short.isdigit() else f"{short} {_ENGLISH[kind]}"


def _units(country: Country) -> Iterator[Record]:
    lasting = country.lasting()
    for unit in country.old:
        goes_on = unit.level == "province" and unit.code in lasting
        yield _row(unit, _OLD_FROM, None if goes_on else _OLD_TO, None)
    for unit in country.new:
        if unit.level != "province":
            yield _row(unit, _NEW_FROM, None, _RESOLUTIONS.get(unit.province))
        elif unit.code not in lasting:
            yield _row(unit, _NEW_FROM, None, _PROVINCES_LAW)


def _row(unit: Unit, valid_from: str, valid_to: str | None, legal_basis: str | None) -> Record:
    return {
        "code": unit.code,
        "level": unit.level,
        "name_vi": unit.name,
        "name_en": english(unit.name, unit.kind),
        "unit_type": _kind(unit),
        "parent_code": unit.parent,
        "province_code": unit.province,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "legal_basis": legal_basis,
        "area_km2": unit.area,
        "lat": unit.lat,
        "lon": unit.lon,
    }


def _changes(country: Country) -> Iterator[Record]:
    lasting = country.lasting()
    old, new = {unit.key: unit for unit in country.old}, {unit.key: unit for unit in country.new}
    pairs = [(old[o], new[n], "full") for o, n in country.provinces if old[o].code not in lasting]
    pairs += [(old[o], new[n], "full") for o, n in country.whole]
    pairs += [(old[o], new[n], "partial") for o, n in country.parts]
    successors: dict[str, set[str]] = defaultdict(set)
    predecessors: Counter[str] = Counter()
    for before, after, _ in pairs:
        successors[before.code].add(after.code)
        predecessors[after.code] += 1
    for before, after, overlap in sorted(pairs, key=lambda pair: (pair[0].code, pair[1].code)):
        divided = len(successors[before.code]) > 1
        yield {
            "old_code": before.code,
            "old_name": before.name,
            "old_valid_to": _OLD_TO,
            "new_code": after.code,
            "new_name": after.name,
            "effective_date": _NEW_FROM,
            "change_type": _change(before, after, successors[before.code], predecessors[after.code]),
            "overlap_type": "partial" if divided else overlap,
            "legal_basis": _PROVINCES_LAW if after.level == "province" else _RESOLUTIONS.get(after.province),
        }


def _change(before: Unit, after: Unit, successors: set[str], predecessors: int) -> str:
    if len(successors) > 1:
        return "part" if before.code in successors else "split"
    if predecessors > 1:
        return "merge"
    if before.name.removeprefix(before.kind) != after.name.removeprefix(after.kind):
        return "rename"
    if before.kind != after.kind:
        return "status_change"
    return "code_change" if before.code != after.code else "unchanged"
