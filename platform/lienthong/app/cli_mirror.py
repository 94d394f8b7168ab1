"""`lienthong mirror`: the catalogue of open data as a folder."""

from pathlib import Path
from typing import Annotated

import typer

from lienthong.app import output
from lienthong.app.definitions import registry as read_registry
from lienthong.kernel.settings import settings

app = typer.Typer(help="Bản sao tĩnh / A static mirror", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Bản sao tĩnh của toàn bộ dữ liệu mở / A static mirror of all open data."""


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="thư mục đích / folder to write into")],
    like: Annotated[Path | None, typer.Option(help="an older mirror: unchanged files are hard links to it")] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Xuất hay cập nhật / Write or update: pages in two languages and all files, browsed without a server."""
    from lienthong.app.mirror import export as run

    with output.progress(json) as report:
        made = run(settings(), read_registry(settings()), folder, like, report).as_json()
    output.emit(made, json, lambda: output.table([made], *made))
