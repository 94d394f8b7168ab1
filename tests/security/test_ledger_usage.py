"""Programme F10: a person sees who has read their records; agencies see their entries; everybody the roots and proofs."""

import base64
import json
import uuid
from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lienthong.governance.credentials import password_hash
from lienthong.governance.ledger.merkle import consistent
from lienthong.store import owner
from tests.security import ledger_people
from tests.security.ledger_people import ROWS, everything, person, sealed
from tests.surface.small import ADMIN, AGENCY, KEEPER, PURPOSE, Client, World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(scope="module", autouse=True)
def people(world: World) -> None:
    ledger_people.people(world)


# --- F10: who has read my data -------------------------------------------------------------------------------------


def test_a_person_sees_exactly_the_accesses_to_their_own_record(world: World) -> None:
    for n in (7, 9, 7, 8):
        world.client(KEEPER).get(f"{ROWS}/C{n:03}")
    sealed(world)
    world.client(AGENCY).get(ROWS + "?days=7")
    number = world.owner("select _id from governed.cases where case_code = 'C007'")[0][0]
    expected = [e for e in everything(world) if e["dataset"] == "cases" and number in (e["keys"] or ())]
    assert len(expected) >= 3
    found = list[dict[str, Any]]()
    cursor: str | None = None
    while True:
        page = person(world, "concerned").get(
            "/api/v1/me/accesses", params={"limit": 7} | ({"cursor": cursor} if cursor else {})
        )
        assert page.status_code == 200, page.text
        found += page.json()["data"]
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert Counter(a["receipt"] for a in found) == Counter(e["receipt"] for e in expected)
    assert [a["at"] for a in found] == sorted((a["at"] for a in found), reverse=True)
    newest = found[0]
    assert newest["agency"]["id"] == "office" and newest["agency"]["name"]["vi"]
    assert (newest["action"], newest["dataset"], newest["agreement"], newest["legal_basis"]) == (
        "read",
        "cases",
        "A-1",
        "47/2020/NĐ-CP",
    )
    assert newest["purpose"] == PURPOSE and newest["sealed"] is False and found[-1]["sealed"] is True
    assert page.json()["records"] == 1


def test_a_person_sees_accesses_to_past_versions_of_their_record(world: World) -> None:
    with owner.connect(world.settings) as connection:
        columns = "case_code, person_name, illness, channel, received_on, days, firm_code, _run, _hash"
        connection.execute(
            f"insert into history.cases ({columns}, _from, _to, _id) select {columns}, '2020-01-01', '2021-01-01', 987654 from governed.cases where case_code = 'C011'".encode()
        )
        connection.execute(
            "update platform.person set identifiers = '{\"person_name\": \"Người thứ 11\"}' where username = 'nobody'"
        )
        connection.execute(
            "insert into platform.ledger (receipt, writer, sequence, subject, agency, dataset, fields, keys, purpose, surface, state) "
            "values (gen_random_uuid(), %s, 1, 'office', 'office', 'cases', '{days}', '{987654}', 'inspection', 'rest', '2020-06-01')",
            (uuid.uuid4(),),
        )
    answer = person(world, "nobody").get("/api/v1/me/accesses").json()
    assert answer["records"] == 2 and "inspection" in {a["purpose"] for a in answer["data"]}
    world.owner("update platform.person set identifiers = '{}' where username = 'nobody' returning 1")


def test_others_see_nothing_of_it(world: World) -> None:
    mine = {a["receipt"] for a in person(world, "another").get("/api/v1/me/accesses?limit=1000").json()["data"]}
    for name, found in (("nobody", set()), ("officer", set())):
        assert {a["receipt"] for a in person(world, name).get("/api/v1/me/accesses").json()["data"]} == found
    receipts = {a["receipt"] for a in person(world, "concerned").get("/api/v1/me/accesses?limit=1000").json()["data"]}
    number = world.owner("select _id from governed.cases where case_code = 'C009'")[0][0]
    both = {e["receipt"] for e in everything(world) if number in (e["keys"] or ())}
    assert mine == both and receipts - mine
    assert world.anonymous.get("/api/v1/me/accesses").status_code == 401
    assert world.client(AGENCY).get("/api/v1/me/accesses").status_code == 403


LOOK_UP = {"identifier": "person_name", "value": "Người thứ 7", "reason": "Đơn đề nghị số 15 ngày 02/11/2026"}


@pytest.mark.parametrize("name", ["concerned", "steward", "nobody"])
def test_only_the_officer_looks_up_others(world: World, name: str) -> None:
    assert person(world, name).post("/api/v1/accesses", json=LOOK_UP).status_code == 403
    assert world.client(AGENCY).post("/api/v1/accesses", json=LOOK_UP).status_code == 403
    assert world.client(ADMIN).post("/api/v1/accesses", json=LOOK_UP).status_code == 403
    assert world.anonymous.post("/api/v1/accesses", json=LOOK_UP).status_code == 401


