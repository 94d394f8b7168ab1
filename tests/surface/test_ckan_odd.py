"""Odd questions to the Action API, answered as a CKAN 2.12.0 that was asked the same: empty, wrong and extreme values."""

from typing import Any

import pytest

from tests.surface.hosted import did
from tests.surface.small import ADMIN, World

MISSING = ["Missing value"]
ROWS = [{"ma": f"H{n}", "ten": "Bùi Quốc Khánh", "gia": f"{n}.50", "nhan": ["a", "b"], "ghi": ""} for n in range(1, 4)]
TYPES = {"ma": "text", "ten": "text", "gia": "numeric", "nhan": "text[]", "ghi": "text"}
TEN_DEEP: dict[str, Any] = {"ma": "x"}
for _ in range(11):
    TEN_DEEP = {"$or": [TEN_DEEP]}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """An organization, a group, a vocabulary, datasets, and rows under the name `bang`."""
    did(own_world, "organization_create", ADMIN, name="so-y-te", title="Sở Y tế")
    did(own_world, "group_create", ADMIN, name="moi-truong", title="Môi trường")
    did(own_world, "vocabulary_create", ADMIN, name="linh-vuc", tags=[{"name": "nuoc"}, {"name": "dat-dai"}])
    for n in range(12):
        given = {"name": f"bo-{n:02}", "owner_org": "so-y-te", "private": n == 11, "tags": [{"name": "dân số"}]}
        did(own_world, "package_create", ADMIN, **given, resources=[{"url": "https://x.org/a.csv", "name": f"tệp {n}"}])
    fields = [{"id": name, "type": type} for name, type in TYPES.items()]
    resource = {"package_id": "bo-00", "name": "bảng"}
    did(own_world, "datastore_create", ADMIN, resource=resource, fields=fields, records=ROWS, aliases="bang")
    return own_world


def answer(world: World, name: str, token: str | None = None, /, **params: Any) -> tuple[int, Any]:
    """The status, and the result or what is wrong."""
    found = world.client(token).post(f"/api/3/action/{name}", json=params)
    body = found.json()
    return found.status_code, body["result"] if found.status_code == 200 else body["error"]


