"""The safe aggregates that a twin is made of. They are kept with the twin, for whoever answers for it to look at."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection

from lienthong.pipelines.twin.plan import Plan
from lienthong.store import statistics
from lienthong.store.statistics import Curve, Part, Values

DEGREES = 0.02  # of the grid that points are counted in: about two kilometres
_DAY = 86_400
_REPEATS = 0.5  # a text repeats when values that are frequent enough make up this share


@dataclass(frozen=True)
class Profile:
    """Counts, curves and shares by field. `cells[n]` are those of the plan's group n.

    `moments` are seconds since the base moment, by cell of the moment's group, `None` for all rows; `days` are seconds
    since 1970; `links` tell how often a row is pointed to; `missing` is the share of rows without a value.
    """

    rows: int
    k: int
    cells: tuple[tuple[tuple[Values, int], ...], ...]
    months: tuple[tuple[str, int], ...]
    moments: Mapping[tuple[int | None, Values], Mapping[str, Curve]]
    days: Mapping[str, Curve]
    links: Mapping[tuple[str, ...], tuple[tuple[Values, int], ...]]
    numbers: Mapping[str, Curve]
    missing: Mapping[str, float]
    places: Mapping[str, tuple[tuple[Values, int], ...]]
    repeating: Mapping[str, tuple[tuple[Values, int], ...]]

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        told = asdict(self)
        told["moments"] = [
            {"group": group, "cell": cell, "curves": curves} for (group, cell), curves in self.moments.items()
        ]
        told["links"] = [{"columns": columns, "cells": cells} for columns, cells in self.links.items()]
        return told


def measure(connection: Connection, plan: Plan) -> Profile:
    """Measure the governed rows; every figure is rounded, and at least k rows share it or lie beyond it."""
    contract = plan.contract
    k = max(5, contract.privacy.k)
    rows = statistics.rows(connection, contract)
    counted = statistics.present(connection, contract)
    months = statistics.months(connection, contract, contract.by_name[plan.base], k) if plan.base else []
    return Profile(
        rows=round(rows / k) * k,
        k=k,
        cells=tuple(tuple(statistics.cells(connection, contract, parts, k)) for parts in plan.groups),
        months=tuple(months),
        moments=_moments(connection, plan, k),
        days=_days(connection, plan, k),
        links={
            link.local: tuple(statistics.cells(connection, contract, [Part(c) for c in link.local], k))
            for link in plan.links
            if link.schema == "open"
        },
        numbers=_numbers(connection, plan, k),
        missing={name: _share(rows - there, rows, k) for name, there in counted.items()},
        places={
            f.name: tuple(statistics.grid(connection, contract, f, k, DEGREES))
            for f in contract.fields
            if f.logical_type == "point"
        },
        repeating=_repeating(connection, plan, k, counted),
    )


def _share(missing: int, rows: int, k: int) -> float:
    """The share of rows without a value: all or none when fewer than k differ."""
    if not rows or rows - missing < k:
        return 1.0
    return 0.0 if missing < k else round(missing / rows, 2)


def _moments(connection: Connection, plan: Plan, k: int) -> dict[tuple[int | None, Values], dict[str, Curve]]:
    if not plan.base:
        return {}
    fields = plan.contract.by_name
    base = fields[plan.base]
    others = {name: statistics.since(fields[name], base) for name in plan.moments if name != plan.base}
    found: dict[tuple[int | None, Values], dict[str, Curve]] = {}
    for _, curves in statistics.curves(connection, plan.contract, others, (), k):
        found[None, ()] = {name: _whole(curve) for name, curve in curves.items()}
    for group, parts in enumerate(plan.groups):
        own = {name: value for name, value in others.items() if plan.within.get(name) == group}
        for cell, curves in statistics.curves(connection, plan.contract, own, parts, k):
            found[group, cell] = {name: _whole(curve) for name, curve in curves.items()}
    return found


def _days(connection: Connection, plan: Plan, k: int) -> dict[str, Curve]:
    values = {name: statistics.moment(plan.contract.by_name[name]) for name in plan.moments}
    for _, curves in statistics.curves(connection, plan.contract, values, (), k):
        return {name: tuple(round(v / _DAY) * _DAY for v in curve) for name, curve in curves.items()}
    return {}


def _whole(curve: Curve) -> Curve:
    """To days; to hours when the greatest difference is of a few days only."""
    unit = _DAY if max(map(abs, curve)) > 90 * _DAY else 3600
    return tuple(round(value / unit) * unit for value in curve)


def _numbers(connection: Connection, plan: Plan, k: int) -> dict[str, Curve]:
    values = {name: statistics.number(plan.contract.by_name[name]) for name in plan.numbers}
    for _, curves in statistics.curves(connection, plan.contract, values, (), k):
        return {name: tuple(float(f"{value:.2g}") for value in curve) for name, curve in curves.items()}
    return {}


def _repeating(
    connection: Connection, plan: Plan, k: int, counted: Mapping[str, int]
) -> dict[str, tuple[tuple[Values, int], ...]]:
    found = {}
    for name in plan.repeating:
        cells = [c for c in statistics.cells(connection, plan.contract, (Part(name),), k) if c[0][0] is not None]
        if cells and sum(count for _, count in cells) >= _REPEATS * counted[name]:
            found[name] = tuple(cells)
    return found
