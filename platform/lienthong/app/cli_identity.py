"""`lienthong token` and `lienthong people`: what an operator at the machine itself may do."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from lienthong.app import output
from lienthong.app.definitions import registry
from lienthong.governance.identity import scopes
from lienthong.governance.identity.people import People
from lienthong.governance.identity.tokens import DAYS, MOST_DAYS, Tokens
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Invalid
from lienthong.kernel.settings import settings
from lienthong.kernel.text import both
from lienthong.store import owner

tokens = typer.Typer(help="Mã truy cập / API tokens", no_args_is_help=True)
people = typer.Typer(help="Người dùng / People", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
User = Annotated[str | None, typer.Option("--user", help="of this person")]
Agency = Annotated[str | None, typer.Option("--agency", help="of this agency")]
OPERATOR = Subject("person", "cli", "administrator")
Found = TypeVar("Found")
_ABOUT = ("id", "label", "username", "agency", "scopes", "expires_at", "revoked_at")


def _run(work: Callable[[AsyncEngine], Awaitable[Found]]) -> Found:
    """`work` over the owner's connection."""

    async def run() -> Found:
        engine = create_async_engine(owner.sqlalchemy_url(owner.owner_url(settings())), poolclass=NullPool)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _owner(user: str | None, agency: str | None) -> Subject:
    if (user is None) == (agency is None):
        raise Invalid(
            both("Nêu --user hoặc --agency", "Name one of --user and --agency"),
            place="--user",
            fix=both("thêm --user TÊN", "add --user NAME"),
        )
    return Subject("person", user) if user else Subject("agency", str(agency), agency=agency)


def _row(info: Any) -> dict[str, Any]:
    row = asdict(info)
    return {k: (list(v) if isinstance(v, tuple) else v) for k, v in row.items()}


@tokens.command()
def create(
    scope: Annotated[list[str], typer.Option("--scope", help="read:*, read:<dataset>, agreements, tokens, admin")],
    user: User = None,
    agency: Agency = None,
    label: Annotated[str, typer.Option(help="to tell it from others")] = "cli",
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="expires after so many days")] = DAYS,
    json: Json = False,
) -> None:
    """Tạo mã truy cập, hiện một lần / Make a token; it is shown once."""
    subject, asked = _owner(user, agency), scopes.checked(registry(settings()), scope)
    info, text = _run(lambda engine: Tokens(engine).create(subject, label, asked, days))
    output.emit(_row(info) | {"token": text}, json, lambda: text)


@tokens.command("list")
def listed(user: User = None, agency: Agency = None, json: Json = False) -> None:
    """Liệt kê mã truy cập / List tokens: of everybody, of a person, of an agency."""
    found = _run(lambda engine: Tokens(engine).everyones(user, agency))
    rows = [_row(info) for info in found]
    output.emit(rows, json, lambda: output.table(rows, *_ABOUT))


@tokens.command()
def revoke(id: Annotated[uuid.UUID, typer.Argument(help="number of the token")], json: Json = False) -> None:
    """Thu hồi, có hiệu lực trong một giây / Revoke, within a second."""
    info = _run(lambda engine: Tokens(engine).revoke(OPERATOR, id))
    output.emit(_row(info), json, lambda: f"✓ {info.id}")


@people.command()
def add(
    username: str,
    name: Annotated[str, typer.Option(help="the person's name")],
    role: Annotated[str, typer.Option(help="administrator, steward, publisher, analyst, developer, ...")],
    agency: Agency = None,
    json: Json = False,
) -> None:
    """Thêm người dùng, hiện mật khẩu một lần / Add a person; the password is shown once."""
    info, password = _run(
        lambda engine: People(engine).create(OPERATOR, username=username, name=name, role=role, agency=agency)
    )
    output.emit(_row(info) | {"password": password}, json, lambda: f"{username}: {password}")


@people.command("list")
def everybody(json: Json = False) -> None:
    """Liệt kê người dùng / List people."""
    rows = [_row(info) for info in _run(lambda engine: People(engine).all())]
    output.emit(rows, json, lambda: output.table(rows, "username", "name", "role", "agency", "deactivated_at"))


@people.command()
def deactivate(username: str, json: Json = False) -> None:
    """Ngừng tài khoản, mọi phiên và mã truy cập / Deactivate a person, with every session and token."""
    info = _run(lambda engine: People(engine).change(OPERATOR, username, {"active": False}))
    output.emit(_row(info), json, lambda: f"✓ {username}")


@people.command()
def password(username: str, json: Json = False) -> None:
    """Đặt mật khẩu mới, hiện một lần / Set a new password; it is shown once."""
    made = _run(lambda engine: People(engine).set_password(OPERATOR.id, username))
    output.emit({"username": username, "password": made}, json, lambda: f"{username}: {made}")