@pytest.mark.parametrize(
    ("name", "params", "status", "error"),
    [
        ("help_show", {"name": ""}, 404, {"message": "Not found: Action function not found"}),
        ("group_show", {}, 409, {"id": MISSING}),
        ("group_show", {"id": ""}, 404, {"message": "Not found"}),
        ("group_package_show", {"id": None}, 404, {"message": "Not found"}),
        ("tag_show", {"id": ""}, 404, {"message": "Not found"}),
        ("followee_list", {}, 409, {"id": MISSING}),
        ("package_relationships_list", {"id": "zz"}, 404,
         {"message": "Not found: First package named in request was not found."}),
        ("package_relationships_list", {"id": "bo-00", "rel": "depends_on"}, 404,
         {"message": 'Not found: Relationship "bo-00 depends_on None" not found.'}),
        ("package_activity_list", {"id": "bo-00", "activity_types": "new package"}, 409,
         {"activity_types": ["Not a list"]}),
        ("package_activity_list", {"id": "bo-00", "limit": "x"}, 409,
         {"limit": ["Invalid integer", "Please enter an integer value"]}),
        ("resource_search", {}, 409, {"query": "Missing value"}),
        ("resource_search", {"query": ""}, 409, {"query": "Must be <field>:<value> pair(s)"}),
        ("resource_search", {"query": "id:x"}, 409, {"query": 'Field "id" not recognised in resource_search.'}),
        ("current_package_list_with_resources", {"limit": 2, "page": 0}, 409, {"page": ["Must be a positive integer"]}),
        ("package_search", {"start": "x"}, 409, {"start": ["Invalid integer"]}),
        ("package_search", {"rows": "x"}, 409, {"rows": ["Invalid integer", "Please enter an integer value"]}),
        ("package_search", {"facet.field": "tags"}, 409,
         {"facet.field": ["Could not parse as valid JSON", "Not a list"]}),
        ("package_search", {"facet.field": ""}, 409, {"facet.field": ["Could not parse as valid JSON", "Not a list"]}),
        ("package_search", {"facet.field": [5]}, 409, {"facet.field": ["Not a string: 5"]}),
        ("package_search", {"facet.field": ["tags"], "facet.limit": "x"}, 409, {"facet.limit": ["Invalid integer"]}),
        ("package_search", {"sort": "{!x}"}, 409, {"__type": "Search Error"}),
        ("package_search", {"q": '_val_:"x"'}, 409, {"__type": "Search Error"}),
        ("package_search", {"q": "x {!lucene}"}, 409, {"__type": "Search Error"}),
        ("datastore_search", {"id": "bang", "limit": "x"}, 409,
         {"limit": ["Invalid integer", "Please enter an integer value"]}),
        ("datastore_search", {"id": "bang", "offset": -1}, 409, {"offset": ['invalid value "-1"']}),
        ("datastore_search", {"id": "bang", "foo": 1, "baz": 2}, 409, {"__extras": ['invalid value "foo"']}),
        ("datastore_search", {"id": "bang", "filters": ""}, 409, {"filters": ["Cannot parse JSON"]}),
        ("datastore_search", {"id": "bang", "filters": {"$or": []}}, 409, {"filters": ['invalid value "$or"']}),
        ("datastore_search", {"id": "bang", "filters": {"$or": "x"}}, 409,
         {"filters": ["Filter operations must be defined as a list of dicts: x"]}),
        ("datastore_search", {"id": "bang", "filters": TEN_DEEP}, 409,
         {"filters": ["Maximum nesting depth for filter operations reached"]}),
        ("datastore_search", {"id": "bang", "q": {"ten": 5}}, 409, {"q": ['invalid value "ten"']}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_ckans_words(
    world: World, name: str, params: dict[str, Any], status: int, error: dict[str, Any]
) -> None:
    found, told = answer(world, name, None, **params)
    assert found == status, told
    assert {key: told.get(key) for key in error} == error


def test_lists_have_ckans_pages(world: World) -> None:
    listed = "current_package_list_with_resources"
    assert len(did(world, listed, None)) == len(did(world, listed, None, page=2)) == 10
    assert did(world, listed, None, limit=0) == []
    names = [package["name"] for package in did(world, listed, ADMIN, limit=20)]
    assert "bo-11" in names and "bo-11" not in [p["name"] for p in did(world, listed, None, limit=20)]
    assert did(world, "organization_list", None, limit=0) == []
    assert did(world, "package_list", None, limit=2.0) == ["bo-00", "bo-01"]
    assert did(world, "group_package_show", None, id="so-y-te") == []
    assert did(world, "resource_search", None, query="format:csv", limit=0)["results"] == []
    assert len(did(world, "package_activity_list", None, id="bo-00", limit=0)) == 3


def test_an_empty_text_finds_whatever_there_is(world: World) -> None:
    assert len(did(world, "package_autocomplete", None, q="")) == 10
    assert [found["name"] for found in did(world, "group_autocomplete", None, q="")] == ["moi-truong"]
    assert did(world, "format_autocomplete", None, q=None) == ["csv"]


def test_tags_and_members_come_as_they_were_put_in(world: World) -> None:
    did(world, "tag_create", ADMIN, name="a-dau", vocabulary_id="linh-vuc")
    assert did(world, "tag_list", None, vocabulary_id="linh-vuc") == ["nuoc", "dat-dai", "a-dau"]
    assert [tag["name"] for tag in did(world, "vocabulary_show", None, id="linh-vuc")["tags"]][0] == "nuoc"
    kinds = [(kind, role) for _, kind, role in did(world, "member_list", ADMIN, id="so-y-te")]
    assert kinds == [("user", "Admin")] + [("package", "organization")] * 12


def test_tone_marks_count_where_they_find_something(world: World) -> None:
    assert did(world, "tag_list", None, query="dân") == did(world, "tag_list", None, query="dan") == ["dân số"]


def test_joined_filters_are_told_back_flat(world: World) -> None:
    given = {"$or": [{"$and": [{"ma": "H1"}]}, {"$or": [{"ma": "H3"}]}]}
    found = did(world, "datastore_search", None, id="bang", filters=given, fields="ma")
    assert [record["ma"] for record in found["records"]] == ["H1", "H3"]
    assert [part["op"] for part in found["filterops"]["value"]] == ["$and", "eq"]
    mixed = did(world, "datastore_search", None, id="bang", filters={"ma": ["H1", {"gt": "H2"}]})["filterops"]
    assert [part["op"] for part in mixed["value"]] == ["gt", "in"]
    assert did(world, "datastore_search", None, id="bang", sort="")["sort"] == ""


def test_a_dump_writes_numbers_lists_and_empty_texts_as_ckan_does(world: World) -> None:
    def dump(query: str) -> str:
        found = world.client().get(f"/datastore/dump/bang?fields=ma,gia,nhan,ghi&limit=1&unknown=1&{query}")
        assert found.status_code == 200
        return found.text

    assert '["H1",1.5,["a","b"],""]' in dump("format=json")
    assert "<gia>1.5</gia>" in (xml := dump("format=xml")) and "<ghi />" in xml
    assert dump("format=csv").splitlines()[1] == 'H1,1.50,"[""a"",""b""]",""'


def test_rows_that_come_or_go_change_their_dataset(world: World) -> None:
    made = did(
        world, "package_create", ADMIN, name="co-dong", owner_org="so-y-te", resources=[{"url": "https://x.org"}]
    )
    resource = made["resources"][0]["id"]
    fields = [{"id": name, "type": "text"} for name in "ab"]
    did(world, "datastore_create", ADMIN, resource_id=resource, force=True, fields=fields[:1])
    with_rows = did(world, "package_show", None, id="co-dong")
    assert with_rows["metadata_modified"] > made["metadata_modified"]
    did(world, "datastore_create", ADMIN, resource_id=resource, force=True, fields=fields)
    assert did(world, "package_show", None, id="co-dong") == with_rows
    did(world, "datastore_delete", ADMIN, resource_id=resource, force=True)
    without = did(world, "package_show", None, id="co-dong")
    assert without["metadata_modified"] > with_rows["metadata_modified"]
    kinds = [activity["activity_type"] for activity in did(world, "package_activity_list", None, id="co-dong")]
    assert kinds == ["changed package", "changed package", "new package"]


@pytest.mark.parametrize(("path", "status"), [("/api/i18n/vi", 200), ("/api/i18n/xx", 400)])
def test_texts_of_a_language(world: World, path: str, status: int) -> None:
    assert world.client().get(path).status_code == status


@pytest.mark.parametrize("odd", [["x"], {"a": 1}, [{"a": [1]}], [None], [["x"]]], ids=str)
def test_what_is_no_text_is_told(world: World, odd: Any) -> None:
    """Where a text is wanted and something else came: CKAN's own error, with its place, and no crash."""
    resource = did(world, "package_show", id="bo-01")["resources"][0]["id"]
    for name in ("organization_member_create", "group_member_create"):
        owner = "so-y-te" if name.startswith("org") else "moi-truong"
        assert answer(world, name, ADMIN, id=owner, username="admin", role=odd)[1]["role"] == ["role does not exist."]
    status, error = answer(world, "user_invite", ADMIN, email="a@b.vn", group_id="so-y-te", role=odd)
    assert (status, error["role"]) == (409, ["role does not exist."])
    for name in ("resource_update", "resource_patch"):
        assert answer(world, name, ADMIN, id=odd, url="https://x.org/b")[0] == 404
    status, error = answer(world, "resource_view_create", ADMIN, resource_id=odd, view_type="image_view", title="a")
    assert status == 409 and error["resource_id"][0].startswith("Resource not found: ")
    order = odd if isinstance(odd, list) else [odd]
    assert answer(world, "resource_view_reorder", ADMIN, id=resource, order=order)[0] == 409
    status, error = answer(world, "package_resource_reorder", ADMIN, id="bo-01", order=order)
    assert status == 409 and error["order"].endswith("can not be found")


def test_a_name_is_compared_as_it_is_kept(world: World) -> None:
    assert did(world, "package_create", ADMIN, name=True, owner_org="so-y-te")["name"] == "true"
    status, error = answer(world, "package_patch", ADMIN, id="bo-02", name=True)
    assert (status, error["name"]) == (409, ["That URL is already in use."])
    assert did(world, "dataset_purge", ADMIN, id="true") is None
