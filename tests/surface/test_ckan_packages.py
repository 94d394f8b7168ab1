"""Hosted datasets over the Action API: made, changed, revised, deleted; who may; what is kept, emptied and told."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ckanapi import NotFound

from lienthong.ckan import ids
from tests.surface.hosted import call, client, did, refused, user
from tests.surface.small import ADMIN, World

LINK = {
    "url": "https://x.org/a.bin", "name": "N", "description": "D", "format": "XYZ", "mimetype": "a/b", "hash": "h",
    "mimetype_inner": "c/d", "size": 5, "resource_type": "file", "cache_url": "https://c", "own": {"a": [1]},
    "last_modified": "2024-01-01T00:00:00", "cache_last_updated": "2024-01-02", "created": "2020-01-01T00:00:00.5",
}  # fmt: skip
LINK["created"] = "2020-01-01T00:00:00.500"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world of its own with two organizations and a group."""
    for name in ("so-y-te", "so-xay-dung"):
        did(own_world, "organization_create", ADMIN, name=name, title=f"Sở {name}")
    did(own_world, "group_create", ADMIN, name="moi-truong", title="Môi trường")
    return own_world


@pytest.fixture(scope="module")
def editor(world: World) -> str:
    """The token of an editor of the one organization."""
    token = user(world, "bien-tap")
    did(world, "organization_member_create", ADMIN, id="so-y-te", username="bien-tap", role="editor")
    return token


def made(world: World, name: str, token: str = ADMIN, **more: Any) -> dict[str, Any]:
    """A new dataset."""
    return dict(did(world, "package_create", token, **{"name": name, "owner_org": "so-y-te"} | more))


def shown(world: World, name: str, token: str | None = None) -> dict[str, Any]:
    """The dataset as it is read."""
    return dict(did(world, "package_show", token, id=name))


# --- making ----------------------------------------------------------------------------------------------------------


def test_a_dataset_is_read_at_once_as_it_was_made(world: World, editor: str) -> None:
    given = {
        "title": "Chất lượng nước", "notes": "**đậm**", "license_id": "cc-by", "url": "not a url", "version": "1",
        "author": "An", "author_email": " a@example.com ", "groups": [{"name": "moi-truong"}], "unknown": "dropped",
        "tags": [{"name": "nước"}, {"name": "an toàn"}, {"name": "nước"}], "tag_string": "ba, nước",
        "extras": [{"key": "z", "value": 5}, {"key": "a", "value": {"b": [1]}}], "resources": [LINK],
    }  # fmt: skip
    package = made(world, "nuoc-sach", **given)
    assert package == shown(world, "nuoc-sach") == shown(world, package["id"])
    assert [t["name"] for t in package["tags"]] == ["an toàn", "ba", "nước"]
    assert package["extras"] == [{"key": "z", "value": "5"}, {"key": "a", "value": '{"b": [1]}'}]
    assert package["organization"]["name"] == "so-y-te" and package["isopen"] and "unknown" not in package
    assert package["license_url"] == "http://www.opendefinition.org/licenses/cc-by"
    assert [g["display_name"] for g in package["groups"]] == ["Môi trường"]
    assert package["author_email"] == "a@example.com" and package["maintainer"] is None
    resource = package["resources"][0]
    expected = LINK | {"cache_last_updated": "2024-01-02T00:00:00", "created": "2020-01-01T00:00:00.500000"}
    assert expected.items() <= resource.items()
    assert not resource["datastore_active"] and resource["position"] == 0 and resource["url_type"] is None
    assert did(world, "resource_show", id=resource["id"]) == resource
    assert "nuoc-sach" in did(world, "package_list")
    assert [p["name"] for p in did(world, "package_search", q="nuoc")["results"]] == ["nuoc-sach"]
    activity = did(world, "package_activity_list", id="nuoc-sach")[0]
    assert (activity["activity_type"], activity["data"]["package"]) == ("new package", package)


