"""Groups and numbers over GraphQL: what Python counts over the same rows, in one statement, page by page."""

from collections import Counter, defaultdict
from typing import Any

import pytest

from tests.surface.small import AGENCY, World, firms, permits
from tests.surface.test_graphql_answers import data
from tests.surface.test_graphql_refusals import error

Row = dict[str, Any]


def groups(world: World, arguments: str, asked: str, name: str = "firmsAggregate") -> list[Row]:
    """The groups of an aggregate of the small world."""
    before = len(world.database.statements)
    found = data(world, f"{{ {name}{arguments} {{ nodes {{ {asked} }} }} }}")[name]["nodes"]
    assert len(world.database.statements) == before + 1
    return list(found)


def test_all_rows_are_one_group(world: World) -> None:
    asked = """count countDistinct { status placeCode } sum { capital staff } avg { staff }
      min { registeredOn name } max { registeredOn seenAt score }"""
    (found,) = groups(world, "", asked)
    staff = [f["staff"] for f in firms() if "staff" in f]
    assert found["count"] == 60 and found["countDistinct"] == {"status": 2, "placeCode": 6}
    assert found["sum"] == {"capital": sum(f.get("capital", 0) for f in firms()), "staff": sum(staff)}
    assert found["avg"]["staff"] == pytest.approx(sum(staff) / len(staff))
    assert found["min"]["registeredOn"] == "2020-01-01" and found["max"]["registeredOn"] == "2020-01-30"
    assert found["max"]["score"] == 59.25 and found["max"]["seenAt"].startswith("2026-01-28T")


def test_groups_by_value_in_the_order_asked(world: World) -> None:
    arguments = "(groupBy: {field: STATUS}, orderBy: {function: COUNT, direction: DESC})"
    found = groups(world, arguments, "group { status } count sum { staff }")
    counted, staff = Counter(f["status"] for f in firms()), defaultdict(int)
    for row in firms():
        staff[row["status"]] += row.get("staff", 0)
    assert [(g["group"]["status"], g["count"]) for g in found] == counted.most_common()
    assert {g["group"]["status"]: g["sum"]["staff"] for g in found} == staff


@pytest.mark.parametrize(
    ("transform", "field", "values"),
    [
        ("YEAR", "REGISTERED_ON", {2020: 60}),
        ("QUARTER", "REGISTERED_ON", {"2020-Q1": 60}),
        ("MONTH", "SEEN_AT", {"2026-01": 51, None: 9}),
        ("YEAR", "FOUNDED", {2019: 51, None: 9}),
        ("MONTH", "FOUNDED", {"2019": 17, "2019-05": 34, None: 9}),
        ("NONE", "EXPORTER", {True: 25, False: 26, None: 9}),
    ],
)
def test_a_value_becomes_a_group(world: World, transform: str, field: str, values: dict[Any, int]) -> None:
    name = "".join(part.title() if n else part for n, part in enumerate(field.lower().split("_")))
    found = groups(world, f"(groupBy: {{field: {field}, transform: {transform}}})", f"group {{ {name} }} count")
    assert {g["group"][name]: g["count"] for g in found} == values


def test_bands_of_five(world: World) -> None:
    found = groups(world, "(groupBy: {field: STAFF, transform: BAND5})", "group { staff } count")
    wanted = Counter(f"{f['staff'] // 5 * 5}-{f['staff'] // 5 * 5 + 4}" if "staff" in f else None for f in firms())
    assert {g["group"]["staff"]: g["count"] for g in found} == wanted


def test_two_dimensions_and_a_condition(world: World) -> None:
    arguments = "(groupBy: [{field: STATUS}, {field: PLACE_CODE}], where: {staff: {gte: 10}, place: {parent: {}}})"
    found = groups(world, arguments, "group { placeCode status } count")
    wanted = Counter((f["place_code"], f["status"]) for f in firms() if f.get("staff", 0) >= 10)
    assert {(g["group"]["placeCode"], g["group"]["status"]): g["count"] for g in found} == wanted
    assert [tuple(g["group"]) for g in found][0] == ("placeCode", "status")  # as asked


