"""Programme G01, G02, G08, G09, G10, F10: every access is on record, seen by whom it concerns, and by nobody else."""

import base64
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg import errors, sql
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.governance.credentials import token_hash
from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.export import of_database
from lienthong.governance.ledger.seal import SealWatch, seal
from lienthong.governance.ledger.verify import anchors_in, verify
from lienthong.kernel.problem import Unavailable
from lienthong.store import owner
from tests.surface.small import ADMIN, AGENCY, KEEPER, PURPOSE, Client, World

PEOPLE = {
    "concerned": ("analyst", None, {"person_name": "Người thứ 7"}),
    "another": ("analyst", None, {"person_name": "Người thứ 9"}),
    "nobody": ("analyst", None, {}),
    "officer": ("data_protection_officer", None, {}),
    "steward": ("steward", "registry_office", {}),
}
ROWS = "/api/v1/datasets/cases/rows"


@pytest.fixture(scope="module", autouse=True)
def people(world: World) -> None:
    with owner.connect(world.settings) as connection:
        for name, (role, agency, identifiers) in PEOPLE.items():
            connection.execute(
                "insert into platform.person (username, name, role, agency_id, identifiers) values (%s, %s, %s, %s, %s) on conflict do nothing",
                (name, name, role, agency, json.dumps(identifiers)),
            )
            connection.execute(
                "insert into platform.token (id, sha256, label, username, created_at) values (%s, %s, '', %s, now()) on conflict do nothing",
                (uuid.uuid4(), token_hash("token-of-" + name), name),
            )


def person(world: World, name: str) -> Client:
    return world.client("token-of-" + name)


def sealed(world: World) -> int:
    with owner.connect(world.settings) as connection:
        return seal(world.settings, world.registry, connection)


def everything(world: World) -> list[dict[str, Any]]:
    """Every entry, sealed or not, of reads."""
    columns = "receipt, subject, agency, dataset, fields, keys, rows, purpose, surface, state, context, condition, writer, sequence"
    query = f"select to_jsonb(e) from (select {columns} from platform.ledger union all select {columns} from platform.ledger_log where kind = 'read') e"
    return [row[0] for row in world.owner(query)]


# --- G01: completeness ---------------------------------------------------------------------------------------------

Access = Callable[[World, str], httpx.Response]


def get(url: str, **options: Any) -> Access:
    return lambda world, token: world.client(token).get(url, **options)


def post(url: str, **options: Any) -> Access:
    return lambda world, token: world.client(token).post(url, **options)


ACCESSES: dict[str, Access] = {
    "rest rows": get(ROWS + "?limit=3"),
    "rest one": get(ROWS + "/C007"),
    "rest filtered": get(ROWS + "?channel=online&days__gte=5&fields=case_code,days"),
    "rest csv": get(ROWS + ".csv"),
    "rest ndjson": get(ROWS, headers={"Accept": "application/x-ndjson"}),
    "graphql": post("/graphql", json={"query": "{ cases(first: 5) { nodes { caseCode personName } } }"}),
    "graphql twice": post("/graphql", json={"query": "{ a: cases(first: 2) { nodes { caseCode } } b: cases(first: 3) { nodes { days } } }"}),
    "ckan": get("/api/3/action/datastore_search?resource_id=cases&limit=4"),
}


