"""Plans that were made for one caller are no way round for another: each is answered as on the long way, whoever asked before."""

import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import gql, ogc, rest
from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.app.lane import Lane
from lienthong.catalog.snapshot import Catalog
from lienthong.governance.credentials import token_hash
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.ogc.documents import MVT
from lienthong.store import owner
from tests.security.oracle import Terms
from tests.security.test_narrow_credentials import credential
from tests.security.test_policy_properties import Consumer
from tests.surface.mvt import decode
from tests.surface.small import ADMIN, AGENCY, KEEPER, PURPOSE, Client, World

ROUNDS = 2  # the first request of a shape is only seen, then plans are made, and used
Ask = Callable[[Client, dict[str, str]], httpx.Response]
QUESTIONS: dict[str, Ask] = {
    "rows": lambda c, h: c.get("/api/v1/datasets/cases/rows?fields=case_code,days&limit=3", headers=h),
    "persons": lambda c, h: c.get("/api/v1/datasets/cases/rows?fields=case_code,person_name&limit=3", headers=h),
    "graphql": lambda c, h: c.post("/graphql", json={"query": "{ cases(first: 3) { nodes { caseCode } } }"}, headers=h),
    "items": lambda c, h: c.get("/ogc/collections/firms/items?limit=2", headers=h),
    "tile": lambda c, h: c.get("/ogc/collections/firms/tiles/WebMercatorQuad/6/28/50", headers=h),
}


@pytest.fixture(scope="module")
def short(own_world: World) -> Iterator[Any]:
    """The app of the world behind short ways."""
    world = own_world
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), pool_size=2)
    directory = Directory(engine, world.settings, Sessions(b"secret"))
    door = Door(world.registry, world.database)
    given = Services(world.registry, door, Catalog(world.registry, engine), directory, world.settings)
    for surface in (rest, gql, ogc):
        surface.router(given)
    yield Lane(world.app, short=given.short)
    world.portal.call(engine.dispose)


def stranger(world: World) -> str:
    """The token of an agency without any agreement."""
    with owner.connect(world.settings) as connection:
        connection.execute("insert into platform.agency (id, name_vi, name_en) values ('stranger', 'x', 'x')")
        connection.execute(
            "insert into platform.token (id, sha256, label, agency_id, created_at) values (%s, %s, '', 'stranger', now())",
            (uuid.uuid4(), token_hash("of-a-stranger")),
        )
    return "of-a-stranger"


def plain(answer: httpx.Response) -> object:
    """What an answer says; a tile has no order."""
    if answer.headers.get("content-type") != MVT:
        return answer.content
    return {name: sorted(map(str, layer["features"])) for name, layer in decode(answer.content).items()}


def asked(short: Any, world: World, token: str | None, headers: dict[str, str], name: str) -> int:
    """The status of an answer, which must be the same on both ways."""
    found, wanted = (QUESTIONS[name](Client(app, world.portal, token), headers) for app in (short, world.app))
    told = [(a.status_code, plain(a), a.headers.get("cache-control")) for a in (found, wanted)]
    assert told[0] == told[1], (name, headers)
    return found.status_code


def test_nobody_is_answered_by_the_plan_of_somebody_else(short: Any, own_world: World) -> None:
    purpose, none = {"Lienthong-Purpose": PURPOSE}, {"Lienthong-Purpose": ""}
    narrow = [credential(own_world, [scope]) for scope in ("read:cases", "read:firms")]
    tokens = [AGENCY, KEEPER, ADMIN, stranger(own_world), *narrow]
    callers: list[tuple[str | None, dict[str, str]]] = [(None, {}), *itertools.product(tokens, (purpose, none))]
    questions, chance, seen = list(itertools.product(callers, QUESTIONS)), random.Random(3), set()
    for _ in range(ROUNDS):
        chance.shuffle(questions)
        seen |= {asked(short, own_world, *caller, name) for caller, name in questions}
    assert seen >= {200, 401, 403}


def test_a_plan_ends_with_the_terms_that_it_was_made_for(short: Any, own_world: World) -> None:
    consumer = Consumer(own_world, "cases", Terms(frozenset({"case_code", "days"}), frozenset(), None, "audit"))
    headers = {"Lienthong-Purpose": "audit"}
    for change, status in ((None, 200), ("fields = '{case_code}'", 403), ("state = 'revoked'", 400)):
        if change:
            with owner.connect(own_world.settings) as connection:
                connection.execute(f"update platform.agreement set {change} where id = %s", (consumer.agreement,))  # type: ignore[arg-type]
            time.sleep(1.1)  # who may what is kept for a second
        assert {asked(short, own_world, consumer.token, headers, "rows") for _ in range(ROUNDS)} == {status}
