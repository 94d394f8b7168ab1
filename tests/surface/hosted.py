"""Calls of the Action API in the small world: as an answer, as a result, as a refusal, and through ckanapi."""

from io import BytesIO
from typing import Any

import httpx
import requests
from ckanapi import RemoteCKAN
from requests.adapters import BaseAdapter

from tests.surface.small import ADMIN, World

Params = dict[str, Any]


def call(world: World, action: str, token: str | None = None, /, **params: Any) -> httpx.Response:
    """POST an action."""
    return world.client(token).post(f"/api/3/action/{action}", json=params)


def get(world: World, action: str, token: str | None = None, /, **params: Any) -> httpx.Response:
    """GET an action."""
    return world.client(token).get(f"/api/3/action/{action}", params=params)


def did(world: World, action: str, token: str | None = None, /, **params: Any) -> Any:
    """The result of an action that succeeds."""
    answer = call(world, action, token, **params)
    assert answer.status_code == 200 and answer.json()["success"] is True, answer.text
    return answer.json()["result"]


def refused(world: World, status: int, action: str, token: str | None = None, /, **params: Any) -> Params:
    """The error of one that does not."""
    answer = call(world, action, token, **params)
    assert answer.status_code == status and answer.json()["success"] is False, answer.text
    return dict(answer.json()["error"])


def user(world: World, name: str, **more: Any) -> str:
    """A new user; their token."""
    given = {"name": name, "email": f"{name}@example.com", "password": "một mật khẩu", "with_apitoken": True}
    return str(did(world, "user_create", ADMIN, **given | more)["token"])


class _Adapter(BaseAdapter):
    """Sends what `requests` would send to the app in this process."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # type: ignore[override]
        """One request."""
        body = request.body.encode() if isinstance(request.body, str) else request.body
        answer = self._world.client().request(
            str(request.method), str(request.path_url), content=body or b"", headers=dict(request.headers)
        )
        made = requests.Response()
        made.status_code, made.url, made.request = answer.status_code, str(request.url), request
        made.headers.update(answer.headers)
        made.raw = BytesIO(answer.content)
        return made

    def close(self) -> None:
        """Nothing to close."""


def client(world: World, token: str | None = None) -> RemoteCKAN:
    """CKAN's own client library."""
    session = requests.Session()
    session.mount("http://", _Adapter(world))
    return RemoteCKAN("http://world", apikey=token, session=session)
