"""`lienthong release`: the life of a release on the operator's account. `verify` needs no platform, only the keys."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from lienthong.app import output
from lienthong.app.definitions import registry as read_registry
from lienthong.kernel.problem import Invalid
from lienthong.kernel.settings import settings
from lienthong.kernel.text import both

if TYPE_CHECKING:
    from lienthong.catalog.releases import Action, Actor
    from lienthong.contract.model import Contract
    from lienthong.contract.registry import Registry
    from lienthong.pipelines.release_verify import Verified

app = typer.Typer(help="Bản công bố / Releases", no_args_is_help=True)
keys = typer.Typer(help="Khóa ký / The keys that sign", no_args_is_help=True)
app.add_typer(keys, name="keys")
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Name = Annotated[str, typer.Argument(help="a dataset")]
Number = Annotated[int, typer.Argument(help="number of the release", min=1)]
Who = Annotated[str | None, typer.Option("--as", help="who takes the step; default: the user of this machine")]
Reason = Annotated[str, typer.Option(help="the reason, in Vietnamese")]
ReasonEn = Annotated[str, typer.Option("--reason-en", help="the reason, in English")]
WRONG = 7


@app.command()
def draft(
    name: Name,
    force: Annotated[bool, typer.Option(help="a new draft even when nothing changed")] = False,
    who: Who = None,
    json: Json = False,
) -> None:
    """Lập dự thảo / Make a release of the data as it is and check it; it waits for its approval."""
    from lienthong.pipelines.release import draft as run

    registry = read_registry(settings())
    with output.progress(json) as report:
        made = run(settings(), registry, registry.get(name), _actor(who), force=force, progress=report)
    told = made.as_json()
    columns = ("dataset", "state", "number", "rows", "problem")
    output.emit(told, json, lambda: output.table([told], *columns))
    if made.problem:
        raise typer.Exit(int(made.problem.get("exit_code", 1)))


@app.command()
def check(name: Name, who: Who = None, json: Json = False) -> None:
    """Kiểm tra lại / Make the draft again of the data as it is now, and check it; what waited is replaced."""
    draft(name, True, who, json)


@app.command()
def approve(
    name: Name,
    number: Number,
    at: Annotated[str | None, typer.Option(help="publish at this time (2026-12-01T08:00, Việt Nam)")] = None,
    who: Who = None,
    json: Json = False,
) -> None:
    """Duyệt / Approve a checked release."""
    _take(name, number, "approve", who, json, at=at)


@app.command()
def reject(
    name: Name, number: Number, reason: Reason, reason_en: ReasonEn = "", who: Who = None, json: Json = False
) -> None:
    """Không duyệt / Take a release back to a draft; its tables and files are removed."""
    _take(name, number, "reject", who, json, reason=reason, reason_en=reason_en)


@app.command()
def publish(name: Name, number: Number, who: Who = None, json: Json = False) -> None:
    """Công bố / Serve an approved release now."""
    _take(name, number, "publish", who, json)


@app.command()
def schedule(
    name: Name,
    number: Number,
    at: Annotated[str, typer.Argument(help="time of Việt Nam, 2026-12-01T08:00; 'never' takes it back")],
    who: Who = None,
    json: Json = False,
) -> None:
    """Hẹn giờ công bố / Let the keeper publish an approved release at a time."""
    _take(name, number, "schedule", who, json, at=None if at == "never" else at)


@app.command()
def withdraw(
    name: Name,
    number: Number,
    reason: Reason,
    reason_en: ReasonEn = "",
    successor: Annotated[int | None, typer.Option(help="the release to use in its place")] = None,
    instead: Annotated[
        str, typer.Option(help="previous: serve the one before again; nothing: serve none")
    ] = "previous",
    who: Who = None,
    json: Json = False,
) -> None:
    """Thu hồi / Take a release out of every address: 410 with the reason from now on."""
    details = {"reason": reason, "reason_en": reason_en, "successor": successor, "instead": instead}
    _take(name, number, "withdraw", who, json, **details)


@app.command()
def rollback(
    name: Name, number: Number, reason: Reason, reason_en: ReasonEn = "", who: Who = None, json: Json = False
) -> None:
    """Quay lại / Serve an earlier release again."""
    _take(name, number, "rollback", who, json, reason=reason, reason_en=reason_en)


@app.command()
def review(name: Name, number: Number, who: Who = None, json: Json = False) -> None:
    """Đã rà soát / The release was reviewed; the next review is due in as many months as the contract says."""
    _take(name, number, "review", who, json)


@app.command("list")
def list_(
    names: Annotated[list[str] | None, typer.Argument(help="datasets; all when none is named")] = None,
    overdue: Annotated[bool, typer.Option(help="only releases whose review is overdue")] = False,
    json: Json = False,
) -> None:
    """Danh sách / All releases, the newest first."""
    from lienthong.kernel.clock import today

    registry = read_registry(settings())
    wanted = [_opened(registry, name).id for name in names or ()]
    rows = _rows(
        "select dataset, number, state, rows, published_at, drafted_by, approved_by, publish_at, review_due, "
        "withdrawn_reason, coalesce(review_due < %s and state = 'published', false) as overdue "
        "from platform.release where %s or dataset = any(%s) order by dataset, number desc",
        today(),
        not wanted,
        wanted,
    )
    shown = [row for row in rows if not overdue or row["overdue"]]
    columns = ("dataset", "number", "state", "rows", "published_at", "publish_at", "review_due", "overdue")
    output.emit(shown, json, lambda: output.table(shown, *columns))


@app.command()
def show(name: Name, number: Number, json: Json = False) -> None:
    """Xem / A release with its manifest, its steps and what can be done with it."""
    from lienthong.catalog.releases import possible
    from lienthong.pipelines.release_life import found
    from lienthong.store import owner

    contract = _opened(read_registry(settings()), name)
    with owner.connect(settings()) as connection:
        row = found(connection, contract, number)
    steps = _rows(
        "select action, actor, actor_role, asked_at, state, done_at, details, problem from platform.release_step "
        "where dataset = %s and number = %s order by asked_at",
        contract.id,
        number,
    )
    told = row.model_dump(mode="json") | {"steps": steps, "possible": possible(contract, row, _actor(None))}
    files = row.manifest.get("files", [])
    facts = ("state", "rows", "published_at", "publish_at", "review_due", "approved_at", "withdrawn_reason", "possible")

    def human() -> Group:
        lines = [f"{fact}: {told[fact]}" for fact in facts if told[fact] not in (None, "")]
        lines.append(f"previous: {row.manifest.get('previous')}")
        return Group(
            Text("\n".join(lines)),
            output.table(files, "name", "size", "sha256"),
            output.table(steps, "asked_at", "action", "actor", "state"),
        )

    output.emit(told, json, human)


@app.command()
def verify(
    what: Annotated[Path, typer.Argument(help="a folder, a ZIP of it, or one file beside its manifest.json")],
    key: Annotated[
        Path | None, typer.Option(help="public keys known from elsewhere (name+id+key); default: those of this home")
    ] = None,
    manifest: Annotated[Path | None, typer.Option(help="the manifest, when it lies elsewhere")] = None,
    partial: Annotated[bool, typer.Option(help="files that are not there are not missed")] = False,
    json: Json = False,
) -> None:
    """Kiểm chứng / Find what is altered, missing or extra, and who signed. Offline. Exit code 7: something is wrong."""
    from lienthong.pipelines.release_keys import PUBLIC, keys_in
    from lienthong.pipelines.release_verify import verify as run

    path = key or settings().home / "keys" / PUBLIC
    if not path.is_file():
        fix = both("--key <tệp khóa công khai>", "--key <file of public keys>")
        raise Invalid(both("Cần tệp khóa công khai", "A file of public keys is needed"), place=str(path), fix=fix)
    report = run(what, keys_in(path), manifest=manifest, partial=partial)
    output.emit(report.as_json(), json, lambda: _told(report))
    if not report.ok:
        raise typer.Exit(WRONG)


@keys.command("show")
def keys_show(json: Json = False) -> None:
    """Các khóa công khai / The public keys, the one in use first."""
    from lienthong.pipelines.release_keys import public_text

    text = public_text(settings())
    output.emit({"keys": text.split()}, json, text.strip)


@keys.command("rotate")
def keys_rotate(json: Json = False) -> None:
    """Thay khóa / Make a new key; releases from now on are signed by it, earlier ones stay verifiable."""
    from lienthong.pipelines.release_keys import rotate

    made = rotate(settings())
    output.emit({"key": made.text}, json, lambda: made.text)


def _take(name: str, number: int, action: "Action", who: str | None, json: bool, **details: Any) -> None:
    """One step on this machine's account, and what the release is afterwards."""
    from lienthong.pipelines.release_life import Step, found, take
    from lienthong.store import owner

    registry = read_registry(settings())
    contract = _opened(registry, name)
    given = {name: value for name, value in details.items() if value not in (None, "")}
    with owner.connect(settings()) as connection:
        take(settings(), registry, connection, Step(contract, number, action, _actor(who), given))
        row = found(connection, contract, number)
    told = {
        "dataset": contract.id,
        "number": number,
        "action": action,
        "state": row.state,
        "publish_at": row.publish_at,
        "review_due": row.review_due,
    }
    output.emit(told, json, lambda: output.table([told], *told))


