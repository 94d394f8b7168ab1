"""Other ways into GraphQL: sockets are shut (C05), and a partner's token runs known operations only (C07)."""

import asyncio
import gc
import uuid
from pathlib import Path
from typing import Any

import pytest

from lienthong.app.lane import Lane, hot
from lienthong.governance.credentials import token_hash
from lienthong.gql.operations import digest
from lienthong.kernel.content import content
from lienthong.store import owner
from tests.security.test_graphql_hostile import memory
from tests.surface.small import World

PARTNER = "token-of-a-partner-with-known-operations"
MINE = "{ firms(first: 1) { nodes { firmCode } } }"


async def connect(app: Any, subprotocol: str) -> list[dict[str, Any]]:
    """What an app sends to a WebSocket that connects, subscribes, and waits."""
    sent: list[dict[str, Any]] = []
    come = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": '{"type":"subscribe","id":"1","payload":{"query":"{version}"}}'},
        {"type": "websocket.disconnect", "code": 1000},
    ]

    async def receive() -> dict[str, Any]:
        return come.pop(0) if come else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "websocket", "path": "/graphql", "raw_path": b"/graphql", "root_path": "", "query_string": b"",
        "headers": [(b"host", b"world")], "subprotocols": [subprotocol], "scheme": "ws",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("subprotocol", ["graphql-transport-ws", "graphql-ws", ""])
def test_a_thousand_sockets_are_refused_without_memory(world: World, subprotocol: str) -> None:
    app = Lane(world.app, hot([world.app.router]))  # type: ignore[list-item]  # as the composition root puts it together

    def wave(count: int) -> list[list[dict[str, Any]]]:
        async def all_at_once() -> list[list[dict[str, Any]]]:
            return await asyncio.gather(*(connect(app, subprotocol) for _ in range(count)))

        return world.portal.call(all_at_once)

    wave(100)
    gc.collect()
    before = memory()
    for sent in wave(1_000):
        assert [message["type"] for message in sent] == ["websocket.close"]
    assert memory() - before < 20 * 1024 * 1024


def test_a_subscription_by_post_is_refused(world: World) -> None:
    answer = world.graphql("subscription { firms { nodes { name } } }")
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED" and not answer.get("data")


@pytest.fixture(scope="module")
def partner(world: World) -> str:
    """The token of a partner: everything that may be read, by known operations only."""
    with owner.connect(world.settings) as connection:
        connection.execute(
            "insert into platform.token (id, sha256, label, agency_id, created_at, scopes) "
            "values (%s, %s, 'partner', 'office', now(), %s) on conflict do nothing",
            (uuid.uuid4(), token_hash(PARTNER), ["graphql:persisted", "read:*"]),
        )
    return PARTNER


def known() -> Path:
    """An operation that comes with the platform."""
    return min((content("graphql") / "operations").glob("*.graphql"))


def refusal(world: World, token: str, body: dict[str, Any]) -> str:
    answer = world.client(token).post("/graphql", json=body)
    assert answer.status_code == 400
    return str(answer.json()["errors"][0]["extensions"]["code"])


def test_a_partner_runs_known_operations_only(world: World, partner: str) -> None:
    shown = {"persistedQuery": {"version": 1, "sha256Hash": digest(MINE)}}
    assert "data" in world.anonymous.post("/graphql", json={"query": MINE, "extensions": shown}).json()
    ran = len(world.database.statements)
    for body in (
        {"query": MINE},
        {"query": MINE, "extensions": shown},
        {"extensions": shown},  # known to others, yet not the platform's
        {"documentId": "sha256:" + digest(MINE)},
        {"documentId": "nothing"},
        {"query": "{ __schema { types { name } } }"},
        {"query": known().read_text("utf-8") + " "},
    ):
        assert refusal(world, partner, body) == "PERSISTED_QUERY_NOT_FOUND", body
    batch = world.client(partner).post("/graphql", json=[{"query": MINE}, {"query": "{ version }"}]).json()
    assert {found["errors"][0]["extensions"]["code"] for found in batch} == {"PERSISTED_QUERY_NOT_FOUND"}
    assert len(world.database.statements) == ran, [s.sql for s in world.database.statements[ran:]]


def test_known_operations_reach_the_planner_by_name_hash_and_text(world: World, partner: str) -> None:
    """The small world has other datasets, so the platform's operations are understood and do not fit."""
    text = known().read_text("utf-8")
    for body in ({"documentId": known().stem}, {"documentId": "sha256:" + digest(text)}, {"query": text},
                 {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text.strip())}}}):  # fmt: skip
        found = world.client(partner).post("/graphql", json=body).json()["errors"][0]["extensions"]
        assert found["code"] == "GRAPHQL_VALIDATION_FAILED"
