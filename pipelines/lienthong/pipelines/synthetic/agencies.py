"""The bodies of the province: who existed when, under whom, and who took over.

Level 1 is the People's Committee of the province (`H37`), then departments `H37.05`, districts `H37.30` to 2025-06-30
with their communes `H37.30.02`, communes since the reform `H37.101`, service units `H37.15.001`, Party bodies `H37.80`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from .draw import Days, Ints, Mask, stream
from .facts import dates, facts
from .places import Places

FIELDS = (
    "code", "name", "name_en", "short", "type", "level", "parent", "unit", "unit_name", "founded", "ended", "basis",
    "successors",
    "lon", "lat", "group", "weight",
)  # fmt: skip
_START, _LAST_OLD, _FIRST_NEW = "2005-01-01", "2025-06-30", "2025-07-01"
_SCHOOLS = [("Trường Mầm non", 0.36), ("Trường Tiểu học", 0.3), ("Trường Trung học cơ sở", 0.28), ("Trường THPT", 0.06)]


@dataclass(frozen=True, slots=True)
class Agencies:
    """All bodies that ever were, ordered by code; row numbers are used as references."""

    frame: pl.DataFrame
    founded: Days
    ended: Days

    def alive(self, row: Ints, day: Days) -> Mask:
        """Did the body exist on the day?"""
        ended = self.ended[row]
        return np.asarray((self.founded[row] <= day) & (np.isnat(ended) | (day <= ended)))

    def rows(self, condition: pl.Expr) -> Ints:
        """Rows of the bodies that fulfil the condition."""
        return self.frame.with_row_index("row").filter(condition)["row"].to_numpy().astype(np.int64)

    def row_of(self) -> dict[str, int]:
        """Code -> row."""
        return {code: row for row, code in enumerate(self.frame["code"])}


def agencies(seed: int, home: Places) -> Agencies:
    """The bodies of the province."""
    rng = stream(seed, "agencies")
    rows = [*_province(home), *_districts(home), *_communes(home), *_units(rng, home), *_party(home)]
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(FIELDS, pl.String) | {"lon": pl.Float64, "lat": pl.Float64, "weight": pl.Float64}
    )
    frame = frame.sort("code")
    return Agencies(frame, dates(frame["founded"].to_list()), dates(frame["ended"].to_list()))


def _row(home: Places, **values: Any) -> dict[str, Any]:
    base = dict.fromkeys(FIELDS, "") | {
        "level": "province", "parent": home.agency_prefix, "unit": home.code, "unit_name": home.name,
        "lon": float(np.mean(home.new["lon"].to_numpy())), "lat": float(np.mean(home.new["lat"].to_numpy())),
        "weight": 1.0,
    }  # fmt: skip
    return base | values


def _province(home: Places) -> list[dict[str, Any]]:
    top, ward = home.agency_prefix, home.new.row(int(np.argmax(home.new["type"].to_numpy() == "Phường")), named=True)
    seat = {"lon": ward["lon"], "lat": ward["lat"]}
    rows = [_row(
        home, code=top, name=f"Ủy ban nhân dân {home.name[0].lower()}{home.name[1:]}", short="UBND tỉnh", parent="",
        name_en=f"People's Committee of {home.short}", type="province_committee", founded=_START, group="cap_tinh",
        basis="01/QĐ-UBND", weight=1.0, **seat,
    )]  # fmt: skip
    for number, place in zip(facts("departments").iter_rows(named=True), range(100), strict=False):
        rows.append(_row(
            home, code=f"{top}.{number['number']}", name=number["name"], name_en=number["name_en"],
            short=number["short_name"],
            type=number["type"], founded=number["founded"], ended=number["ended"], group="cap_tinh",
            basis=f"{place + 2:02d}/QĐ-UBND",
            successors=f"{top}.{number['successors']}" if number["successors"] else "",
            weight=float(number["weight"]), **seat,
        ))  # fmt: skip
    return rows


def _districts(home: Places) -> list[dict[str, Any]]:
    rows = []
    for place, (code, name) in enumerate(home.districts.iter_rows()):
        inside = home.old.filter(pl.col("district") == code)
        heirs = sorted({f"{home.agency_prefix}.{101 + to}" for to in inside["to"]})
        rows.append(_row(
            home, code=f"{home.agency_prefix}.{30 + place}", name=f"Ủy ban nhân dân {name[0].lower()}{name[1:]}",
            name_en=f"People's Committee of {_plain(name)}", short=f"UBND {name}", type="district_committee",
            level="district",
            unit=code, unit_name=name, founded=_START, ended=_LAST_OLD, basis="30/QĐ-UBND", successors="; ".join(heirs),
            lon=float(inside["lon"].to_numpy().mean()), lat=float(inside["lat"].to_numpy().mean()), group="cap_huyen",
            weight=12.0,
        ))  # fmt: skip
        for number, (commune, to, lon, lat, full) in enumerate(
            inside.select("code", "to", "lon", "lat", "name").iter_rows(), 1
        ):
            rows.append(_row(
                home, code=f"{home.agency_prefix}.{30 + place}.{number:02d}",
                name=f"Ủy ban nhân dân {full[0].lower()}{full[1:]}",
                short=f"UBND {full}", type="commune_committee", level="commune",
                parent=f"{home.agency_prefix}.{30 + place}",
                unit=commune, unit_name=full, founded=_START, ended=_LAST_OLD, basis="31/QĐ-UBND",
                successors=f"{home.agency_prefix}.{101 + to}", lon=lon, lat=lat, group="cap_huyen", weight=3.0,
            ))  # fmt: skip
    return rows


def _plain(name: str) -> str:
    """`Lạng Sơn` of `Thành phố Lạng Sơn`."""
    for kind in ("Thành phố ", "Thị xã ", "Huyện ", "Quận "):
        name = name.removeprefix(kind)
    return name


def _communes(home: Places) -> list[dict[str, Any]]:
    wanted = f"cấp xã của {home.name[0].lower()}{home.name[1:]} năm"
    found = facts("legal_facts").filter(pl.col("title").str.contains(wanted, literal=True))
    basis = found["doc_number"].to_list()[0] if found.height else "202/2025/QH15"
    rows = []
    for place, (unit, full, lon, lat) in enumerate(home.new.select("code", "name", "lon", "lat").iter_rows()):
        code = f"{home.agency_prefix}.{101 + place}"
        common = {"unit": unit, "unit_name": full, "level": "commune", "founded": _FIRST_NEW, "basis": basis,
                  "lon": lon, "lat": lat,
                  "group": "cap_xa"}  # fmt: skip
        rows.append(_row(
            home, code=code, name=f"Ủy ban nhân dân {full[0].lower()}{full[1:]}", short=f"UBND {full}",
            type="commune_committee",
            weight=9.0, **common,
        ))  # fmt: skip
        rows.append(_row(
            home, code=f"{code}.01", name=f"Trung tâm Phục vụ hành chính công {full[0].lower()}{full[1:]}",
            short="TTPVHCC",
            type="one_stop_centre", parent=code, weight=0.0, **common,
        ))  # fmt: skip
    return rows


def _units(rng: np.random.Generator, home: Places) -> list[dict[str, Any]]:
    """Schools under the education department, hospitals and health stations under health, others under theirs."""
    rows, top = [], home.agency_prefix
    for number in range(650):
        old = home.old.row(int(rng.integers(0, home.old.height)), named=True)
        kind = _SCHOOLS[int(np.searchsorted(np.cumsum([share for _, share in _SCHOOLS]), rng.random()))][0]
        rows.append(
            _unit(
                home,
                f"{top}.15.{number + 1:03d}",
                f"{kind} {old['name'].split(' ', 1)[1]} {number % 7 + 1}",
                old,
                "giao_duc",
                21.0,
            )
        )
    for number in range(40):
        old = home.old.row(int(rng.integers(0, home.old.height)), named=True)
        kind = ["Trung tâm Y tế khu vực", "Bệnh viện đa khoa", "Phòng khám đa khoa khu vực"][number % 3]
        rows.append(
            _unit(home, f"{top}.16.{number + 1:03d}", f"{kind} {old['name'].split(' ', 1)[1]}", old, "y_te", 90.0)
        )
    others = ["Trung tâm Lưu trữ lịch sử", "Trung tâm Khuyến nông", "Trung tâm Công nghệ thông tin",
              "Ban Quản lý dự án",
              "Trung tâm Kỹ thuật đo lường", "Trung tâm Văn hóa", "Văn phòng Đăng ký đất đai",
              "Trung tâm Trợ giúp pháp lý"]  # fmt: skip
    for number, department in enumerate([2, 3, 5, 6, 10, 13, 14, 17, 20] * 5):
        old = home.old.row(int(rng.integers(0, home.old.height)), named=True)
        name = f"{others[number % len(others)]} số {number + 1}"
        rows.append(_unit(home, f"{top}.{department:02d}.{number + 1:03d}", name, old, "su_nghiep_khac", 20.0))
    return rows


def _unit(home: Places, code: str, name: str, old: dict[str, Any], group: str, weight: float) -> dict[str, Any]:
    return _row(
        home, code=code, name=name, short="", type="public_service_unit", parent=code.rpartition(".")[0],
        unit=old["code"],
        unit_name=old["name"], founded=f"{2005 + int(code[-2:]) % 11}-09-01", basis="40/QĐ-UBND", lon=old["lon"],
        lat=old["lat"],
        group=group, weight=weight,
    )  # fmt: skip


def _party(home: Places) -> list[dict[str, Any]]:
    return [
        _row(
            home, code=f"{home.agency_prefix}.{body['number']}", name=body["name"], short=body["short_name"],
            type=body["type"],
            founded=body["founded"], ended=body["ended"], group="dang_doan_the", basis="50/QĐ-UBND",
            weight=float(body["weight"]) * 3,
            successors=f"{home.agency_prefix}.{body['successors']}" if body["successors"] else "",
        )
        for body in facts("party_bodies").iter_rows(named=True)
    ]  # fmt: skip