def _opened(registry: "Registry", name: str) -> "Contract":
    contract = registry.get(name)
    opened = contract if contract.is_open else registry.derived(contract.id)
    if opened is None:
        detail = both(f"{contract.slug} không có dữ liệu mở", f"Nothing of {contract.slug} is open")
        raise Invalid(detail, place=contract.slug)
    return opened


def _actor(who: str | None) -> "Actor":
    from lienthong.catalog.releases import OPERATOR, Actor

    return Actor(who or f"{OPERATOR}:{_user()}", OPERATOR)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"


def _rows(query: str, *values: Any) -> list[dict[str, Any]]:
    from psycopg.rows import dict_row

    from lienthong.store import owner

    with owner.connect(settings()) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def _told(report: "Verified") -> Group:
    """The report for people."""
    head = f"{report.dataset} {report.number or ''}: {report.files} tệp / files, {report.bytes:,} byte"
    head += f"\n{report.key or ''}"
    if report.ok:
        return Group(Text(head), Text("Đúng như đã ký / As it was signed", style="bold green"))
    rows = [
        {"kind": f.kind, "file": f.file, "what": " / ".join(f.as_json()["title"].values()), "detail": f.detail}
        for f in report.findings
    ]
    return Group(Text(head), output.table(rows, "kind", "file", "what", "detail"))
