"""`lienthong twin`: synthetic twins of restricted datasets."""

from typing import Annotated, Any

import typer

from lienthong.app import output
from lienthong.app.definitions import registry as read_registry
from lienthong.kernel.settings import settings
from lienthong.store import owner

app = typer.Typer(help="Bản sao tổng hợp / Synthetic twins", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Names = Annotated[list[str] | None, typer.Argument(help="datasets; all restricted ones when none is named")]


@app.command()
def build(
    names: Names = None,
    force: Annotated[bool, typer.Option(help="build even when nothing changed")] = False,
    json: Json = False,
) -> None:
    """Tạo bản sao / Make twins of contracts and safe aggregates; those that are up to date stay."""
    from lienthong.pipelines.twin.build import build_all

    registry = read_registry(settings())
    chosen = [registry.get(name) for name in names] if names else None
    with output.progress(json) as report:
        reports = build_all(settings(), registry, chosen, force=force, progress=report)
    rows = [r.as_json() for r in reports]
    output.emit(rows, json, lambda: output.table(rows, "dataset", "state", "rows", "seconds", "unmet", "problem"))
    if any(r.problem for r in reports):
        raise typer.Exit(max(r.problem.get("exit_code", 1) for r in reports if r.problem))


@app.command()
def show(name: Annotated[str, typer.Argument(help="a dataset")], json: Json = False) -> None:
    """Xem số liệu đã dùng / The aggregates that a twin was made of, nothing else went into it."""
    contract = read_registry(settings()).get(name)
    with owner.connect(settings()) as connection:
        found = connection.execute("select to_jsonb(t) from platform.twin t where dataset = %s", (contract.id,))
        row = found.fetchone()
    told: dict[str, Any] = row[0] if row else {}
    output.emit(told, json, lambda: output.table([told], "dataset", "version", "built_at", "rows", "unmet"))
    if not told:
        raise typer.Exit(4)
