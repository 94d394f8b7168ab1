"""Synthetic twins over REST and GraphQL: for callers who are known, whole, marked, and never a governed row."""

from collections.abc import Iterator

import pytest

from lienthong.pipelines.twin.build import build_all
from lienthong.store import owner
from tests.surface.small import ADMIN, AGENCY, KEEPER, World

TWIN = {"Lienthong-Twin": "true"}


@pytest.fixture(scope="module", autouse=True)
def twins(world: World) -> Iterator[dict[str, int]]:
    """The twins of the small world's restricted datasets, and how many rows each has."""
    reports = build_all(world.settings, world.registry)
    assert not [r.problem for r in reports if r.problem]
    yield {r.dataset: r.rows for r in reports}


def test_a_restricted_dataset_has_a_twin_and_an_open_one_has_none(twins: dict[str, int]) -> None:
    assert set(twins) == {"cases", "firms"}
    assert twins["cases"] == 40 and twins["firms"] == 60


@pytest.mark.parametrize("token", [AGENCY, KEEPER, ADMIN])
def test_every_known_caller_reads_all_fields_of_the_twin(world: World, token: str) -> None:
    answer = world.client(token).get("/api/v1/datasets/cases/twin/rows?limit=500")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["synthetic"] is True and answer.headers["lienthong-synthetic"] == "twin"
    assert "lienthong-receipt" not in answer.headers and answer.headers["cache-control"] == "no-store"
    assert list(body["data"][0]) == [f.name for f in world.registry.get("cases").fields]
    assert len(body["data"]) == 40
    assert not {row["case_code"] for row in body["data"]} & {f"C{n:03}" for n in range(40)}


def test_nobody_in_particular_reads_no_twin(world: World) -> None:
    for path, headers in (("cases/twin/rows", {}), ("cases/rows", TWIN), ("firms/rows", TWIN)):
        answer = world.anonymous.get(f"/api/v1/datasets/{path}", headers=headers)
        assert answer.status_code == 401, path
        assert "token" in answer.json()["fix"]["en"] if isinstance(answer.json().get("fix"), dict) else answer.text


def test_the_header_switches_every_surface(world: World) -> None:
    client = world.client(AGENCY)
    rows = client.get("/api/v1/datasets/cases/rows?fields=case_code,illness&limit=3", headers=TWIN)
    assert rows.json()["synthetic"] is True
    code = rows.json()["data"][0]["case_code"]
    one = client.get(f"/api/v1/datasets/cases/rows/{code}", headers=TWIN)
    assert one.json()["synthetic"] is True and one.json()["data"]["case_code"] == code
    query = {"query": "{ cases(first: 3) { totalCount nodes { caseCode illness firm { firmCode ownerName } } } }"}
    answer = client.post("/graphql", json=query, headers=TWIN)
    assert answer.status_code == 200 and "errors" not in answer.json(), answer.text
    assert answer.json()["extensions"]["synthetic"] is True and answer.headers["lienthong-synthetic"] == "twin"
    shown = answer.json()["data"]["cases"]
    assert shown["totalCount"] == 40 and shown["nodes"][0]["illness"] != "bí mật"
    assert all(node["firm"] is not None for node in shown["nodes"]), "foreign keys point to rows of the other twin"


@pytest.mark.parametrize("media", ["text/csv", "application/x-ndjson"])
def test_a_stream_of_a_twin_is_marked_in_its_name_and_head(world: World, media: str) -> None:
    answer = world.client(AGENCY).get("/api/v1/datasets/cases/twin/rows", headers={"Accept": media})
    assert answer.status_code == 200 and answer.headers["lienthong-synthetic"] == "twin"
    assert "cases-synthetic-twin" in answer.headers["content-disposition"] and "TWIN-" in answer.text


def test_a_twin_has_masks_as_an_agreement_without_clear_fields(world: World) -> None:
    masked = [f.name for f in world.registry.get("cases").fields if f.mask]
    assert masked
    answer = world.client(AGENCY).get(f"/api/v1/datasets/cases/twin/rows?{masked[0]}=x")
    assert answer.status_code == 403 and answer.json()["field"] == masked[0]


def test_a_twin_has_no_feed_of_changes_and_its_days_are_all_alike(world: World) -> None:
    early = world.client(AGENCY).get("/api/v1/datasets/cases/twin/rows?as_of=2020-05-05&count=exact")
    assert early.status_code == 200 and early.json()["page"]["total"] == 40


def test_open_data_stays_what_it_is(world: World) -> None:
    answer = world.client(AGENCY).get("/api/v1/datasets/places/rows", headers=TWIN)
    assert answer.status_code == 200 and "synthetic" not in answer.json()
    assert "lienthong-synthetic" not in answer.headers
    plain = world.client(AGENCY).post("/graphql", json={"query": "{ places(first: 1) { totalCount } }"})
    assert "extensions" not in plain.json() and "lienthong-synthetic" not in plain.headers


def test_a_wrong_switch_is_refused_by_name(world: World) -> None:
    answer = world.client(AGENCY).get("/api/v1/datasets/cases/rows", headers={"Lienthong-Twin": "yes"})
    assert answer.status_code == 400 and "lienthong-twin" in answer.text


def test_a_dataset_without_a_twin_has_no_such_rows_of_its_own(world: World) -> None:
    answer = world.client(AGENCY).get("/api/v1/datasets/permits/twin/rows?limit=1")
    assert answer.status_code == 200 and "synthetic" not in answer.json()


def test_reads_of_twins_stand_in_no_ledger(world: World) -> None:
    with owner.connect(world.settings) as connection:
        before = connection.execute("select count(*) from platform.ledger").fetchone()
        assert world.client(AGENCY).get("/api/v1/datasets/cases/twin/rows").status_code == 200
        assert connection.execute("select count(*) from platform.ledger").fetchone() == before


def test_the_reading_role_reaches_twins_and_open_data_only(world: World) -> None:
    with owner.connect(world.settings) as connection:
        seen = connection.execute(
            "select c.relnamespace::regnamespace::text, count(*) from pg_class c where relkind in ('r', 'v', 'p') "
            "and has_table_privilege('lienthong_twin', c.oid, 'select') "
            "and c.relnamespace::regnamespace::text in ('governed', 'history', 'staging', 'twin', 'open', 'release') group by 1"
        ).fetchall()
        assert {schema for schema, _ in seen} == {"twin", "open"}
        public = connection.execute(
            "select has_schema_privilege('lienthong_public', 'twin', 'usage'), "
            "has_table_privilege('lienthong_public', 'twin.cases', 'select')"
        ).fetchone()
        assert public == (False, False)


def test_an_unchanged_world_builds_nothing_and_a_forced_build_gives_the_same_rows(world: World) -> None:
    with owner.connect(world.settings) as connection:
        rows = "select json_agg(t order by case_code) from (select * from twin.cases) t"
        before = connection.execute(rows).fetchone()
        assert {r.state for r in build_all(world.settings, world.registry)} == {"unchanged"}
        again = build_all(world.settings, world.registry, [world.registry.get("cases")], force=True)
        assert [r.state for r in again] == ["built"]
        assert connection.execute(rows).fetchone() == before