def test_everything_wrong_is_told_at_once_in_ckans_shapes(world: World) -> None:
    wrong = refused(
        world, 409, "package_create", ADMIN, name="B A D", owner_org="nope", author_email="x", title=5,
        tags=[{"name": "ok-tag"}, {"name": "!"}, {"name": "a" * 101}], version="v" * 101,
        extras=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}, {"key": "title", "value": "x"}, {"value": "y"}],
        resources=[{"url": "https://x.org"}, {"size": "abc", "last_modified": "hôm qua", "id": "x/y"}],
    )  # fmt: skip
    letters = 'alphanumeric characters, spaces (" "), hyphens ("-"), underscores ("_") or dots (".")'
    assert wrong == {
        "name": ["Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"],
        "owner_org": ["Organization does not exist"],
        "author_email": ["Email x is not a valid format"],
        "version": ["Version must be a maximum of 100 characters long"],
        "tags": [
            f'Tag "!" length is less than minimum 2, Tag "!" can only contain {letters}',
            f'Tag "{"a" * 101}" length is more than maximum 100',
        ],
        "extras": [{}, {}, {"key": ["There is a schema field with the same name"]}, {"key": ["Missing value"]}],
        "extras_validation": ['Duplicate key "k"'],
        "resources": [
            {},
            {
                "id": ["Invalid id provided"],
                "size": ["Invalid integer"],
                "last_modified": ["Date format incorrect"],
            },
        ],
        "__type": "Validation Error",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [("tags", "a,b"), ("extras", {"k": "v"}), ("resources", ["x"]), ("groups", None), ("tags", [[]])],
)
def test_lists_that_hold_no_objects_are_an_integrity_error(world: World, field: str, value: Any) -> None:
    error = refused(world, 400, "package_create", ADMIN, name="danh-sach", owner_org="so-y-te", **{field: value})
    assert error["__type"] == "Integrity Error" and error["data"]["name"] == "danh-sach"
    told = f"Only lists of dicts can be placed against subschema ('{field}',), not {type(value)}"
    assert error["message"] == told


@pytest.mark.parametrize("value", ["a\0b", {"a": ["\0"]}, ["\0"]])
def test_characters_that_no_text_may_have_are_refused(world: World, value: Any) -> None:
    assert (
        "Null"
        in refused(world, 409, "package_create", ADMIN, name="rong", owner_org="so-y-te", notes=value)["notes"][0]
    )


@pytest.mark.parametrize("value", [5, True, ["a"], {"a": 1}, 1e400, "x" * 5000, "\ud83d\ude00", ""])
def test_values_of_any_shape_never_crash(world: World, value: Any) -> None:
    for field in ("name", "title", "notes", "owner_org", "private", "state", "type", "id", "license_id", "tag_string",
                  "extras", "tags", "resources", "plugin_data"):  # fmt: skip
        given = {"name": f"hinh-{abs(hash(field)) % 10**8}", "owner_org": "so-y-te", field: value}
        answer = world.client(ADMIN).post("/api/3/action/package_create", content=json.dumps(given),
                                          headers={"Content-Type": "application/json"})  # fmt: skip
        assert answer.status_code in (200, 400, 409), (field, answer.text)
        if answer.status_code == 200:
            did(world, "dataset_purge", ADMIN, id=answer.json()["result"]["id"])


def test_unknown_objects_in_lists_are_not_expected(world: World) -> None:
    wrong = refused(world, 409, "package_create", ADMIN, name="la", owner_org="so-y-te", la=[{"a": 1}])
    assert wrong["__junk"] == ["The input field [('la', 0, 'a')] was not expected."]


def test_an_id_is_an_administrators_and_a_uuid(world: World, editor: str) -> None:
    number = "11111111-2222-4333-8444-555555555555"
    assert refused(world, 409, "package_create", editor, id=number, name="co-id", owner_org="so-y-te")["id"] == [
        "The input field id was not expected."
    ]
    assert refused(world, 409, "package_create", ADMIN, id="mine", name="co-id", owner_org="so-y-te")["id"] == [
        "Invalid id provided"
    ]
    assert made(world, "co-id", id=number)["id"] == number
    assert refused(world, 409, "package_create", ADMIN, id=number, name="co-id-2", owner_org="so-y-te")["id"] == [
        "Dataset id already exists"
    ]


def test_a_name_is_taken_once_by_however_many(world: World) -> None:
    with ThreadPoolExecutor(6) as pool:
        given = {"name": "mot-lan", "owner_org": "so-y-te"}
        answers = list(pool.map(lambda _: call(world, "package_create", ADMIN, **given), range(6)))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 5
    assert {str(a.json()["error"]["name"]) for a in answers if a.status_code == 409} == {
        "['That URL is already in use.']"
    }
    taken = refused(world, 409, "package_create", ADMIN, name="firms", owner_org="so-y-te")
    assert taken["name"] == ["That URL is already in use."]  # a dataset with a contract has it


# --- who may ---------------------------------------------------------------------------------------------------------


