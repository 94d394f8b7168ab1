"""/api/v1/clients: OAuth clients of agencies, for administrators."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from lienthong.access.services import Services
from lienthong.governance.identity import scopes
from lienthong.governance.identity.clients import MOST_HOURS
from lienthong.governance.identity.people import administrator
from lienthong.identity import models
from lienthong.identity.caller import API, STRICT, caller
from lienthong.web import body
from lienthong.web.problems import GuardedRoute

KEYS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
EXAMPLE = {"name": "Hệ thống một cửa", "agency": "example", "scopes": ["read:*"]}
KeepHours = Annotated[
    int, Query(ge=0, le=MOST_HOURS, description="giờ mà bí mật cũ còn dùng được / hours that the old secret is taken")
]
Id = Annotated[str, Path(description="client_id", max_length=63)]


def router(services: Services) -> APIRouter:
    """List, create, deactivate."""
    found = APIRouter(prefix=API, route_class=GuardedRoute, dependencies=STRICT, tags=["identity"])

    @found.get("/clients", operation_id="listClients", summary="Ứng dụng OAuth / OAuth clients")
    async def listed(request: Request, response: Response) -> models.ClientList:
        """Mọi ứng dụng, không bao giờ có bí mật.

        Every client, never a secret.
        """
        administrator(await caller(services, request, response))
        data = [models.client(one) for one in await services.directory.identity.clients.all()]
        return models.ClientList(data=data, count=len(data))

    @found.post(
        "/clients",
        operation_id="createClient",
        summary="Thêm ứng dụng / Add a client",
        status_code=201,
        openapi_extra=body.documented(models.NewClient, EXAMPLE),
    )
    async def created(request: Request, response: Response) -> models.ClientMade:
        """Với khóa công khai (private_key_jwt), hoặc với bí mật được tạo ở đây và hiện một lần.

        With public keys (private_key_jwt), or with a secret that is made here and told once.
        """
        subject = await caller(services, request, response)
        administrator(subject)
        given = await body.read(request, models.NewClient)
        asked = scopes.checked(services.registry, given.scopes)
        identity = services.directory.identity
        agency = await identity.people.agency(given.agency)
        made, secret = await identity.clients.create(subject, given.name, agency, asked, given.jwks)
        return models.ClientMade(data=models.client(made), secret=secret)

    _renewing(found, services)

    @found.delete("/clients/{id}", operation_id="deactivateClient", summary="Ngừng ứng dụng / Deactivate a client")
    async def ended(id: Id, request: Request, response: Response) -> models.ClientAnswer:
        """Ứng dụng và mọi mã truy cập của nó hết hiệu lực trong vòng một giây.

        The client and every token that it holds are refused within a second.
        """
        subject = await caller(services, request, response)
        administrator(subject)
        found = await services.directory.identity.clients.deactivate(subject, id)
        services.directory.forget()
        return models.ClientAnswer(data=models.client(found))

    return found


def _renewing(found: APIRouter, services: Services) -> None:
    @found.post("/clients/{id}/secret", operation_id="rotateClientSecret", summary="Đổi bí mật / A new secret")
    async def rotated(id: Id, request: Request, response: Response, keep_hours: KeepHours = 0) -> models.ClientMade:
        """Bí mật mới, hiện một lần; bí mật cũ hết hiệu lực ngay cùng các mã đã cấp, hoặc sau `keep_hours` giờ.

        A new secret, told once; the old one ends at once with the tokens that it opened, or after `keep_hours`.
        """
        subject = await caller(services, request, response)
        administrator(subject)
        made, secret, until = await services.directory.identity.clients.rotate(subject, id, timedelta(hours=keep_hours))
        services.directory.forget()
        return models.ClientMade(data=models.client(made), secret=secret, old_until=until)

    @found.put("/clients/{id}/keys", operation_id="setClientKeys", summary="Thay khóa công khai / Set public keys",
               openapi_extra=body.documented(models.ClientKeys, {"jwks": KEYS}))  # fmt: skip
    async def keyed(id: Id, request: Request, response: Response) -> models.ClientAnswer:
        """Khóa cũ và mới cùng dùng được khi đứng cạnh nhau; khóa bị bỏ thì mã truy cập đã cấp hết hiệu lực ngay.

        Old and new keys work side by side; tokens end at once when a key, or the secret before it, is left out.
        """
        subject = await caller(services, request, response)
        administrator(subject)
        given = await body.read(request, models.ClientKeys)
        made = await services.directory.identity.clients.set_keys(subject, id, given.jwks)
        services.directory.forget()
        return models.ClientAnswer(data=models.client(made))
