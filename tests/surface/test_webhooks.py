"""Webhooks: signed, in order, at least once, with the rights that hold when they are sent."""

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lienthong.access.webhooks import Sealed
from lienthong.app.delivering import Delivering
from lienthong.feed.courier import Courier
from lienthong.feed.signing import verified
from lienthong.governance.credentials import token_hash
from lienthong.kernel import egress
from lienthong.kernel.clock import now
from lienthong.kernel.settings import Settings
from lienthong.store import owner
from tests.surface.deliveries import deliver
from tests.surface.receiver import Receiver, receiving
from tests.surface.small import ADMIN, AGENCY, KEEPER, World, cases, running, services

HOOKS = "/api/v1/webhooks"
INSURANCE = "social_insurance"
SLOW = 60.0  # seconds that nobody waits for


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIENTHONG_WEBHOOK_ALLOW", "127.0.0.1")
        with running(tmp_path_factory.mktemp("webhooks")) as found:
            deliver(found, "cases", cases())
            yield found


@pytest.fixture(scope="module")
def duty(world: World) -> Delivering:
    """The keeper's duty, which hands over to a courier in this process."""

    class Here(Delivering):
        def courier(self, settings: Settings) -> Courier:
            return Courier(*services(settings, world.registry))

    return Here()


@pytest.fixture
def receiver(world: World) -> Iterator[Receiver]:
    with receiving() as found:
        yield found
    with owner.connect(world.settings) as connection:
        connection.execute("update platform.webhook set active = false, deleted_at = now()")


