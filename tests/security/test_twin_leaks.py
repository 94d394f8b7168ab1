"""Nothing of a real row gets into a synthetic twin, nor into the figures that it is made of.

Canaries are planted in real rows inside a transaction that is rolled back; the twin is built within it and looked through.
"""

import json
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lienthong.contract.model import Contract
from lienthong.contract.types.persons import CitizenId, TaxCode
from lienthong.pipelines.twin.build import build
from lienthong.pipelines.twin.made import Maker, tax_code
from lienthong.pipelines.twin.plan import identifying, plan
from lienthong.pipelines.twin.profile import measure
from lienthong.pipelines.twin.words import load
from lienthong.store import owner
from tests.surface.small import World, insert

CANARY = "CANARY-7f3a"


@contextmanager
def undone(world: World) -> Iterator[psycopg.Connection]:
    """A connection of the owner whose changes nobody else sees, ever."""
    with owner.connect(world.settings) as connection, connection.transaction(force_rollback=True):
        yield connection


def planted(contract: Contract, times: int) -> list[dict[str, Any]]:
    """Rows with a canary in every text field that is not open to everybody, the same one `times` times."""
    rows = []
    for n in range(times):
        row: dict[str, Any] = {}
        for field in contract.fields:
            if field.name in contract.primary_key:
                row[field.name] = f"{CANARY}-{n}"
            elif "pattern" in field.options:
                continue
            elif field.logical_type in ("text", "identifier") and not (contract.is_open and field.is_open):
                row[field.name] = f"{CANARY}-{field.name}"
            elif field.logical_type in ("integer", "money") and not (contract.is_open and field.is_open):
                row[field.name] = 987_654_321 if n == 0 else 1
            elif field.logical_type == "date":
                row[field.name] = "1811-11-11" if n == 0 else "2026-01-05"
            elif field.logical_type == "enum" and field.required:
                row[field.name] = next(iter(field.type.codes(field.options)))  # type: ignore[attr-defined]
            elif field.logical_type == "boolean" and field.required:
                row[field.name] = True
            elif field.required and field.logical_type == "text":
                row[field.name] = "Tên công khai"
        rows.append(row)
    return rows


def everything(connection: psycopg.Connection, contract: Contract) -> str:
    """The twin and its bookkeeping, as one text."""
    rows = connection.execute(
        sql.SQL("select json_agg(t)::text from {} t").format(sql.Identifier("twin", contract.id))
    ).fetchone()
    kept = connection.execute(
        "select to_jsonb(t)::text from platform.twin t where dataset = %s", (contract.id,)
    ).fetchone()
    assert rows and rows[0] and kept
    return str(rows[0]) + str(kept[0])


@pytest.mark.parametrize("dataset", ["cases", "firms"])
@pytest.mark.parametrize("times", [1, 4, 60])
def test_canaries_in_real_rows_never_appear(world: World, dataset: str, times: int) -> None:
    contract = world.registry.get(dataset)
    with undone(world) as connection:
        insert(connection, "governed", dataset, planted(contract, times), {"_run": uuid.uuid4(), "_hash": b"x"})
        report = build(connection, world.registry, contract, load(None), force=True)
        assert report.state == "built" and report.rows
        text = everything(connection, contract)
        assert CANARY not in text
        assert "987654321" not in text and "1811" not in text, "the extremes of one row are no quantiles"


def test_what_fewer_than_k_rows_have_is_in_no_figure(world: World) -> None:
    contract = world.registry.get("cases")
    k = contract.privacy.k
    with undone(world) as connection:
        profile = measure(connection, plan(world.registry, contract, load(None)))
    told = [count for cells in profile.cells for _, count in cells]
    told += [count for _, count in profile.months]
    told += [count for cells in (*profile.places.values(), *profile.links.values()) for _, count in cells]
    assert told and all(count >= k and count % k == 0 for count in told)
    assert profile.rows % k == 0
    assert all(share in (0.0, 1.0) or share == round(share, 2) for share in profile.missing.values())


