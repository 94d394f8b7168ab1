"""What may be written and how what may not is told: values of every shape, as CKAN 2.12's schemas take them."""

from typing import Any

import pytest

from tests.surface.hosted import call, did, refused, user
from tests.surface.small import ADMIN, World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world of its own with an organization and a group."""
    did(own_world, "organization_create", ADMIN, name="so-y-te", title="Sở Y tế")
    did(own_world, "group_create", ADMIN, name="moi-truong", title="Môi trường")
    return own_world


@pytest.fixture(scope="module")
def editor(world: World) -> str:
    """The token of an editor of the organization."""
    token = user(world, "bien-tap")
    did(world, "organization_member_create", ADMIN, id="so-y-te", username="bien-tap", role="editor")
    return token


def made(world: World, name: str, token: str = ADMIN, **more: Any) -> dict[str, Any]:
    """A new dataset of the organization."""
    return dict(did(world, "package_create", token, **{"name": name, "owner_org": "so-y-te"} | more))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"id": ""}, {"id": ["Invalid id provided"]}),
        ({"plugin_data": "x"}, {"plugin_data": ["The value should be a valid JSON object"]}),
        ({"metadata_modified": "hôm qua"}, {"metadata_modified": ["Date format incorrect"]}),
        ({"resources": [{"url": "x", "id": "my-own"}]}, {"resources": [{"id": ["Invalid id provided"]}]}),
        ({"tags": [{"name": "x", "vocabulary_id": "none"}]}, {"tags": ['Tag "x" length is less than minimum 2']}),
        ({"tags": [{"name": "xy", "vocabulary_id": "none"}]},
         {"tags": [{"vocabulary_id": ["Tag vocabulary was not found."]}]}),
        ({"relationships_as_subject": [{"type": "child_of"}, {"type": ""}]},
         {"relationships_as_subject": [{}, {"type": ["Missing value"]}]}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(world: World, given: dict[str, Any], told: dict[str, Any]) -> None:
    wrong = refused(world, 409, "package_create", ADMIN, name="sai", owner_org="so-y-te", **given)
    assert wrong == told | {"__type": "Validation Error"}


def test_empty_members_of_lists_say_nothing(world: World) -> None:
    package = made(world, "rong", tags=[{}, {"name": "ba"}], resources=[{}], extras=[{}], groups=[{}])
    assert (package["num_resources"], [tag["name"] for tag in package["tags"]]) == (0, ["ba"])
    assert (package["extras"], package["groups"]) == ([], [])


def test_values_that_are_taken_as_ckan_takes_them(world: World) -> None:
    package = made(
        world, "gia-tri", title=" có chỗ trống ", tag_string=["mot", "hai"],
        extras=[{"key": "a", "value": None}, {"key": "b", "value": "x", "deleted": True}],
        groups=[{"id": "moi-truong"}], metadata_modified="2001-02-03T04:05:06",
    )  # fmt: skip
    assert (package["title"], package["metadata_modified"]) == ("có chỗ trống", "2001-02-03T04:05:06")
    assert [tag["name"] for tag in package["tags"]] == ["hai", "mot"]
    assert package["extras"] == [{"key": "a", "value": ""}, {"key": "b", "value": "x"}]
    assert package["groups"] == []  # a name stands under `name`; under `id` it is none
    by_name = did(world, "package_patch", ADMIN, id="gia-tri", groups=[{"name": "moi-truong"}])
    assert [group["name"] for group in by_name["groups"]] == ["moi-truong"]


def test_a_group_owns_no_dataset(world: World, editor: str) -> None:
    nowhere = {"name": "cua-nhom", "owner_org": "moi-truong"}
    assert (
        refused(world, 404, "package_create", ADMIN, **nowhere)["message"] == "Not found: Organization was not found."
    )
    made(world, "van-cua-so")
    refused(world, 404, "package_patch", ADMIN, id="van-cua-so", owner_org="moi-truong")
    assert did(world, "package_show", None, id="van-cua-so")["organization"]["name"] == "so-y-te"
    refused(world, 403, "package_create", editor, **nowhere)


@pytest.mark.parametrize(
    ("url", "shown", "format", "media_type"),
    [
        ("x.org/a", "http://x.org/a", "", None),
        ("//x.org/a.xml", "http://x.org/a.xml", "XML", "application/xml"),
        ("https://x.org/a.geojson", "https://x.org/a.geojson", "GeoJSON", "application/geo+json"),
        ("https://x.org/A.TAR.GZ", "https://x.org/A.TAR.GZ", "GZ", "application/gzip"),
        ("https://x.org/a.kml?v=1", "https://x.org/a.kml?v=1", "", None),
        ("http://[bad", "http://[bad", "", None),
        ("", "", "", None),
    ],
)
def test_a_link_is_whole_and_its_ending_tells_the_format(
    world: World, url: str, shown: str, format: str, media_type: str | None
) -> None:
    if call(world, "package_show", None, id="lien-ket").status_code == 404:
        made(world, "lien-ket")
    resource = did(world, "resource_create", ADMIN, package_id="lien-ket", url=url)
    assert (resource["url"], resource["format"], resource["mimetype"]) == (shown, format, media_type)
    assert did(world, "resource_show", None, id=resource["id"])["url"] == shown


def test_a_resource_without_its_link_loses_it_and_its_media_type(world: World) -> None:
    package = made(world, "mat-lien-ket", resources=[{"url": "http://x.org/a.csv", "name": "A", "mimetype": "a/b"}])
    one = package["resources"][0]
    fresh = did(world, "package_update", ADMIN, id=package["id"], name="mat-lien-ket", resources=[{"id": one["id"]}])
    assert [(r["url"], r["mimetype"], r["name"], r["format"]) for r in fresh["resources"]] == [("", None, "A", "CSV")]
    kept = did(world, "resource_patch", ADMIN, id=one["id"], name=None, extras={"a": 1})
    assert (kept["name"], "extras" in kept) == ("A", False)


def test_a_deleted_resource_is_told_from_one_that_never_was(world: World) -> None:
    package = made(world, "da-xoa", resources=[{"url": "http://x.org/a.csv"}])
    id = package["resources"][0]["id"]
    did(world, "resource_delete", ADMIN, id=id)
    for action in ("resource_show", "resource_patch", "resource_update"):
        assert refused(world, 404, action, ADMIN, id=id)["message"] == "Not found: Resource was not found.", action
    assert refused(world, 404, "resource_show", ADMIN, id="khong-co")["message"] == "Not found"
    assert refused(world, 409, "resource_create", ADMIN, package_id="", url="x")["name_or_id"] == ["Missing value"]


def test_a_list_that_is_none_is_told_with_what_was_sent(world: World) -> None:
    made(world, "khong-la-ds", title="T")
    sent = {"id": "khong-la-ds", "tags": "x"}
    wrong = refused(world, 400, "package_patch", ADMIN, **sent)
    assert (wrong["__type"], wrong["data"]) == ("Integrity Error", sent)


def test_an_empty_name_is_too_short_when_there_is_one_already(world: World) -> None:
    made(world, "co-ten")
    short = {"name": ["Must be at least 2 characters long", 'Name "" length is less than minimum 2']}
    assert refused(world, 409, "package_patch", ADMIN, id="co-ten", name="") == short | {"__type": "Validation Error"}
    assert refused(world, 409, "package_create", ADMIN, name="", owner_org="so-y-te")["name"] == ["Missing value"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"match": "no json"}, {"match": ["Must be a dict"]}),
        ({"update": ["x"]}, {"update": ["Must be a dict"]}),
        ({"filter": 5}, {"filter": ["Not a list"]}),
        ({"include": [5]}, {"include": ["Not a string: 5"]}),
    ],
)
def test_a_revision_of_the_wrong_shape_is_refused(world: World, given: dict[str, Any], told: dict[str, Any]) -> None:
    assert refused(world, 409, "package_revise", ADMIN, match__name="gi-do", **given) == told | {
        "__type": "Validation Error"
    }


def test_a_revision_that_meets_nothing_is_an_integrity_error(world: World) -> None:
    made(world, "soat-lai", resources=[{"url": "a"}, {"url": "b"}])
    sent = {"match__name": "soat-lai", "match__resources__9__name": "x"}
    wrong = refused(world, 400, "package_revise", ADMIN, **sent)
    assert wrong == {"__type": "Integrity Error", "message": "Unmatched key resources__9", "data": sent}
    refused(world, 404, "package_revise", ADMIN, match__name="soat-lai", update={"id": "khong-co"})
    faults = refused(world, 409, "package_revise", ADMIN, match__name="soat-lai", update__resources__0__size="x")
    assert faults["resources"] == [{"size": ["Invalid integer"]}]  # nothing of the one that stays as it is


@pytest.mark.parametrize(
    ("status", "action", "given", "told"),
    [
        (409, "user_create", {"name": "u-01", "email": "u@example.com", "password": 12345678},
         {"password": ["Passwords must be strings"]}),
        (409, "user_invite", {"email": "u@example.com", "group_id": "so-y-te", "role": "chef"},
         {"role": ["role does not exist."]}),
        (409, "organization_member_create", {"id": "so-y-te", "username": "bien-tap", "role": ""},
         {"role": ["role does not exist."]}),
        (409, "member_create", {"id": "moi-truong", "object": "bien-tap"},
         {"object_type": ["Missing value"], "capacity": ["Missing value"]}),
        (404, "member_create", {"id": "moi-truong", "object": "", "object_type": "user", "capacity": "member"},
         {"message": "Not found: User was not found."}),
        (404, "group_member_delete", {"id": "moi-truong"}, {"message": "Not found: User was not found."}),
        (409, "tag_create", {"name": "", "vocabulary_id": "tu-vung"},
         {"name": ["Missing value"], "vocabulary_id": ["No tag name"]}),
        (409, "tag_create", {"name": "moi", "vocabulary_id": "tu-vung", "id": "x"},
         {"id": ["The input field id was not expected."]}),
        (404, "bulk_update_private", {"datasets": ["khong-co"], "org_id": "so-y-te"}, {"message": "Not found: package"}),
    ],
)  # fmt: skip
def test_what_is_sent_without_a_value_is_not_what_is_not_sent(
    world: World, editor: str, status: int, action: str, given: dict[str, Any], told: dict[str, Any]
) -> None:
    call(world, "vocabulary_create", ADMIN, name="tu-vung", tags=[])
    found = refused(world, status, action, ADMIN, **given)
    assert {key: value for key, value in found.items() if key != "__type"} == told


def test_a_view_takes_what_its_kind_knows(world: World, editor: str) -> None:
    link = made(world, "co-hinh", resources=[{"url": "http://x.org/a.csv"}])["resources"][0]["id"]
    plain = {"resource_id": link, "title": "T", "view_type": "text_view"}
    strange = {"__extras": ["The input field __extras was not expected."], "__type": "Validation Error"}
    assert refused(world, 409, "resource_view_create", ADMIN, **plain, custom="c") == strange
    assert refused(world, 409, "resource_view_create", ADMIN, **plain, filter_fields=["a"]) == strange
    nowhere = refused(world, 409, "resource_view_create", ADMIN, **plain | {"resource_id": "khong-co"})
    assert nowhere["resource_id"] == ["Resource not found: khong-co"]
    assert refused(world, 409, "resource_view_create", ADMIN, **plain, id="my")["id"] == ["Invalid id provided"]
    own = "99999999-2222-4333-8444-555555555555"
    assert did(world, "resource_view_create", ADMIN, **plain, id=own)["id"] == own
    assert "id" in refused(world, 409, "resource_view_create", ADMIN, **plain, id=own)
    assert "id" in refused(world, 409, "resource_view_create", editor, **plain, id=own)
    assert refused(world, 409, "job_list", ADMIN, queues="default")["queues"] == ["Not a list"]
