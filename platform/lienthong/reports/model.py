"""Indicators, defined in datasets/_indicators/*.yaml (grammar in its README)."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both

Function = Literal["count", "sum", "avg", "min", "max"]
Transform = Literal["none", "year", "quarter", "month", "band5"]


class Part(BaseModel):
    """A part of a definition: camelCase in YAML, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Number(Part):
    """One number out of one open dataset."""

    title: Bilingual
    dataset: str
    as_of: bool = False
    where: dict[str, Any] = Field(default_factory=dict)
    measure: Function = "count"
    of: str | None = None
    distinct: bool = False


class Value(Part):
    """How the parts make the value: one of them, or a quotient."""

    part: str | None = None
    divide: tuple[str, str] | None = None
    times: float = 1
    complement: bool = False

    def of(self, numbers: dict[str, float | None]) -> float | None:
        """The value, or None when there is nothing to divide by."""
        if self.part:
            return numbers.get(self.part)
        above, below = (numbers.get(name) for name in self.divide or ("", ""))
        if not below or above is None:
            return None
        quotient = above / below
        return (1 - quotient if self.complement else quotient) * self.times


class GroupBy(Part):
    """A dimension of a series."""

    of: str
    transform: Transform = "none"
    title: Bilingual | None = None


class Measured(Part):
    """A number of each group of a series."""

    name: str
    title: Bilingual
    measure: Function = "count"
    of: str | None = None
    distinct: bool = False
    where: dict[str, Any] | None = None


class Ratio(Part):
    """A quotient of two numbers of a group."""

    name: str
    title: Bilingual
    divide: tuple[str, str]
    times: float = 1


class Series(Part):
    """The table behind a value: the value at the ends of periods, or groups of one dataset."""

    over: Literal["year", "month"] | None = None
    last: int = Field(default=12, ge=1, le=40)
    dataset: str | None = None
    as_of: bool = False
    where: dict[str, Any] = Field(default_factory=dict)
    group_by: tuple[GroupBy, ...] = ()
    measures: tuple[Measured, ...] = ()
    ratios: tuple[Ratio, ...] = ()


class Chart(Part):
    """How a series is drawn."""

    mark: Literal["line", "bar"] = "bar"
    x: str
    y: str
    color: str | None = None


class SeriesBreak(Part):
    """A day on which numbers before and after do not mean the same."""

    date: date
    vi: str
    en: str


class Indicator(Part):
    """One indicator: formula, parts, value, series, chart."""

    id: str
    title: Bilingual
    description: Bilingual | None = None
    formula: Bilingual
    unit: Literal["count", "percent", "days"] = "count"
    parts: dict[str, Number]
    value: Value
    when_empty: Bilingual = both("không có số liệu", "no data")
    series: Series | None = None
    chart: Chart | None = None
    series_breaks: tuple[SeriesBreak, ...] = ()
    target_unit: str | None = Field(default=None, description="only targets in this unit are compared with the value")


class Provinces(Part):
    """Where the provinces of a day are: a dataset, which of its rows, and the names of two fields."""

    dataset: str
    where: dict[str, Any]
    code: str
    name: str


class Targets(Part):
    """Where the targets of the plans are: a dataset and the names of its fields; and where the provinces are."""

    dataset: str
    indicator: str
    value: str
    comparison: str
    due: str
    text_vi: str
    text_en: str
    province: str
    source: str
    id: str = "id"
    unit: str = "unit"
    provinces: Provinces | None = None


Kind = TypeVar("Kind", bound=Part)


@cache
def indicators(folder: Path) -> dict[str, Indicator]:
    """All indicators of a folder of definitions, by id. Raises Invalid naming the file and the key."""
    paths = sorted((folder / "_indicators").glob("[!_]*.yaml"))
    found = [_read(path, Indicator) for path in paths]
    return {indicator.id: indicator for indicator in found}


@cache
def targets(folder: Path) -> Targets | None:
    """Where targets are, or None when the folder does not say."""
    path = folder / "_indicators" / "_targets.yaml"
    return _read(path, Targets) if path.exists() else None


def _read(path: Path, kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        place = f"{path}: {'.'.join(map(str, first['loc']))}"
        raise Invalid(both("Định nghĩa chỉ tiêu sai", f"Wrong indicator: {first['msg']}"), place=place) from error