def test_every_access_on_every_surface_is_on_record_once(world: World) -> None:
    accesses = ACCESSES
    draw = random.Random(5)
    before = {(e["writer"], e["sequence"]) for e in everything(world)}
    asked = Counter[tuple[str, str]]()
    receipts = []
    for n in range(300):
        name = draw.choice(sorted(accesses))
        token, subject = draw.choice(((AGENCY, "office"), (KEEPER, "registry_office")))
        answer = accesses[name](world, token)
        assert answer.status_code == 200, (name, answer.text)
        asked[subject, name.partition(" ")[0]] += 1
        if "lienthong-receipt" in answer.headers:
            receipts.append(uuid.UUID(answer.headers["lienthong-receipt"]))
        if n % 100 == 50:
            sealed(world)
    entries = [e for e in everything(world) if (e["writer"], e["sequence"]) not in before]
    assert {e["dataset"] for e in entries} == {"cases"}
    by_receipt = {e["receipt"]: e for e in entries}
    found = Counter((e["subject"], e["surface"]) for e in by_receipt.values())
    assert sum(found.values()) == sum(asked.values()) == 300
    assert {s for s, _ in found} == {s for s, _ in asked}
    assert Counter(s for s, _ in found.elements()) == Counter(s for s, _ in asked.elements())
    assert receipts and {str(r) for r in receipts} <= set(by_receipt)
    numbered: dict[str, list[int]] = {}
    for entry in everything(world):
        numbered.setdefault(entry["writer"], []).append(entry["sequence"])
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in numbered.values())


def test_an_entry_says_what_was_read(world: World) -> None:
    headers = {"X-Road-Client": "VN/GOV/1234/tax", "X-Road-Id": "q-17", "X-Road-UserId": "VN01"}
    answer = world.client(AGENCY).get(ROWS + "?days__gte=7&channel=online&fields=case_code,person_name&limit=2", headers=headers)
    receipt = uuid.UUID(answer.headers["Lienthong-Receipt"])
    (entry,) = [e for e in everything(world) if e["receipt"] == str(receipt)]
    assert (entry["subject"], entry["agency"], entry["purpose"], entry["surface"]) == ("office", "office", PURPOSE, "rest")
    assert set(entry["fields"]) >= {"case_code", "person_name"} and "illness" not in entry["fields"]
    assert entry["rows"] == 2 and len(entry["keys"]) == 2
    assert entry["context"] == headers
    numbers = {r[0] for r in world.owner("select _id from governed.cases where case_code = any(%s)", [row["case_code"] for row in answer.json()["data"]])}
    assert set(entry["keys"]) == numbers


def test_open_data_leaves_no_entry(world: World) -> None:
    before = len(everything(world))
    for address in ("/api/v1/datasets/permits/rows?limit=1", "/ogc/collections/firms/items?limit=1"):
        assert world.anonymous.get(address).status_code == 200
    assert len(everything(world)) == before


# --- G02, G09: no entry, no rows -----------------------------------------------------------------------------------


def refused(world: World) -> None:
    for name, ask in ACCESSES.items():
        answer = ask(world, AGENCY)
        assert answer.status_code == 503 or (name.startswith("graphql") and '"UNAVAILABLE"' in answer.text), (name, answer.text)
        assert "Người thứ" not in answer.text, name


def test_without_the_right_to_record_nothing_is_read(world: World) -> None:
    with owner.connect(world.settings) as connection:
        connection.execute("revoke insert on platform.ledger from lienthong_agency")
        try:
            refused(world)
        finally:
            connection.execute("grant insert on platform.ledger to lienthong_agency")
    assert world.client(AGENCY).get(ROWS).status_code == 200


def test_a_ledger_that_cannot_be_written_stops_reading(world: World) -> None:
    """The disk full, a constraint broken: an insert that fails for whatever reason."""
    with owner.connect(world.settings) as connection:
        connection.execute("alter table platform.ledger add constraint full_disk check (false) not valid")
        try:
            refused(world)
        finally:
            connection.execute("alter table platform.ledger drop constraint full_disk")
    before = len(everything(world))
    assert world.client(AGENCY).get(ROWS).status_code == 200
    assert len(everything(world)) == before + 1


def test_a_locked_ledger_gives_no_rows(world: World) -> None:
    with owner.connect(world.settings) as connection, connection.transaction(force_rollback=True):
        connection.execute("lock table platform.ledger in access exclusive mode")
        begun = time.monotonic()
        answer = world.client(AGENCY).get(ROWS)
        assert answer.status_code in (429, 503) and "Người" not in answer.text
        assert time.monotonic() - begun < 15


