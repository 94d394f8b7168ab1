"""`lienthong contract`: look at definitions without a database."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from lienthong.app import output
from lienthong.contract import diff as differ
from lienthong.contract import json_schema, linter, odcs
from lienthong.contract.loader import load, load_all
from lienthong.kernel.content import content
from lienthong.kernel.settings import settings

app = typer.Typer(help="Hợp đồng dữ liệu / Data contracts", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


def _folder() -> Path:
    return settings().datasets or content("datasets")


@app.command()
def lint(
    path: Annotated[Path | None, typer.Argument(help="a contract or a folder")] = None, json: Json = False
) -> None:
    """Tìm lỗi / Find errors; each names file, line and fix. Exit 2 when there is one."""
    findings = linter.lint(path or _folder())
    lines = [f"{f.place}: {f.severity}: {f.detail.vi} → {f.fix.vi}" for f in findings]
    output.emit([finding.as_json() for finding in findings], json, lambda: Text("\n".join(lines) or "✓"))
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(2)


@app.command()
def show(name: str, json: Json = False) -> None:
    """Xem / Show a contract: its fields, types and classifications."""
    contract = load_all(_folder()).get(name)
    rows = [
        {
            "field": f.name,
            "type": f.logical_type,
            "class": f.classification,
            "open": f.is_open,
            "title": f.title.vi,
        }
        for f in contract.fields
    ]
    document = contract.model_dump(mode="json", by_alias=True, exclude_none=True)
    output.emit(
        document,
        json,
        lambda: output.table(rows, "field", "type", "class", "open", "title", title=contract.title.vi),
    )


@app.command()
def diff(old: Path, new: Path, json: Json = False) -> None:
    """So sánh / Compare two contracts; breaking changes exit 5."""
    before, after = load(old), load(new)
    changes = differ.diff(before, after)
    needed = differ.required_version(before.version, changes)
    rows = [{"bump": c.bump, "place": c.path, "change": c.detail.vi} for c in changes]
    document = {"requiredVersion": needed, "changes": [change.as_json() for change in changes]}
    output.emit(document, json, lambda: output.table(rows, "bump", "place", "change", title=f"≥ {needed}"))
    if any(change.breaking for change in changes):
        raise typer.Exit(5)


@app.command()
def export(
    name: str,
    format: Annotated[Literal["odcs", "json-schema"], typer.Option(help="odcs or json-schema")] = "odcs",
    json: Json = False,
) -> None:
    """Xuất / Export as ODCS v3.1 or JSON Schema (always JSON)."""
    registry = load_all(_folder())
    contract = registry.get(name)
    output.emit(odcs.export(contract, registry) if format == "odcs" else json_schema.row_schema(contract), True)
