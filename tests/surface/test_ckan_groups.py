"""Organizations, groups, members, tags and vocabularies over the Action API."""

import io
import struct
import zlib
from typing import Any

import pytest
from ckanapi import NotAuthorized
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.surface.hosted import call, client, did, get, refused, user
from tests.surface.small import ADMIN, AGENCY, World

SHORT = {
    "approval_status", "created", "description", "display_name", "id", "image_display_url", "image_url",
    "is_organization", "name", "num_followers", "package_count", "state", "title", "type",
}  # fmt: skip
USER = {
    "about", "activity_streams_email_notifications", "capacity", "created", "display_name", "email_hash", "fullname", "id",
    "image_display_url", "image_url", "last_active", "name", "number_created_packages", "state", "sysadmin",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world of its own."""
    return own_world


@pytest.fixture(scope="module")
def tokens(world: World) -> dict[str, str]:
    """An organization with a user of each role, one user without any, and two datasets, one of them private."""
    found = {name: user(world, f"u-{name}") for name in ("admin", "editor", "member", "nobody")}
    did(world, "organization_create", ADMIN, name="so-y-te", title="Sở Y tế")
    for role in ("admin", "editor", "member"):
        did(world, "organization_member_create", ADMIN, id="so-y-te", username=f"u-{role}", role=role)
    did(world, "package_create", found["editor"], name="benh-vien", owner_org="so-y-te", tags=[{"name": "y tế"}])
    did(world, "package_create", found["editor"], name="ho-so", owner_org="so-y-te", private=True)
    return found


def pixel(size: int = 1) -> bytes:
    """A PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xff\0\0" * size for _ in range(size)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# --- making ----------------------------------------------------------------------------------------------------------


def test_an_organization_is_shown_with_everything_that_clients_read(world: World) -> None:
    given = {
        "description": "Cơ quan **A**",
        "image_url": "https://example.org/a.png",
        "extras": [{"key": "mã", "value": "H01"}],
    }
    made = did(world, "organization_create", ADMIN, name="so-tai-nguyen", title="Sở Tài nguyên", **given)
    assert set(made) == SHORT | {"extras", "groups", "users"}
    assert (made["type"], made["is_organization"], made["state"], made["package_count"]) == (
        "organization",
        True,
        "active",
        0,
    )
    assert (
        made["extras"] == [{"key": "mã", "value": "H01"}] and made["image_display_url"] == "https://example.org/a.png"
    )
    assert [(u["name"], u["capacity"]) for u in made["users"]] == [("admin", "admin")] and set(made["users"][0]) == USER
    assert did(world, "organization_show", id=made["id"]) == did(world, "organization_show", id="so-tai-nguyen")
    bare = did(world, "organization_create", ADMIN, name="bare")
    assert (bare["title"], bare["display_name"], bare["description"], bare["image_url"]) == ("", "bare", "", "")
    group = did(
        world, "group_create", ADMIN, name="g1", title="Nhóm", groups=[{"name": "zz"}], packages=[{"name": "zz"}]
    )
    assert (group["type"], group["is_organization"], group["groups"]) == ("group", False, [])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {"name": ["Missing value"]}),
        ({"name": ""}, {"name": ["Missing value"]}),
        ({"name": "Sở Y tế"}, {"name": ["Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"]}),
        ({"name": "search"}, {"name": ["That name cannot be used"]}),
        ({"name": "a"}, {"name": ["Must be at least 2 characters long"]}),
        ({"name": "office"}, {"name": ["Group name already exists in database"]}),  # an agency of contracts
        ({"name": "x1", "id": "no-uuid"}, {"id": ["Invalid id provided"]}),
        ({"name": "x1", "extras": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]},
         {"extras": [{"key": ['Duplicate key "a"']}, {"key": ['Duplicate key "a"']}]}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(world: World, given: dict[str, Any], told: dict[str, Any]) -> None:
    assert refused(world, 409, "organization_create", ADMIN, **given) == told | {"__type": "Validation Error"}