def test_no_seal_for_too_long_closes_personal_data(world: World) -> None:
    sealed(world)
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)))

    async def check(limit: int) -> None:
        await SealWatch(engine, limit).check()
        await engine.dispose()

    with owner.connect(world.settings) as connection:
        late = "values (gen_random_uuid(), %s, 1, 'x', 'cases', '{}', '', 'rest', 'current', now() - interval '4 hours 1 minute')"
        connection.execute(
            "insert into platform.ledger (receipt, writer, sequence, subject, dataset, fields, purpose, surface, state, at) " + late,
            (uuid.uuid4(),),
        )
    world.portal.call(check, 5 * 3600)
    with pytest.raises(Unavailable):
        world.portal.call(check, 4 * 3600)
    time.sleep(5.1)  # the door looks every five seconds
    refused(world)
    assert world.anonymous.get("/api/v1/datasets/permits/rows?limit=1").status_code == 200
    sealed(world)
    world.portal.call(check, 4 * 3600)
    time.sleep(5.1)
    assert world.client(AGENCY).get(ROWS).status_code == 200


def test_an_anchor_that_cannot_be_written_stops_sealing(world: World, tmp_path: Any) -> None:
    """The partner's folder is gone: nothing more is sealed, entries wait; when it is back, all is sealed and anchored."""
    blocked = tmp_path / "partner"
    blocked.write_text("not a folder")
    given = world.settings.model_copy(update={"anchors": str(blocked)})
    sealed(world)
    world.client(AGENCY).get(ROWS)
    with owner.connect(world.settings) as connection:
        with pytest.raises(Unavailable):
            seal(given, world.registry, connection)
        assert connection.execute("select count(*) from platform.ledger").fetchone() == (1,)
        blocked.unlink()
        assert seal(given, world.registry, connection) == 1
    assert [c.size for c in anchor.all_of(blocked) if c][-1] == world.owner("select max(size) from platform.ledger_checkpoint")[0][0]


# --- G08: nobody changes it ----------------------------------------------------------------------------------------

TABLES = ("ledger", "ledger_log", "ledger_checkpoint")
CHANGES = ("update platform.{} set {} = {}", "delete from platform.{}", "truncate platform.{}")


def roles(world: World) -> list[str]:
    return [r[0] for r in world.owner("select rolname from pg_roles where rolname like 'lienthong\\_%%' union select current_user")]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES, ids=["update", "delete", "truncate"])
def test_no_role_changes_or_removes_entries(world: World, table: str, change: str) -> None:
    sealed(world)
    column = "size" if table == "ledger_checkpoint" else "sequence"
    for role in roles(world):
        with owner.connect(world.settings) as connection:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(change.format(table, column, column).encode())


@pytest.mark.parametrize("table", ["ledger_log", "ledger_checkpoint", "ledger_tile"])
def test_only_the_sealer_writes_what_is_sealed(world: World, table: str) -> None:
    query = "select rolname from pg_roles where rolname like 'lienthong\\_%%' and has_any_column_privilege(rolname, %s, 'insert, update')"
    assert world.owner(query, f"platform.{table}") == []


def test_what_agencies_read_as_cannot_read_the_ledger(world: World) -> None:
    query = "select rolname from pg_roles where rolname like 'lienthong\\_%%' and rolname <> 'lienthong_app' and has_any_column_privilege(rolname, %s, 'select')"
    for table in (*TABLES, "ledger_tile"):
        assert world.owner(query, f"platform.{table}") == []


# --- G10: nothing personal, nothing secret -------------------------------------------------------------------------


