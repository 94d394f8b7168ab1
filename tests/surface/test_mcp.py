"""The MCP server as programs see it: the official client, over HTTP, against a running server; and over stdio."""

import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from lienthong import mcp, rest
from lienthong.app import asgi
from lienthong.app.lane import Lane
from lienthong.pipelines.twin.build import build_all
from tests.surface.small import ADMIN, AGENCY, DATASETS, REVOKED, World

CALLERS = [None, AGENCY, ADMIN]
PURPOSE = "social_insurance"


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[str]:
    """The address of a server over the small world, with REST and MCP."""
    build_all(world.settings, world.registry)
    services, database = asgi.services(world.settings.model_copy(update={"datasets": DATASETS}))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    for surface in (rest, mcp):
        app.include_router(surface.router(services))
    app.add_middleware(Lane)
    held = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield f"http://127.0.0.1:{held.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@asynccontextmanager
async def client(served: str, token: str | None = None, **headers: str) -> AsyncIterator[Client]:
    """The official client of a caller."""
    own = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=own | headers, timeout=60) as http,
        Client(streamable_http_client(served + "/mcp", http_client=http)) as made,
    ):
        yield made


async def call(made: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers with; it must not refuse."""
    result = await made.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return dict(result.structured_content)


async def refused(made: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The problem that a tool tells."""
    result = await made.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    assert result.content[0].text.count("\n") >= 1, "told in both languages"
    return dict(result.structured_content)


async def test_every_tool_is_read_only_and_says_that_rows_are_data(served: str) -> None:
    async with client(served) as made:
        tools = (await made.list_tools()).tools
        assert {t.name for t in tools} >= {
            "search_datasets", "describe_dataset", "query_rows", "aggregate", "get_row", "lookup_code", "my_access", "read_docs",
        }  # fmt: skip
        for tool in tools:
            assert tool.annotations is not None and tool.annotations.read_only_hint is True
            assert tool.output_schema and tool.input_schema["additionalProperties"] is False
            assert tool.description and "\n" in tool.description
        for name in ("query_rows", "get_row"):
            assert "never an instruction" in next(t.description or "" for t in tools if t.name == name)


async def test_a_program_finds_its_way_from_words_to_rows(served: str) -> None:
    async with client(served) as made:
        found = await call(made, "search_datasets", words="kieu gia tri")
        assert [d["dataset"] for d in found["datasets"]] == ["firms"]
        told = await call(made, "describe_dataset", dataset="firms")
        status = next(f for f in told["fields"] if f["name"] == "status")
        assert status["you_may_read"] == "yes" and "eq" in status["operators"] and status["codes"]
        hidden = {f["name"] for f in told["fields"] if f["you_may_read"] == "no"}
        assert "owner_name" in hidden
        where = {"status": {"eq": "active"}, "q": "hong ha"}
        page = await call(made, "query_rows", dataset="firms", where=where, fields=["firm_code", "name"], limit=5)
        assert page["count"] == 5 and page["release"] == 1 and page["receipt"] is None and page["synthetic"] is False
        again = await call(
            made, "query_rows", dataset="firms", where=where, fields=["firm_code", "name"], limit=5, cursor=page["next"]
        )
        assert again["rows"][0]["firm_code"] > page["rows"][-1]["firm_code"]
        one = await call(made, "get_row", dataset="firms", key=[page["rows"][0]["firm_code"]])
        assert one["row"]["status"] == "active"
        groups = await call(
            made, "aggregate", dataset="firms", group_by=[{"field": "status"}], measures=[{"function": "count"}]
        )
        assert {g["status"]: g["count"] for g in groups["groups"]} == {"active": 45, "closed": 15}


@pytest.mark.parametrize("token", CALLERS)
async def test_the_rows_are_those_of_rest(served: str, token: str | None) -> None:
    """Random queries of three callers: the same rows, or a refusal with the same code, place and clause."""
    drawn = random.Random(7)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers["Lienthong-Purpose"] = PURPOSE
    fields = {
        "firms": ["firm_code", "name", "status", "capital", "owner_name", "email", "registered_on", "tags"],
        "cases": ["case_code", "person_name", "illness", "channel", "days", "received_on"],
        "places": ["place_code", "name", "parent_code"],
    }
    filters = {
        "firms": [("status", "eq", "active"), ("firm_code", "gte", "F0030"), ("owner_name", "eq", "Nguyễn Văn 3")],
        "cases": [("channel", "eq", "online"), ("days", "gte", "20"), ("illness", "eq", "bí mật")],
        "places": [("parent_code", "eq", "20"), ("name", "contains", "xa")],
    }
    async with client(served, token, **{"Lienthong-Purpose": PURPOSE}) as made:
        outcomes = set()
        for _ in range(40):
            dataset = drawn.choice(list(fields))
            names = drawn.sample(fields[dataset], drawn.randint(1, 3))
            where = drawn.sample(filters[dataset], drawn.randint(0, 2))
            limit = drawn.randint(1, 50)
            params = {"fields": ",".join(names), "limit": str(limit)} | {f"{f}__{op}": v for f, op, v in where}
            plain = httpx.get(f"{served}/api/v1/datasets/{dataset}/rows", params=params, headers=headers)
            result = await made.call_tool(
                "query_rows",
                {"dataset": dataset, "fields": names, "limit": limit, "where": {f: {op: v} for f, op, v in where}},
            )
            body, told = plain.json(), result.structured_content
            outcomes.add(plain.status_code)
            if plain.status_code == 200:
                assert not result.is_error, (params, told)
                assert told["rows"] == body["data"] and bool(told["receipt"]) == ("lienthong-receipt" in plain.headers)
            else:
                assert result.is_error, (params, body)
                same = ("code", "place", "field", "clause")
                assert {k: told.get(k) for k in same} == {k: body.get(k) for k in same}, params
        assert 200 in outcomes
        if token != ADMIN:
            assert outcomes & {401, 403}


async def test_a_hidden_field_is_refused_by_name_and_clause(served: str) -> None:
    async with client(served, AGENCY) as made:
        told = await refused(made, "query_rows", dataset="cases", fields=["illness"], purpose=PURPOSE)
        assert told["field"] == "illness" and told["clause"] == "A-1" and told["place"] == "cases.illness"
        unnamed = await refused(made, "query_rows", dataset="cases", where={"illnes": {"eq": "x"}})
        assert unnamed["code"] and "illnes" in json.dumps(unnamed)
        strange = await refused(made, "query_rows", dataset="cases", filter={"a": 1})
        assert strange["place"] == "filter"
        many = await refused(made, "query_rows", dataset="cases", limit=201)
        assert many["place"] == "limit"


async def test_purpose_and_twin_are_arguments_too(served: str) -> None:
    async with client(served, AGENCY) as made:
        governed = await call(made, "query_rows", dataset="cases", fields=["person_name"], purpose=PURPOSE, limit=1)
        assert governed["receipt"] and governed["synthetic"] is False
        twin = await call(made, "query_rows", dataset="cases", fields=["case_code", "illness"], twin=True, limit=1)
        assert twin["synthetic"] is True and twin["receipt"] is None
        assert twin["rows"][0]["case_code"].startswith("TWIN-")
        mine = await call(made, "my_access")
        assert mine["caller"]["agency"] == "office"
        assert next(r for r in mine["readable"] if r["dataset"] == "cases")["by"] == "A-1"


async def test_contracts_are_resources_and_code_lists_and_pages_are_looked_up(served: str) -> None:
    async with client(served) as made:
        listed = (await made.list_resources()).resources
        assert "lienthong://contracts/firms" in {str(r.uri) for r in listed}
        read = await made.read_resource("lienthong://contracts/firms")
        assert json.loads(read.contents[0].text)["id"] == "firms"
        lists = await call(made, "lookup_code")
        name = lists["codes"][0]["list"]
        assert (await call(made, "lookup_code", list=name))["codes"]
        assert (await refused(made, "lookup_code", list="no_such_list"))["place"] == "list"
        pages = (await call(made, "read_docs"))["pages"]
        assert "problems/not-permitted" in pages
        assert (await call(made, "read_docs", page="problems/not-permitted"))["text"]
        assert (await refused(made, "read_docs", page="../pyproject"))["place"] == "page"


def test_other_origins_other_hosts_and_wrong_tokens_stay_outside(served: str) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream"}
    post = lambda **more: httpx.post(served + "/mcp", json=message, headers=headers | more)  # noqa: E731
    assert post().status_code == 200
    assert post(Origin="https://evil.example").status_code == 403
    assert post(Host="evil.example").status_code == 421
    wrong = post(Authorization=f"Bearer {REVOKED}")
    assert wrong.status_code == 401 and wrong.headers["www-authenticate"].startswith("Bearer")
    assert httpx.get(served + "/mcp").status_code == 405
    assert (
        httpx.post(
            served + "/mcp", content=b"x" * 70_000, headers=headers | {"Content-Type": "application/json"}
        ).status_code
        == 413
    )


async def test_the_protocol_is_spoken_over_standard_streams_too(world: World) -> None:
    url = world.settings.database_url
    assert url
    environment = {
        "LIENTHONG_DATABASE_URL": url.get_secret_value(), "LIENTHONG_HOME": str(world.settings.home),
        "LIENTHONG_DATASETS": str(DATASETS), "LIENTHONG_TOKEN": AGENCY, "PATH": os.environ["PATH"],
    }  # fmt: skip
    command = StdioServerParameters(command=sys.executable, args=["-m", "lienthong.app.cli", "mcp"], env=environment)
    async with Client(stdio_client(command)) as made:
        told = await call(made, "query_rows", dataset="cases", fields=["case_code"], limit=3)
        assert told["count"] == 3 and told["receipt"]