@pytest.mark.parametrize("field", ["users", "groups", "packages", "extras"])
@pytest.mark.parametrize("value", ["x", {"a": 1}, [1], [None], [["a"]]])
def test_lists_of_other_things_are_an_integrity_error(world: World, field: str, value: Any) -> None:
    error = refused(world, 400, "group_create", ADMIN, name="shape", **{field: value})
    assert error["__type"] == "Integrity Error" and f"subschema ('{field}',)" in error["message"]


def test_anybody_known_makes_organizations_and_nobody_else(world: World, tokens: dict[str, str]) -> None:
    mine = did(world, "organization_create", tokens["nobody"], name="cua-toi", state="deleted")
    assert mine["state"] == "active" and [u["capacity"] for u in mine["users"]] == ["admin"]
    told = refused(world, 403, "organization_create", name="x-y")["message"]
    assert told == "Access denied: User None not authorized to create organizations"
    assert refused(world, 403, "group_create", name="x-y")["message"].endswith(
        "User None not authorized to create groups"
    )


# --- changing --------------------------------------------------------------------------------------------------------


def test_update_keeps_what_is_not_sent_but_extras(world: World) -> None:
    did(world, "group_create", ADMIN, name="top", title="Trên")
    made = did(
        world,
        "group_create",
        ADMIN,
        name="sub",
        title="Dưới",
        groups=[{"name": "top"}],
        extras=[{"key": "k", "value": "v"}],
    )
    assert made["groups"] == [{"capacity": "public", "name": "top"}]
    patched = did(world, "group_patch", ADMIN, id="sub", description="vá")
    assert patched["extras"] == [{"key": "k", "value": "v"}] and patched["title"] == "Dưới"
    assert (patched["groups"][0]["name"], patched["groups"][0]["member_count"]) == ("top", 1)
    assert patched["packages"] == [] and "num_followers" not in patched
    updated = did(world, "group_update", ADMIN, id="sub", title="Mới")
    assert (updated["extras"], updated["description"], updated["name"]) == ([], "vá", "sub")
    assert [g["name"] for g in updated["groups"]] == ["top"] and len(updated["users"]) == 1
    assert refused(world, 409, "group_update", ADMIN, title="x")["id"] == ["Missing value"]
    assert refused(world, 404, "group_update", ADMIN, id="zz")["message"] == "Not found: Group was not found."
    assert refused(world, 409, "group_patch", ADMIN, id="sub", name="top")["name"] == [
        "Group name already exists in database"
    ]
    assert refused(world, 409, "group_patch", ADMIN, id="top", groups=[{"name": "sub"}])["groups"]  # no loop
    assert refused(world, 409, "group_patch", ADMIN, id="sub", type="other")["type"] == ["Type cannot be updated"]
    assert refused(world, 404, "organization_show", id="sub")["__type"] == "Not Found Error"


def test_administering_a_group_reaches_the_groups_below(world: World) -> None:
    token = user(world, "chief")
    did(world, "organization_create", ADMIN, name="bo", users=[{"name": "chief", "capacity": "admin"}])
    did(world, "organization_create", ADMIN, name="cuc", groups=[{"name": "bo"}])
    did(world, "organization_create", ADMIN, name="phong", groups=[{"name": "cuc"}])
    assert did(world, "organization_patch", token, id="phong", title="Phòng")["title"] == "Phòng"
    assert {o["name"] for o in did(world, "organization_list_for_user", token)} == {"bo", "cuc", "phong"}
    did(world, "organization_member_delete", ADMIN, id="bo", username="chief")
    assert call(world, "organization_patch", token, id="phong", title="x").status_code == 403


