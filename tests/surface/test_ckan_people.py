"""Users, their tokens, people of the platform and what their tokens leave out, over the Action API."""

import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ckanapi import NotAuthorized, NotFound, ValidationError

from lienthong.access.callers import CACHE_SECONDS
from lienthong.ckan.call import ACTIONS
from lienthong.ckan.writing import WRITES
from lienthong.store import owner
from tests.surface import people
from tests.surface.hosted import call, client, did, get, refused, user
from tests.surface.small import ADMIN, AGENCY, World

SPECIFICATION = Path(__file__).parents[3] / "shared" / "ckan.md"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world that may be changed, with the people of the platform."""
    people.seed(own_world)
    return own_world


# --- users -----------------------------------------------------------------------------------------------------------


def test_user_is_made_with_everything_that_clients_read(world: World) -> None:
    made = did(world, "user_create", ADMIN, name="hoa", email="Hoa@example.com", password="đủ tám ký tự")
    expected = {
        "about": None, "activity_streams_email_notifications": False, "apikey": None, "display_name": "hoa",
        "email": "Hoa@example.com", "email_hash": hashlib.md5(b"hoa@example.com").hexdigest(), "fullname": None,
        "image_display_url": None, "image_url": None, "last_active": None, "name": "hoa",
        "number_created_packages": 0, "state": "active", "sysadmin": False,
    }  # fmt: skip
    assert {k: v for k, v in made.items() if k not in ("id", "created")} == expected
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", made["created"])


def test_everything_wrong_with_a_user_is_told_at_once(world: World, lan: str) -> None:
    assert lan
    wrong = refused(world, 409, "user_create", ADMIN, name="L!", email="nope", password="short", about="see https://x")
    assert set(wrong) == {"name", "email", "password", "about", "__type"}
    assert wrong["email"] == ["Email nope is not a valid format"]
    assert refused(world, 409, "user_create", ADMIN) == {
        "name": ["Missing value"], "email": ["Missing value"], "password": ["Missing value"],
        "__type": "Validation Error",
    }  # fmt: skip
    taken = refused(world, 409, "user_create", ADMIN, name="lan2", email="LAN@example.com", password="12345678")
    assert taken["email"] == ["The email address 'lan@example.com' belongs to a registered user."]
    assert (
        "already associated"
        in refused(world, 409, "user_create", ADMIN, name="lan", email="l@e.vn", password="12345678")["name"][0]
    )


@pytest.mark.parametrize("name", [["a", "b"], {"a": 1}, 7, "x" * 101, "new", "có-dấu", "a\0b"])
def test_names_of_any_shape_are_refused_not_crashed_on(world: World, name: Any) -> None:
    assert (
        "name" in refused(world, 409, "user_create", ADMIN, name=name, email="q@example.com", password="12345678")
        or name == 7
    )


def test_only_sysadmins_make_users(world: World, lan: str) -> None:
    given = {"name": "x-y", "email": "xy@example.com", "password": "12345678"}
    told = "Access denied: User {} not authorized to create users via the API"
    assert refused(world, 403, "user_create", **given)["message"] == told.format("")
    assert refused(world, 403, "user_create", lan, **given)["message"] == told.format("lan")


def test_email_and_hashes_are_for_oneself_and_sysadmins(world: World, lan: str, minh: str) -> None:
    for token in (None, minh, AGENCY):
        shown = did(world, "user_show", token, id="lan", include_password_hash=True, include_plugin_extras=True)
        assert {"email", "apikey", "password_hash", "plugin_extras"}.isdisjoint(shown)
        assert not [u for u in did(world, "user_list", token) if u["name"] == "lan" and "email" in u]
    assert did(world, "user_show", lan)["email"] == "lan@example.com"
    assert "password_hash" not in did(world, "user_show", lan, include_password_hash=True)
    shown = did(world, "user_show", ADMIN, id="lan", include_password_hash=True)
    assert shown["email"] == "lan@example.com" and shown["password_hash"].startswith("$argon2id$")
    assert refused(world, 403, "user_list", lan, email="minh@example.com")["message"] == "Access denied"
    assert [u["name"] for u in did(world, "user_list", ADMIN, email="Minh@example.com")] == ["minh"]
    assert [u["name"] for u in did(world, "user_autocomplete", q="nguyễn thị")] == ["lan"]
    assert not did(world, "user_autocomplete", minh, q="@example.com")
    assert "lan" in [u["name"] for u in did(world, "user_autocomplete", ADMIN, q="@example.com")]
    assert not did(world, "user_list", all_fields=False, q="%")  # no wildcard


def test_users_change_themselves_and_nothing_more(world: World, lan: str, minh: str) -> None:
    changed = did(world, "user_patch", lan, id="lan", about="mới", sysadmin=True, state="deleted", password_hash="x")
    assert (changed["about"], changed["sysadmin"], changed["state"]) == ("mới", False, "active")
    assert changed["fullname"] == "Nguyễn Thị Lan" and changed["email"] == "lan@example.com"
    assert refused(world, 409, "user_update", lan, id="lan", fullname="L")["email"] == ["Missing value"]
    assert refused(world, 409, "user_patch", lan, id="lan", name="lan-b")["name"] == [
        "That login name can not be modified."
    ]
    told = refused(world, 403, "user_patch", minh, id="lan", about="x")["message"]
    assert re.fullmatch(r"Access denied: User minh not authorized to edit user [0-9a-f-]{36}", told)
    assert "Have to be logged in" in refused(world, 403, "user_patch", id="lan", about="x")["message"]
    assert refused(world, 404, "user_patch", ADMIN, id="nobody", about="x")["__type"] == "Not Found Error"


def test_a_deleted_user_stays_in_sight_and_can_do_nothing(world: World) -> None:
    token = user(world, "go-away")
    assert did(world, "api_token_list", token, user_id="go-away")
    assert refused(world, 403, "user_delete", token, id="go-away")["message"] == "Access denied"
    assert did(world, "user_delete", ADMIN, id="go-away") is None
    assert refused(world, 403, "api_token_list", token, user_id="go-away")["message"] == "Access denied"
    assert did(world, "user_show", id="go-away")["state"] == "deleted"
    assert "go-away" not in did(world, "user_list", all_fields=False)
    assert (
        refused(world, 404, "user_delete", ADMIN, id="nobody")["message"] == 'Not found: User "nobody" was not found.'
    )


def test_site_user_is_for_sysadmins_and_its_key_opens_nothing(world: World, lan: str) -> None:
    assert "Only internal services" in refused(world, 403, "get_site_user", lan)["message"]
    assert did(world, "get_site_user", ADMIN)["apikey"] == ""
    assert "default" not in did(world, "user_list", ADMIN, all_fields=False)
    assert "default" in did(world, "user_list", ADMIN, all_fields=False, include_site_user=True)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_tokens_are_told_once_and_kept_as_hashes(world: World, lan: str) -> None:
    made = did(world, "api_token_create", lan, user="lan", name="máy tính")
    rows = did(world, "api_token_list", lan, user="lan")
    assert {"id", "name", "user_id", "created_at", "last_access"} == set(rows[-1])
    assert rows[-1]["id"] == made["id"] and rows[-1]["last_access"] is None
    (dump,) = world.owner("select string_agg(t::text, '') from platform.hosted_token t")[0]
    assert made["token"] not in dump and lan not in dump
    assert did(world, "user_show", made["token"])["name"] == "lan"
    assert did(world, "api_token_list", lan, user="lan")[-1]["last_access"] is not None
    assert did(world, "api_token_revoke", lan, token=made["token"]) is None
    assert call(world, "user_show", made["token"]).status_code == 404  # nobody, at once
    assert refused(world, 403, "api_token_revoke", lan, token=made["token"])["message"] == "Access denied"


def test_a_token_that_is_revoked_while_it_is_looked_up_is_not_kept(world: World, lan: str) -> None:
    made = did(world, "api_token_create", lan, user="lan", name="vừa thu hồi")
    assert did(world, "user_show", made["token"])["name"] == "lan"  # the use of it is noted
    time.sleep(CACHE_SECONDS + 0.1)  # and who it is, forgotten
    waits = "select count(*) from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))"
    with owner.connect(world.settings) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("update platform.hosted_user set last_active = null where name = 'lan'")
        with connection.transaction():
            connection.execute("select 1 from platform.hosted_user where name = 'lan' for update")
            looked_up = pool.submit(call, world, "user_show", made["token"])
            while connection.execute(waits).fetchone() != (1,):
                assert not looked_up.done()
                time.sleep(0.01)
            assert did(world, "api_token_revoke", ADMIN, jti=made["id"]) is None
        assert looked_up.result(60).status_code == 200  # it was good when it was asked for
        assert call(world, "user_show", made["token"]).status_code == 404


def test_tokens_of_others_are_not_made_listed_or_ended(world: World, lan: str, minh: str) -> None:
    mine = did(world, "api_token_create", minh, user="minh", name="b")
    for token in (None, lan):
        for action, given in (
            ("api_token_create", {"user": "minh", "name": "x"}),
            ("api_token_list", {"user_id": "minh"}),
            ("api_token_list", {"user_id": "there-is-no-such"}),
            ("api_token_revoke", {"jti": mine["id"]}),
            ("api_token_revoke", {"token": mine["token"]}),
            ("api_token_revoke", {"jti": "there-is-no-such"}),
        ):
            assert refused(world, 403, action, token, **given)["message"] == "Access denied"
    assert refused(world, 409, "api_token_create", lan)["name"] == ["Missing value"]
    assert refused(world, 409, "api_token_list", lan) == {"user_id": ["Missing value"], "__type": "Validation Error"}
    assert refused(world, 409, "api_token_revoke", lan)["token"] == ["Missing value"]
    assert (
        refused(world, 404, "api_token_create", ADMIN, user="nobody", name="x")["message"]
        == "Not found: User not found"
    )
    assert did(world, "api_token_revoke", ADMIN, jti=mine["id"]) is None


@pytest.mark.parametrize(
    ("header", "known"),
    [("Authorization", True), ("X-CKAN-API-Key", True), ("X-API-Key", False), ("Cookie", False)],
)
def test_where_a_token_may_stand(world: World, lan: str, header: str, known: bool) -> None:
    value = f"token={lan}" if header == "Cookie" else lan
    answer = world.anonymous.get("/api/3/action/api_token_list?user_id=lan", headers={header: value})
    assert (answer.status_code == 200) is known
    assert world.anonymous.get(f"/api/3/action/api_token_list?user_id=lan&Authorization={lan}").status_code == 403
    # A wrong token is nobody, and reads what everybody reads.
    assert world.anonymous.get("/api/3/action/package_list", headers={header: "ltc_wrong"}).status_code == 200


def test_a_callback_drops_the_caller(world: World, lan: str) -> None:
    answer = get(world, "user_show", lan, id="lan", callback="cb<")
    assert answer.headers["content-type"] == "application/javascript;charset=utf-8"
    assert answer.text.startswith("cb&lt;(") and "lan@example.com" not in answer.text
    assert call(world, "user_patch", lan, id="lan", about="x", callback="f").status_code == 403
    assert get(world, "user_show", lan, callback="f").status_code == 404


# --- people and agencies of the platform -----------------------------------------------------------------------------


def test_people_of_the_platform_are_users_bound_by_account_not_by_name(world: World) -> None:
    user(world, "thu")  # somebody took the name first
    steward, publisher, analyst = (people.token(world, name) for name in ("thu", "phuong", "an"))
    assert did(world, "user_show", steward)["name"] == "thu-1"
    roles = {token: did(world, "organization_list_for_user", token) for token in (steward, publisher, analyst, AGENCY)}
    assert {token: [(o["name"], o["capacity"]) for o in found] for token, found in roles.items()} == {
        steward: [("office", "editor")], publisher: [("office", "editor")],
        analyst: [("office", "member")], AGENCY: [("office", "member")],
    }  # fmt: skip
    assert did(world, "organization_list_for_user", steward, permission="create_dataset")
    assert not did(world, "organization_list_for_user", analyst, permission="create_dataset")


def test_scopes_leave_out_rights_here_too(world: World) -> None:
    whole, reader = people.token(world, "admin2"), people.token(world, "admin2", ["read:firms"])
    assert did(world, "job_list", whole) == []
    assert refused(world, 403, "job_list", reader)["message"] == "Access denied"
    assert did(world, "organization_list_for_user", people.token(world, "phuong", ["twin"])) == []
    tried: dict[str, dict[str, Any]] = {
        "organization_create": {"name": "by-reader"},
        "follow_user": {"id": "admin2"},
        "api_token_create": {"user": "admin2", "name": "escape"},
    }
    for action, given in tried.items():
        assert refused(world, 403, action, reader, **given)["message"] == "Access denied: The token leaves out writing"
    writer = people.token(world, "phuong", ["write:*"])
    assert did(world, "group_create", writer, name="by-writer")["users"][0]["name"] == "phuong"
    assert refused(world, 403, "api_token_create", writer, user="phuong", name="more")["message"] == "Access denied"
    assert [o["capacity"] for o in did(world, "organization_list_for_user", writer)] == ["editor"]


def test_a_token_dies_with_the_person_that_it_stands_for(world: World) -> None:
    name = people.person(world, "tam", "administrator")
    token = did(world, "api_token_create", people.token(world, name), user="tam", name="t")["token"]
    assert did(world, "job_list", token) == []
    world.owner("update platform.person set role = 'analyst' where username = 'tam' returning 1")
    time.sleep(CACHE_SECONDS)
    assert call(world, "job_list", token).status_code == 403
    world.owner("update platform.person set deactivated_at = now() where username = 'tam' returning 1")
    time.sleep(CACHE_SECONDS)
    assert call(world, "user_show", token).status_code == 404
    assert refused(world, 403, "user_delete", ADMIN, id="tam")["__type"] == "Authorization Error"


def test_a_cookie_reads_and_never_writes(world: World, lan: str) -> None:
    assert lan
    browser = people.Browser(world)
    browser.sign_in("admin")
    cookie = f"lienthong_session={browser.session}"
    answer = world.anonymous.get("/api/3/action/job_list", headers={"Cookie": cookie})
    assert answer.status_code == 200 and answer.headers["cache-control"] == "private, no-store"
    for action, given in (("user_delete", {"id": "lan"}), ("organization_create", {"name": "by-cookie"})):
        answer = world.anonymous.post(f"/api/3/action/{action}", json=given, headers={"Cookie": cookie})
        assert answer.status_code == 403


# --- methods and help ------------------------------------------------------------------------------------------------


def test_every_action_that_writes_takes_post_only(world: World) -> None:
    if not SPECIFICATION.exists():
        pytest.skip("the list of CKAN's actions is not here")
    table = dict(
        re.findall(r"^\| `(\w+)` \| \w+ \| (POST|GET\+POST) \|", SPECIFICATION.read_text("utf-8"), re.MULTILINE)
    )
    assert len(table) == 169
    told = "Bad request: JSON Error: Invalid request. Please use POST method for your request"
    for action, methods in table.items():
        answer = get(world, action)
        assert (answer.json() == told) is (methods == "POST"), action
        assert (answer.status_code == 400) is (methods == "POST"), action
    assert {name for name, methods in table.items() if methods == "POST"} == WRITES


def test_every_action_tells_what_it_does_and_takes(world: World) -> None:
    for name in ACTIONS:
        text = did(world, "help_show", name=name)
        assert text and text.strip()[0].isupper() and "\n\n" in text + "\n\n", name
    for name in ("package_search", "organization_create", "follow_dataset", "user_list", "activity_diff"):
        assert re.search(r"^ +:param \w+: \S", did(world, "help_show", name=name), re.MULTILINE), name
    assert refused(world, 404, "help_show", name="nope")["message"] == "Not found: Action function not found"


# --- a real client ---------------------------------------------------------------------------------------------------


def test_ckanapi_tells_apart_what_went_wrong(world: World, lan: str) -> None:
    nobody, admin, mine = client(world), client(world, ADMIN), client(world, lan)
    assert admin.action.user_show(id="lan")["email"] == "lan@example.com"
    with pytest.raises(NotFound):
        nobody.action.user_show(id="zz")
    with pytest.raises(NotAuthorized):
        nobody.action.user_create(name="x")
    with pytest.raises(ValidationError) as told:
        admin.action.user_create(name="x")
    assert told.value.error_dict["email"] == ["Missing value"]
    token = mine.action.api_token_create(user="lan", name="ckanapi")["token"]
    assert client(world, token).action.user_show()["name"] == "lan"