def test_only_those_of_the_organization_write(world: World, editor: str) -> None:
    made(world, "cua-so-y-te", editor)
    other = made(world, "cua-so-khac", owner_org="so-xay-dung")
    stranger = user(world, "nguoi-la")
    message = f"Access denied: User bien-tap not authorized to edit package {other['id']}"
    for action in ("package_patch", "package_update", "package_delete"):
        assert refused(world, 403, action, editor, id="cua-so-khac", name="cua-so-khac")["message"] == message
        assert (
            refused(world, 403, action, None, id="cua-so-khac", name="cua-so-khac")["__type"] == "Authorization Error"
        )
    told = refused(world, 403, "package_create", stranger, name="khong", owner_org="so-y-te")["message"]
    assert told == "Access denied: User nguoi-la not authorized to create packages"
    moved = refused(world, 409, "package_patch", editor, id="cua-so-y-te", owner_org="so-xay-dung")
    assert moved["owner_org"] == ["You cannot add a dataset to this organization"]
    assert refused(world, 403, "dataset_purge", editor, id="cua-so-y-te")["message"] == "Access denied"
    assert refused(world, 403, "package_owner_org_update", editor, id="cua-so-y-te", organization_id="so-y-te")


def test_private_and_draft_datasets_are_their_organizations(world: World, editor: str) -> None:
    stranger = user(world, "nguoi-ngoai")
    package = made(world, "rieng-tu", private=True, resources=[LINK])
    for token in (None, stranger):
        assert refused(world, 403, "package_show", token, id="rieng-tu")["__type"] == "Authorization Error"
        assert refused(world, 403, "resource_show", token, id=package["resources"][0]["id"])
        assert refused(world, 403, "resource_create", token, package_id="rieng-tu", url="x")
        assert refused(world, 403, "package_revise", token, match={"name": "rieng-tu"}, update={"notes": "x"})
    assert shown(world, "rieng-tu", editor)["private"]
    assert not did(world, "package_search", editor, q="name:rieng-tu")["count"]
    assert did(world, "package_search", editor, q="name:rieng-tu", include_private=True)["count"] == 1
    # Whoever replaces a dataset and says nothing of it does not publish it.
    did(world, "package_update", editor, id="rieng-tu", title="Tên")
    assert shown(world, "rieng-tu", editor)["private"]
    assert refused(world, 409, "package_create", ADMIN, name="khong-org", private=True) == {
        "owner_org": ["An organization must be provided"],
        "private": ["Datasets with no organization can't be private."],
        "__type": "Validation Error",
    }


def test_what_a_contract_governs_is_only_read(world: World) -> None:
    firms = ids.package_id("firms")
    file = did(world, "package_show", id="firms")["resources"][0]["id"]
    for action, params in {
        "package_update": {"id": "firms", "name": "firms"}, "package_patch": {"id": firms, "title": "x"},
        "package_delete": {"id": "firms"}, "dataset_purge": {"id": "firms"},
        "package_revise": {"match": {"name": "firms"}}, "resource_create": {"package_id": "firms", "url": "x"},
        "resource_update": {"id": file, "url": "x"}, "resource_patch": {"id": file}, "resource_delete": {"id": file},
        "bulk_update_private": {"datasets": [firms], "org_id": "so-y-te"},
        "package_resource_reorder": {"id": "firms", "order": []},
        "resource_view_create": {"resource_id": file, "title": "x", "view_type": "text_view"},
    }.items():  # fmt: skip
        assert "data contract" in refused(world, 403, action, ADMIN, **params)["message"], action


def test_an_agency_of_contracts_can_own_a_hosted_dataset(world: World) -> None:
    package = made(world, "cua-co-quan", owner_org="registry-office")
    assert package["organization"]["name"] == "registry-office"
    assert package["owner_org"] == ids.organization_id("registry_office")
    assert "cua-co-quan" in [
        p["name"] for p in did(world, "package_search", fq="organization:registry-office", rows=100)["results"]
    ]


# --- changing --------------------------------------------------------------------------------------------------------


