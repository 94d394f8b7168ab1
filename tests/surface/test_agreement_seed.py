"""Agreements that come with definitions: in force at the first start, without a keeper, and left as people made them."""

from collections.abc import Iterator
from typing import Any

import pytest

from lienthong.app import people as demo
from lienthong.kernel.problem import Invalid, NotFound
from tests.surface import people
from tests.surface.sharing import CONSUMER, Parties
from tests.surface.small import World

GIVEN = {
    "id": "TT-DEMO-1",
    "provider": "registry_office",
    "consumer": CONSUMER,
    "dataset": "cases",
    "fields": ["case_code", "channel"],
    "where": {"channel": {"eq": "online"}},
    "purpose": "social_insurance",
    "legalBasis": "47/2020/NĐ-CP",
    "quota": 100,
    "validFrom": "2026-01-01",
    "expires": "2099-12-31",
}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module")
def parties(world: World) -> Iterator[Parties]:
    found = Parties(world)
    yield found
    found.clear()


def seed(parties: Parties, **changes: Any) -> None:
    demo.seed(parties.world.settings, parties.world.registry, {"agreements": [GIVEN | changes]})


def history(parties: Parties) -> list[str]:
    return [event["what"] for event in parties.get("administrator", "/TT-DEMO-1").json()["history"]]


def test_a_seeded_agreement_is_in_force_at_once_with_its_history(parties: Parties) -> None:
    seed(parties)
    assert parties.state("TT-DEMO-1") == "active"
    assert history(parties) == ["request", "review", "sign", "activate"]
    parties.settle()
    rows = parties.rows(fields="case_code,channel").json()["data"]
    assert rows and {row["channel"] for row in rows} == {"online"}

    seed(parties)  # every start
    assert history(parties) == ["request", "review", "sign", "activate"]
    seed(parties, fields=["case_code", "channel", "days"])
    assert history(parties)[-1] == "change"
    parties.settle()
    assert parties.rows(fields="days").status_code == 200

    told = parties.act("registry_steward", "TT-DEMO-1", "suspend", reason="security", note="nghi lộ mã")
    assert told.json()["state"] == "suspended"
    seed(parties)
    assert parties.state("TT-DEMO-1") == "suspended"  # a start opens nothing that people have closed
    parties.act("registry_steward", "TT-DEMO-1", "revoke", reason="authority", note="x")
    seed(parties)
    assert parties.state("TT-DEMO-1") == "revoked"
    parties.settle()
    assert parties.rows(fields="case_code").status_code == 403


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"dataset": "casess"}, NotFound), ({"fields": ["nam"]}, Invalid), ({"purpose": "fun"}, Invalid)],
)
def test_a_wrong_definition_stops_the_start(parties: Parties, change: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        seed(parties, id="TT-DEMO-2", **change)
    assert not people.ask(parties.world, "select 1 from platform.agreement where id = 'TT-DEMO-2'")