def test_agencies_of_contracts_are_organizations_that_nobody_changes_here(world: World) -> None:
    shown = did(world, "organization_show", id="office")
    assert set(shown) >= SHORT and shown["package_count"] > 0
    for action in ("organization_patch", "organization_update", "organization_delete", "organization_purge"):
        assert "data contract" in refused(world, 403, action, ADMIN, id="office", title="x")["message"]
    did(world, "group_create", ADMIN, name="member-of-none")
    given = {"id": "office", "object": "member-of-none", "object_type": "group", "capacity": "public"}
    assert "data contract" in refused(world, 403, "member_create", ADMIN, **given)["message"]
    assert did(world, "organization_show", id="office", include_datasets=True)["packages"]


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "patch", "add", "delete"),
    [("admin", 200, 200, 409), ("editor", 403, 403, 403), ("member", 403, 403, 403), ("nobody", 403, 403, 403), (None, 403, 403, 403)],
)  # fmt: skip
def test_roles(world: World, tokens: dict[str, str], who: str | None, patch: int, add: int, delete: int) -> None:
    token = tokens[who] if who else None
    assert call(world, "organization_patch", token, id="so-y-te", description=who).status_code == patch
    given = {"id": "so-y-te", "username": "u-nobody", "role": "member"}
    answer = call(world, "organization_member_create", token, **given)
    assert answer.status_code == add
    if add == 403:
        assert (
            answer.json()["error"]["message"]
            == f"Access denied: User {f'u-{who}' if who else ''} not authorized to add members"
        )
    else:
        did(world, "organization_member_delete", token, id="so-y-te", username="u-nobody")
    assert call(world, "organization_delete", token, id="so-y-te").status_code == delete
    assert call(world, "organization_purge", token, id="so-y-te").status_code == 403


def test_counts_tell_what_the_caller_may_see(world: World, tokens: dict[str, str]) -> None:
    for token, count in ((None, 1), (tokens["nobody"], 1), (tokens["member"], 2), (ADMIN, 2)):
        assert did(world, "organization_show", token, id="so-y-te")["package_count"] == count
        (listed,) = did(world, "organization_list", token, organizations=["so-y-te"], all_fields=True)
        assert listed["package_count"] == count
    names = {
        p["name"]
        for p in did(world, "organization_show", tokens["member"], id="so-y-te", include_datasets=True)["packages"]
    }
    assert names == {"benh-vien", "ho-so"}


def test_members_are_listed_without_what_is_private(world: World, tokens: dict[str, str]) -> None:
    private = did(world, "package_show", tokens["editor"], id="ho-so")["id"]
    public = did(world, "package_show", id="benh-vien")["id"]
    listed = did(world, "member_list", id="so-y-te")
    assert [public, "package", "organization"] in listed and private not in str(listed)
    assert sorted(role for _, kind, role in listed if kind == "user") == ["Admin", "Admin", "Editor", "Member"]
    assert [private, "package", "organization"] in did(world, "member_list", tokens["member"], id="so-y-te")
    assert did(world, "member_list", id="so-y-te", object_type="user", capacity="editor")[0][1:] == ["user", "Editor"]
    assert refused(world, 404, "member_list", id="zz")["message"] == "Not found"
    did(world, "group_create", ADMIN, name="kin", packages=[{"name": "ho-so"}, {"name": "benh-vien"}])
    assert [m[0] for m in did(world, "member_list", id="kin", object_type="package")] == [public]
    assert did(world, "group_show", id="kin")["package_count"] == 1


