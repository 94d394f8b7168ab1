"""`lienthong demo`: the shipped example province."""

from typing import Annotated, Any

import typer

from lienthong.app import output
from lienthong.kernel.settings import settings

app = typer.Typer(help="Tỉnh minh họa / The example province", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]


@app.command()
def load(json: Json = False) -> None:
    """Sinh, nạp và công bố / Generate, ingest and publish the example; nothing is done twice."""
    from lienthong.app.demo import load_demo

    with output.progress(json) as report:
        summary = load_demo(settings(), report)
    output.emit(summary, json, lambda: f"✓ {summary['seconds']:.0f} s")


@app.command()
def credentials(json: Json = False) -> None:
    """In mã truy cập / Print the example agency's token and the sign-ins."""
    from lienthong.app.people import credentials as read

    known = read(settings())
    if json:
        output.emit(known, json)
    for line in [] if json else _lines(known):
        typer.echo(line)


def _lines(known: dict[str, Any]) -> list[str]:
    """A line for each value, whole however narrow the terminal is: they are there to be copied."""
    rows = [(who, what, value) for who, parts in known.items() for what, value in parts.items()]
    return [f"{who:<24} {what:<10} {value}" for who, what, value in rows]