def test_a_look_up_is_itself_on_record_and_seen_by_the_person(world: World) -> None:
    own = person(world, "concerned").get("/api/v1/me/accesses").json()["data"]
    answer = person(world, "officer").post("/api/v1/accesses", json=LOOK_UP)
    assert answer.status_code == 200, answer.text
    assert [a["receipt"] for a in answer.json()["data"]] == [a["receipt"] for a in own]
    newest = person(world, "concerned").get("/api/v1/me/accesses?limit=1").json()["data"][0]
    assert newest["action"] == "look_up" and newest["purpose"] == "data_subject_request"
    assert uuid.UUID(answer.headers["Lienthong-Receipt"]) == uuid.UUID(newest["receipt"])
    assert "Người thứ 7" not in json.dumps(everything(world), ensure_ascii=False)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"reason": "vì"}, "reason"),
        ({"identifier": "phone"}, "identifier"),
        ({"reason": "Về ông Người thứ 7, số 15"}, "reason"),
        ({"nmae": 1}, "nmae"),
    ],
)
def test_a_wrong_look_up_is_refused_with_its_place(world: World, change: dict[str, Any], place: str) -> None:
    before = len(everything(world))
    answer = person(world, "officer").post("/api/v1/accesses", json=LOOK_UP | change)
    assert answer.status_code == 422 and answer.json()["place"] == place
    assert len(everything(world)) == before


@pytest.mark.parametrize(
    ("path", "words"), [("/my-data", "Ai đã đọc dữ liệu của tôi"), ("/en/my-data", "Who has read my data")]
)
def test_the_page_shows_the_same_after_signing_in(world: World, path: str, words: str) -> None:
    answer = world.anonymous.get(path)
    assert (
        answer.status_code == 303 and "sign-in" in answer.headers["location"] and "next=" in answer.headers["location"]
    )
    with owner.connect(world.settings) as connection:
        connection.execute(
            "update platform.person set password_hash = %s where username = 'concerned'",
            (password_hash("a long password 7"),),
        )
    world.client(AGENCY).get(f"{ROWS}/C007")
    visitor = Client(world.app, world.portal)
    entered = visitor.post(
        "/sign-in",
        data={"username": "concerned", "password": "a long password 7", "next": path},
        headers={"Origin": "http://world"},
    )
    assert entered.status_code == 303, entered.text
    page = visitor.get(path)
    assert page.status_code == 200 and words in page.text, page.text[:500]
    newest = person(world, "concerned").get("/api/v1/me/accesses?limit=1").json()["data"][0]
    assert newest["receipt"].replace("-", "")[:12] in page.text
    assert newest["agency"]["name"]["en" if path.startswith("/en") else "vi"] in page.text
    assert newest["legal_basis"] in page.text


# --- the ledger for agencies, roots and proofs for everybody -------------------------------------------------------


def test_each_side_sees_its_entries(world: World) -> None:
    def seen(client: Client, **params: str) -> list[dict[str, Any]]:
        answer = client.get("/api/v1/ledger", params={"limit": "1000", **params})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    world.client(AGENCY).get("/api/v1/datasets/cases/rows?limit=1")
    world.client(KEEPER).get("/api/v1/datasets/firms/rows?limit=1&fields=firm_code,owner_name")
    office = seen(world.client(AGENCY))
    assert office and all(e["agency"] == "office" or e["dataset"] in ("firms", "permits", "places") for e in office)
    provider = seen(person(world, "steward"))
    assert {e["agency"] for e in provider if e["dataset"] == "cases"} >= {"office", "registry_office"}
    assert len(seen(person(world, "officer"))) == min(1000, len(everything(world))) == len(seen(world.client(ADMIN)))
    assert {e["dataset"] for e in seen(person(world, "officer"), dataset="firms")} == {"firms"}
    assert {e["purpose"] for e in seen(person(world, "officer"), purpose=PURPOSE)} == {PURPOSE}
    assert seen(person(world, "officer"), to="2020-01-01") == []
    assert person(world, "nobody").get("/api/v1/ledger").status_code == 403
    assert world.anonymous.get("/api/v1/ledger").status_code == 401
    assert world.client(AGENCY).get("/api/v1/ledger?from=yesterday").status_code == 400
    assert world.client(AGENCY).get("/api/v1/ledger?cursor=abc").status_code == 400


def test_pages_hold_every_entry_once_while_sealing_goes_on(world: World) -> None:
    for _ in range(10):
        world.client(AGENCY).get(ROWS + "?limit=1")
    found, cursor = list[tuple[str, str]](), None
    expected = len(everything(world))
    while True:
        answer = (
            person(world, "officer")
            .get("/api/v1/ledger", params={"limit": 60} | ({"cursor": cursor} if cursor else {}))
            .json()
        )
        found += [(e["receipt"], e["dataset"]) for e in answer["data"]]
        cursor = answer["next"]
        sealed(world)
        if not cursor:
            break
    assert len(found) == len(set(found)) == expected


def decoded(text: str) -> bytes:
    return base64.b64decode(text)


