"""Organizations and groups over the Action API: made, changed, listed, deleted, with pictures."""

import io
import struct
import zlib
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.surface.hosted import call, did, get, refused, user
from tests.surface.small import ADMIN, World

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
    """A world that may be changed."""
    return own_world


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
    group = did(world, "group_create", ADMIN, name="g1", title="Nhóm", groups=[{"name": "zz"}], users=[{"name": "zz"}])
    assert (group["type"], group["is_organization"], group["groups"]) == ("group", False, [])
    twice = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    assert [e["value"] for e in did(world, "group_patch", ADMIN, id="g1", extras=twice)["extras"]] == ["2"]
    loop = {"groups": [{"name": ["This parent would create a loop in the hierarchy"]}], "__type": "Validation Error"}
    assert refused(world, 409, "group_patch", ADMIN, id="g1", groups=[{"name": "g1"}]) == loop


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
        ({"name": "x1", "users": [{"name": "admin"}, {"capacity": "admin"}]}, {"users": [{}, {"name": ["Missing value"]}]}),
        ({"name": "x1", "packages": [{"id": "khong-co"}, {"name": "x"}]},
         {"packages": [{"id": ["Dataset not found"]}, {"id": ["Missing value"]}]}),
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
    # The looks of once a second fall into one of them at most.
    few, many = (min(_statements(world, n, given) for _ in range(3)) for n in (1, 25))
    assert many <= few + 2 and many < 10


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
