"""A steward's page tells in words where a run of a delivery stopped."""

import pytest
from psycopg.types.json import Jsonb

from tests.surface.people import Browser, seed
from tests.surface.small import World

STEPS = {
    "land": ("ở bước tiếp nhận", "at landing"),
    "conform": ("ở bước chuẩn hóa", "at conforming"),
    "gate": ("ở cổng chất lượng", "at the quality gate"),
    "merge": ("ở bước ghi vào kho", "at merging"),
}


@pytest.fixture(scope="module")
def steward(own_world: World) -> Browser:
    """A steward who is signed in, of a dataset whose runs were refused at every step."""
    seed(own_world)
    problem = {"detail": {"vi": "Thiếu tệp", "en": "A file is missing"}, "fix": None, "place": "x.csv"}
    for step in STEPS:
        own_world.owner(
            "insert into platform.run (id, dataset, state, step, started_at, contract_version, fingerprint, files, "
            "counts, problem) values (gen_random_uuid(), 'firms', 'refused', %s, now(), '1.0.0', '', '[]', '{}', %s) "
            "returning id",
            step,
            Jsonb(problem),
        )
    found = Browser(own_world)
    found.sign_in("thu")
    return found


@pytest.mark.parametrize("english", [False, True])
def test_the_step_of_a_refused_run_has_a_name(steward: Browser, english: bool) -> None:
    page = steward.get(("/en" if english else "") + "/steward/firms").text
    for step, names in STEPS.items():
        assert f"{'Refused' if english else 'Từ chối'}</span> {names[english]}</td>" in page
        assert f"</span> {step}<" not in page


def test_a_delivery_that_stopped_at_landing_does_not_hide_the_rows_set_aside_before(
    own_world: World, steward: Browser
) -> None:
    statement = (
        "insert into platform.run (id, dataset, state, step, started_at, contract_version, fingerprint, files, counts) "
        "values (gen_random_uuid(), 'firms', %s, %s, now() + make_interval(hours => %s), '1.0.0', '', '[]', '{}') "
        "returning id"
    )
    ((loaded,),) = own_world.owner(statement, "done", "done", 1)
    own_world.owner(
        "insert into platform.quarantine (run_id, dataset, rule, value, reason_vi, reason_en, file, line, row) "
        "values (%s, 'firms', 'staff', 'năm mươi', 'không phải số', 'not a number', 'firms.csv', 7, '{}') returning id",
        loaded,
    )
    assert "năm mươi" in steward.get("/steward/firms").text
    own_world.owner(statement, "refused", "land", 2)
    assert "năm mươi" in steward.get("/steward/firms").text
    own_world.owner(statement, "refused", "gate", 3)
    assert "năm mươi" not in steward.get("/steward/firms").text