def made(world: World, receiver: Receiver, token: str = AGENCY, **given: Any) -> dict[str, Any]:
    """A new webhook of the office, which has an agreement about cases."""
    body = {"url": receiver.url, "dataset": "cases", "purpose": INSURANCE} | given
    answer = world.client(token).post(HOOKS, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found["data"] | {"secret": found["secret"]}


def change(world: World, code: str, **changes: Any) -> None:
    """One case that the agreement shows changes."""
    row = next(r for r in cases() if r["case_code"] == "C001") | {"case_code": code, "channel": "online"}
    deliver(world, "cases", [row | changes], upsert=True)


def deliver_until(world: World, duty: Delivering, condition: Callable[[], object], seconds: float = 120) -> None:
    """The keeper at work until something has happened."""
    deadline = time.monotonic() + seconds
    with owner.connect(world.settings) as connection:
        while not condition():
            assert time.monotonic() < deadline
            began = time.monotonic()
            duty(world.settings, world.registry, connection)
            assert time.monotonic() - began < SLOW / 2, "the keeper never waits for a receiver"
            time.sleep(0.1)


def soon(world: World, hook: dict[str, Any], attempts: int) -> bool:
    """After so many attempts, do not wait until the next."""
    with owner.connect(world.settings) as connection:
        connection.execute(
            "update platform.webhook set next_at = now() where id = %s and attempts = %s and claimed_until is null",
            (hook["id"], attempts),
        )
    return False


def noted(world: World, hook: dict[str, Any], attempts: int) -> None:
    """Wait until the attempt that was made is on record; no other is begun."""
    deadline = time.monotonic() + 60
    while state(world, hook)["attempts"] != attempts:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def state(world: World, hook: dict[str, Any]) -> dict[str, Any]:
    """The webhook as its owner sees it."""
    found: dict[str, Any] = world.client(AGENCY).get(f"{HOOKS}/{hook['id']}").json()["data"]
    return found


def test_a_change_is_told_signed(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    change(world, "S1")
    deliver_until(world, duty, lambda: receiver.got)
    headers, body = receiver.got[0]
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    by_secret, by_key = headers["webhook-signature"].split(" ")
    assert by_secret == f"v1,{mac}"
    assert by_key.startswith("v1a,")
    for key in (hook["secret"], hook["public_key"]):
        assert verified(key, headers, body, int(time.time())), key
        assert not verified(key, headers, body + b" ", int(time.time())), key
        assert not verified(key, headers, body, int(time.time()) + 900), key
    assert not verified(Sealed.new().public or "", headers, body, int(time.time()))
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 30
    (told,) = receiver.told
    assert (told["type"], told["dataset"], told["count"]) == ("changes", "cases", 1)
    assert "data" not in told
    purpose = {"Lienthong-Purpose": INSURANCE}
    feed = world.client(AGENCY).get(f"/api/v1/datasets/cases/changes?since={told['since']}", headers=purpose).json()
    assert [c["key"] for c in feed["data"]] == [["S1"]], "the cursor is one of the feed"
    assert feed["page"]["next"] == told["next"]


def test_rows_are_told_when_asked_for_and_are_on_record(world: World, duty: Delivering, receiver: Receiver) -> None:
    made(world, receiver, payload="rows")
    change(world, "R1", days=7)
    deliver_until(world, duty, lambda: receiver.got)
    (change_told,) = receiver.told[0]["data"]
    assert change_told["op"] == "insert"
    assert change_told["row"]["days"] == 7
    assert set(change_told["row"]) == {"case_code", "person_name", "channel", "days"}
    with owner.connect(world.settings) as connection:
        rows = connection.execute(
            "select rows, agreement from platform.ledger where surface = 'webhook' and dataset = 'cases'"
        ).fetchall()
    assert rows == [(1, "A-1")]


def test_what_the_agency_may_not_see_is_not_told(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    start = state(world, hook)["cursor"]
    change(world, "H1", channel="counter")
    deliver_until(world, duty, lambda: state(world, hook)["cursor"] != start)
    assert not receiver.got
    change(world, "H2")
    deliver_until(world, duty, lambda: receiver.got)
    assert [t["count"] for t in receiver.told] == [1]


def test_a_failure_is_tried_again_in_order(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    receiver.answers += [500, 503, 302]
    receiver.location = receiver.url
    change(world, "O1")
    for attempt in range(1, 4):
        deliver_until(world, duty, lambda n=attempt: len(receiver.got) == n or soon(world, hook, n - 1))  # type: ignore[misc]
        noted(world, hook, attempt)
    assert len(set(receiver.ids)) == 1, "the same message has the same id"
    deliver_until(world, duty, lambda: len(receiver.got) == 4 or soon(world, hook, 3))
    change(world, "O2")

    def log() -> list[tuple[int, int]]:
        told = world.client(AGENCY).get(f"{HOOKS}/{hook['id']}/deliveries").json()["data"]
        return [(m["attempts"], m["status"]) for m in told]

    deliver_until(world, duty, lambda: len(log()) == 2)  # noted after the receiver has answered
    counts = [t["count"] for t in receiver.told]
    assert counts == [1] * 5
    assert receiver.told[4]["since"] == receiver.told[3]["next"], "in order, nothing between"
    assert state(world, hook)["attempts"] == 0
    assert log() == [(1, 204), (4, 204)]


def test_attempts_get_rarer(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    receiver.answers += [500] * 9
    change(world, "B1")
    pauses = []
    for attempt in range(1, 7):
        began = time.monotonic()
        deliver_until(world, duty, lambda n=attempt: state(world, hook)["attempts"] == n or soon(world, hook, n - 1))  # type: ignore[misc]
        with owner.connect(world.settings) as connection:
            row = connection.execute(
                "select extract(epoch from next_at - now()) from platform.webhook where id = %s", (hook["id"],)
            ).fetchone()
        assert row
        pauses.append((float(row[0]), time.monotonic() - began))
    for n, (pause, since) in enumerate(pauses):
        assert pause <= 2**n * 1.5 and pause + since >= 2**n * 0.5, pauses


def test_a_slow_receiver_stops_nobody(
    world: World, duty: Delivering, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.slow = SLOW
    monkeypatch.setattr(egress, "TOTAL_SECONDS", SLOW)
    made(world, receiver)
    with receiving() as quick:
        made(world, quick)
        change(world, "Q1")
        began = time.monotonic()
        deliver_until(world, duty, lambda: quick.got)
        assert time.monotonic() - began < SLOW / 2


def test_who_fails_for_days_or_is_gone_is_ended_with_a_reason(
    world: World, duty: Delivering, receiver: Receiver
) -> None:
    gone, failing = made(world, receiver), made(world, receiver)
    with owner.connect(world.settings) as connection:
        connection.execute(
            "update platform.webhook set active = (id = %s), failing_since = now() - interval '4 days' where id in (%s, %s)",
            (failing["id"], gone["id"], failing["id"]),
        )
    receiver.answers += [500]
    change(world, "D1")
    deliver_until(world, duty, lambda: not state(world, failing)["active"])
    assert "HTTP 500" in state(world, failing)["reason"]["detail"]["en"]
    with owner.connect(world.settings) as connection:
        connection.execute("update platform.webhook set active = true where id = %s", (gone["id"],))
    receiver.answers += [410]
    deliver_until(world, duty, lambda: not state(world, gone)["active"])
    assert "410" in state(world, gone)["reason"]["detail"]["en"]


def test_a_revoked_agreement_stops_it(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver, payload="rows")
    with owner.connect(world.settings) as connection:
        connection.execute("update platform.agreement set state = 'revoked' where id = 'A-1'")
        try:
            change(world, "V1")
            deliver_until(world, duty, lambda: not state(world, hook)["active"])
        finally:
            connection.execute("update platform.agreement set state = 'active' where id = 'A-1'")
    assert state(world, hook)["reason"]["code"] == "FORBIDDEN"
    assert not receiver.got
    time.sleep(1.1)  # who may what is kept for a second


def test_replay_sends_everything_since_a_cursor_again(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver, payload="rows")
    change(world, "P1")
    change(world, "P2")
    deliver_until(world, duty, lambda: sum(t["count"] for t in receiver.told) == 2)
    first = receiver.told[0]["since"]
    again = world.client(AGENCY).post(f"{HOOKS}/{hook['id']}/replay", json={"since": first})
    assert again.status_code == 200, again.text
    deliver_until(world, duty, lambda: sum(t["count"] for t in receiver.told) == 4)
    assert world.client(AGENCY).post(f"{HOOKS}/{hook['id']}/replay", json={"since": "begin"}).status_code == 200
    seen: set[str] = set()
    start = len(receiver.got)
    deliver_until(world, duty, lambda: seen.update(c["key"][0] for t in receiver.told[start:] for c in t["data"]) or {"P1", "P2", "C001"} <= seen)  # fmt: skip
    assert world.client(AGENCY).post(f"{HOOKS}/{hook['id']}/replay", json={"since": "x"}).status_code == 400


def test_replay_counts_while_a_message_is_on_its_way(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    receiver.slow = 2.0
    change(world, "W1")
    deliver_until(world, duty, lambda: receiver.got)
    replay = {"since": receiver.told[0]["since"]}
    assert world.client(AGENCY).post(f"{HOOKS}/{hook['id']}/replay", json=replay).status_code == 200
    receiver.slow = 0.0
    deliver_until(world, duty, lambda: len(receiver.got) == 2)
    assert receiver.told[1]["since"] == receiver.told[0]["since"]


def test_what_a_dead_courier_had_begun_is_taken_up(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    change(world, "X1")
    with owner.connect(world.settings) as connection:
        connection.execute("update platform.webhook set claimed_until = now() + interval '1 hour'")
        assert duty(world.settings, world.registry, connection) == 0
        connection.execute("update platform.webhook set claimed_until = now()")
    deliver_until(world, duty, lambda: receiver.got)
    assert state(world, hook)["active"]


def test_a_deleted_one_is_silent(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    assert world.client(AGENCY).request("DELETE", f"{HOOKS}/{hook['id']}").status_code == 200
    change(world, "L1")
    with owner.connect(world.settings) as connection:
        assert duty(world.settings, world.registry, connection) == 0
    assert world.client(AGENCY).get(f"{HOOKS}/{hook['id']}").status_code == 404


def test_the_secret_is_told_once_and_sealed(world: World, receiver: Receiver) -> None:
    hook = made(world, receiver)
    assert hook["secret"] not in world.client(AGENCY).get(HOOKS).text
    with owner.connect(world.settings) as connection:
        kept = connection.execute("select to_jsonb(w)::text from platform.webhook w where id = %s", (hook["id"],))
        assert hook["secret"].removeprefix("whsec_") not in str(kept.fetchone())


def test_secrets_are_rotated_and_the_old_one_holds_for_a_day(
    world: World, duty: Delivering, receiver: Receiver
) -> None:
    hook = made(world, receiver)
    answer = world.client(AGENCY).post(f"{HOOKS}/{hook['id']}/secret")
    assert answer.status_code == 200, answer.text
    new = answer.json()
    assert new["secret"] != hook["secret"]
    assert new["data"]["public_key"] != hook["public_key"]
    change(world, "T1")
    deliver_until(world, duty, lambda: receiver.got)
    headers, body = receiver.got[0]
    for key in (new["secret"], new["data"]["public_key"], hook["secret"]):
        assert verified(key, headers, body, int(time.time())), key
    assert not verified(hook["public_key"], headers, body, int(time.time()))
    assert world.client(KEEPER).post(f"{HOOKS}/{hook['id']}/secret").status_code == 404
    late = replace(Sealed.new(), old=hook["secret"], old_until=now() - timedelta(seconds=1))
    assert hook["secret"] not in late.secrets


def test_a_webhook_of_before_signs_by_its_secret(world: World, duty: Delivering, receiver: Receiver) -> None:
    hook = made(world, receiver)
    kept = services(world.settings, world.registry)[0].directory.identity.box.seal(
        "webhook", {"secret": hook["secret"]}
    )
    with owner.connect(world.settings) as connection:
        connection.execute("update platform.webhook set secret = %s where id = %s", (kept, hook["id"]))
    assert state(world, hook)["public_key"] is None
    change(world, "T2")
    deliver_until(world, duty, lambda: receiver.got)
    headers, body = receiver.got[0]
    assert headers["webhook-signature"].count(",") == 1
    assert verified(hook["secret"], headers, body, int(time.time()))


def test_who_may_have_webhooks(world: World, receiver: Receiver) -> None:
    body = {"url": receiver.url, "dataset": "cases", "purpose": INSURANCE}
    tokens = {"t-reads": ["read:*"], "t-sends": ["webhooks"], "t-hooks": ["webhooks", "read:cases"]}
    with owner.connect(world.settings) as connection:
        for token, scopes in tokens.items():
            connection.execute(
                "insert into platform.token (id, sha256, label, agency_id, created_at, scopes) "
                "values (%s, %s, '', 'office', now(), %s)",
                (uuid.uuid4(), token_hash(token), scopes),
            )
    for token, status in ((None, 401), ("t-reads", 403), ("t-sends", 403), (ADMIN, 403), ("t-hooks", 201)):
        assert world.client(token).post(HOOKS, json=body).status_code == status, token
    hook = made(world, receiver)
    for method, path in (("GET", ""), ("GET", "/deliveries"), ("POST", "/replay"), ("DELETE", "")):
        given = {"json": {"since": "now"}} if method == "POST" else {}
        answer = world.client(KEEPER).request(method, f"{HOOKS}/{hook['id']}{path}", **given)
        assert answer.status_code == 404, (method, path)


@pytest.mark.parametrize(
    ("given", "status", "place"),
    [
        ({"dataset": "nothing"}, 404, None),
        ({"purpose": None}, 201, None),
        ({"purpose": "curiosity"}, 400, "Lienthong-Purpose"),
        ({"since": "yesterday"}, 400, "since"),
        ({"payload": "all"}, 422, "payload"),
        ({"owner": "x"}, 422, "owner"),
        ({"secret": "x"}, 422, "secret"),
        ({"active": False}, 422, "active"),
        ({"url": "http://10.0.0.1/"}, 422, "url"),
        ({"url": "ftp://127.0.0.1/"}, 422, "url"),
    ],
)
def test_wrong_orders_are_refused(
    world: World, receiver: Receiver, given: dict[str, Any], status: int, place: str | None
) -> None:
    body = {"url": receiver.url, "dataset": "cases", "purpose": INSURANCE} | given
    answer = world.client(AGENCY).post(HOOKS, json=body)
    assert answer.status_code == status, answer.text
    assert place is None or answer.json()["place"] == place