def test_members_of_every_kind(world: World, tokens: dict[str, str]) -> None:
    did(world, "group_create", tokens["admin"], name="chuyen-de")
    given = {"id": "chuyen-de", "object": "benh-vien", "object_type": "package", "capacity": "public"}
    assert "not authorized to edit group" in refused(world, 403, "member_create", tokens["nobody"], **given)["message"]
    did(world, "group_member_create", tokens["admin"], id="chuyen-de", username="u-nobody", role="member")
    made = did(world, "member_create", tokens["nobody"], **given)  # a member of a group may put datasets into it
    assert set(made) == {"id", "table_name", "table_id", "capacity", "group_id", "state"}
    assert did(world, "member_create", tokens["nobody"], **given)["id"] == made["id"]
    assert [p["name"] for p in did(world, "group_package_show", id="chuyen-de")] == ["benh-vien"]
    assert [g["name"] for g in did(world, "package_show", id="benh-vien")["groups"]] == ["chuyen-de", "kin"]
    assert did(world, "member_delete", tokens["nobody"], **given) is None
    assert did(world, "member_delete", tokens["nobody"], **given) is None
    assert did(world, "group_package_show", id="chuyen-de") == []
    assert refused(world, 409, "member_create", ADMIN, id="chuyen-de") == {
        "object": ["Missing value"], "object_type": ["Missing value"], "capacity": ["Missing value"], "__type": "Validation Error",
    }  # fmt: skip
    assert (
        refused(world, 404, "member_create", ADMIN, **given | {"object": "zz"})["message"]
        == "Not found: Package was not found."
    )
    assert (
        refused(world, 409, "member_create", ADMIN, **given | {"object_type": "zz"})["message"]
        == "Zz isn't a valid model"
    )
    assert refused(world, 409, "group_member_create", ADMIN, id="chuyen-de", username="zz", role="chef") == {
        "username": ["User not found"], "role": ["role does not exist."], "__type": "Validation Error",
    }  # fmt: skip
    own = {"id": "chuyen-de", "username": "u-admin", "role": "editor"}
    assert (
        "cannot revoke their own admin status"
        in refused(world, 403, "group_member_create", tokens["admin"], **own)["message"]
    )
    assert {r["value"] for r in did(world, "member_roles_list", group_type="group")} == {"admin", "member"}


def test_groups_of_the_caller(world: World, tokens: dict[str, str]) -> None:
    assert did(world, "group_list_authz") == [] and did(world, "organization_list_for_user") == []
    assert "chuyen-de" in {g["name"] for g in did(world, "group_list_authz", tokens["nobody"])}
    all_names, own = ({g["name"] for g in did(world, "group_list_authz", ADMIN, am_member=m)} for m in (False, True))
    assert "chuyen-de" in all_names - own
    (mine,) = did(
        world, "organization_list_for_user", tokens["editor"], permission="create_dataset", include_dataset_count=True
    )
    assert (mine["name"], mine["capacity"], mine["package_count"]) == ("so-y-te", "editor", 2)
    assert did(world, "organization_list_for_user", tokens["member"], permission="create_dataset") == []
    assert [o["name"] for o in did(world, "organization_list_for_user", id="u-member")] == ["so-y-te"]
    everything = did(world, "organization_list_for_user", ADMIN)
    assert {o["capacity"] for o in everything} == {"admin"} and "office" in {o["name"] for o in everything}
    assert [o["name"] for o in did(world, "organization_list_for_user", AGENCY)] == ["office"]


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lists(world: World, tokens: dict[str, str]) -> None:
    assert tokens
    names = did(world, "organization_list")
    assert {"office", "so-y-te", "bare"} <= set(names)
    assert did(world, "organization_list", limit=1, offset=1) == names[1:2]
    assert did(world, "organization_list", organizations=["so-y-te"]) == ["so-y-te"]
    assert get(world, "organization_list", organizations="so-y-te,office").json()["result"] == [
        n for n in names if n in ("so-y-te", "office")
    ]
    assert did(world, "organization_list", q="y tế") == ["so-y-te"]
    assert sorted(names) == did(world, "organization_list", sort="name asc")
    counted = did(world, "organization_list", sort="package_count", all_fields=True)
    assert all(set(o) == SHORT for o in counted)
    assert [o["package_count"] for o in counted] == sorted((o["package_count"] for o in counted), reverse=True)
    assert "bare" not in [o["name"] for o in counted]  # without datasets
    (whole,) = did(
        world, "organization_list", organizations=["so-y-te"], all_fields=True, include_users=True, include_extras=True
    )
    assert len(whole["users"]) == 4 and whole["extras"] == []
    assert refused(world, 409, "organization_list", sort="zzz")["message"] == "Cannot sort by field `zzz`"
    assert refused(world, 409, "organization_list", sort="name up")["message"] == "Invalid sort direction `up`"
    assert refused(world, 409, "group_list", limit="abc")["limit"] == ["Invalid integer"]
    assert did(world, "organization_autocomplete", q="y te") == [
        {k: did(world, "organization_show", id="so-y-te")[k] for k in ("id", "name", "title")}
    ]
    assert refused(world, 409, "group_autocomplete")["q"] == ["Missing value"]