def test_groups_have_pages(world: World) -> None:
    query = """query($after: String) { firmsAggregate(groupBy: {field: FIRM_CODE}, orderBy: [{function: MAX, field: STAFF,
      direction: DESC}, {field: FIRM_CODE}], first: 25, after: $after) { totalCount nodes { group { firmCode } count }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    seen: list[str] = []
    after = None
    for page in range(3):
        found = data(world, query, after=after)["firmsAggregate"]
        assert found["totalCount"] == 60
        seen += [g["group"]["firmCode"] for g in found["nodes"]]
        info = found["pageInfo"]
        assert info["hasNextPage"] is (page < 2) and info["hasPreviousPage"] is (page > 0)
        after = info["endCursor"]
    assert len(set(seen)) == len(seen) == 60
    best = sorted(firms(), key=lambda f: (-f.get("staff", -1), f["firm_code"]))
    assert seen == [f["firm_code"] for f in best]


def test_groups_stand_inside_rows(world: World) -> None:
    query = """{ places(where: {parentCode: {isNull: false}}) { nodes { placeCode
      firmsAggregate(groupBy: {field: STATUS}) { nodes { group { status } count } }
      all: firmsAggregate { __typename nodes { __typename count } totalCount } } } }"""
    before = len(world.database.statements)
    found = data(world, query)["places"]["nodes"]
    assert len(world.database.statements) == before + 1
    for place in found:
        wanted = Counter(f["status"] for f in firms() if f.get("place_code") == place["placeCode"])
        assert {g["group"]["status"]: g["count"] for g in place["firmsAggregate"]["nodes"]} == wanted
        whole = {"__typename": "FirmAggregate", "count": sum(wanted.values())}
        assert place["all"] == {"__typename": "FirmAggregateConnection", "nodes": [whole], "totalCount": 1}


def test_groups_of_a_day(world: World) -> None:
    query = '{ firmsAggregate(asOf: "%s") { nodes { count } } }'
    for moment, count in (("2025-12-31", 0), ("2026-06-01", 60), ("2025-12-31T23:59:59+07:00", 0)):
        assert data(world, query % moment)["firmsAggregate"]["nodes"] == [{"count": count}]
    assert data(world, "{ permitsAggregate(groupBy: {field: NUMBER}) { totalCount } }")["permitsAggregate"] == {
        "totalCount": len({p["number"] for p in permits()})
    }


def test_an_agency_counts_what_it_may_read(world: World) -> None:
    query = "{ casesAggregate(groupBy: {field: CHANNEL}) { nodes { group { channel } count max { days } } } }"
    found = data(world, query, AGENCY)["casesAggregate"]["nodes"]
    assert found == [{"group": {"channel": "online"}, "count": 20, "max": {"days": 39}}]
    hidden = error(world, "{ casesAggregate(groupBy: {field: ILLNESS}) { nodes { count } } }", AGENCY)["extensions"]
    assert (hidden["code"], hidden["field"]) == ("FORBIDDEN", "illness")
    closed = error(world, "{ casesAggregate { nodes { max { illness } } } }")
    assert closed["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("query", "place", "code"),
    [
        ("{ firmsAggregate { nodes { group { status } } } }", "group.status", "BAD_USER_INPUT"),
        ("{ firmsAggregate(groupBy: [{field: NAME}, {field: NAME}]) { totalCount } }", "groupBy", "BAD_USER_INPUT"),
        (
            "{ firmsAggregate(groupBy: {field: STAFF, transform: YEAR}) { totalCount } }",
            "groupBy.STAFF",
            "BAD_USER_INPUT",
        ),
        ("{ firmsAggregate(orderBy: {field: NAME}) { totalCount } }", "orderBy.NAME", "BAD_USER_INPUT"),
        ("{ firmsAggregate(orderBy: {function: SUM, field: NAME}) { totalCount } }", "orderBy", "BAD_USER_INPUT"),
        ("{ firmsAggregate(orderBy: {function: MAX, field: EXPORTER}) { totalCount } }", "orderBy", "BAD_USER_INPUT"),
        ("{ firmsAggregate(orderBy: {function: COUNT, field: NAME}) { totalCount } }", "orderBy", "BAD_USER_INPUT"),
        ("{ firmsAggregate(orderBy: {}) { totalCount } }", "orderBy", "BAD_USER_INPUT"),
        ("{ firmsAggregate(first: 10001) { totalCount } }", "first", "BAD_USER_INPUT"),
        ('{ firmsAggregate(after: "WyJhIl0") { totalCount } }', "cursor", "BAD_USER_INPUT"),
    ],
)
def test_what_cannot_be_grouped_is_refused_with_its_place(world: World, query: str, place: str, code: str) -> None:
    before = len(world.database.statements)
    found = error(world, query)["extensions"]
    assert (found["code"], found["place"]) == (code, place)
    assert len(world.database.statements) == before


def test_a_cursor_of_other_groups_is_refused(world: World) -> None:
    query = "{ firmsAggregate(groupBy: {field: %s}, first: 1%s) { nodes { count } pageInfo { endCursor } } }"
    cursor = data(world, query % ("STATUS", ""))["firmsAggregate"]["pageInfo"]["endCursor"]
    assert len(data(world, query % ("STATUS", f', after: "{cursor}"'))["firmsAggregate"]["nodes"]) == 1
    found = error(world, query % ("NAME", f', after: "{cursor}"'))
    assert found["extensions"]["place"] == "cursor" and "another sort order" in found["message"]
