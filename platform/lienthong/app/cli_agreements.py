"""`lienthong agreement`: look at agreements and take a provider's steps, as the administrator of the installation."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, TypeVar, get_args

import typer
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.app import output
from lienthong.app.definitions import registry as read_registry
from lienthong.governance.agreements.asked import Ending, Suspension
from lienthong.governance.agreements.duty import apply_rights
from lienthong.governance.agreements.states import Action
from lienthong.governance.agreements.workflow import BODIES, Agreements
from lienthong.governance.subject import Subject
from lienthong.kernel.settings import settings
from lienthong.sharing import views
from lienthong.store import owner
from lienthong.web.body import validated

app = typer.Typer(help="Thỏa thuận chia sẻ dữ liệu / Data-sharing agreements", no_args_is_help=True)
WHO = Subject("person", "command line", "administrator")
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Id = Annotated[str, typer.Argument(help="số thỏa thuận / number")]
Note = Annotated[str, typer.Option(help="ghi chú / note")]
Told = Annotated[str, typer.Option(help="nội dung thông báo / what the consumer is told")]
Given = TypeVar("Given")
_COLUMNS = ("id", "state", "consumer", "provider", "dataset", "purpose", "answer_due", "overdue", "expires")


def _with(work: Callable[[Agreements], Awaitable[Given]]) -> Given:
    """Do something with the agreements of this installation."""
    registry = read_registry(settings())

    async def run() -> Given:
        engine = create_async_engine(owner.sqlalchemy_url(owner.owner_url(settings())))
        try:
            return await work(Agreements(engine, registry))
        finally:
            await engine.dispose()

    return asyncio.run(run())


@app.command("list")
def listed(
    state: Annotated[str | None, typer.Option(help="trạng thái / state")] = None,
    late: Annotated[bool, typer.Option("--late", help="quá hạn trả lời / past the day of the answer")] = False,
    json: Json = False,
) -> None:
    """Mọi thỏa thuận / All agreements."""

    async def work(agreements: Agreements) -> list[dict[str, Any]]:
        rows = await agreements.listed(WHO)
        found = views.listed(rows, WHO, read_registry(settings()), await agreements.agencies())
        shown = [row for row in found.data if state in (None, row.state) and (row.overdue or not late)]
        return [row.model_dump(mode="json") for row in shown]

    rows = _with(work)
    flat = [
        row | {name: row[name].get("id") or row[name].get("name") or row[name].get("code")
               for name in ("consumer", "provider", "dataset", "purpose")}
        for row in rows
    ]  # fmt: skip
    output.emit(rows, json, lambda: output.table(flat, *_COLUMNS))


@app.command()
def show(id: Id, json: Json = False) -> None:
    """Một thỏa thuận, mọi nội dung và lịch sử / One agreement with all its contents and its history."""
    _show(id, json)


@app.command()
def sign(id: Id, note: Note = "", json: Json = False) -> None:
    """Chấp nhận, ký và mở quyền / Accept, sign and open."""
    _act(id, "sign", json, note=note)


@app.command()
def suspend(
    id: Id,
    note: Told,
    reason: Annotated[str, typer.Option(help=" | ".join(get_args(Suspension)))] = "maintenance",
    first: Annotated[str | None, typer.Option("--from", help="từ ngày / first day, YYYY-MM-DD")] = None,
    until: Annotated[str | None, typer.Option(help="dự kiến phục hồi / expected back, YYYY-MM-DD")] = None,
    json: Json = False,
) -> None:
    """Tạm ngừng có báo trước; ngay lập tức chỉ vì an toàn / Suspend with notice; at once for security only."""
    _act(id, "suspend", json, note=note, reason=reason, **{"from": first, "until": until})


@app.command()
def revoke(
    id: Id,
    note: Told,
    reason: Annotated[str, typer.Option(help=" | ".join(get_args(Ending)))] = "authority",
    json: Json = False,
) -> None:
    """Chấm dứt / End for good."""
    _act(id, "revoke", json, note=note, reason=reason)


def _act(id: str, action: Action, json: bool, **given: str | date | None) -> None:
    body = validated({name: value for name, value in given.items() if value is not None}, BODIES[action])

    async def work(agreements: Agreements) -> None:
        await agreements.act(WHO, id, action, body)

    _with(work)
    with owner.connect(settings()) as connection:  # at once, and where no keeper runs
        apply_rights(settings(), read_registry(settings()), connection)
    _show(id, json)


def _show(id: str, json: bool) -> None:
    async def work(agreements: Agreements) -> dict[str, Any]:
        row, history = await agreements.one(WHO, id)
        registry = read_registry(settings())
        detail = views.detail(row, history, WHO, registry, await agreements.agencies())
        return detail.model_dump(mode="json")

    found = _with(work)
    steps = [step | {"at": step["at"][:16]} for step in found["history"]]
    title = f"{id}: {found['state']}, {found['dataset']['name']}, {found['consumer']['id']} ← {found['provider']['id']}"
    output.emit(found, json, lambda: output.table(steps, "at", "what", "who", "state", "reason", "note", title=title))
