"""Candidate rows of a twin, drawn from its profile. Whether they fit the rules is judged afterwards, in PostgreSQL."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from lienthong.contract.model import FieldContract
from lienthong.contract.types.coded import Coded
from lienthong.pipelines.twin.made import Maker, Row
from lienthong.pipelines.twin.plan import Link, Plan
from lienthong.pipelines.twin.profile import DEGREES, Profile
from lienthong.pipelines.twin.words import Words
from lienthong.store.statistics import LEVELS, Curve, Part, Values

Keys = Sequence[tuple[str | None, ...]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORK_BEGINS, _WORK_SECONDS = 7 * 3600 + 1800, 9 * 3600


class Weighted:
    """Draws one of `cells` as often as it is counted."""

    def __init__(self, cells: Iterable[tuple[Values, int]]) -> None:
        self.values, counts = [], []
        for value, count in cells:
            self.values.append(value)
            counts.append(max(1, count))
        self._sums = list(accumulate(counts))

    def draw(self, random: Random) -> Values | None:
        """A cell, or None when there is none."""
        if not self.values:
            return None
        return self.values[bisect_right(self._sums, random.random() * self._sums[-1])]


class Drawer:
    """Draws rows of one dataset. `targets` are the keys that each link may point to."""

    def __init__(
        self, plan: Plan, profile: Profile, words: Words, targets: Mapping[Link, Keys], random: Random
    ) -> None:
        self._plan, self._profile, self._random = plan, profile, random
        self._maker = Maker(plan.contract, words, random)
        self._groups = [Weighted(cells) for cells in profile.cells]
        self._months = Weighted(((month,), count) for month, count in profile.months)
        self._places = {name: Weighted(cells) for name, cells in profile.places.items()}
        self._repeating = {name: Weighted(cells) for name, cells in profile.repeating.items()}
        self._targets = dict(targets)
        self._links = {link: self._often(link) for link in plan.links}
        self._serial = 0

    def rows(self, count: int, parents: Mapping[Link, Keys]) -> list[Row]:
        """`count` rows; a link in `parents` takes its keys in turn from there, any other at random."""
        return [self._row({link: keys[n % len(keys)] for link, keys in parents.items() if keys}) for n in range(count)]

    def _often(self, link: Link) -> Weighted:
        """The rows of open data that are pointed to often enough to be told, as often as they are."""
        there = {key[:-1]: key for key in self._targets.get(link, ())}
        cells = self._profile.links.get(link.local, ())
        return Weighted((there[values], count) for values, count in cells if values in there)

    def _row(self, parents: Mapping[Link, tuple[str | None, ...]]) -> Row:
        self._serial += 1
        row: Row = {}
        place = self._link(row, parents)
        cells = self._group(row)
        self._moment(row, cells)
        for name in self._plan.numbers:
            row[name] = self._number(name)
        for name, code in self._plan.titles.items():
            row[name] = self._title(name, row.get(code))
        for name in (*self._plan.repeating, *self._plan.made):
            row[name] = self._made(name, row, place)
        return row

    def _link(self, row: Row, parents: Mapping[Link, tuple[str | None, ...]]) -> str:
        """Fill in the foreign keys; the name of a linked row of open data, for addresses."""
        place = ""
        for link in self._plan.links:
            keys = self._targets.get(link, ())
            none = not keys or (not link.required and self._is_missing(link.local[0]))
            *values, label = parents.get(link) or self._links[link].draw(self._random) or self._any(keys)
            for column, value in zip(link.local, values if not none else [None] * len(link.local), strict=False):
                row[column] = value
            if not keys and link.required:
                row[link.local[0]] = self._any_code(link.local[0], row)
            place = place or (str(label) if label and not none else "")
        return place

    def _any(self, keys: Keys) -> tuple[str | None, ...]:
        return self._random.choice(keys) if keys else ("",)

    def _group(self, row: Row) -> list[Values]:
        """Fill in the fields that are drawn together; the cell of each group."""
        drawn = []
        for parts, weighted in zip(self._plan.groups, self._groups, strict=True):
            cell = weighted.draw(self._random) or tuple(self._any_value(part, row) for part in parts)
            drawn.append(cell)
            for part, value in zip(parts, cell, strict=True):
                row[part.column] = ("" if value == "0" else None) if part.missing else value
        return drawn

    def _any_value(self, part: Part, row: Row) -> str | None:
        return "0" if part.missing else self._any_code(part.column, row)

    def _any_code(self, column: str, row: Row) -> str | None:
        """A value of a field of which nothing is known but the contract."""
        field = self._plan.contract.by_name.get(column)
        return self._maker.value(field, self._serial, row, "") if field else None

    def _moment(self, row: Row, cells: Sequence[Values]) -> None:
        """Fill in dates and moments, all by one draw, so that what comes later in life comes later in the row."""
        base, at = self._plan.base, self._random.random()
        if base is None:
            return
        begun = self._begun()
        for name in self._plan.moments:
            if name in row and row[name] is None:
                continue
            field, group = self._plan.contract.by_name[name], self._plan.within.get(name)
            if name != base and name not in row and not self._plan.required(name) and self._is_missing(name):
                row[name] = None
                continue
            moment = begun if name == base else self._later(name, begun, self._curve(name, group, cells), at)
            row[name] = _written(field, moment) if moment else None

    def _begun(self) -> datetime:
        """A working moment in a month of the base field."""
        drawn = self._months.draw(self._random)
        year, month = map(int, (drawn[0] or "2024-06").split("-")) if drawn else (self._random.randint(2018, 2025), 6)
        day = datetime(year, month, 1, tzinfo=UTC) + timedelta(days=self._random.randrange(28))
        return day + timedelta(seconds=_WORK_BEGINS + self._random.randrange(_WORK_SECONDS) // 60 * 60)

    def _later(self, name: str, begun: datetime, curve: Curve, at: float) -> datetime | None:
        """The moment of a field: as long after the base as the curve tells, or on a day of its own.

        A day of its own when days lie closer together than distances: the day on which records were last updated.
        None when it would be later than such moments are, and need not be told.
        """
        days = self._profile.days.get(name)
        if days and 2 * (days[-1] - days[0]) < curve[-1] - curve[0]:
            return _EPOCH + timedelta(seconds=read(days, self._random.random()) + _WORK_BEGINS)
        moment = begun + timedelta(seconds=read(curve, at))
        last = _EPOCH + timedelta(seconds=days[-1] + 86_400) if days else moment
        if moment <= last:
            return moment
        return max(begun, last) if self._plan.required(name) else None

    def _curve(self, name: str, group: int | None, cells: Sequence[Values]) -> Curve:
        own = self._profile.moments.get((group, cells[group]), {}) if group is not None else {}
        every = self._profile.moments.get((None, ()), {})
        return own.get(name) or every.get(name) or tuple(86_400.0 * n for n in range(len(LEVELS)))

    def _number(self, name: str) -> str | None:
        field, curve = self._plan.contract.by_name[name], self._profile.numbers.get(name)
        if not self._plan.required(name) and self._is_missing(name):
            return None
        if curve is None:
            return self._maker.value(field, self._serial, {}, "")
        value = read(curve, self._random.random())
        low, high = field.options.get("min"), field.options.get("max")
        value = max(value, float(low)) if low is not None else value
        value = min(value, float(high)) if high is not None else value
        if field.logical_type == "decimal":
            return f"{value:.{int(field.options.get('scale', 2))}f}"
        return str(round(float(f"{value:.3g}")) if field.logical_type == "money" else round(value))

    def _title(self, name: str, code: str | None) -> str | None:
        field = self._plan.contract.by_name[name]
        coded = next(f for f in self._plan.contract.fields if f.name == self._plan.titles[name])
        assert isinstance(coded.type, Coded)
        options = dict(coded.options)
        found = coded.type.codes(options).get(code or "")
        if found is None and coded.type.name == "vsic_code":
            found = next((f for v in ("2025", "2018") if (f := coded.type.codes({"version": v}).get(code or ""))), None)
        text = found.vi if found else code
        return text[: int(field.options.get("max_length") or 500)] if text else None

    def _made(self, name: str, row: Row, place: str) -> str | None:
        field = self._plan.contract.by_name[name]
        if not self._plan.required(name) and self._is_missing(name):
            return None
        if name in self._repeating and (drawn := self._repeating[name].draw(self._random)):
            return drawn[0]
        if name in self._places and (drawn := self._places[name].draw(self._random)):
            west, south = (float(part or 0) + self._random.random() * DEGREES for part in drawn)
            return f"SRID=4326;POINT({west:.5f} {south:.5f})"
        return self._maker.value(field, self._serial, row, place)

    def _is_missing(self, name: str) -> bool:
        share = self._profile.missing.get(name, 0.0) if self._profile.rows else 0.1
        return self._random.random() < share


def read(curve: Curve, at: float) -> float:
    """The value at the share `at` of a curve, between its levels in a straight line, at its ends level."""
    if at <= LEVELS[0]:
        return curve[0]
    for n in range(1, len(LEVELS)):
        if at <= LEVELS[n]:
            part = (at - LEVELS[n - 1]) / (LEVELS[n] - LEVELS[n - 1])
            return curve[n - 1] + part * (curve[n] - curve[n - 1])
    return curve[-1]


def _written(field: FieldContract, moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}:00+07" if field.logical_type == "datetime" else f"{moment:%Y-%m-%d}"
