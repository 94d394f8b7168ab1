"""A steward's pages tell how much waits, and in words where and why a run of a delivery stopped."""

import re
import time

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

FIX = {"vi": "Giao lại tệp", "en": "Deliver it again"}
QUARANTINED = (
    "insert into platform.quarantine (run_id, dataset, rule, value, reason_vi, reason_en, file, line, row) "
    "values (%s, %s, 'staff', %s, 'không phải số', 'not a number', 'firms.csv', 7, '{}') returning id"
)


@pytest.fixture(scope="module")
def steward(own_world: World) -> Browser:
    """A steward who is signed in, of a dataset whose runs were refused at every step."""
    seed(own_world)
    problem = {"detail": {"vi": "Thiếu tệp", "en": "A file is missing"}, "fix": FIX, "place": "x.csv"}
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


@pytest.mark.parametrize("english", [False, True])
def test_a_refusal_tells_its_place_its_reason_and_what_to_do(steward: Browser, english: bool) -> None:
    page = steward.get(("/en" if english else "") + "/steward/firms").text
    reason, fix, told = (
        ("A file is missing", "Deliver it again", "What to do") if english else ("Thiếu tệp", "Giao lại tệp", "Gợi ý")
    )
    assert page.count(f"<code>x.csv</code>: {reason}<br><b>{told}:</b> {fix}</td>") == len(STEPS)


def test_every_value_of_a_run_and_of_a_row_has_its_name_beside_it(own_world: World, steward: Browser) -> None:
    ((run,),) = own_world.owner(
        "insert into platform.run (id, dataset, state, step, started_at, contract_version, fingerprint, files, counts) "
        "values (gen_random_uuid(), 'places', 'done', 'done', now(), '1.0.0', '', '[]', '{}') "
        "returning id"
    )
    own_world.owner(QUARANTINED, run, "places", "sáu mươi")
    page = steward.get("/steward/places").text
    assert page.count('<table class="stacked') == page.count("<table") == 2
    values = re.findall(r"<td[^>]*>", page)
    assert len(values) == 3 + 4 and all('data-label="' in value for value in values)


def test_what_a_run_counted_is_told_in_the_way_a_row_goes(own_world: World, steward: Browser) -> None:
    own_world.owner(
        "insert into platform.run (id, dataset, state, step, started_at, contract_version, fingerprint, files, counts) "
        "values (gen_random_uuid(), 'permits', 'done', 'done', now(), '1.0.0', '', '[]', "
        """'{"late": 0, "closed": 2, "read": 12060, "accepted": 12060, "quarantined": 0, "updated": 0}') returning id"""
    )
    page = steward.get("/en/steward/permits").text
    assert ">read 12,060, accepted 12,060, quarantined 0, closed 2</td>" in page


def test_the_list_tells_how_much_waits(own_world: World, steward: Browser) -> None:
    own_world.owner(
        "insert into platform.run (id, dataset, state, step, started_at, finished_at, contract_version, fingerprint, "
        "files, counts) values (gen_random_uuid(), 'permits', 'done', 'done', now(), now(), '1.0.0', '', '[]', "
        """'{"read": 9000, "quarantined": 4321}') returning id"""
    )
    own_world.owner(
        "insert into platform.release (id, dataset, number, state, published_at, contract_version, fingerprint, rows, "
        "manifest) values (gen_random_uuid(), 'firms', 2, 'checked', now(), '1.0.0', '', 60, '{}') returning id"
    )
    own_world.owner(
        "insert into platform.voice (id, kind, title, text, state, at) select gen_random_uuid(), 'request', 'x', 'x', "
        "state, now() from unnest(array['waiting', 'waiting', 'waiting', 'shown', 'refused']) state returning id"
    )
    deadline = time.monotonic() + 60  # the catalogue looks every second, and as long as the machine is busy
    while (told := figures(steward)) != ["1", "3", "4,321"]:
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def figures(steward: Browser) -> list[str]:
    """What the list says before its table: releases, messages, rows."""
    return re.findall(r"<dd>([^<]*)</dd>", steward.get("/en/steward").text)


def test_a_delivery_that_stopped_before_the_gate_does_not_hide_the_rows_set_aside_before(
    own_world: World, steward: Browser
) -> None:
    statement = (
        "insert into platform.run (id, dataset, state, step, started_at, contract_version, fingerprint, files, counts) "
        "values (gen_random_uuid(), 'firms', %s, %s, now() + make_interval(hours => %s), '1.0.0', '', '[]', '{}') "
        "returning id"
    )
    ((loaded,),) = own_world.owner(statement, "done", "done", 1)
    own_world.owner(QUARANTINED, loaded, "firms", "năm mươi")
    assert "năm mươi" in steward.get("/steward/firms").text
    for step in ("land", "conform"):
        own_world.owner(statement, "refused", step, 2)
        assert "năm mươi" in steward.get("/steward/firms").text
    own_world.owner(statement, "refused", "gate", 3)
    assert "năm mươi" not in steward.get("/steward/firms").text
