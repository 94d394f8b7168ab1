"""The commands that move data: ingest, check, publish; and `openapi export`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lienthong.app import output
from lienthong.app.definitions import registry as read_registry
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.kernel.settings import settings

Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Names = Annotated[list[str] | None, typer.Argument(help="datasets; all when none is named")]
openapi = typer.Typer(help="Tài liệu API / The API's document", no_args_is_help=True)


docs = typer.Typer(help="Tài liệu sinh từ hợp đồng / Documentation written from contracts", no_args_is_help=True)


def _registry() -> Registry:
    return read_registry(settings())


def _chosen(registry: Registry, names: list[str] | None) -> list[Contract]:
    if names:
        return [registry.get(name) for name in names]
    return [contract for contract in registry.contracts.values() if not contract.derived_from]


def ingest(
    names: Names = None,
    source: Annotated[Path | None, typer.Option("--from", help="folder that the sources delivered")] = None,
    force: Annotated[bool, typer.Option(help="load even when nothing changed or much would be closed")] = False,
    json: Json = False,
) -> None:
    """Nạp dữ liệu / Land, conform, gate and merge what the sources delivered."""
    from lienthong.pipelines.ingest import ingest_all

    registry = _registry()
    with output.progress(json) as report:
        folder = source or settings().home / "sources"
        reports = ingest_all(settings(), registry, _chosen(registry, names), folder, force=force, progress=report)
    _finish([r.as_json() for r in reports], json, "dataset", "state", "counts", "problem")


def check(names: Names = None, json: Json = False) -> None:
    """Kiểm tra chất lượng / Run the quality suite on the governed data as it is."""
    from lienthong.quality.check import check as run

    registry = _registry()
    outcomes = []
    with output.progress(json) as report:
        contracts = _chosen(registry, names)
        for number, contract in enumerate(contracts):
            report("check", number, len(contracts), contract.id)
            outcomes.append(run(settings(), contract).as_json())
        report("check", len(contracts), len(contracts), "")
    output.emit(outcomes, json, lambda: output.table(outcomes, "dataset", "success", "score", "seconds"))
    if not all(outcome["success"] for outcome in outcomes):
        raise typer.Exit(7)


def publish(
    names: Names = None,
    force: Annotated[bool, typer.Option(help="a new release even when nothing changed")] = False,
    json: Json = False,
) -> None:
    """Công bố / Release the open views: tables, files, manifest."""
    from lienthong.pipelines.release import publish_all

    registry = _registry()
    with output.progress(json) as report:
        reports = publish_all(settings(), registry, _chosen(registry, names), force=force, progress=report)
    _finish([r.as_json() for r in reports], json, "dataset", "state", "number", "rows", "problem")


def _finish(reports: list[dict[str, Any]], json: bool, *columns: str) -> None:
    """Print reports; the worst problem decides the exit code."""
    output.emit(reports, json, lambda: output.table(reports, *columns))
    codes = [r["problem"].get("exit_code", 1) for r in reports if r.get("problem")]
    if codes:
        raise typer.Exit(max(codes))


@openapi.command("export")
def export(
    out: Annotated[Path | None, typer.Option(help="file; default openapi/openapi.json")] = None,
    json: Json = False,
) -> None:
    """Write the OpenAPI document and the GraphQL schema of the contracts."""
    from lienthong.app.documents import write_documents

    output.emit({"written": [str(p) for p in write_documents(_registry(), out)]}, json)


@openapi.command("check")
def check_documents(json: Json = False) -> None:
    """Find what breaks callers of the kept documents (openapi/history) of the same first version number."""
    from lienthong.app.documents import breaks
    from lienthong.kernel.problem import Conflict
    from lienthong.kernel.text import both

    found = breaks(_registry())
    if found:
        detail = both(f"{len(found)} thay đổi làm hỏng chương trình gọi", f"{len(found)} changes break callers")
        raise Conflict(detail, fix=both("Tăng số phiên bản đầu", "Raise the first version number"), errors=found)
    output.emit({"breaking": []}, json, lambda: "OK")


@docs.command("build")
def build(json: Json = False) -> None:
    """Write the data dictionary docs/dictionary/ anew."""
    from lienthong.app.dictionary import write_dictionary

    written = [str(path) for path in write_dictionary(_registry(), content("docs") / "dictionary")]
    output.emit({"written": written}, json, lambda: f"{len(written)} pages")


@docs.callback()
def _docs() -> None:
    """Documentation written from contracts."""


COMMANDS: dict[str, Callable[..., None]] = {"ingest": ingest, "check": check, "publish": publish}
