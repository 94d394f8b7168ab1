"""/api/v1/tokens: the caller's own tokens."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from lienthong.access.services import Services
from lienthong.governance.identity import scopes
from lienthong.identity import models
from lienthong.identity.caller import API, STRICT, caller
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.web import body
from lienthong.web.problems import GuardedRoute

EXAMPLE = {"label": "Máy chủ tra cứu", "scopes": ["read:*"], "days": 90}
Id = Annotated[str, Path(description="Số của mã truy cập / Number of the token", max_length=36)]


def router(services: Services) -> APIRouter:
    """List, create, revoke."""
    found = APIRouter(prefix=API, route_class=GuardedRoute, dependencies=STRICT, tags=["identity"])
    tokens = services.directory.identity.tokens if services else None

    @found.get("/tokens", operation_id="listTokens", summary="Mã truy cập của tôi / My tokens")
    async def listed(
        request: Request,
        response: Response,
        agency: Annotated[
            str | None, Query(description="của cơ quan, chỉ quản trị / of an agency, administrators", max_length=63)
        ] = None,
    ) -> models.TokenList:
        """Mã truy cập của người gọi, mới nhất trước; không bao giờ có chính mã.

        The caller's tokens, the newest first; never the tokens themselves.
        """
        assert tokens
        found = await tokens.of(await caller(services, request, response), agency)
        return models.TokenList(data=[models.token(one) for one in found], count=len(found))

    @found.post(
        "/tokens",
        operation_id="createToken",
        summary="Tạo mã truy cập / Create a token",
        status_code=201,
        openapi_extra=body.documented(models.NewToken, EXAMPLE),
    )
    async def created(request: Request, response: Response) -> models.TokenMade:
        """Có phạm vi và ngày hết hạn; mã hiện một lần, chỉ mã băm được giữ.

        Scoped and expiring; the token is told once, only its hash is kept.
        """
        assert tokens
        subject = await caller(services, request, response)
        given = await body.read(request, models.NewToken)
        asked = scopes.checked(services.registry, given.scopes)
        made, text = await tokens.create(subject, given.label, asked, given.days, given.agency)
        return models.TokenMade(data=models.token(made), token=text)

    @found.delete("/tokens/{id}", operation_id="revokeToken", summary="Thu hồi mã truy cập / Revoke a token")
    async def revoked(id: Id, request: Request, response: Response) -> models.TokenAnswer:
        """Trong vòng một giây mã không dùng được nữa, ở mọi tiến trình.

        Within a second the token is refused, by every process.
        """
        assert tokens
        subject = await caller(services, request, response)
        return models.TokenAnswer(data=models.token(await tokens.revoke(subject, _number(id))))

    return found


def _number(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound(both("Không có mã truy cập này", "There is no such token"), place=text[:40]) from error