@pytest.mark.parametrize("count", [30, 55, 300])
def test_at_least_k_rows_lie_beyond_each_quantile(world: World, count: int) -> None:
    contract = world.registry.get("cases")
    with undone(world) as connection:
        connection.execute("delete from governed.cases")
        row = {"channel": "online", "received_on": "2026-01-05", "person_name": "A"}
        rows = [row | {"case_code": f"Z{n:03}", "days": n} for n in range(count)]
        insert(connection, "governed", "cases", rows, {"_run": uuid.uuid4(), "_hash": b"x"})
        profile = measure(connection, plan(world.registry, contract, load(None)))
    curve = profile.numbers.get("days")
    assert (curve is None) is (count < 10 * profile.k)
    if curve:
        assert sum(n <= curve[0] for n in range(count)) >= profile.k
        assert sum(n >= curve[-1] for n in range(count)) >= profile.k


def test_one_person_more_or_less_moves_no_figure_but_rounded_ones(world: World) -> None:
    """Whoever knows all rows but one learns nothing of that one from a count: it is told in steps of k."""
    contract = world.registry.get("cases")
    made_how = plan(world.registry, contract, load(None))
    with undone(world) as connection:
        before = measure(connection, made_how)
        connection.execute("delete from governed.cases where case_code = 'C007'")
        after = measure(connection, made_how)
    for now, then in zip(after.cells, before.cells, strict=True):
        assert all(abs(dict(now).get(cell, 0) - count) in (0, before.k) for cell, count in then)


@pytest.mark.parametrize("dataset", ["cases", "firms"])
def test_no_row_is_a_real_one(world: World, dataset: str) -> None:
    contract = world.registry.get(dataset)
    words = load(None)
    combinations = identifying(plan(world.registry, contract, words), words)
    assert combinations, "every restricted dataset has something that identifies"
    with undone(world) as connection:
        build(connection, world.registry, contract, words, force=True)
        for names in combinations:
            same = sql.SQL(" and ").join(sql.SQL("t.{0} = g.{0}").format(sql.Identifier(n)) for n in names)
            found = connection.execute(
                sql.SQL("select count(*) from {} t join {} g on {}").format(
                    sql.Identifier("twin", dataset), sql.Identifier("governed", dataset), same
                )
            ).fetchone()
            assert found == (0,), names


def test_a_made_row_that_is_real_by_chance_is_taken_out(world: World) -> None:
    """Even when a real row has the very key that the maker gives, the twin does not have it."""
    contract = world.registry.get("cases")
    with undone(world) as connection:
        build(connection, world.registry, contract, load(None), force=True)
        row = connection.execute("select case_code, person_name from twin.cases order by 1 limit 1").fetchone()
        assert row
        real = {"case_code": row[0], "person_name": row[1], "channel": "online", "received_on": "2026-01-02"}
        insert(connection, "governed", "cases", [real], {"_run": uuid.uuid4(), "_hash": b"x"})
        build(connection, world.registry, contract, load(None), force=True)
        assert connection.execute("select count(*) from twin.cases where case_code = %s", (row[0],)).fetchone() == (0,)


def test_numbers_of_people_and_firms_are_right_by_form_and_nobodys() -> None:
    for serial in range(2000):
        code = tax_code(serial)
        assert TaxCode().parse(code, {}) == code
        assert code[:2] in ("99", "98"), "no tax office has this area"


def test_citizen_numbers_belong_to_people_who_are_not_born(world: World) -> None:
    contract = world.registry.get("firms")
    maker = Maker(contract, load(None), random.Random(1))
    for serial in range(500):
        found = maker._of("citizen_id", {}, serial, {}, None)
        assert found and CitizenId().parse(found, {}) == found
        century, year = int(found[3]), int(found[4:6])
        assert century in (2, 3) and year >= 60, "born in 2060 or later"


def test_the_figures_can_be_looked_at(world: World) -> None:
    contract = world.registry.get("cases")
    with undone(world) as connection:
        build(connection, world.registry, contract, load(None), force=True)
        kept = connection.execute("select statistics from platform.twin where dataset = 'cases'").fetchone()
        assert kept and set(kept[0]) >= {"rows", "k", "cells", "months", "numbers", "missing"}
        assert "Người thứ" not in json.dumps(kept[0], ensure_ascii=False)
