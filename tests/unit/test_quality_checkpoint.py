"""The suite run by great_expectations in PostgreSQL, and the rows it fails."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lienthong.contract.model import Contract, QualityRule
from lienthong.kernel.clock import today
from lienthong.kernel.text import both
from lienthong.quality import results
from lienthong.quality.check import check
from lienthong.quality.outcome import RuleResult, ValidationOutcome
from lienthong.quality.runner import quarantine_queries, run_checkpoint
from lienthong.quality.scorecard import scorecard
from lienthong.store.cluster import Cluster
from tests.journey.release_world import World, make_world, stall

DAY = date(2020, 1, 1)
ROWS = [
    *(stall(n) for n in range(1, 41)),
    stall(41, keeper=None, kind="food"),
    stall(42, keeper=None, kind="cloth"),
    stall(43, name="it's 50% ... {off}"),
    stall(44, name="một...hai"),
    stall(45, opened_on=today() + timedelta(days=3)),
    stall(46, name="Trùng tên", opened_on=DAY),
    stall(47, name="Trùng tên", opened_on=DAY),
]


def rule(id_: str, expectation: str, **given: Any) -> QualityRule:
    kwargs = given.pop("kwargs")
    return QualityRule(
        id=id_, title=both(id_, id_), dimension="accuracy", expectation=expectation, kwargs=kwargs, **given
    )


SQL = "unexpected_rows_expectation"
FURTHER = (
    rule("BROKEN", SQL, kwargs={"unexpected_rows_query": "select * from {batch} where no_such_column > 0"}),
    rule("ON-MAP", SQL, kwargs={"unexpected_rows_query": "select code from {batch} b where st_x(b.place) < 106.0003"}),
    rule("BRACES", SQL, kwargs={"unexpected_rows_query": "select * from {batch} where name ~ '“1{{1,2}}”'"}),
    rule(
        "GROUPS", SQL, kwargs={"unexpected_rows_query": "select kind from {batch} group by kind having count(*) > 20"}
    ),
    rule("TAGS", "expect_column_values_to_match_regex", kwargs={"column": "tags", "regex": r'\\"[1-9]\\"'}),
    rule("TOLERANT", "expect_column_values_to_be_between", kwargs={"column": "staff", "max_value": 3}, mostly=0.5),
    rule("STERN", "expect_column_values_to_be_between", kwargs={"column": "staff", "max_value": 3}, severity="error"),
    rule(
        "NOT-IN", "expect_column_values_to_not_be_in_set", kwargs={"column": "area_code", "value_set": ["A1", "it's"]}
    ),
    rule(
        "EITHER",
        "expect_column_values_to_be_null",
        kwargs={
            "column": "keeper",
            "row_condition": {
                "type": "and",
                "conditions": [
                    {"type": "nullity", "column": {"name": "keeper"}, "is_null": False},
                    {"type": "comparison", "column": {"name": "code"}, "operator": "<=", "parameter": "S00002"},
                ],
            },
        },
    ),
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name), "test")
        cluster.start()
        made = make_world(cluster, Path(name), "quality")
        made.fill("stalls", ROWS)
        yield made
        cluster.stop()


@pytest.fixture(scope="module")
def contract(world: World) -> Contract:
    stalls = world.registry.get("stalls")
    given = {name: getattr(stalls, name) for name in Contract.model_fields}
    return Contract.model_validate(given | {"quality": (*stalls.quality, *FURTHER)})


@pytest.fixture(scope="module")
def outcome(world: World, contract: Contract) -> ValidationOutcome:
    assert world.settings.database_url
    url = world.settings.database_url.get_secret_value()
    return run_checkpoint(url, "governed", "stalls", contract)


@pytest.fixture(scope="module")
def by_id(outcome: ValidationOutcome) -> dict[str, RuleResult]:
    return {result.id: result for result in outcome.results}


def codes(world: World, query: str | None) -> list[str]:
    """The codes of the rows that a result's query finds."""
    assert query
    return [code for (code,) in world.query(f"select code from ({query}) f order by code")]


def test_rules_that_hold(by_id: dict[str, RuleResult]) -> None:
    for id_ in ("row-count", "primary-key:code", "required:name", "type:email", "type:kind", "TOLERANT", "STA-02"):
        assert by_id[id_].success, id_
        assert by_id[id_].query is None or id_ == "TOLERANT" or id_ == "STA-02"
    assert by_id["STA-02"].unexpected_percent == pytest.approx(100 / 23, abs=0.01)  # of 23 food stalls
    assert by_id["TOLERANT"].share == pytest.approx(38 / 47, abs=0.001)


