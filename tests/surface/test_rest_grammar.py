"""Trees of conditions, relations, groups and counts over REST: checked against the rows that are known."""

import json
from collections import Counter
from typing import Any

import pytest

from lienthong.kernel.text import fold
from tests.surface.small import AGENCY, KEEPER, World, cases, firms, permits, places

ROWS = "/api/v1/datasets/firms/rows"
Row = dict[str, Any]
PLACE_NAMES = {p["place_code"]: p["name"] for p in places()}
PARENTS = {p["place_code"]: p["parent_code"] for p in places()}


def codes(rows: list[Row]) -> list[str]:
    return [row["firm_code"] for row in rows]


def place_of(row: Row) -> str:
    return PLACE_NAMES.get(row.get("place_code", ""), "")


def province_of(row: Row) -> str:
    return PLACE_NAMES.get(PARENTS.get(row.get("place_code", "")) or "", "")


def permits_of(row: Row) -> list[Row]:
    return [p for p in permits() if p["firm_code"] == row["firm_code"]]


TREES: list[tuple[Any, Any]] = [
    ({"status": "closed"}, lambda r: r["status"] == "closed"),
    ({"or": [{"staff": {"lt": 3}}, {"staff": {"gt": 57}}]}, lambda r: "staff" in r and not 3 <= r["staff"] <= 57),
    ({"not": {"status": {"eq": "active"}}}, lambda r: r["status"] != "active"),
    ({"and": [{"staff": {"gte": 10, "lt": 20}}, {"not": {"exporter": True}}]},
     lambda r: 10 <= r.get("staff", 0) < 20 and not r["exporter"]),
    ({"or": []}, lambda r: False),
    ({"and": []}, lambda r: True),
    ({"place": {"name": {"contains": "dong"}}}, lambda r: "dong" in fold(place_of(r))),
    ({"place": {"parent": {"name": "Tỉnh Đồng Tháp"}}}, lambda r: province_of(r) == "Tỉnh Đồng Tháp"),
    ({"not": {"place": {}}}, lambda r: "place_code" not in r),
    ({"permits": {"granted_on": "2024-01-03"}, "status": {"in": ["closed"]}},
     lambda r: r["status"] == "closed" and any(str(p["granted_on"]) == "2024-01-03" for p in permits_of(r))),
    ({"q": "anh duong", "capital": {"gt": 5_000_000_000}}, lambda r: r.get("capital", 0) > 5e9 and r["capital"] // 10**9 % 3 == 2),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "fits"), TREES, ids=[json.dumps(t) for t, _ in TREES])
def test_a_tree_of_conditions_finds_exactly_the_rows_that_fit(world: World, tree: Any, fits: Any) -> None:
    found = world.rows("firms", filter=json.dumps(tree), limit="100")
    assert codes(found) == codes([r for r in firms() if fits(r)])


OVER_RELATIONS: list[tuple[dict[str, str], Any]] = [
    ({"place.name__contains": "DONG"}, lambda r: "dong" in fold(place_of(r))),
    ({"place.parent.name": "Tỉnh Lạng Sơn"}, lambda r: province_of(r) == "Tỉnh Lạng Sơn"),
    ({"place.parent.name": "Tỉnh Lạng Sơn", "place.name__contains": "phuong", "status": "active"},
     lambda r: province_of(r) == "Tỉnh Lạng Sơn" and "phuong" in fold(place_of(r)) and r["status"] == "active"),
    ({"permits.granted_on__gte": "2024-01-03"}, lambda r: any(str(p["granted_on"]) >= "2024-01-03" for p in permits_of(r))),
    # One and the same permit fulfils both.
    ({"permits.granted_on": "2024-01-01", "permits.number__contains": "2/2024"}, lambda r: False),
    ({"place.position__bbox": "106.05,21,107,22"},
     lambda r: r.get("place_code", "")[-1:] in ("1", "2")),
]  # fmt: skip


@pytest.mark.parametrize(("given", "fits"), OVER_RELATIONS, ids=[str(g) for g, _ in OVER_RELATIONS])
def test_conditions_reach_over_relations(world: World, given: dict[str, str], fits: Any) -> None:
    assert codes(world.rows("firms", **given, limit="100")) == codes([r for r in firms() if fits(r)])


def test_related_rows_stand_inside(world: World) -> None:
    found = world.rows(
        "firms", firm_code__in="F0002,F0007", fields="firm_code,place.name,place.parent.name,permits.number"
    )
    assert found == [
        {"firm_code": "F0002", "place": {"name": PLACE_NAMES["20002"], "parent": {"name": "Tỉnh Lạng Sơn"}},
         "permits": [{"number": p["number"]} for p in permits_of({"firm_code": "F0002"})]},
        {"firm_code": "F0007", "place": None, "permits": [{"number": p["number"]} for p in permits_of({"firm_code": "F0007"})]},
    ]  # fmt: skip


def test_include_gives_whole_related_rows_beside_the_whole_row(world: World) -> None:
    plain = world.rows("firms", firm_code="F0002")[0]
    found = world.rows("firms", firm_code="F0002", include="place,place.parent,permits")[0]
    place = found.pop("place")
    assert found.pop("permits") and found == plain
    parent = place.pop("parent")
    assert place == world.rows("places", place_code="20002")[0] and parent == world.rows("places", place_code="20")[0]


def test_of_many_related_rows_some_are_chosen(world: World) -> None:
    given = {"include": "permits", "permits.limit": "1", "permits.sort": "-granted_on"}
    row = world.rows("firms", firm_code="F0003", **given)[0]
    assert [p["granted_on"] for p in row["permits"]] == ["2024-01-03"]
    given["permits.filter"] = json.dumps({"granted_on": {"lt": "2024-01-03"}})
    row = world.anonymous.get(ROWS + "/F0003", params=given | {"fields": "name"}).json()["data"]
    assert row["name"] and [p["granted_on"] for p in row["permits"]] == ["2024-01-02"]


def test_embedding_is_one_statement(world: World) -> None:
    before = len(world.database.statements)
    world.rows("firms", include="place.parent,permits", **{"permits.firm.status": "active"})
    assert len(world.database.statements) == before + 1


def test_groups_count_and_add_up(world: World) -> None:
    found = world.rows(
        "firms",
        group_by="status,registered_on:month",
        measure="count,sum:staff,max:firm_code,count_distinct:place_code",
    )
    months = Counter((r["status"], str(r["registered_on"])[:7]) for r in firms())
    assert {(g["status"], g["registered_on_month"]): g["count"] for g in found} == months
    for group in found:
        inside = [
            r
            for r in firms()
            if (r["status"], str(r["registered_on"])[:7]) == (group["status"], group["registered_on_month"])
        ]
        assert group["sum_staff"] == sum(r.get("staff", 0) for r in inside)
        assert group["max_firm_code"] == max(r["firm_code"] for r in inside)
        assert group["count_distinct_place_code"] == len({r["place_code"] for r in inside if "place_code" in r})


def test_groups_are_sorted_paged_and_counted(world: World) -> None:
    url = f"{ROWS}?group_by=staff:band5&measure=count&sort=-count,staff_band5&count=exact&limit=5"
    first, second = world.anonymous.get(url).json(), world.anonymous.get(url + "&offset=5").json()
    bands = Counter(f"{r['staff'] // 5 * 5}-{r['staff'] // 5 * 5 + 4}" if "staff" in r else None for r in firms())
    assert first["page"] == {"limit": 5, "next": None, "count": 5, "total": len(bands)}
    both = first["data"] + second["data"]
    assert [g["count"] for g in both] == sorted(bands.values(), reverse=True)[:10]
    assert all(bands[g["staff_band5"]] == g["count"] for g in both)


def test_distinct_values_and_a_measure_of_all(world: World) -> None:
    assert world.rows("firms", fields="status,exporter", distinct="true") == [
        {"status": s, "exporter": e} for s in ("active", "closed") for e in (False, True, None)
        if any((r["status"], r.get("exporter")) == (s, e) for r in firms())
    ]  # fmt: skip
    staff = [r["staff"] for r in firms() if "staff" in r and r["status"] == "active"]
    found = world.rows("firms", measure="count,avg:staff,min:registered_on", status="active")
    assert found[0]["count"] == 45 and found[0]["min_registered_on"] == "2020-01-01"
    assert round(found[0]["avg_staff"], 6) == round(sum(staff) / len(staff), 6)


def test_counts_are_estimated_or_exact(world: World) -> None:
    page = world.anonymous.get(ROWS + "?status=closed&count=exact&limit=1").json()["page"]
    assert page["total"] == 15 and "estimated" not in page
    page = world.anonymous.get(ROWS + "?count=estimated&limit=1").json()["page"]
    assert page["estimated"] is True and page["total"] >= 0
    # Over governed rows an estimate would tell of rows that are hidden: they are counted.
    page = world.client(AGENCY).get("/api/v1/datasets/cases/rows?count=estimated").json()["page"]
    assert page["total"] == len([c for c in cases() if c["channel"] == "online"]) and "estimated" not in page


@pytest.mark.parametrize(
    ("query", "place", "hint"),
    [
        ("filter=x", "filter", ""),
        ("filter=[]", "filter", ""),
        ('filter={"status":null}', "filter", "is_null"),
        ('filter={"status":"active","status":"closed"}', "filter", ""),
        ('filter={"staff":NaN}', "filter", ""),
        ('filter={"staff":1e999}', "filter", ""),
        ('filter={"name":"\\ud800"}', "filter", ""),
        ('filter={"statuss":"active"}', "statuss", "status"),
        ('filter={"status":{"eqq":"active"}}', "status__eqq", "eq"),
        ('filter={"place":{"nam":"x"}}', "nam", "name"),
        ('filter={"place":1}', "place", ""),
        ("filter=" + "[" * 14_000, "filter", ""),
        ("filter=" + '{"not":' * 20 + "{}" + "}" * 20, "filter", ""),
        ("plac.name=x", "plac.name", "place"),
        ("place.nam=x", "place.nam", "place.name"),
        ("place.name__containz=x", "name__containz", "contains"),
        (".name=x", ".name", ""),
        ("place.=x", "place.", ""),
        ("place.parent.parent.parent.parent.parent.name=x", "place.parent.parent.parent.parent.parent.name", ""),
        ("include=plac", "include", "place"),
        ("include=place,place", "include", ""),
        ("include=", "include", ""),
        ("fields=place.nam", "nam", "name"),
        ("permits.limit=1", "permits.limit", "include=permits"),
        ("include=permits&permits.limit=1001", "permits.limit", ""),
        ("include=permits&permits.limit=-1", "permits.limit", ""),
        ("include=permits&permits.sort=numbr", "numbr", "number"),
        ("include=place&place.limit=1", "place.limit", ""),
        ("group_by=statuss", "statuss", "status"),
        ("group_by=registered_on:years", "registered_on:years", "year"),
        ("group_by=status:year", "status:year", "none"),
        ("group_by=position", "position", ""),
        ("group_by=tags", "tags", ""),
        ("group_by=", "", ""),
        ("measure=cnt", "cnt", "count"),
        ("measure=sum", "sum", "sum:"),
        ("measure=sum:name", "sum:name", ""),
        ("measure=min:exporter", "min:exporter", ""),
        ("measure=max:position", "max:position", ""),
        ("measure=count,count", "measure", ""),
        ("group_by=status&fields=name", "fields", ""),
        ("group_by=status&include=place", "include", ""),
        ("group_by=status&cursor=x", "cursor", ""),
        ("group_by=status&sort=name", "sort", "status"),
        ("group_by=status&offset=-1", "offset", ""),
        ("distinct=true", "fields", ""),
        ("distinct=yes&fields=status", "distinct", ""),
        ("offset=5", "offset", "cursor"),
        ("count=some", "count", ""),
    ],
)
def test_what_is_wrong_is_refused_with_its_name(world: World, query: str, place: str, hint: str) -> None:
    answer = world.anonymous.get(f"{ROWS}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json().get("place", "") == place and hint in answer.json().get("fix", "")


@pytest.mark.parametrize(
    "query",
    [
        'filter={"owner_name":"x"}',
        'filter={"or":[{"status":"active"},{"not":{"owner_name":{"contains":"a"}}}]}',
        "place.firms.owner_name=x",
        "group_by=owner_name",
        "measure=count_distinct:owner_name",
        "fields=owner_name&distinct=true",
        "fields=place.firms.owner_name",
        "include=permits&permits.filter=" + '{"firm":{"owner_name":"x"}}',
    ],
)
def test_a_hidden_field_stays_hidden_wherever_it_is_named(world: World, query: str) -> None:
    answer = world.anonymous.get(f"{ROWS}?{query}")
    assert answer.status_code == 401 and answer.json()["field"] == "owner_name", answer.text


def test_an_agreement_bounds_relations_and_groups(world: World) -> None:
    online = [c for c in cases() if c["channel"] == "online"]
    assert world.rows("cases", AGENCY, measure="count,sum:days") == [
        {"count": len(online), "sum_days": sum(c["days"] for c in online)}
    ]
    refused = world.client(KEEPER).get(f"{ROWS}?group_by=name")
    assert refused.status_code == 403 and refused.json()["clause"] == "A-2"
    found = world.rows("firms", KEEPER, fields="firm_code,place.name", firm_code="F0002")
    assert found == [{"firm_code": "F0002", "place": {"name": PLACE_NAMES["20002"]}}]
