"""Computes indicators: every number of a report comes out of one SQL statement through the door."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from lienthong.access import ANONYMOUS
from lienthong.access.services import Services
from lienthong.kernel.text import Bilingual, both
from lienthong.reports.model import Indicator, Number, Series, Targets
from lienthong.reports.periods import ends, filled, parameters
from lienthong.store.condition import condition
from lienthong.store.query import Group, Measure, Page, Query

SURFACE = "reports"
Member = tuple[str, Query]


@dataclass(frozen=True)
class Column:
    """A column of a report's table."""

    key: str
    title: Bilingual
    number: bool


@dataclass(frozen=True)
class Table:
    """The data behind a value."""

    columns: tuple[Column, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Target:
    """A target of a plan and whether the value meets it; `met` is None where they cannot be compared."""

    id: str
    text: Bilingual
    value: float | None
    comparison: str
    due: str | None
    province: str | None
    source: str | None
    met: bool | None


@dataclass(frozen=True)
class Report:
    """One indicator for a province on a day."""

    indicator: Indicator
    province: str
    day: date
    value: float | None
    numbers: dict[str, float | None]
    table: Table = field(default_factory=Table)
    targets: tuple[Target, ...] = ()


class Engine:
    """Asks the open data for the numbers of indicators."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def report(self, indicator: Indicator, province: str, day: date, where: Targets | None) -> Report:
        """The whole report: value, parts, table, targets."""
        series = indicator.series
        days = ends(day, series.over, series.last) if series and series.over else [day]
        members = [m for n, d in enumerate(days) for m in self._members(indicator, province, d, n)]
        if series and not series.over:
            members.append(("series", self._series(series, province, day)))
        answer = await self._services.door.document(ANONYMOUS, members, surface=SURFACE)
        found = orjson.loads(answer.body)
        by_day = [_numbers(indicator, found, n) for n in range(len(days))]
        value = indicator.value.of(by_day[-1])
        if series and series.over:
            table = _over_time(indicator, days, by_day)
        else:
            table = self._grouped(series, found["series"]) if series else Table()
        targets = await self._targets(indicator, where, value, province) if where else ()
        return Report(indicator, province, day, value, by_day[-1], table, targets)

    async def value(self, indicator: Indicator, province: str, day: date) -> float | None:
        """The value alone."""
        members = self._members(indicator, province, day, 0)
        answer = await self._services.door.document(ANONYMOUS, members, surface=SURFACE)
        return indicator.value.of(_numbers(indicator, orjson.loads(answer.body), 0))

    def _members(self, indicator: Indicator, province: str, day: date, number: int) -> list[Member]:
        values = parameters(day, province)
        return [(f"{name}_{number}", self._number(part, values, day)) for name, part in indicator.parts.items()]

    def _number(self, part: Number, values: dict[str, str], day: date) -> Query:
        contract = self._services.registry.get(part.dataset)
        return Query(
            contract.id,
            where=condition(self._services.registry, contract, filled(part.where, values)),
            measures=(Measure("value", part.measure, part.of, part.distinct),),
            as_of=day if part.as_of else None,
            page=Page(1),
        )

    def _series(self, series: Series, province: str, day: date) -> Query:
        registry, values = self._services.registry, parameters(day, province)
        contract = registry.get(series.dataset or "")
        measures = [
            Measure(
                m.name, m.measure, m.of, m.distinct,
                condition(registry, contract, filled(m.where, values)) if m.where else None,
            )
            for m in series.measures
        ]  # fmt: skip
        return Query(
            contract.id,
            where=condition(registry, contract, filled(series.where, values)),
            groups=tuple(Group(g.of, g.of, g.transform) for g in series.group_by),
            measures=tuple(measures),
            as_of=day if series.as_of else None,
            page=Page(1000),
        )

    def _grouped(self, series: Series, rows: Sequence[dict[str, Any]]) -> Table:
        contract = self._services.registry.get(series.dataset or "")
        columns = [Column(g.of, g.title or contract.by_name[g.of].title, False) for g in series.group_by]
        columns += [Column(m.name, m.title, True) for m in series.measures]
        columns += [Column(r.name, r.title, True) for r in series.ratios]
        made = []
        for row in rows:
            ratios = {}
            for ratio in series.ratios:
                above, below = (row.get(name) for name in ratio.divide)
                ratios[ratio.name] = above / below * ratio.times if below and above is not None else None
            made.append({**row, **ratios})
        return Table(tuple(columns), tuple(made))

    async def _targets(
        self, indicator: Indicator, where: Targets, value: float | None, province: str
    ) -> tuple[Target, ...]:
        registry = self._services.registry
        contract = registry.get(where.dataset)
        given = condition(registry, contract, {where.indicator: {"eq": indicator.id}})
        answer = await self._services.door.rows(
            ANONYMOUS, Query(contract.id, where=given, page=Page(100)), surface=SURFACE
        )
        return tuple(_target(where, row, value, indicator.target_unit) for row in orjson.loads(answer.body))


def _numbers(indicator: Indicator, found: dict[str, Any], number: int) -> dict[str, float | None]:
    return {name: _single(found[f"{name}_{number}"]) for name in indicator.parts}


def _single(rows: Sequence[dict[str, Any]]) -> float | None:
    return rows[0]["value"] if rows else None


def _over_time(indicator: Indicator, days: Sequence[date], by_day: Sequence[dict[str, float | None]]) -> Table:
    columns = [Column("date", both("Ngày", "Date"), False)]
    columns += [Column(name, part.title, True) for name, part in indicator.parts.items()]
    columns.append(Column("value", indicator.title, True))
    rows = [
        {"date": day.isoformat(), **numbers, "value": indicator.value.of(numbers)}
        for day, numbers in zip(days, by_day, strict=True)
    ]
    return Table(tuple(columns), tuple(rows))


def _target(where: Targets, row: dict[str, Any], value: float | None, unit: str | None) -> Target:
    goal = row.get(where.value)
    unlike = goal is None or value is None or (unit is not None and row.get(where.unit) != unit)
    met = None if unlike else _meets(float(value or 0), float(goal or 0), str(row.get(where.comparison)))
    return Target(
        id=str(row[where.id]),
        text=both(row.get(where.text_vi) or "", row.get(where.text_en) or ""),
        value=goal,
        comparison=str(row.get(where.comparison) or ""),
        due=row.get(where.due),
        province=row.get(where.province),
        source=row.get(where.source),
        met=met,
    )


def _meets(value: float, goal: float, comparison: str) -> bool | None:
    match comparison:
        case ">=":
            return value >= goal
        case "<=":
            return value <= goal
        case ">":
            return value > goal
        case "=":
            return value == goal
        case _:
            return None
