"""Programme G01, G02, G08, G09, G10: every access is on record, or it does not happen; nobody changes the record."""

import json
import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from psycopg import errors, sql
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.governance.credentials import token_hash
from lienthong.governance.ledger import anchor
from lienthong.governance.ledger.export import of_database
from lienthong.governance.ledger.seal import SealWatch, seal
from lienthong.governance.ledger.verify import anchors_in, verify
from lienthong.kernel.problem import Unavailable
from lienthong.store import owner
from tests.security.ledger_people import ROWS, everything, sealed
from tests.surface.small import ADMIN, AGENCY, KEEPER, PURPOSE, World

# --- G01: completeness ---------------------------------------------------------------------------------------------

Access = Callable[[World, str], httpx.Response]


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """Its ledger is stopped and made to wait here: not the world that is only read."""
    return own_world


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
    "graphql twice": post(
        "/graphql",
        json={"query": "{ a: cases(first: 2) { nodes { caseCode } } b: cases(first: 3) { nodes { days } } }"},
    ),
    "ckan": get("/api/3/action/datastore_search?resource_id=cases&limit=4"),
    "ckan dump": get("/datastore/dump/cases?limit=5"),
    "rest lookup": post("/api/v1/datasets/cases/lookup", json={"keys": ["C001", "C003", "C999"]}),
    "rest parquet": get(ROWS + ".parquet?fields=case_code"),
    "rest arrow": get(ROWS + ".arrow?fields=case_code"),
    "rest xlsx": get(ROWS + ".xlsx?fields=case_code&limit=2"),
    "rest groups": get(ROWS + "?group_by=channel&measure=count"),
    "rest earlier": get(ROWS + "?as_of=2030-01-01&limit=2"),
    "feed": get("/api/v1/datasets/cases/changes?limit=5"),
}
OFTEN = ("rest rows", "rest one", "rest filtered", "rest lookup", "rest groups", "graphql", "ckan", "feed")
"""Asked for ten times as often as the others, whose answers are whole files."""
CALLS = int(os.environ.get("LIENTHONG_LEDGER_CALLS", "10000"))


def test_every_access_on_every_surface_is_on_record_once(world: World) -> None:
    accesses = ACCESSES
    draw = random.Random(5)
    before = {(e["writer"], e["sequence"]) for e in everything(world)}
    asked = Counter[tuple[str, str]]()
    receipts = []
    names = sorted(accesses) + 9 * list(OFTEN)
    for n in range(CALLS):
        name = draw.choice(names)
        token, subject = draw.choice(((AGENCY, "office"), (KEEPER, "registry_office")))
        answer = accesses[name](world, token)
        assert answer.status_code == 200, (name, answer.text)
        asked[subject, name.partition(" ")[0]] += 1
        if "lienthong-receipt" in answer.headers:
            receipts.append(uuid.UUID(answer.headers["lienthong-receipt"]))
        if n % 500 == 50:
            sealed(world)
    entries = [e for e in everything(world) if (e["writer"], e["sequence"]) not in before]
    assert {e["dataset"] for e in entries} == {"cases"}
    by_receipt = {e["receipt"]: e for e in entries}
    found = Counter((e["subject"], e["surface"]) for e in by_receipt.values())
    assert sum(found.values()) == sum(asked.values()) == CALLS
    assert {s for s, _ in found} == {s for s, _ in asked}
    assert Counter(s for s, _ in found.elements()) == Counter(s for s, _ in asked.elements())
    assert receipts and {str(r) for r in receipts} <= set(by_receipt)
    numbered: dict[str, list[int]] = {}
    for entry in everything(world):
        numbered.setdefault(entry["writer"], []).append(entry["sequence"])
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in numbered.values())


