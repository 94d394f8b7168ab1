"""Results as a file of their own, and as tables between marks in docs/performance.md."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from bench import open_report
from bench.place import ROOT

RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "performance.md"


def keep(found: dict[str, Any], day: date, page: Path = PAGE) -> Path:
    """Add what was measured to the day's file and to the page; the file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{day.isoformat()}.json"
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if "open" in found:  # its parts may be measured one by one
        found["open"] = before.get("open", {}) | found["open"]
    whole = before | found
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    text = page.read_text("utf-8")
    for name, table in tables(found, day).items():
        text = between(text, name, table)
    page.write_text(text, encoding="utf-8")
    return path


def between(text: str, name: str, table: str) -> str:
    """`text` with another table between its marks. Raises ValueError when there are none."""
    start, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no marks {start} … {end}")
    return pattern.sub(lambda _: f"{start}\n{table}\n{end}", text)


def tables(found: dict[str, Any], day: date) -> dict[str, str]:
    """The tables of the parts that were measured."""
    made = {}
    for part, render in (("ingest", _ingest), ("reads", _reads), ("compare", _compare), ("open", open_report.table)):
        if part in found:
            made[part] = f"{_machine(found[part]['machine'], day)}\n\n{render(found[part])}"
    return made


def _machine(machine: dict[str, Any], day: date) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{day.isoformat()}: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}; load before the run {machine['load']}; {versions}."
    )


def _ingest(found: dict[str, Any]) -> str:
    rows = [
        "| | rows/s | seconds | CPU s, process | CPU s, PostgreSQL | peak MiB, process | peak MiB, PostgreSQL |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, title in (("copy", "`\\copy`, no types, no index (limit)"), ("ingest", "whole pipeline")):
        f = found[name]
        rows.append(
            f"| {title} | {f['rate']:,} | {f['seconds']} | {f['process_cpu']} | {f['postgres_cpu']} "
            f"| {f['process_mib']:,} | {f['postgres_mib']:,} |"
        )
    steps = ", ".join(f"{name} {seconds}" for name, seconds in found["steps"].items())
    counts = ", ".join(f"{name} {n:,}" for name, n in found["counts"].items())
    ratio = found["ratio"]
    return "\n".join([
        *rows, "",
        f"{found['rows']:,} rows, {found['bytes'] / 2**20:.0f} MiB, best of {found['rounds']}. Ratio to the limit: "
        f"**{ratio['rate']}** of its speed, {ratio['cpu']} times its CPU. Seconds by step: {steps}. Rows: {counts}.",
    ])  # fmt: skip


def _reads(found: dict[str, Any]) -> str:
    rows = [
        "| job | surface | limit: req/s, p99 ms | CPU ms, server + PostgreSQL | ours: req/s, p99 ms "
        "| CPU ms, server + PostgreSQL | speed | CPU | others' cores |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case in found["cases"]:
        bare, ours, ratio = case["bare"], case["lienthong"], case["ratio"]
        cells = [case["case"], "GraphQL" if case["surface"] == "graphql" else "REST"]
        for f in (bare, ours):
            cells += [f"{f['rate']:,.0f}, {f['p99']:.0f}", f"{f['server_ms']:.2f} + {f['postgres_ms']:.2f}"]
        cells += [f"**{ratio['rate']:.2f}**", f"{ratio['cpu']:.2f}", f"{max(bare['others'], ours['others']):.1f}"]
        rows.append("| " + " | ".join(cells) + " |")
    note = (
        f"{found['rows']:,} enterprises released; {found['tool']}, 16 connections; best of {found['rounds']} windows "
        f"of {found['seconds']:.0f} s, alternating. Speed and CPU are ratios to the limit. "
        "Others' cores: what the load generator and everybody else on the machine used meanwhile."
    )
    return "\n".join([*rows, "", note])


def _compare(found: dict[str, Any]) -> str:
    rows = [
        "| job | surface | PostGraphile: req/s, p99 ms | CPU ms, server + PostgreSQL | ours: req/s, p99 ms "
        "| CPU ms, server + PostgreSQL | CPU, times less | requests, times more |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in found["cases"]:
        titles = {
            "graphql": "GraphQL",
            "rest": "REST",
            "graphql kept": "GraphQL, asked before",
            "rest kept": "REST, asked before",
        }
        for name, title in titles.items():
            if name in case:
                cells = [cell for f in (case["peer"], case[name]) for cell in _cells(f)]
                times = case[name]["times"]
                rows.append(_row(case["case"], title, *cells, f"**{times['cpu']}**", times["rate"]))
    if "governed" in found:
        rows += ["", "| 100 governed rows, REST | req/s, p99 ms | CPU ms, server + PostgreSQL |", "|---|---|---|"]
        titles = {
            "agreement": "under an agreement, recorded",
            "provider": "as the provider (no row filter), recorded",
            "unrecorded": "under an agreement, without the ledger",
        }
        rows += [_row(title, *_cells(found["governed"][name])) for name, title in titles.items()]
    if found.get("whole"):
        rows += ["", "| over a whole dataset | ours: CPU ms, server + PostgreSQL | plain statement | times less |"]
        rows.append("|---|---|---|---|")
        rows += [
            _row(one["job"], f"{one['server_ms']} + {one['postgres_ms']}", one["plain_ms"], f"**{one['times']}**")
            for one in found["whole"]
        ]
    if "two" in found:
        one, two = (f"{found['two']['rates'][n]:,.0f}" for n in ("1", "2"))
        rows += ["", f"Two server processes: {two} requests a second, one: {one}; **{found['two']['times']}** times."]
        rows += _sliced(found["two"].get("slice"))
    return "\n".join(rows)


def _sliced(found: dict[str, Any] | None) -> list[str]:
    """What two processes do when each has the same slice of a core, and nothing else is short."""
    if found is None:
        return []
    one, two = found["1"], found["2"]
    return ["", (
        f"Each process given {found['share']:.0%} of a core, so that PostgreSQL and the load generator are never what "
        f"is short: two {two['rate']:,.0f} requests a second, one {one['rate']:,.0f}; **{found['times']}** times. "
        f"The machine was busy with {two['machine_cores']} and {one['machine_cores']} of its cores meanwhile."
    )]  # fmt: skip


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _cells(f: dict[str, Any]) -> tuple[str, str]:
    """Requests a second and p99; CPU milliseconds a request."""
    return f"{f['rate']:,.0f}, {f['p99']:.0f}", f"{f['server_ms']:.2f} + {f['postgres_ms']:.2f}"
