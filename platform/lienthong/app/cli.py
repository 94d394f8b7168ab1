"""The command `lienthong`. Every command takes `--json`; exit codes are those of the problem tree."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lienthong.app import (
    cli_agreements,
    cli_contract,
    cli_data,
    cli_db,
    cli_demo,
    cli_federation,
    cli_identity,
    cli_ledger,
    cli_mirror,
    cli_release,
    cli_twin,
    output,
)
from lienthong.kernel.problem import Problem
from lienthong.kernel.settings import settings

app = typer.Typer(
    name="lienthong",
    help="Liên Thông: kho dữ liệu dùng chung và cổng dữ liệu mở. / A shared-data platform with an open-data API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_db.app, name="db")
app.add_typer(cli_agreements.app, name="agreement")
app.add_typer(cli_contract.app, name="contract")
app.add_typer(cli_demo.app, name="demo")
app.add_typer(cli_twin.app, name="twin")
app.add_typer(cli_ledger.app, name="ledger")
app.add_typer(cli_release.app, name="release")
app.add_typer(cli_mirror.app, name="mirror")
app.add_typer(cli_federation.push, name="push")
app.add_typer(cli_federation.harvest, name="harvest")
app.add_typer(cli_federation.catalogue, name="catalogue")
app.add_typer(cli_identity.tokens, name="token")
app.add_typer(cli_identity.people, name="people")
app.add_typer(cli_data.openapi, name="openapi")
app.add_typer(cli_data.docs, name="docs")
for name, command in cli_data.COMMANDS.items():
    app.command(name)(command)

Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


@app.command()
def up(
    empty: Annotated[bool, typer.Option("--empty", help="no dataset, one administrator")] = False,
    json: Json = False,
) -> None:
    """Khởi động mọi thứ / Start everything: database, migration, data, server. Ctrl-C stops it."""
    from lienthong.app.up import run

    run(settings(), empty=empty, as_json=json)


@app.command()
def serve(json: Json = False) -> None:
    """Chỉ chạy máy chủ / Serve only; the database must run and be migrated."""
    from lienthong.app.server import serve as serve_app

    output.emit({"url": settings().public_url}, json, lambda: settings().public_url)
    serve_app(settings())


@app.command()
def migrate(json: Json = False) -> None:
    """Cập nhật lược đồ / Bring the database to this version and these contracts."""
    from lienthong.app.definitions import registry
    from lienthong.app.install import migrate as run

    contracts = registry(settings())
    run(settings(), contracts)
    names = sorted(contracts.contracts)
    output.emit({"datasets": names}, json, lambda: f"{len(names)} datasets")


@app.command()
def worker(json: Json = False) -> None:
    """Chạy việc nền / Run queued jobs: ingest, check, publish, write."""
    from lienthong.app.children import follow_parent
    from lienthong.pipelines.worker import run_worker

    follow_parent()
    output.emit({"worker": "started"}, json, lambda: "worker started")
    run_worker(settings())


@app.command()
def keep(json: Json = False) -> None:
    """Làm việc thường trực / Steady duties: seal the ledger, apply agreements, deliver webhooks."""
    from lienthong.app.children import follow_parent
    from lienthong.app.definitions import registry
    from lienthong.app.keeper import Keeper

    follow_parent()
    output.emit({"keeper": "started"}, json, lambda: "keeper started")
    Keeper(settings(), registry(settings())).run()


@app.command()
def mcp(
    token: Annotated[
        str | None, typer.Option(envvar="LIENTHONG_TOKEN", help="who asks; without one only open data is read")
    ] = None,
) -> None:
    """Máy chủ MCP qua stdin, stdout / Model Context Protocol over standard input and output; HTTP has it at /mcp."""
    import asyncio

    from lienthong.app.speaking import speak

    asyncio.run(speak(settings(), token))


@app.command()
def doctor(json: Json = False) -> None:
    """Kiểm tra máy và cài đặt / Look at the machine and the installation."""
    from lienthong.app.doctor import examine

    findings = examine(settings())
    output.emit(findings, json, lambda: output.table(findings, "check", "ok", "detail", "fix"))
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(75)


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="folder to write into")],
    province: Annotated[str, typer.Option(help="code of the province")] = "20",
    scale: Annotated[float, typer.Option(min=0.001, help="1 = a province the size of Lạng Sơn")] = 1.0,
    cases: Annotated[int | None, typer.Option("--cases", help="number of one-stop cases, up to 10 million")] = None,
    seed: Annotated[int | None, typer.Option(help="the same seed gives the same bytes")] = None,
    json: Json = False,
) -> None:
    """Sinh dữ liệu mô phỏng / Write what the source systems of a province would deliver (synthetic)."""
    from lienthong.app.sample import write_sample

    with output.progress(json) as report:
        summary = write_sample(out, province, scale, cases, seed, report)
    output.emit(summary, json)


def main() -> None:
    """The entry point: problems end with their own exit code."""
    try:
        app()
    except Problem as problem:
        try:
            output.fail(problem, "--json" in sys.argv)
        except typer.Exit as end:
            sys.exit(end.exit_code)


if __name__ == "__main__":
    main()