def test_a_list_asks_no_query_for_each_organization(world: World, tokens: dict[str, str]) -> None:
    assert tokens
    for n in range(30):
        did(world, "organization_create", ADMIN, name=f"don-vi-{n:02}", title=f"Đơn vị {n:02}")
    given = {
        "all_fields": True,
        "include_users": True,
        "include_groups": True,
        "include_extras": True,
        "include_followers": True,
    }
    assert len(did(world, "organization_list", **given)) == 25
    few, many = (_statements(world, n, given) for n in (1, 25))
    assert many <= few + 2 and many < 10  # the looks of once a second may fall into either


def _statements(world: World, limit: int, given: dict[str, Any]) -> int:
    """How many statements a list of so many takes."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        did(world, "organization_list", limit=limit, **given)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(seen)


# --- deleting --------------------------------------------------------------------------------------------------------


def test_deleting(world: World, tokens: dict[str, str]) -> None:
    assert refused(world, 409, "organization_delete", tokens["admin"], id="so-y-te")["message"] == (
        "Organization cannot be deleted while it still has datasets"
    )
    did(world, "organization_create", tokens["nobody"], name="tam-thoi")
    assert did(world, "organization_delete", tokens["nobody"], id="tam-thoi") is None
    told = refused(world, 403, "organization_show", id="tam-thoi")["message"]
    assert "User  not authorized to read group" in told
    assert did(world, "organization_show", ADMIN, id="tam-thoi")["state"] == "deleted"
    assert "tam-thoi" not in did(world, "organization_list", ADMIN)
    assert refused(world, 409, "organization_create", ADMIN, name="tam-thoi")["name"]
    assert did(world, "organization_purge", ADMIN, id="tam-thoi") is None
    assert (
        refused(world, 404, "organization_purge", ADMIN, id="tam-thoi")["message"]
        == "Not found: Organization was not found"
    )
    assert did(world, "organization_create", ADMIN, name="tam-thoi")["state"] == "active"


# --- pictures --------------------------------------------------------------------------------------------------------


def upload(world: World, name: str, content: bytes, **fields: str) -> Any:
    """organization_patch with a picture."""
    files = {"image_upload": (name, io.BytesIO(content), "image/png")}
    return world.client(ADMIN).post("/api/3/action/organization_patch", data={"id": "bare", **fields}, files=files)


def test_pictures_are_kept_and_served_to_all(world: World) -> None:
    answer = upload(world, "logo.png", pixel())
    assert answer.status_code == 200, answer.text
    shown = did(world, "organization_show", id="bare")
    address = shown["image_display_url"]
    assert address.endswith("/uploads/group/" + shown["image_url"])
    served = world.anonymous.get(address[address.index("/uploads/") :])
    assert served.content == pixel() and served.headers["content-type"] == "image/png"
    assert served.headers["x-content-type-options"] == "nosniff"
    cleared = did(world, "organization_patch", ADMIN, id="bare", clear_upload=True, image_url="")
    assert cleared["image_url"] == "" == cleared["image_display_url"]


@pytest.mark.parametrize(
    "content", [b"<html><script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", b"MZ\x90\0"]
)
def test_what_is_no_picture_is_refused(world: World, content: bytes) -> None:
    answer = upload(world, "logo.png", content)
    assert answer.status_code == 409 and answer.json()["error"]["image_upload"], answer.text
    assert did(world, "organization_show", id="bare")["image_url"] == ""


def test_only_pictures_are_served_by_their_hash(world: World) -> None:
    for name in ("0" * 64 + ".png", "../secret", "x.png"):
        assert world.anonymous.get(f"/uploads/group/{name}").status_code == 404


# --- tags ------------------------------------------------------------------------------------------------------------


def test_vocabularies(world: World, tokens: dict[str, str]) -> None:
    made = did(world, "vocabulary_create", ADMIN, name="linh-vuc", tags=[{"name": "đất đai"}, {"name": "nước"}])
    assert {t["name"] for t in made["tags"]} == {"nước", "đất đai"}
    tag = did(world, "tag_create", ADMIN, name="không khí", vocabulary_id=made["id"])
    assert tag == {
        "id": tag["id"],
        "name": "không khí",
        "display_name": "không khí",
        "vocabulary_id": made["id"],
        "packages": [],
    }
    assert set(did(world, "tag_list", vocabulary_id="linh-vuc")) == {"nước", "đất đai", "không khí"}
    assert did(world, "tag_autocomplete", q="khi", vocabulary_id="linh-vuc") == ["không khí"]
    assert did(world, "tag_show", id="nước", vocabulary_id="linh-vuc")["vocabulary_id"] == made["id"]
    assert refused(world, 409, "tag_create", ADMIN, name="free")["vocabulary_id"] == ["Missing value"]
    assert refused(world, 409, "tag_create", ADMIN, name="nước", vocabulary_id=made["id"])["vocabulary_id"]
    assert refused(world, 409, "vocabulary_create", ADMIN, name="linh-vuc")["name"] == [
        "That vocabulary name is already in use."
    ]
    assert (
        len(refused(world, 409, "vocabulary_create", ADMIN, name="v2", tags=[{"name": "a"}, {"name": "b,c"}])["tags"])
        == 2
    )
    assert refused(world, 404, "tag_list", vocabulary_id="x")["message"] == "Not found: could not find vocabulary 'x'"
    assert refused(world, 409, "vocabulary_show") == {"id": "id not in data", "__type": "Validation Error"}
    changed = did(world, "vocabulary_update", ADMIN, id="linh-vuc", tags=[{"name": "nước"}, {"name": "rừng"}])
    assert {t["name"] for t in changed["tags"]} == {"nước", "rừng"}
    for action, given in (
        ("vocabulary_create", {"name": "v"}),
        ("vocabulary_delete", {"id": "linh-vuc"}),
        ("tag_delete", {"id": "y tế"}),
    ):
        assert refused(world, 403, action, tokens["admin"], **given)["message"] == "Access denied"
    assert did(world, "vocabulary_delete", ADMIN, id="linh-vuc") is None and did(world, "vocabulary_list") == []


def test_free_tags(world: World, tokens: dict[str, str]) -> None:
    did(
        world,
        "package_create",
        tokens["editor"],
        name="kin-dao",
        owner_org="so-y-te",
        private=True,
        tags=[{"name": "bí mật"}],
    )
    assert "y tế" in did(world, "tag_list") and "bí mật" not in did(world, "tag_list")
    assert "bí mật" in did(world, "tag_list", tokens["member"])
    shown = did(world, "tag_show", id="y tế", include_datasets=True)
    assert [p["name"] for p in shown["packages"]] == ["benh-vien"] and shown["vocabulary_id"] is None
    assert did(world, "tag_search", query="y t", limit=1)["count"] >= 1
    assert did(world, "tag_search") == {"count": 0, "results": []}
    assert did(world, "tag_delete", ADMIN, id="y tế") is None
    assert did(world, "package_show", id="benh-vien")["tags"] == [] and "y tế" not in did(world, "tag_list")
    assert refused(world, 404, "tag_delete", ADMIN, id="y tế")["message"] == 'Not found: Could not find tag "y tế"'


# --- a real client ---------------------------------------------------------------------------------------------------


def test_ckanapi_loads_what_it_has_dumped(world: World, tokens: dict[str, str]) -> None:
    admin = client(world, ADMIN)
    dumped = admin.action.organization_show(
        id="so-y-te", include_datasets=False, include_password_hash=True, include_users=True
    )
    assert admin.action.organization_update(**dumped)["name"] == "so-y-te"
    after = admin.action.organization_show(id="so-y-te")
    assert {(u["name"], u["capacity"]) for u in after["users"]} == {(u["name"], u["capacity"]) for u in dumped["users"]}
    with pytest.raises(NotAuthorized):
        client(world, tokens["editor"]).action.organization_update(**dumped)
