"""Two sides and a stranger in the small world: a tax office that asks, the registry office that answers."""

import time
from datetime import timedelta
from typing import Any

import httpx

from lienthong.governance.agreements import duty
from lienthong.kernel.clock import today
from lienthong.store import owner, roles
from tests.surface import people
from tests.surface.small import ADMIN, World

CONSUMER, STRANGER, PROVIDER = "tax_office", "stranger_office", "registry_office"
WHO = {  # name -> role, agency
    "tax_developer": ("developer", CONSUMER),
    "tax_analyst": ("analyst", CONSUMER),
    "registry_steward": ("steward", PROVIDER),
    "registry_publisher": ("publisher", PROVIDER),
    "registry_developer": ("developer", PROVIDER),
    "registry_officer": ("data_protection_officer", PROVIDER),
    "strange_steward": ("steward", STRANGER),
    "office_steward": ("steward", "office"),
}
FIELDS = ["case_code", "person_name", "channel", "days"]
Json = dict[str, Any]


class Parties:
    """Their tokens, and the steps they take over the API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: dict[str, str | None] = {"anonymous": None, "administrator": ADMIN}
        with owner.connect(world.settings) as connection:
            for agency in (CONSUMER, STRANGER):
                connection.execute(
                    "insert into platform.agency (id, name_vi, name_en) values (%s, 'Thuế tỉnh', 'Tax office') "
                    "on conflict do nothing",
                    (agency,),
                )
                roles.ensure_agency(connection, agency)
        for name, (role, agency) in WHO.items():
            if not people.ask(world, "select 1 from platform.person where username = %s", name):
                people.person(world, name, role, agency)
            self.tokens[name] = people.token(world, name)
        for agency in (CONSUMER, PROVIDER, STRANGER):
            self.tokens[f"{agency}_program"] = self.program(agency, None)
        self.tokens["tax_reader"] = people.token(world, "tax_developer", ["read:*"])
        self.keep()

    def program(self, agency: str, scopes: list[str] | None) -> str:
        """A token of an agency."""
        name = f"program-of-{agency}-{scopes}"
        people.ask(
            self.world,
            "insert into platform.token (id, sha256, label, agency_id, created_at, scopes) values "
            "(gen_random_uuid(), encode(sha256(%s::bytea), 'hex'), 'test', %s, now(), %s) on conflict do nothing "
            "returning 1",
            name, agency, scopes,
        )  # fmt: skip
        return name

    def get(self, who: str, path: str = "", **options: Any) -> httpx.Response:
        """Look at agreements."""
        return self.world.client(self.tokens[who]).get(f"/api/v1/agreements{path}", **options)

    def act(self, who: str, id: str, action: str, /, headers: Json | None = None, **body: Any) -> httpx.Response:
        """Take a step."""
        client = self.world.client(self.tokens[who])
        return client.post(f"/api/v1/agreements/{id}/{action}", json=body, headers=headers)

    def ask(self, who: str = "tax_developer", **changes: Any) -> httpx.Response:
        """Ask for the cases, or for what `changes` say; None leaves a member out."""
        body = asked() | changes
        given = {name: value for name, value in body.items() if value is not None}
        return self.world.client(self.tokens[who]).post("/api/v1/agreements", json=given)

    def asked(self, **changes: Any) -> str:
        """The number of a new request."""
        answer = self.ask(**changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def keep(self) -> int:
        """The keeper's next round."""
        with owner.connect(self.world.settings) as connection:
            return duty.apply_rights(self.world.settings, self.world.registry, connection)

    def active(self, **changes: Any) -> str:
        """The number of an agreement that is in force."""
        id = self.asked(**changes)
        assert self.act("registry_steward", id, "sign").status_code == 200
        self.keep()
        assert self.state(id) == "active"
        return id

    def state(self, id: str) -> str:
        """The state as the administrator sees it."""
        return str(self.get("administrator", f"/{id}").json()["state"])

    def rows(self, who: str = "tax_office_program", dataset: str = "cases", **options: Any) -> httpx.Response:
        """Read rows under an agreement."""
        headers = {"Lienthong-Purpose": "social_insurance"} | options.pop("headers", {})
        return self.world.client(self.tokens[who]).get(
            f"/api/v1/datasets/{dataset}/rows", headers=headers, params={"fields": "case_code,channel"} | options
        )

    def settle(self) -> None:
        """Wait as long as a process may remember who somebody was."""
        time.sleep(1.02)

    def clear(self) -> None:
        """Whatever its state, everything of these sides ends, and its rights go."""
        people.ask(
            self.world,
            "update platform.agreement set state = 'revoked' where consumer = any(%s) returning 1",
            [CONSUMER, STRANGER],
        )
        self.keep()


def asked() -> Json:
    """A right request."""
    return {
        "dataset": "cases",
        "fields": FIELDS,
        "where": {"channel": {"eq": "online"}},
        "purpose": "social_insurance",
        "legal_basis": "47/2020/NĐ-CP; 38/2019/QH14 Điều 14",
        "quota": 5000,
        "expires": str(today() + timedelta(days=400)),
        "application": "Hệ thống đối chiếu bảo hiểm",
        "frequency": "mỗi ngày một lần",
        "note": "Đề nghị chia sẻ",
    }