@pytest.mark.parametrize(
    ("id_", "rows"),
    [
        ("STA-01", ["S00045"]),
        ("STA-02", ["S00041"]),
        ("STA-03", ["S00043", "S00044"]),
        ("STA-04", ["S00046", "S00047"]),
        ("ON-MAP", ["S00001", "S00002"]),
        ("TAGS", [f"S{n:05}" for n in range(10, 48)]),
        ("STERN", [f"S{n:05}" for n in range(4, 48, 5)]),
        ("NOT-IN", [f"S{n:05}" for n in range(1, 48, 3)]),
        ("EITHER", ["S00001", "S00002"]),
        ("BRACES", ["S00001", "S00011"]),
    ],
)
def test_failing_rows_are_counted_and_found(
    world: World, by_id: dict[str, RuleResult], id_: str, rows: list[str]
) -> None:
    result = by_id[id_]
    assert result.unexpected_count == len(rows)
    if id_ == "ON-MAP":  # a query that tells no `_row` counts, and shows some rows
        assert [sample["code"] for sample in result.samples] == rows
    else:
        assert codes(world, result.query) == rows


def test_a_rule_that_cannot_be_run_fails_and_says_why(by_id: dict[str, RuleResult]) -> None:
    broken = by_id["BROKEN"]
    assert (broken.success, broken.share, broken.query) == (False, 0.0, None)
    assert "no_such_column" in (broken.error or "")
    assert by_id["STA-01"].error is None


def test_groups_are_counted_but_lead_to_no_rows(by_id: dict[str, RuleResult]) -> None:
    assert (by_id["GROUPS"].unexpected_count, by_id["GROUPS"].query) == (2, None)


def test_samples_hold_nothing_personal(outcome: ValidationOutcome) -> None:
    told = json.dumps(outcome.as_json(), ensure_ascii=False, default=str)
    assert "Nguyễn Văn" not in told
    samples = {name for result in outcome.results for sample in result.samples for name in sample}
    assert "keeper" not in samples
    assert {"code", "name"} <= samples


def test_success_and_scores(outcome: ValidationOutcome) -> None:
    assert outcome.rows == len(ROWS)
    assert not outcome.success
    assert [result.id for result in outcome.blocking] == ["STERN"]
    assert outcome.dimensions["completeness"] > 0.9
    assert outcome.score == pytest.approx(sum(outcome.dimensions.values()) / len(outcome.dimensions), abs=1e-3)
    assert outcome.engine.startswith("great_expectations 1.")


def test_quarantine_queries_give_the_rows_to_move(world: World, contract: Contract) -> None:
    """A staging table has numbers of its own for its rows."""
    with world.connect() as connection:
        connection.execute("drop table if exists staging.stalls_ab")
        connection.execute(
            "create table staging.stalls_ab as select row_number() over (order by code) + 1000 as _row, code, name,"
            " kind, capital, share, staff, opened_on, seen_at, indoors, tags::text as tags, st_astext(place) as place,"
            " email, area_code, keeper, note from governed.stalls"
        )
    assert world.settings.database_url
    outcome = run_checkpoint(world.settings.database_url.get_secret_value(), "staging", "stalls_ab", contract)
    with world.connect() as connection:
        found = {
            id_: sorted(row for (row,) in connection.execute(query).fetchall())
            for id_, query in quarantine_queries(outcome).items()
        }
        assert found == {"STA-01": [1045], "STA-03": [1043, 1044]}
        connection.execute("drop table staging.stalls_ab")  # nothing of the check depends on it


def test_results_are_kept_and_make_a_scorecard(world: World, outcome: ValidationOutcome) -> None:
    stalls = world.registry.get("stalls")
    with world.connect() as connection:
        results.save(connection, outcome)
        later = check(world.settings, stalls)
        card = scorecard(connection, "stalls")
    assert card is not None
    assert [point.score for point in card.trend] == [outcome.score, later.score]
    assert card.latest.dimensions == later.dimensions
    assert card.change == round(later.score - outcome.score, 4)
    assert {result["id"] for result in card.failing} == {"STA-01", "STA-03", "STA-04"}
    assert card.failing[-1]["id"] == "STA-01"  # the one with the fewest rows
    assert world.query("select distinct run_id from platform.validation_result") == [(None,)]
    with world.connect() as connection:
        assert scorecard(connection, "areas") is None


def test_a_run_is_named_in_its_result(world: World) -> None:
    run = world.fill("stalls", ROWS[:5])
    assert world.settings.database_url
    url = world.settings.database_url.get_secret_value()
    outcome = run_checkpoint(url, "governed", "stalls", world.registry.get("stalls"), run)
    assert outcome.success
    assert outcome.as_json()["run_id"] == str(run) == str(uuid.UUID(str(outcome.run_id)))


def test_an_empty_delivery_closes_the_gate(world: World) -> None:
    world.fill("stalls", [])
    outcome = check(world.settings, world.registry.get("stalls"))
    assert (outcome.success, outcome.rows) == (False, 0)
    assert [result.id for result in outcome.blocking] == ["row-count"]