def test_an_entry_says_what_was_read(world: World) -> None:
    headers = {"X-Road-Client": "VN/GOV/1234/tax", "X-Road-Id": "q-17", "X-Road-UserId": "VN01"}
    answer = world.client(AGENCY).get(
        ROWS + "?days__gte=7&channel=online&fields=case_code,person_name&limit=2", headers=headers
    )
    receipt = uuid.UUID(answer.headers["Lienthong-Receipt"])
    (entry,) = [e for e in everything(world) if e["receipt"] == str(receipt)]
    assert (entry["subject"], entry["agency"], entry["purpose"], entry["surface"]) == (
        "office",
        "office",
        PURPOSE,
        "rest",
    )
    assert set(entry["fields"]) >= {"case_code", "person_name"} and "illness" not in entry["fields"]
    assert entry["rows"] == 2 and len(entry["keys"]) == 2
    assert entry["context"] == headers
    numbers = {
        r[0]
        for r in world.owner(
            "select _id from governed.cases where case_code = any(%s)",
            [row["case_code"] for row in answer.json()["data"]],
        )
    }
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
        assert answer.status_code == 503 or (name.startswith("graphql") and '"UNAVAILABLE"' in answer.text), (
            name,
            answer.text,
        )
        assert "Người thứ" not in answer.text, name


def test_without_the_right_to_record_nothing_is_read(world: World) -> None:
    with owner.connect(world.settings) as connection:
        connection.execute("revoke insert on platform.ledger from lienthong_ledger")
        try:
            refused(world)
        finally:
            connection.execute("grant insert on platform.ledger to lienthong_ledger")
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
        time.sleep(5.1)  # the door looks anew whether entries wait too long, and must not wait for that itself
        answer = world.client(AGENCY).get(ROWS)
        assert answer.status_code in (429, 503) and "Người" not in answer.text


def test_no_seal_for_too_long_closes_personal_data(world: World) -> None:
    sealed(world)
    engine = create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)))

    async def check(limit: int) -> None:
        await SealWatch(engine, limit).check()
        await engine.dispose()

    with owner.connect(world.settings) as connection:
        late = "values (gen_random_uuid(), %s, 1, 'x', 'cases', '{}', '', 'rest', 'current', now() - interval '4 hours 1 minute')"
        connection.execute(
            "insert into platform.ledger (receipt, writer, sequence, subject, dataset, fields, purpose, surface, state, at) "
            + late,
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
    assert [c.size for c in anchor.all_of(blocked) if c][-1] == world.owner(
        "select max(size) from platform.ledger_checkpoint"
    )[0][0]


# --- G08: nobody changes it ----------------------------------------------------------------------------------------

TABLES = ("ledger", "ledger_log", "ledger_checkpoint")
CHANGES = ("update platform.{} set {} = {}", "delete from platform.{}", "truncate platform.{}")


def roles(world: World) -> list[str]:
    return [
        r[0]
        for r in world.owner(
            "select rolname from pg_roles where rolname like 'lienthong\\_%%' union select current_user"
        )
    ]


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
        client.post(
            "/graphql",
            json={"query": '{ cases(where: {or: [{personName: {eq: "Người thứ 7"}}]}) { nodes { caseCode } } }'},
        ),
        client.get(
            "/api/3/action/datastore_search",
            params={"resource_id": "cases", "filters": '{"person_name": "Người thứ 7"}'},
        ),
    ]
    assert sum(answer.status_code == 200 for answer in asked) >= 3, [a.text for a in asked]
    sealed(world)
    text = json.dumps(everything(world), ensure_ascii=False)
    text += "".join(str(r[0]) for r in world.owner("select e::text from platform.ledger_log e"))
    canaries = ["Người thứ", "thứ 7", "bí mật", "Nguyễn Văn", AGENCY, KEEPER, ADMIN, "token-of", token_hash(AGENCY)]
    assert not [canary for canary in canaries if canary in text]
    assert "hmac:" in text


def test_the_ledger_of_all_this_verifies(world: World) -> None:
    while sealed(world):
        pass
    keys, anchors = anchors_in(anchor.places(world.settings))
    with owner.connect(world.settings) as connection:
        report, _ = verify(of_database(connection), keys, anchors)
    assert report.ok, report.findings
    assert report.entries > 300 and report.anchored == report.checkpoints
