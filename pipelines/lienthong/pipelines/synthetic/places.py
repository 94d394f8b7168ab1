"""The real units of the province on a day: districts and communes before the reform, communes since."""

import json
import sqlite3
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from .draw import Ints, Mask, gather, joined, numbers, pick, where
from .facts import column, facts


@dataclass(frozen=True, slots=True)
class Places:
    """One province. `old` has code name type district district_name lon lat (communes to 2025-06-30), `to` (row of the
    new commune); `new` has code name type lon lat; `districts` has code name. Texts, but for lon, lat, `to`."""

    code: str
    name: str
    slug: str
    old: pl.DataFrame
    new: pl.DataFrame
    districts: pl.DataFrame
    tax_prefix: str
    agency_prefix: str
    people_code: int

    @property
    def short(self) -> str:
        """`Lạng Sơn`."""
        return self.name.removeprefix("Tỉnh ").removeprefix("Thành phố ")

    @property
    def host(self) -> str:
        """Host name of the province's systems."""
        return f"mophong.{self.slug}.gov.vn"

    @property
    def portal(self) -> str:
        """The one address of the service portal."""
        return f"https://dichvucong.{self.host}"


@cache
def places(province: str) -> Places:
    """The province with today's code; Invalid when there is none."""
    new = [row for row in _table("admin_units", _NEW) if _digits(row["provinceCode"], 2) == province]
    if not new:
        raise Invalid(
            both(f"không có tỉnh mã '{province}'", f"no province has the code '{province}'"), place="province",
            fix=both("dùng mã hai chữ số hiện nay, ví dụ 20", "use the two digits of today, such as 20"),
        )  # fmt: skip
    key = new[0]["provinceKey"]
    sources = _conversion()["DICT_PROVINCE"][key]
    old = [row for row in _table("admin_units_legacy", _OLD) if row["provinceKey"] in sources and row["wardCode"]]
    home = next((row for row in old if row["provinceKey"] == key), old[0])
    office = facts("tax_offices").row(
        by_predicate=pl.col("old_province") == _digits(home["provinceCode"], 2), named=True
    )
    targets = _targets(key, {row["wardKey"]: place for place, row in enumerate(new)})
    old_frame = pl.DataFrame(
        {
            "code": [_digits(row["wardCode"], 5) for row in old],
            "name": [row["ward"] for row in old],
            "type": [row["wardType"] for row in old],
            "district": [_digits(row["districtCode"], 3) for row in old],
            "district_name": [row["district"] for row in old],
            "lon": [float(row["wardLon"]) for row in old],
            "lat": [float(row["wardLat"]) for row in old],
            "to": [targets.get(f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey']}", 0) for row in old],
        }
    ).sort("code")
    new_frame = pl.DataFrame(
        {
            "code": [_digits(row["wardCode"], 5) for row in new],
            "name": [row["ward"] for row in new],
            "type": [row["wardType"] for row in new],
            "lon": [float(row["wardLon"]) for row in new],
            "lat": [float(row["wardLat"]) for row in new],
        }
    )
    districts = old_frame.select(code="district", name="district_name").unique(maintain_order=True).sort("code")
    return Places(
        province, new[0]["province"], new[0]["provinceShortKey"], old_frame, new_frame, districts,
        office["tax_prefix"], office["agency_prefix"], int(office["old_province"]),
    )  # fmt: skip


_NEW = "province provinceCode provinceKey provinceShortKey ward wardCode wardKey wardType wardLat wardLon"
_OLD = "provinceCode provinceKey district districtCode districtKey ward wardCode wardKey wardType wardLat wardLon"


def _data() -> Path:
    """Folder of the package's files. It is not imported: that would load its address parser, a second and more."""
    spec = find_spec("vietnamadminunits")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("vietnamadminunits: cài phần pipelines · install the extra `pipelines`")
    return Path(spec.submodule_search_locations[0]) / "data"


def _table(name: str, fields: str) -> list[dict[str, Any]]:
    with sqlite3.connect(f"file:{_data() / 'dataset.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute(f"SELECT {fields.replace(' ', ', ')} FROM {name} ORDER BY wardCode").fetchall()
    return [dict(zip(fields.split(), row, strict=True)) for row in rows]


@cache
def _conversion() -> dict[str, Any]:
    conversion: dict[str, Any] = json.loads((_data() / "converter_2025.json").read_text(encoding="utf-8"))
    return conversion


def _digits(code: object, width: int) -> str:
    return str(code).zfill(width)


def _targets(province_key: str, rows: dict[str, int]) -> dict[str, int]:
    """Old commune key -> row of the new commune (the main one, when the old commune was split)."""
    whole = _conversion()["DICT_PROVINCE_WARD_NO_DIVIDED"][province_key]
    found = {old: rows[new] for new, olds in whole.items() for old in olds if new in rows}
    for old, parts in _conversion()["DICT_PROVINCE_WARD_DIVIDED"].get(province_key, {}).items():
        main = next((part for part in parts if part["isDefaultNewWard"]), parts[0])
        found.setdefault(old, rows.get(main["newWardKey"], 0))
    return found


def weights_of_new(home: Places) -> list[float]:
    """A weight for each new commune: wards draw more people."""
    return [4.0 if kind == "Phường" else 1.0 for kind in home.new["type"]]


def weights_of_old(home: Places) -> list[float]:
    """A weight for each old commune."""
    return [{"Phường": 4.0, "Thị trấn": 2.5}.get(kind, 1.0) for kind in home.old["type"]]


def commune_codes(home: Places, old_row: Ints, before: Mask) -> pl.Series:
    """Code of the commune that lies where the old commune lay: the old code where `before`, else the new one."""
    new_row = home.old["to"].to_numpy()[old_row]
    return where(before, gather(home.old["code"], old_row), gather(home.new["code"], new_row))


def commune_names(home: Places, old_row: Ints, before: Mask) -> pl.Series:
    """Name of that commune, with its district and province as it was written then."""
    new_row = home.old["to"].to_numpy()[old_row]
    old_name = joined(gather(home.old["name"], old_row), ", ", gather(home.old["district_name"], old_row))
    return joined(where(before, old_name, gather(home.new["name"], new_row)), f", {home.name}")


def addresses(rng: np.random.Generator, home: Places, old_row: Ints, before: Mask) -> pl.Series:
    """Street and number in towns, hamlet elsewhere, and the commune as it was called then."""
    n = len(old_row)
    town = (gather(home.old["type"], old_row) != "Xã").to_numpy()
    street = joined("Số ", numbers(rng.integers(1, 400, n)), ", đường ", pick(rng, column("streets", "street"), n))
    hamlet = joined("Thôn ", pick(rng, column("hamlets", "hamlet"), n))
    return joined(where(town, street, hamlet), ", ", commune_names(home, old_row, before))
