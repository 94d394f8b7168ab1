"""Who may do what in groups and organizations; their members; tags and vocabularies, over the Action API."""

import pytest
from ckanapi import NotAuthorized

from lienthong.store import owner
from tests.surface.hosted import call, client, did, refused
from tests.surface.small import ADMIN, AGENCY, World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world that may be changed."""
    return own_world


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


def test_a_list_keeps_its_order_when_postgresql_uses_a_place_again(world: World, tokens: dict[str, str]) -> None:
    """What is put in last comes last, also where a row before it went and its place was cleared (vacuum)."""
    words = [{"name": name} for name in ("ao", "ho", "sông")]
    did(world, "vocabulary_create", ADMIN, name="mat-nuoc", tags=words)
    for group, name in (("cu", "u-nobody"), ("nhom", "u-admin"), ("nhom", "u-editor")):
        call(world, "group_create", ADMIN, name=group)
        did(world, "group_member_create", ADMIN, id=group, username=name, role="member")
    did(world, "tag_delete", ADMIN, id="ao", vocabulary_id="mat-nuoc")
    did(world, "group_purge", ADMIN, id="cu")
    with owner.connect(world.settings) as connection:
        connection.execute("vacuum platform.hosted_tag, platform.hosted_member")
    did(world, "tag_create", ADMIN, name="biển", vocabulary_id="mat-nuoc")
    did(world, "group_member_create", ADMIN, id="nhom", username="u-member", role="member")
    assert did(world, "tag_list", vocabulary_id="mat-nuoc") == ["ho", "sông", "biển"]
    ids = [did(world, "user_show", ADMIN, id=name)["id"] for name in ("u-admin", "u-editor", "u-member")]
    assert [id for id, kind, _ in did(world, "member_list", id="nhom") if id in ids] == ids
    did(world, "vocabulary_update", ADMIN, id="mat-nuoc", tags=[])
    did(world, "vocabulary_delete", ADMIN, id="mat-nuoc")


def test_members_are_listed_without_what_is_private(world: World, tokens: dict[str, str]) -> None:
    private = did(world, "package_show", tokens["editor"], id="ho-so")["id"]
    public = did(world, "package_show", id="benh-vien")["id"]
    listed = did(world, "member_list", id="so-y-te")
    assert [public, "package", "organization"] in listed and private not in str(listed)
    assert sorted(role for _, kind, role in listed if kind == "user") == ["Admin", "Admin", "Editor", "Member"]
    assert [private, "package", "organization"] in did(world, "member_list", tokens["member"], id="so-y-te")
    assert did(world, "member_list", id="so-y-te", object_type="user", capacity="editor")[0][1:] == ["user", "Editor"]
    assert refused(world, 404, "member_list", id="zz")["message"] == "Not found"
    did(world, "group_create", ADMIN, name="kin", packages=[{"id": "ho-so"}, {"id": "benh-vien"}])
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
    assert refused(world, 404, "tag_search", query="n", vocabulary_id="x")["message"] == "Not found"
    assert refused(world, 404, "tag_autocomplete", vocabulary_id="x")["message"] == "Not found"
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