def test_update_replaces_but_keeps_resources_groups_and_organization(world: World) -> None:
    before = made(
        world, "thay", title="T", notes="N", author="A", license_id="cc-by", tags=[{"name": "tt"}], version="1",
        extras=[{"key": "k", "value": "v"}], groups=[{"name": "moi-truong"}], resources=[LINK], type="dataset",
    )  # fmt: skip
    answer = call(world, "package_update", ADMIN, id=before["id"], name="thay", type="other").json()
    after = answer["result"]
    assert answer["changed_entities"] == {"packages": [before["id"]]}
    emptied = {
        "notes": None,
        "author": None,
        "license_id": None,
        "version": None,
        "title": "thay",
        "tags": [],
        "extras": [],
    }
    assert emptied.items() <= after.items() and after["type"] == "dataset"
    assert after["owner_org"] == before["owner_org"] and len(after["groups"]) == 1
    assert after["resources"] == before["resources"]
    assert did(world, "package_update", ADMIN, id="thay", groups=[], resources=[])["groups"] == []
    assert did(world, "package_show", id="thay")["resources"] == []
    assert refused(world, 409, "package_update", ADMIN, title="x")["id"] == "Missing value"
    assert refused(world, 404, "package_update", ADMIN, id="zz")["message"] == "Not found: Package was not found."


def test_a_resource_that_is_replaced_keeps_what_ckan_keeps(world: World) -> None:
    id = made(world, "giu-lai", resources=[LINK])["resources"][0]["id"]
    after = did(world, "resource_update", ADMIN, id=id, url="https://x.org/a.csv")
    kept = {k: LINK[k] for k in ("name", "format", "hash", "size", "cache_url", "last_modified")}
    assert kept.items() <= after.items()
    gone = {"description": None, "mimetype_inner": None, "resource_type": None, "mimetype": "text/csv"}
    assert gone.items() <= after.items() and "own" not in after
    again = did(world, "resource_patch", ADMIN, id=id, description="vá", own=1)
    assert again == after | {"description": "vá", "own": 1, "metadata_modified": again["metadata_modified"]}
    assert again["metadata_modified"] > after["metadata_modified"]
    assert (
        refused(world, 404, "resource_update", ADMIN, id="zz", url="x")["message"]
        == "Not found: Resource was not found."
    )
    assert refused(world, 409, "resource_patch", ADMIN, id=id, size="abc")["size"] == ["Invalid integer"]


def test_a_patch_that_changes_nothing_writes_nothing(world: World) -> None:
    package = made(world, "khong-doi", resources=[LINK])
    assert did(world, "package_patch", ADMIN, id="khong-doi", resources=package["resources"]) == package
    patched = did(world, "package_patch", ADMIN, id="khong-doi", title="Khác", tags=[{"name": "mới"}])
    assert patched["metadata_modified"] > package["metadata_modified"]
    assert patched["resources"] == package["resources"]
    assert len(did(world, "package_activity_list", id="khong-doi")) == 2
    backdated = did(world, "package_patch", ADMIN, id="khong-doi", metadata_modified="2001-01-01T00:00:00")
    assert backdated["metadata_modified"] == "2001-01-01T00:00:00"


def test_resources_come_last_go_idempotently_and_are_reordered(world: World, editor: str) -> None:
    made(world, "tai-nguyen", resources=[LINK])
    first = shown(world, "tai-nguyen")["resources"][0]["id"]
    link = did(world, "resource_create", editor, package_id="tai-nguyen", url=" https://e.org/x.json ", lạ="y")
    assert (link["format"], link["mimetype"], link["url"], link["lạ"]) == (
        "JSON",
        "application/json",
        "https://e.org/x.json",
        "y",
    )
    bare = did(world, "resource_create", editor, package_id="tai-nguyen", name="không url")
    assert (bare["url"], bare["format"], bare["hash"], bare["position"]) == ("", "", "", 2)
    order = [bare["id"], link["id"]]
    assert did(world, "package_resource_reorder", editor, id="tai-nguyen", order=order)["order"] == [*order, first]
    assert [r["id"] for r in shown(world, "tai-nguyen")["resources"]] == [*order, first]
    for _ in range(2):
        assert did(world, "resource_delete", editor, id=link["id"]) is None
    assert [r["id"] for r in shown(world, "tai-nguyen")["resources"]] == [bare["id"], first]
    assert refused(world, 404, "resource_show", editor, id=link["id"])["__type"] == "Not Found Error"
    taken = refused(world, 409, "package_create", editor, name="trung", owner_org="so-y-te", resources=[{"id": first}])
    assert taken["resources"] == [{"id": ["Resource id already exists."]}]


# --- revising --------------------------------------------------------------------------------------------------------


