"""People of the small world, and a browser without scripts."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from lienthong.governance.credentials import password_hash, token_hash
from lienthong.store import owner
from tests.surface.small import ADMIN, Client, World

PASSWORD = "mật khẩu của thế giới nhỏ"
ROLES = {
    "admin": ("administrator", None),
    "thu": ("steward", "office"),
    "phuong": ("publisher", "office"),
    "an": ("analyst", "office"),
    "dung": ("developer", "registry_office"),
    "bao": ("data_protection_officer", None),
}


@cache
def hashed() -> str:
    """The kept form of everybody's password: made once, it is slow on purpose."""
    return password_hash(PASSWORD)


def seed(world: World) -> None:
    """One person of each role, `admin` with a second one so that either can go. Safe to repeat."""
    with owner.connect(world.settings) as connection:
        for username, (role, agency) in {**ROLES, "admin2": ("administrator", None)}.items():
            connection.execute(
                "insert into platform.person (username, name, role, agency_id, password_hash) values (%s, %s, %s, %s, %s) "
                "on conflict (username) do nothing",
                (username, f"Người {username}", role, agency, hashed()),
            )


def person(world: World, username: str, role: str = "analyst", agency: str | None = None) -> str:
    """One more person; the name."""
    with owner.connect(world.settings) as connection:
        connection.execute(
            "insert into platform.person (username, name, role, agency_id, password_hash) values (%s, %s, %s, %s, %s)",
            (username, f"Người {username}", role, agency, hashed()),
        )
    return username


def token(world: World, username: str, scopes: list[str] | None = None) -> str:
    """A token of a person, put into the database."""
    text = f"token-of-{username}-{time.monotonic_ns()}"
    with owner.connect(world.settings) as connection:
        connection.execute(
            "insert into platform.token (id, sha256, label, username, created_at, scopes) "
            "values (gen_random_uuid(), %s, 'test', %s, now(), %s)",
            (token_hash(text), username, scopes),
        )
    return text


def forgive(world: World) -> None:
    """Forget every failed try: tests come from one address."""
    with owner.connect(world.settings) as connection:
        connection.execute("delete from platform.attempt")


def ask(world: World, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the database, as its owner."""
    with owner.connect(world.settings) as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[call-overload, no-any-return]


class Browser:
    """Somebody's browser: keeps cookies, follows the way on, sends forms with the token of the page."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = Client(world.app, world.portal)
        self.cookies: dict[str, str] = {}

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, as a browser sends it."""
        headers = (
            {"Origin": "http://world", **options.pop("headers", {})} if method != "GET" else options.pop("headers", {})
        )
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        self._client._client.cookies.clear()
        answer = self._client.request(method, path, headers=headers, **options)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        for line in answer.headers.get_list("set-cookie"):
            if "Max-Age=0" in line:
                self.cookies.pop(line.partition("=")[0], None)
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        """One page."""
        return self.request("GET", path, **options)

    def send(self, page: str, action: str, **fields: Any) -> httpx.Response:
        """Open `page`, take its token, send the form to `action`."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.get(page).text)
        assert found, page
        return self.request("POST", action, data={"csrf": found[1], **fields})

    def sign_in(self, username: str, password: str = PASSWORD, next: str = "") -> httpx.Response:
        """The sign-in form."""
        return self.request("POST", "/sign-in", data={"username": username, "password": password, "next": next})

    @property
    def session(self) -> str | None:
        """The session cookie."""
        return self.cookies.get("lienthong_session")


def json(world: World, method: str, path: str, by: str | None = ADMIN, **body: Any) -> httpx.Response:
    """A JSON request by the owner of a token."""
    return world.client(by).request(method, path, json=body)


def way(answer: httpx.Response) -> str:
    """Where an answer sends its caller: the path."""
    return urlsplit(answer.headers["location"]).path


@contextmanager
def waiting(seconds: float) -> Iterator[None]:
    """Until so many seconds have passed since the start of the block."""
    end = time.monotonic() + seconds
    yield
    time.sleep(max(0.0, end - time.monotonic()))