def test_no_personal_value_and_no_secret_is_in_the_ledger(world: World) -> None:
    client = world.client(AGENCY)
    asked = [
        client.get(ROWS, params={"person_name": "Người thứ 7"}),
        client.get(ROWS, params={"person_name__contains": "thứ 7"}),
        client.get(ROWS, params={"q": "Người thứ 7"}),
        client.post("/graphql", json={"query": '{ cases(where: {or: [{personName: {eq: "Người thứ 7"}}]}) { nodes { caseCode } } }'}),
        client.get("/api/3/action/datastore_search", params={"resource_id": "cases", "filters": '{"person_name": "Người thứ 7"}'}),
    ]
    assert sum(answer.status_code == 200 for answer in asked) >= 3, [a.text for a in asked]
    sealed(world)
    text = json.dumps(everything(world), ensure_ascii=False)
    text += "".join(str(r[0]) for r in world.owner("select e::text from platform.ledger_log e"))
    canaries = ["Người thứ", "thứ 7", "bí mật", "Nguyễn Văn", AGENCY, KEEPER, ADMIN, "token-of", token_hash(AGENCY)]
    assert not [canary for canary in canaries if canary in text]
    assert "hmac:" in text


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
        page = person(world, "concerned").get("/api/v1/me/accesses", params={"limit": 7} | ({"cursor": cursor} if cursor else {}))
        assert page.status_code == 200, page.text
        found += page.json()["data"]
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert Counter(a["receipt"] for a in found) == Counter(e["receipt"] for e in expected)
    assert [a["at"] for a in found] == sorted((a["at"] for a in found), reverse=True)
    newest = found[0]
    assert newest["agency"]["id"] == "office" and newest["agency"]["name"]["vi"]
    assert (newest["action"], newest["dataset"], newest["agreement"], newest["legal_basis"]) == ("read", "cases", "A-1", "47/2020/NĐ-CP")
    assert newest["purpose"] == PURPOSE and newest["sealed"] is False and found[-1]["sealed"] is True
    assert page.json()["records"] == 1


def test_a_person_sees_accesses_to_past_versions_of_their_record(world: World) -> None:
    with owner.connect(world.settings) as connection:
        columns = "case_code, person_name, illness, channel, received_on, days, firm_code, _run, _hash"
        connection.execute(
            f"insert into history.cases ({columns}, _from, _to, _id) select {columns}, '2020-01-01', '2021-01-01', 987654 from governed.cases where case_code = 'C011'".encode()
        )
        connection.execute("update platform.person set identifiers = '{\"person_name\": \"Người thứ 11\"}' where username = 'nobody'")
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
    [({"reason": "vì"}, "reason"), ({"identifier": "phone"}, "identifier"), ({"reason": "Về ông Người thứ 7, số 15"}, "reason"), ({"nmae": 1}, "nmae")],
)
def test_a_wrong_look_up_is_refused_with_its_place(world: World, change: dict[str, Any], place: str) -> None:
    before = len(everything(world))
    answer = person(world, "officer").post("/api/v1/accesses", json=LOOK_UP | change)
    assert answer.status_code == 422 and answer.json()["place"] == place
    assert len(everything(world)) == before


@pytest.mark.parametrize(("path", "words"), [("/my-data", "Ai đã đọc dữ liệu của tôi"), ("/en/my-data", "Who has read my data")])
def test_the_page_asks_to_sign_in(world: World, path: str, words: str) -> None:
    answer = world.anonymous.get(path)
    assert answer.status_code == 303 and "next=" in answer.headers["location"]


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
        answer = person(world, "officer").get("/api/v1/ledger", params={"limit": 60} | ({"cursor": cursor} if cursor else {})).json()
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
    from lienthong.governance.ledger.merkle import consistent

    old, new = grown["old"], grown["new"]
    assert consistent(old["size"], new["size"], decoded(old["root"]), decoded(new["root"]), [decoded(s) for s in grown["path"]])
    assert world.anonymous.get("/api/v1/ledger/growth?old=1&new=999999999").status_code == 404


def test_the_ledger_of_all_this_verifies(world: World) -> None:
    while sealed(world):
        pass
    keys, anchors = anchors_in(anchor.places(world.settings))
    with owner.connect(world.settings) as connection:
        report, _ = verify(of_database(connection), keys, anchors)
    assert report.ok, report.findings
    assert report.entries > 300 and report.anchored == report.checkpoints
