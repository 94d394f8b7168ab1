"""`lienthong ledger`: seal, export, verify, prove. `verify --export` needs no database and no platform."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from lienthong.app import output
from lienthong.kernel.settings import settings

if TYPE_CHECKING:
    from lienthong.governance.ledger.finding import Report

app = typer.Typer(help="Sổ truy cập / The ledger of accesses", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
WRONG = 7


@app.command()
def seal(json: Json = False) -> None:
    """Niêm phong những gì đang chờ / Seal what waits, once."""
    from lienthong.app.definitions import registry
    from lienthong.governance.ledger.seal import seal as seal_once
    from lienthong.store import ledger, owner

    given, done = settings(), 0
    contracts = registry(given)
    with owner.connect(given) as connection:
        while count := seal_once(given, contracts, connection):
            done += count
        newest = ledger.checkpoint(connection)
    size = newest.size if newest else 0
    output.emit({"sealed": done, "size": size}, json, lambda: f"{done} sealed, {size} in all")


@app.command("verify")
def verify_(
    file: Annotated[Path | None, typer.Option("--export", help="an exported file; default: the live database")] = None,
    anchors: Annotated[list[Path] | None, typer.Option(help="folders of anchors; live: those in use")] = None,
    key: Annotated[Path | None, typer.Option(help="the public key known from elsewhere (name+id+key)")] = None,
    against: Annotated[Path | None, typer.Option(help="an earlier export: names the columns that were altered")] = None,
    json: Json = False,
) -> None:
    """Kiểm tra sổ / Find any entry that was altered, removed, inserted or moved, and say where. Exit code 7: wrong."""
    from lienthong.governance.ledger import anchor, export
    from lienthong.governance.ledger.note import PUBLIC, public_keys
    from lienthong.governance.ledger.verify import anchors_in, compared, verify
    from lienthong.store import owner

    given = settings()
    places = anchors or ([] if file else anchor.places(given))
    known, anchored = anchors_in(places)
    keys = public_keys([key]) if key else known
    if file:
        report, altered = verify(export.of_file(file), keys, anchored)
    else:
        keys = keys or public_keys([given.home / "keys" / PUBLIC])
        with owner.connect(given) as connection:
            report, altered = verify(export.of_database(connection), keys, anchored)
    if against and altered:
        compared(report, altered, export.of_file(against))
    output.emit(report.as_json(), json, lambda: _told(report))
    if not report.ok:
        raise typer.Exit(WRONG)


@app.command("export")
def export_(
    out: Annotated[Path, typer.Argument(help="file of JSON lines; packed when its name ends in .gz")],
    json: Json = False,
) -> None:
    """Xuất toàn bộ sổ / Write entries, checkpoints and the public key to a file that anybody can verify."""
    from lienthong.governance.ledger import export
    from lienthong.governance.ledger.note import signer
    from lienthong.store import owner

    given = settings()
    with owner.connect(given) as connection:
        count = export.write(out, signer(given).key, export.of_database(connection))
    output.emit({"file": str(out), "entries": count}, json, lambda: f"{out}: {count}")


@app.command()
def roots(
    after: Annotated[int, typer.Option(help="only checkpoints over more entries than this")] = 0,
    limit: Annotated[int, typer.Option(min=1)] = 1000,
    json: Json = False,
) -> None:
    """Các gốc đã ký / The signed roots, the oldest first."""
    from lienthong.governance.ledger.note import PUBLIC, public_keys
    from lienthong.governance.ledger.proofs import b64
    from lienthong.store import ledger, owner

    given = settings()
    with owner.connect(given) as connection:
        rows = ledger.roots(connection, after, limit)
    found = [{"size": size, "root": b64(root), "at": str(at), "note": note} for note, size, root, at in rows]
    keys = [key.text for key in public_keys([given.home / "keys" / PUBLIC])]
    output.emit({"keys": keys, "roots": found}, json, lambda: output.table(found, "size", "root", "at"))


@app.command()
def proof(
    receipt: Annotated[str, typer.Argument(help="Lienthong-Receipt")],
    json: Json = False,
) -> None:
    """Bằng chứng của một biên nhận / Prove that the access of a receipt is in the ledger."""
    from lienthong.governance.ledger.note import PUBLIC, public_keys
    from lienthong.store import owner

    given = settings()
    found = asyncio.run(_prove(owner.sqlalchemy_url(owner.owner_url(given)), receipt))
    found["keys"] = [key.text for key in public_keys([given.home / "keys" / PUBLIC])]
    lines = (f"{e['number']} / {found['size']}  {e['leaf']}" for e in found["entries"])
    output.emit(found, json, lambda: "\n".join([*lines, found["note"]]))


async def _prove(url: str, receipt: str) -> dict[str, Any]:
    from sqlalchemy.ext.asyncio import create_async_engine

    from lienthong.governance.ledger import proofs, rights

    engine, number = create_async_engine(url), rights.receipt(receipt)
    try:
        async with engine.connect() as connection:
            lines = await proofs.lines(connection, number)
            if not lines:
                raise rights.no_receipt(receipt)
            checkpoint = await proofs.newest(connection)
            proven = await proofs.prove(connection, lines, checkpoint)
    finally:
        await engine.dispose()
    entries = [
        {"number": p.number, "line": p.line, "leaf": proofs.b64(p.leaf), "path": [proofs.b64(step) for step in p.path]}
        for p in proven
    ]
    return {"receipt": str(number), "size": checkpoint.size, "note": checkpoint.note, "entries": entries}


def _told(report: "Report") -> Group:
    """The report for people."""
    speed = f"{report.entries / report.seconds:,.0f}/s" if report.seconds else ""
    head = (
        f"{report.entries:,} mục / entries, {report.checkpoints:,} điểm niêm phong / checkpoints, "
        f"{report.anchored:,} mốc neo / anchors, {report.seconds} s {speed}\n{report.size} {report.root}"
    )
    if report.ok:
        return Group(Text(head), Text("Đúng, không gì bị đổi / Sound: nothing was changed", style="bold green"))
    rows = [
        {
            "kind": f.kind,
            "number": f.place,
            "receipt": f.receipt,
            "columns": ", ".join(f.columns),
            "what": f"{f.title.vi} / {f.title.en}" + (f" ({f.detail})" if f.detail else ""),
        }
        for f in report.findings
    ]
    table = output.table(rows, "kind", "number", "receipt", "columns", "what")
    return Group(Text(head), table, Text(f"+{report.more}" if report.more else "", style="red"))