def test_a_receipt_is_proven_by_hand(world: World) -> None:
    """What an outsider does with the answer: twenty lines, no code of the platform."""
    answer = world.client(AGENCY).get(ROWS + "?limit=2")
    receipt = answer.headers["Lienthong-Receipt"]
    assert world.client(AGENCY).get(f"/api/v1/ledger/proofs/{receipt}").status_code == 503
    sealed(world)
    proof = world.client(AGENCY).get(f"/api/v1/ledger/proofs/{receipt}").json()
    origin, size, root, *_ = proof["note"].split("\n")
    name, id_, key = proof["key"].split("+", 2)
    signed, _, signatures = proof["note"].partition("\n\n")
    signature = decoded(signatures.strip().split(" ")[2])
    assert signature[:4].hex() == id_ and signature[:4] == sha256(name.encode() + b"\n" + decoded(key)).digest()[:4]
    Ed25519PublicKey.from_public_bytes(decoded(key)[1:]).verify(signature[4:], signed.encode() + b"\n")
    (entry,) = proof["entries"]
    assert json.loads(entry["line"])["receipt"] == str(uuid.UUID(receipt))
    found = sha256(b"\0" + entry["line"].encode()).digest()
    number, last = entry["number"], int(size) - 1
    for step in map(decoded, entry["path"]):
        if number % 2 or number == last:
            found = sha256(b"\1" + step + found).digest()
            while not number % 2 and number:
                number, last = number // 2, last // 2
        else:
            found = sha256(b"\1" + found + step).digest()
        number, last = number // 2, last // 2
    assert found == decoded(root) and last == 0


def test_only_those_concerned_get_a_proof(world: World) -> None:
    receipt = world.client(AGENCY).get(ROWS + "?limit=1").headers["Lienthong-Receipt"]
    sealed(world)
    address = f"/api/v1/ledger/proofs/{receipt}"
    for client in (world.client(AGENCY), world.client(KEEPER), person(world, "officer"), world.client(ADMIN)):
        assert client.get(address).status_code == 200
    assert person(world, "nobody").get(address).status_code == 404
    assert world.client(AGENCY).get(f"/api/v1/ledger/proofs/{uuid.uuid4().hex}").status_code == 404
    assert world.client(AGENCY).get("/api/v1/ledger/proofs/nonsense").status_code == 404
    assert world.anonymous.get(address).status_code == 401


def test_roots_are_public_and_grow(world: World) -> None:
    sealed(world)
    newest = world.anonymous.get("/.well-known/lienthong/ledger")
    assert newest.status_code == 200 and newest.json()["note"].startswith(newest.json()["origin"])
    listed = list[dict[str, Any]]()
    after: int | None = 0
    while after is not None:
        page = world.anonymous.get(f"/api/v1/ledger/checkpoints?limit=5&after={after}").json()
        listed, after = listed + page["data"], page["next"]
    assert listed[-1]["note"] == newest.json()["note"] and len(listed) > 3
    grown = world.anonymous.get(f"/api/v1/ledger/growth?old={listed[0]['size']}&new={listed[-1]['size']}").json()
    old, new = grown["old"], grown["new"]
    assert consistent(
        old["size"], new["size"], decoded(old["root"]), decoded(new["root"]), [decoded(s) for s in grown["path"]]
    )
    assert world.anonymous.get("/api/v1/ledger/growth?old=1&new=999999999").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "checkpoints?after=99999999999999999999", "checkpoints?after=-1", "checkpoints?limit=0", "growth?old=0&new=1", "growth?old=2&new=1",
        "growth?old=1", "?limit=5000", "?from=0001-01-01T00:00:00%2B14:00x", "?to=%00", "?purpsoe=x", "?from=0001-01-01T00:00:00%2B14:00", "?to=9999-12-31T23:59:59-14:00", "?limit=1&limit=2", "?cursor=WzEsMiwzXQ",
        "?cursor=" + base64.urlsafe_b64encode(json.dumps(["2026-01-01T00:00:00+00:00", "0" * 32, 2**70]).encode()).decode().rstrip("="),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused(world: World, query: str) -> None:
    answer = person(world, "officer").get("/api/v1/ledger" + ("" if query.startswith("?") else "/") + query)
    assert answer.status_code == 400 and answer.json()["code"] == "BAD_USER_INPUT", answer.text


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "", "x" * 101, 7, None])
def test_a_hostile_identifier_is_refused(world: World, value: Any) -> None:
    body = json.dumps(LOOK_UP | {"value": value}).encode()
    answer = person(world, "officer").post(
        "/api/v1/accesses", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422) and answer.json()["place"] in ("value", "body"), answer.text


def test_days_and_moments_are_understood(world: World) -> None:
    for query in ("from=2026-11-22&to=2026-11-23", "from=2026-11-22T08:00:00%2B07:00", "to=2026-11-22T08:00"):
        assert person(world, "officer").get("/api/v1/ledger?limit=1&" + query).status_code == 200, query
