"""A02: a canary in every value that is not open, twelve callers of seven kinds, 20,000 answers: body, headers, logs, ledger.

`LIENTHONG_CANARY_CALLS` sets how many answers are asked for; `make chaos` asks for ten times as many with another seed.
"""

import asyncio
import io
import itertools
import json
import logging
import os
from collections.abc import Iterator

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lienthong.store import owner
from tests.security import canaries
from tests.security.canaries import CANARY, PEOPLE, Call, Crawler, Who
from tests.surface.small import World, running

CALLS = int(os.environ.get("LIENTHONG_CANARY_CALLS", "20000"))
TOGETHER = 4  # as many as there are connections


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("canaries")) as found:
        canaries.plant(found)
        yield found


def text_of(answer: httpx.Response) -> str:
    """The whole of an answer as text, unpacked where it is packed."""
    kind, body = answer.headers.get("content-type", ""), answer.content
    if answer.status_code == 200 and "parquet" in kind:
        body = str(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
    if answer.status_code == 200 and "arrow" in kind:
        body = str(pa.ipc.open_stream(body).read_all().to_pylist()).encode()
    if answer.status_code == 200 and "spreadsheet" in kind:
        body = _unzipped(body)
    return body.decode("utf-8", "replace") + str(answer.headers.multi_items())


def _unzipped(body: bytes) -> bytes:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return b"".join(book.read(name) for name in book.namelist())


async def ask(client: httpx.AsyncClient, who: Who, call: Call) -> httpx.Response:
    headers = {"Authorization": f"Bearer {who.token}"} if who.token else {}
    headers |= {"Lienthong-Purpose": who.purpose} if who.purpose else {}
    if call.body is not None:
        return await client.post(call.url, json=call.body, headers=headers)
    return await client.get(call.url, params=call.params, headers=headers)


class Sweep:
    """What was asked, seen, and seen by whom it is not for."""

    def __init__(self) -> None:
        self.answers = self.seen = self.ok = 0
        self.leaks: list[tuple[str, str, str]] = []
        self.broken: list[tuple[str, Call, str]] = []  # 503 is an answer of a busy machine
        self.kinds: dict[str, set[str]] = {}

    def judge(self, who: Who, call: Call, answer: httpx.Response) -> None:
        self.answers += 1
        self.ok += answer.status_code == 200
        if answer.status_code >= 500 and answer.status_code != 503:
            self.broken.append((who.name, call, answer.text[:200]))
        asked = set(CANARY.findall(json.dumps(call.body) + str(call.params)))
        found = set(CANARY.findall(text_of(answer)))
        self.seen += len(found)
        self.kinds.setdefault(who.name, set()).update(kind for kind, _ in found)
        # What the caller has said itself may come back in an error; it is no news.
        self.leaks += [(who.name, str(call)[:200], "".join(c)) for c in found - asked if not who.may(*c)]


def swept(world: World, calls: int, seed: int) -> Sweep:
    """Ask, and judge every answer."""
    found = Sweep()
    crawlers = [(who, Crawler(world, seed + n).calls()) for n, who in enumerate(PEOPLE)]
    fixed = [(who, Call(url)) for url in canaries.addresses(world) for who in PEOPLE]
    drawn = ((who, next(crawler)) for who, crawler in itertools.cycle(crawlers))
    work = itertools.islice(itertools.chain(fixed, drawn), max(calls, len(fixed)))

    async def run() -> None:
        transport = httpx.ASGITransport(world.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://world", cookies=None) as client:
            while batch := list(itertools.islice(work, TOGETHER)):
                answers = await asyncio.gather(*(ask(client, *each) for each in batch))
                client.cookies.clear()
                for (who, call), answer in zip(batch, answers, strict=True):
                    found.judge(who, call, answer)

    world.portal.call(run)
    return found


def test_no_canary_is_seen_by_whom_it_is_not_for(planted: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="lienthong"):
        found = swept(planted, CALLS, 20261122)
    print(f"A02: {found.answers} answers, {found.ok} with 200, {found.seen} canaries seen by whom they are for")
    assert found.leaks == []
    assert found.broken == []
    assert found.answers >= CALLS and found.ok > CALLS / 5
    for who in PEOPLE:  # everybody finds all that they may see: else the sweep would look at nothing
        assert found.kinds[who.name] == set(who.sees), who
    assert not CANARY.search(caplog.text)


def test_the_ledger_holds_no_canary(planted: World) -> None:
    """G10: it names fields, row numbers and hashes; keys of internal fields that were asked for stand there as said."""
    with owner.connect(planted.settings) as connection:
        text = " ".join(str(r[0]) for r in connection.execute("select e::text from platform.ledger e").fetchall())
    assert text and {kind for kind, _ in CANARY.findall(text)} <= {"case"}
