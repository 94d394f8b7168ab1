"""The market of the journeys behind the real surfaces: releases made by the real pipeline, stewards, a keeper."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from lienthong.catalog.releases import Actor
from lienthong.formats import FORMATS
from lienthong.pipelines.release import draft, publish
from lienthong.pipelines.release_life import carry_out
from tests.journey.release_world import World as Market
from tests.journey.release_world import make_world, market_cluster, stall
from tests.surface import people, small

FEW = {name: FORMATS[name] for name in ("csv", "jsonl", "geojson")}
Row = dict[str, Any]


@dataclass
class Releases:
    """The market, its surfaces, and the tokens of its people."""

    market: Market
    world: small.World
    tokens: dict[str, str | None]

    def publish(self, rows: list[Row], **options: Any) -> int:
        """A release of these stalls; its number."""
        self.market.fill("stalls", rows)
        made = publish(self.market.settings, self.market.registry, self.market.registry.get("stalls"), formats=FEW)
        assert made.state == "published" and made.number
        return made.number

    def draft(self, rows: list[Row], by: str = "lan") -> int:
        """A draft of these stalls; its number."""
        self.market.fill("stalls", rows)
        contract = self.market.registry.get("stalls")
        made = draft(self.market.settings, self.market.registry, contract, Actor(by, "steward"), formats=FEW)
        assert made.state == "checked" and made.number
        return made.number

    def get(self, url: str, who: str | None = None, **options: Any) -> httpx.Response:
        """One GET of somebody, or of nobody."""
        return self.world.client(self.tokens[who] if who else None).get(url, **options)

    def act(self, who: str, number: int, action: str, **body: Any) -> httpx.Response:
        """Ask for a step."""
        client = self.world.client(self.tokens[who])
        return client.post(f"/api/v1/datasets/stalls/releases/{number}/{action}", json=body)

    @contextmanager
    def keeper(self) -> Iterator[None]:
        """Steps are carried out while this lasts."""
        over = threading.Event()

        def keep() -> None:
            with self.market.connect() as connection:
                while not over.wait(0.05):
                    carry_out(self.market.settings, self.market.registry, connection)

        thread = threading.Thread(target=keep)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def market(home: Path) -> Iterator[Releases]:
    """All of it, in a cluster of its own under `home`."""
    with market_cluster(home) as cluster:
        place = home / "market"
        place.mkdir()
        (place / "pg").symlink_to(cluster.log.parents[1])
        made = make_world(cluster, place, "market")
        settings = made.settings.model_copy(update={"admin_token": SecretStr(small.ADMIN)})
        with small.serving(settings, made.registry) as world:
            agency = made.registry.get("stalls").agency
            other = next(iter(a for a in made.registry.agencies if a != agency), None)
            tokens: dict[str, str | None] = {"admin": small.ADMIN}
            for name, role, whose in (
                ("lan", "steward", agency), ("mai", "steward", agency), ("an", "analyst", agency), ("la", "steward", other),
            ):  # fmt: skip
                people.person(world, name, role, whose)
                tokens[name] = people.token(world, name)
            tokens["reader"] = people.token(world, "mai", ["read:*"])
            yield Releases(Market(settings, made.registry), world, tokens)


def stalls(count: int, **changes: Any) -> list[Row]:
    """So many stalls."""
    return [stall(n, **changes) for n in range(count)]
