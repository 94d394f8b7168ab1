"""Vega-Lite specifications: small, drawn from the rows of the table beside them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from lienthong.kernel.text import Language
from lienthong.reports.model import SeriesBreak

Kind = Literal["nominal", "quantitative", "temporal"]


def spec(
    rows: Iterable[Mapping[str, Any]],
    titles: Mapping[str, str],
    mark: Literal["line", "bar"],
    x: str,
    y: str,
    color: str | None = None,
    breaks: Iterable[SeriesBreak] = (),
    language: Language = "vi",
) -> str:
    """The specification as JSON that is safe inside a script element."""
    rows = list(rows)
    base = {
        "mark": {"type": mark, "tooltip": True} | ({"point": True} if mark == "line" else {}),
        "encoding": _encoding(rows, titles, x, y, color),
    }
    layers: list[dict[str, Any]] = [base]
    cuts = [{"at": b.date.isoformat(), "why": b.vi if language == "vi" else b.en} for b in breaks]
    if cuts and _kind(rows, x) == "temporal":
        layers.append(_rule(_inside(cuts, rows, x)))
    document = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 280,
        "data": {"values": rows},
        "layer": layers,
        "config": {"font": "inherit", "axis": {"labelFontSize": 12, "titleFontSize": 12}, "view": {"stroke": None}},
    }
    return json.dumps(document, ensure_ascii=False).replace("</", "<\\/")


def _encoding(
    rows: list[Mapping[str, Any]], titles: Mapping[str, str], x: str, y: str, color: str | None
) -> dict[str, Any]:
    encoding: dict[str, Any] = {
        "x": {"field": x, "type": _kind(rows, x), "title": titles.get(x, x), "axis": {"labelAngle": -40}},
        "y": {"field": y, "type": "quantitative", "title": titles.get(y, y)},
    }
    if _kind(rows, x) == "nominal":
        encoding["x"]["sort"] = None
    if color:
        encoding["color"] = {"field": color, "type": "nominal", "title": titles.get(color, color)}
    return encoding


def _kind(rows: list[Mapping[str, Any]], name: str) -> Kind:
    """A full date or a month is a moment; everything else on the x axis is a name."""
    values = [str(row[name]) for row in rows if row.get(name) is not None]
    dated = values and all(
        len(v) in {7, 10} and v[4:5] == "-" and v[:4].isdigit() and v[-1].isdigit() and "Q" not in v for v in values
    )
    return "temporal" if dated else "nominal"


def _inside(cuts: list[dict[str, str]], rows: list[Mapping[str, Any]], x: str) -> list[dict[str, str]]:
    days = sorted(str(row[x]) for row in rows if row.get(x) is not None)
    return [cut for cut in cuts if days and days[0] <= cut["at"] <= days[-1]]


def _rule(cuts: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "data": {"values": cuts},
        "mark": {"type": "rule", "strokeDash": [5, 4], "color": "#b45309", "tooltip": True},
        "encoding": {"x": {"field": "at", "type": "temporal"}, "tooltip": {"field": "why", "type": "nominal"}},
    }
