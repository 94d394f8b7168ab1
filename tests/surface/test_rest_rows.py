"""Rows over REST: what is asked is what is answered, and nothing else."""

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from lienthong.kernel.text import fold
from tests.surface.small import World, firms, permits

Row = dict[str, Any]
Check = Callable[[Row], bool]


def codes(rows: list[Row]) -> list[str]:
    return [row["firm_code"] for row in rows]


def expected(check: Check) -> list[str]:
    """The firms that fit, by code; a missing value fits nothing."""

    def fits(row: Row) -> bool:
        try:
            return check(row)
        except (KeyError, TypeError):
            return False

    return [row["firm_code"] for row in firms() if fits(row)]


MOMENT = "2026-01-15T08:30:00+07:00"
AREA = '{"coordinates":[[[106.005,21],[106.025,21],[106.025,22],[106,22],[106.005,21]]],"type":"Polygon"}'
FILTERS: list[tuple[str, str, Check]] = [
    ("firm_code", "F0007", lambda r: r["firm_code"] == "F0007"),
    ("firm_code__in", "F0003,F0001,F9999", lambda r: r["firm_code"] in ("F0001", "F0003")),
    ("firm_code__contains", "f000", lambda r: "F000" in r["firm_code"]),
    ("name__contains", "dong KINH", lambda r: "dong kinh" in fold(r["name"])),
    ("name__contains", "ĐÔNG", lambda r: "dong" in fold(r["name"])),
    ("name__contains", "%", lambda r: False),
    ("name__contains", "_", lambda r: False),
    ("name", "Công ty Hồng Hà số 3", lambda r: r["name"] == "Công ty Hồng Hà số 3"),
    ("status", "closed", lambda r: r["status"] == "closed"),
    ("status__ne", "closed", lambda r: r["status"] != "closed"),
    ("status__in", "closed,active", lambda r: True),
    ("capital__gte", "50000000000", lambda r: r["capital"] >= 50_000_000_000),
    ("capital", "3000000000", lambda r: r["capital"] == 3_000_000_000),
    ("capital__is_null", "true", lambda r: "capital" not in r),
    ("capital__is_null", "false", lambda r: "capital" in r),
    ("capital__ne", "3000000000", lambda r: r.get("capital") != 3_000_000_000),
    ("score__lt", "10.5", lambda r: float(r["score"]) < 10.5),
    ("score", "9.25", lambda r: r["score"] == "9.25"),
    ("staff__gt", "55", lambda r: r["staff"] > 55),
    ("staff__in", "1,2,3", lambda r: r["staff"] in (1, 2, 3)),
    ("exporter", "true", lambda r: r["exporter"]),
    ("exporter__ne", "true", lambda r: r.get("exporter") is not True),
    ("registered_on__lte", "2020-01-03", lambda r: str(r["registered_on"]) <= "2020-01-03"),
    ("registered_on", "2020-01-03", lambda r: str(r["registered_on"]) == "2020-01-03"),
    ("founded__gte", "2019-05-02", lambda r: r["founded"] >= "2019-05-02"),
    ("seen_at__gt", MOMENT, lambda r: datetime.fromisoformat(r["seen_at"]) > datetime.fromisoformat(MOMENT)),
    ("seen_at", "2026-01-15T01:30:00Z", lambda r: r["seen_at"] == MOMENT),
    ("ref", "00000000-0000-0000-0000-00000000000a", lambda r: r["ref"].int == 10),
    ("ref__in", "00000000-0000-0000-0000-00000000000a", lambda r: r["ref"].int == 10),
    ("email__contains", "hang1@", lambda r: r["email"] == "hang1@example.vn"),
    ("tags__contains", "b", lambda r: '"b"' in r["tags"]),
    ("branches__contains", '{"branch_name": "Chi nhánh 5"}', lambda r: r["firm_code"] == "F0005"),
    ("branches__contains", '{"staff": 5, "opened_on": "2021-02-03"}', lambda r: r["firm_code"] == "F0005"),
    ("tags__is_null", "true", lambda r: "tags" not in r),
    ("position__bbox", "106.005,21,106.035,22", lambda r: r["firm_code"] in ("F0001", "F0002", "F0003")),
    ("position__within", AREA,
     lambda r: r["firm_code"] in ("F0001", "F0002")),
    ("place_code", "20001", lambda r: r["place_code"] == "20001"),
    ("q", "anh DUONG 17", lambda r: "anh duong" in fold(r["name"]) and "17" in r["name"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "check"), FILTERS, ids=[f"{n}={v}" for n, v, _ in FILTERS])
def test_a_filter_finds_exactly_the_rows_that_fit(world: World, name: str, value: str, check: Check) -> None:
    assert codes(world.rows("firms", **{name: value})) == expected(check)


def test_several_filters_mean_and(world: World) -> None:
    found = world.rows("firms", status="active", staff__gte="10", staff__lt="20", fields="firm_code")
    assert codes(found) == expected(lambda r: r["status"] == "active" and 10 <= r["staff"] < 20)


def test_values_are_rendered_as_the_contract_types_them(world: World) -> None:
    row = world.rows("firms", firm_code="F0002")[0]
    assert row == {
        "firm_code": "F0002", "name": "Công ty Ánh Dương số 2", "status": "active", "capital": 2_000_000_000,
        "score": 2.25, "staff": 2, "exporter": True, "registered_on": "2020-01-02", "founded": "2019-05-02",
        "seen_at": "2026-01-03T08:30:00+07:00", "ref": "00000000-0000-0000-0000-000000000002",
        "email": "hang2@example.vn", "tags": ["a", "b"],
        "branches": [{"branch_name": "Chi nhánh 2", "opened_on": "2021-02-03", "staff": 2}] * 2,
        "position": {"type": "Point", "coordinates": [106.02, 21.5]}, "place_code": "20002", "synthetic": True,
    }  # fmt: skip


def test_fields_come_in_the_order_asked(world: World) -> None:
    assert list(world.rows("firms", fields="name,firm_code", limit=1)[0]) == ["name", "firm_code"]


def _sorted(rows: list[Row], *keys: str) -> list[Row]:
    """Rows by the keys as REST sorts them: missing last in both directions, the primary key decides at the end."""
    rows = sorted(rows, key=operator.itemgetter("firm_code"), reverse=keys[-1].startswith("-"))
    for key in reversed(keys):
        name, down = key.removeprefix("-"), key.startswith("-")
        present = sorted((r for r in rows if r.get(name) is not None), key=operator.itemgetter(name), reverse=down)
        rows = present + [r for r in rows if r.get(name) is None]
    return rows


SORTS = (
    "firm_code",
    "-firm_code",
    "status",
    "-staff",
    "staff",
    "registered_on,-capital",
    "-status,exporter",
    "-founded,score",
)


@pytest.mark.parametrize("sort", SORTS)
def test_pages_by_cursor_give_every_row_once_in_order(world: World, sort: str) -> None:
    found: list[Row] = []
    url: str | None = f"/api/v1/datasets/firms/rows?sort={sort}&limit=7&count=exact"
    while url:
        answer = world.anonymous.get(url)
        page = answer.json()["page"]
        assert page["total"] == 60 and page["count"] == len(answer.json()["data"]) <= 7
        found += answer.json()["data"]
        url = answer.links.get("next", {}).get("url")
        assert (url is None) == (page["next"] is None)
    assert codes(found) == codes(_sorted(found, *sort.split(",")))
    assert sorted(codes(found)) == [f"F{n:04}" for n in range(60)]


def test_a_page_tells_its_size_and_counts_only_when_asked(world: World) -> None:
    answer = world.anonymous.get("/api/v1/datasets/firms/rows?limit=0&count=exact&status=closed").json()
    assert answer == {
        "data": [],
        "page": {"limit": 0, "next": None, "count": 0, "total": 15},
        "dataset": "firms",
        "release": 1,
    }
    assert "total" not in world.anonymous.get("/api/v1/datasets/firms/rows?limit=1").json()["page"]


def test_one_row_by_its_key(world: World) -> None:
    answer = world.anonymous.get("/api/v1/datasets/firms/rows/F0001?fields=name")
    assert answer.json() == {"data": {"name": "Công ty Đông Kinh số 1"}, "dataset": "firms", "release": 1}


def test_a_key_of_several_parts_is_split_before_it_is_decoded(world: World) -> None:
    one = permits()[0]
    assert "/" in one["number"]
    answer = world.anonymous.get(
        f"/api/v1/datasets/permits/rows/{one['firm_code']},{one['number'].replace('/', '%2F')}"
    )
    assert answer.json()["data"]["number"] == one["number"]
    plain = world.anonymous.get(f"/api/v1/datasets/permits/rows/{one['firm_code']},{one['number']}")
    assert plain.json()["data"] == answer.json()["data"]
    short = world.anonymous.get("/api/v1/datasets/permits/rows/F0001")
    assert short.status_code == 400 and "{firm_code},{number}" in short.json()["fix"]
    assert world.anonymous.get("/api/v1/datasets/permits/rows/F0001,9%2F9999%2FGP-UBND").status_code == 404


def test_a_date_before_the_first_record_has_no_rows(world: World) -> None:
    assert world.rows("firms", as_of="2025-12-31") == []
    now = world.anonymous.get("/api/v1/datasets/firms/rows?as_of=2026-01-01&limit=1").json()
    assert now["as_of"] == "2026-01-01" and now["data"]
    assert len(world.rows("firms", as_of="2026-06-01T00:00:00+07:00")) == 60


def test_each_row_answer_is_one_statement(world: World) -> None:
    world.rows("firms", status="active", count="exact")
    before = len(world.database.statements)
    world.rows("firms", status="active", count="exact", sort="-name")
    assert len(world.database.statements) == before + 1


def test_statistics_are_read_like_any_dataset(world: World) -> None:
    assert world.rows("case-statistics", channel="online") == [
        {"month": "2026-02", "channel": "online", "cases": 20, "mean_days": 20.00}
    ]