def test_revise_changes_only_what_is_what_it_was(world: World, editor: str) -> None:
    package = made(world, "sua-doi", notes="cũ", resources=[{"name": "a"}, {"name": "b"}])
    a, b = (r["id"] for r in package["resources"])
    wrong = refused(
        world, 409, "package_revise", editor, match={"name": "sua-doi", "notes": "khác", "resources": [{"name": "z"}]}
    )
    assert wrong["match"] == ["notes", "resources__0__name"]
    done = did(
        world, "package_revise", editor, match__name="sua-doi", match__notes="cũ",
        update={"notes": "mới", "resources": [{"description": "thứ nhất"}]},
        **{f"update__resources__{b[:6]}": {"description": "thứ hai"}, "update__resources__extend": [{"name": "c"}],
           "update__resources__-1__description": "thứ ba"},
    )["package"]  # fmt: skip
    assert [r["description"] for r in done["resources"]] == ["thứ nhất", "thứ hai", "thứ ba"] and done["notes"] == "mới"
    assert [r["name"] for r in done["resources"]] == ["a", "b", "c"] and done["resources"][0]["id"] == a
    fresh = did(world, "package_revise", editor, match={"id": package["id"]}, filter=["+resources", "-*"],
                update={"name": "sua-doi", "owner_org": "so-y-te"}, include="-package__resources")  # fmt: skip
    assert fresh["package"]["notes"] is None and "resources" not in fresh["package"]
    assert len(shown(world, "sua-doi")["resources"]) == 3
    bad = refused(world, 409, "package_revise", editor, match={"name": "sua-doi"}, update__resources__99__name="x")
    assert bad["resources__99__name"] == ["Unmatched key resources__99"]
    assert refused(world, 409, "package_revise", editor, update={"notes": "x"})["match__id"] == "Missing value"


# --- deleting --------------------------------------------------------------------------------------------------------


def test_a_deleted_dataset_comes_back_and_a_purged_one_does_not(world: World, editor: str) -> None:
    package = made(world, "xoa", editor, groups=[])
    for _ in range(2):
        assert did(world, "package_delete", editor, id="xoa") is None
    assert refused(world, 403, "package_show", None, id="xoa")
    assert shown(world, "xoa", editor)["state"] == "deleted" and "xoa" not in did(world, "package_list")
    did(world, "package_patch", editor, id="xoa", state="active")
    assert shown(world, "xoa")["id"] == package["id"]
    did(world, "package_delete", editor, id="xoa")
    again = made(world, "xoa", editor)
    assert again["id"] != package["id"] and shown(world, "xoa")["id"] == again["id"]
    did(world, "dataset_purge", ADMIN, id="xoa")
    assert refused(world, 404, "package_show", ADMIN, id="xoa")
    assert shown(world, package["id"], ADMIN)["state"] == "deleted"
    assert refused(world, 404, "dataset_purge", ADMIN, id="xoa")["message"] == "Not found: Dataset was not found"


def test_bulk_updates_touch_only_the_organizations_datasets(world: World, editor: str) -> None:
    mine, theirs = made(world, "nhieu-1")["id"], made(world, "nhieu-2", owner_org="so-xay-dung")["id"]
    owner = made(world, "nhieu-3")["owner_org"]
    assert (
        refused(world, 403, "bulk_update_private", editor, datasets=[mine], org_id=owner)["message"] == "Access denied"
    )
    did(world, "bulk_update_private", ADMIN, datasets=[mine, theirs], org_id=owner)
    assert shown(world, mine, ADMIN)["private"] and not shown(world, theirs)["private"]
    did(world, "bulk_update_public", ADMIN, datasets=[mine], org_id=owner)
    assert not shown(world, mine)["private"]
    did(world, "bulk_update_delete", ADMIN, datasets=[mine, theirs], org_id=owner)
    assert shown(world, mine, ADMIN)["state"] == "deleted" and shown(world, theirs)["state"] == "active"
    assert did(world, "bulk_update_private", ADMIN) is None
    did(world, "package_owner_org_update", ADMIN, id=theirs, organization_id="so-y-te")
    assert shown(world, theirs)["organization"]["name"] == "so-y-te"


def test_round_trip_with_ckanapi(world: World, editor: str) -> None:
    """What a dump gives can be loaded again, read-only members and all."""
    with client(world, editor) as site:
        package = site.action.package_create(
            name="di-ve", owner_org="so-y-te", tags=[{"name": "a b"}], resources=[LINK]
        )
        dumped = site.action.package_show(id="di-ve", include_datasets=False, include_password_hash=True)
        again = site.action.package_update(**dumped | {"title": "Tên mới"})
        assert again == package | {"title": "Tên mới", "metadata_modified": again["metadata_modified"]}
        site.action.package_patch(id="di-ve", notes="x")
        site.action.package_delete(id="di-ve")
        with pytest.raises(NotFound):
            site.action.package_delete(id="khong-co")
