"""/api/v1/people: for administrators."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from lienthong.access.services import Services
from lienthong.governance.identity.people import administrator, check_identifiers
from lienthong.identity import models
from lienthong.identity.caller import API, STRICT, caller
from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both
from lienthong.web import body
from lienthong.web.problems import GuardedRoute

EXAMPLE = {"username": "lan.nguyen", "name": "Nguyễn Thị Lan", "role": "analyst", "agency": None}
Username = Annotated[str, Path(description="Tên đăng nhập / User name", max_length=63)]


def router(services: Services) -> APIRouter:
    """List, describe, create, change, deactivate."""
    found = APIRouter(prefix=API, route_class=GuardedRoute, dependencies=STRICT, tags=["identity"])
    _reading(found, services)
    _writing(found, services)
    return found


def _reading(found: APIRouter, services: Services) -> None:
    @found.get("/people", operation_id="listPeople", summary="Người dùng / People")
    async def listed(request: Request, response: Response) -> models.PersonList:
        """Mọi người dùng, vai trò và cơ quan; dành cho quản trị.

        Everybody, with role and agency; for administrators.
        """
        administrator(await caller(services, request, response))
        data = [models.person(one) for one in await services.directory.identity.people.all()]
        return models.PersonList(data=data, count=len(data))

    @found.get("/people/{username}", operation_id="describePerson", summary="Một người dùng / One person")
    async def one(username: Username, request: Request, response: Response) -> models.PersonAnswer:
        """Vai trò, cơ quan; dành cho quản trị.

        Role and agency; for administrators.
        """
        administrator(await caller(services, request, response))
        return models.PersonAnswer(data=models.person(await services.directory.identity.people.one(username)))


def _writing(found: APIRouter, services: Services) -> None:
    @found.post(
        "/people",
        operation_id="createPerson",
        summary="Thêm người dùng / Add a person",
        status_code=201,
        openapi_extra=body.documented(models.NewPerson, EXAMPLE),
    )
    async def created(request: Request, response: Response) -> models.PersonMade:
        """Không gửi mật khẩu thì một mật khẩu được tạo và hiện một lần.

        Without a password one is made, and told once.
        """
        subject = await caller(services, request, response)
        administrator(subject)
        given = await body.read(request, models.NewPerson)
        check_identifiers(services.registry, given.identifiers)
        made, password = await services.directory.identity.people.create(subject, **given.model_dump())
        return models.PersonMade(data=models.person(made), password=password)

    @found.patch(
        "/people/{username}",
        operation_id="changePerson",
        summary="Đổi vai trò, ngừng tài khoản / Change a role, deactivate",
        openapi_extra=body.documented(models.PersonChange, {"role": "steward"}),
    )
    async def changed(username: Username, request: Request, response: Response) -> models.PersonAnswer:
        """Đổi vai trò hay ngừng tài khoản thì mọi phiên kết thúc; luôn còn ít nhất một quản trị.

        With another role, or deactivated, every session ends; one administrator always remains.
        """
        subject = await caller(services, request, response)
        administrator(subject)
        given = (await body.read(request, models.PersonChange)).model_dump(exclude_unset=True)
        empty = [name for name, value in given.items() if value is None and name != "agency"]
        if not given or empty:
            raise Invalid(both("Không có gì để đổi", "There is nothing to change"), place=empty[0] if empty else "body")
        check_identifiers(services.registry, given.get("identifiers", {}))
        found = await services.directory.identity.people.change(subject, username, given)
        services.directory.forget()
        return models.PersonAnswer(data=models.person(found))
