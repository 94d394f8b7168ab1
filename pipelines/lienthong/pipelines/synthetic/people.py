"""Names, births and identity numbers of people who do not exist."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .draw import Days, Ints, Mask, choose, days_between, gather, joined, pick
from .facts import column, facts, weights
from .identifiers import citizen_ids
from .places import Places

_MIX = {  # ethnic code, surname weights, share in the north-east; elsewhere nearly all are Kinh
    "07": ("Nùng", "tay_nung", 42.0, 0.6), "02": ("Tày", "tay_nung", 35.0, 0.8),
    "01": ("Kinh", "kinh_north", 18.0, 96.0),
    "09": ("Dao", "dao", 3.6, 0.5), "06": ("Mường", "kinh_north", 0.4, 0.8), "04": ("Hoa", "kinh_north", 0.5, 0.6),
    "05": ("Khơ-me", "kinh", 0.1, 0.4), "08": ("HMông", "dao", 0.4, 0.3),
}  # fmt: skip
_NORTH_EAST = frozenset({"04", "06", "20", "08"})


@dataclass(frozen=True, slots=True)
class People:
    """Columns of people: name, male, born, ethnic code and name, citizen id."""

    name: pl.Series
    male: Mask
    born: Days
    ethnic_code: pl.Series
    ethnic_name: pl.Series
    citizen_id: pl.Series

    def __len__(self) -> int:
        return len(self.name)


def people(
    rng: np.random.Generator, home: Places, n: int, born: tuple[str, str], first_serial: int = 0, female: float = 0.5
) -> People:
    """`n` people born in the period; `first_serial` sets apart the identity numbers of different calls."""
    male = rng.random(n) >= female
    codes = list(_MIX)
    share = 2 if home.code in _NORTH_EAST else 3
    group = choose(rng, [_MIX[code][share] for code in codes], n)
    births = days_between(rng, born[0], born[1], n)
    years = births.astype("datetime64[Y]").astype(np.int64) + 1970
    serial = first_serial + np.arange(n, dtype=np.int64)
    ids = citizen_ids(_birthplaces(rng, home, serial), male, years, serial)
    return People(
        _names(rng, group, male),
        male,
        births,
        gather(codes, group),
        gather([str(_MIX[c][0]) for c in codes], group),
        ids,
    )


def _birthplaces(rng: np.random.Generator, home: Places, serial: Ints) -> Ints:
    """Old province codes: mostly home. Past 100,000 people each further lot has its own, so that no id comes twice."""
    codes = np.array([int(code) for code in column("tax_offices", "old_province")], dtype=np.int64)
    if not len(serial) or serial[-1] < 100_000:
        return np.where(rng.random(len(serial)) < 0.85, home.people_code, rng.choice(codes, len(serial)))
    lot = int(np.flatnonzero(codes == home.people_code)[0]) + serial // 100_000
    return codes[lot % len(codes)]


def _names(rng: np.random.Generator, group: Ints, male: Mask) -> pl.Series:
    surname = np.zeros(len(group), np.int64)
    for place, (_, field, *_rest) in enumerate(_MIX.values()):
        members = np.flatnonzero(group == place)
        surname[members] = choose(rng, weights("surnames", str(field)), len(members))
    middle, given = (_by_sex(rng, name, male) for name in ("middles", "given"))
    return joined(
        gather(facts("surnames")["surname"], surname), " ", gather(facts("middles")["middle"], middle), " ",
        gather(facts("given")["given"], given),
    )  # fmt: skip


def _by_sex(rng: np.random.Generator, name: str, male: Mask) -> Ints:
    drawn = np.zeros(len(male), np.int64)
    for sex, members in (("male", np.flatnonzero(male)), ("female", np.flatnonzero(~male))):
        drawn[members] = choose(rng, weights(name, sex), len(members))
    return drawn


def company_brands(rng: np.random.Generator, n: int) -> pl.Series:
    """Proper names of businesses: two syllables, now and then a number or a place behind."""
    base = joined(pick(rng, column("brands", "first"), n), " ", pick(rng, column("brands", "second"), n))
    tail = pick(
        rng, ["", " 68", " 86", " Xanh", " Việt", " Lạng Sơn", " Group", " 89", " Mới", " Hà Nội"], n, [70] + [3] * 9
    )
    return joined(base, tail)
