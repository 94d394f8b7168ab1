"""People: over the API, on the pages of the administrator, on the command line."""

import json as text
import re
import subprocess
import sys
import time
from typing import Any

import pytest

from lienthong.governance.identity import duty
from lienthong.store import owner
from tests.surface.people import PASSWORD, Browser, ask, forgive, json, person, seed, token, way
from tests.surface.site import environment
from tests.surface.small import World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


@pytest.fixture(autouse=True)
def people(world: World) -> None:
    seed(world)
    forgive(world)


def test_a_person_is_made_changed_and_deactivated(world: World) -> None:
    made = json(
        world, "POST", "/api/v1/people", username="lan.nguyen", name="Nguyễn Thị Lan", role="analyst", agency="office"
    )
    assert made.status_code == 201, made.text
    password = made.json()["password"]
    browser = Browser(world)
    assert browser.sign_in("lan.nguyen", password).status_code == 303
    text = token(world, "lan.nguyen")
    assert json(world, "POST", "/api/v1/people", username="lan.nguyen", name="x", role="analyst").status_code == 409
    changed = json(world, "PATCH", "/api/v1/people/lan.nguyen", role="steward")
    assert changed.json()["data"]["role"] == "steward"
    assert way(browser.get("/account")) == "/sign-in"  # another role, another session
    assert browser.sign_in("lan.nguyen", password).status_code == 303
    assert json(world, "PATCH", "/api/v1/people/lan.nguyen", active=False).json()["data"]["active"] is False
    time.sleep(1.0)
    assert way(browser.get("/account")) == "/sign-in"
    assert world.client(text).get("/api/v1/tokens").status_code == 401
    assert browser.sign_in("lan.nguyen", password).status_code == 401
    assert json(world, "PATCH", "/api/v1/people/lan.nguyen", active=True).status_code == 200
    assert browser.sign_in("lan.nguyen", password).status_code == 303
    assert world.client(text).get("/api/v1/tokens").status_code == 401  # a revoked token stays revoked


@pytest.mark.parametrize("username", ["A", "Lan", "lan nguyen", "../x", "1an", "x" * 64, "lân"])
def test_user_names_are_plain(world: World, username: str) -> None:
    assert json(world, "POST", "/api/v1/people", username=username, name="x", role="analyst").status_code == 422


def test_a_kind_of_identifier_that_no_dataset_knows_is_refused(world: World) -> None:
    person(world, "dinh.danh")
    for method, path, more in (
        ("POST", "/api/v1/people", {"username": "dinh.danh.moi", "name": "x", "role": "analyst"}),
        ("PATCH", "/api/v1/people/dinh.danh", {}),
    ):
        told = json(world, method, path, identifiers={"person_nam": "Người thứ 1"}, **more)
        assert told.status_code == 422 and told.json()["place"] == "identifiers.person_nam"
        assert told.json()["fix"] == "có phải 'person_name'?"
    assert ask(world, "select username, identifiers from platform.person where username like 'dinh.danh%%'") == [
        ("dinh.danh", {})
    ]


def test_an_administrator_links_a_person_to_their_records_on_the_page(world: World) -> None:
    """Without the link nobody sees who has read their data; what was given is never shown again."""
    person(world, "chu.the")
    ask(world, "update platform.person set identifiers = '{\"staff\": \"1\"}' where username = 'chu.the' returning 1")
    browser, page = Browser(world), "/admin/people/chu.the"
    browser.sign_in("admin")
    assert browser.send(page, page + "/identifiers", kind="person_name", value=" Người thứ 11 ").status_code == 303
    kept = "select identifiers from platform.person where username = 'chu.the'"
    assert ask(world, kept) == [({"staff": "1", "person_name": "Người thứ 11"},)]
    shown = browser.get(page).text
    assert "<b>Họ tên</b>" in shown and "Người thứ 11" not in shown
    wrong = browser.send(page, page + "/identifiers", kind="person_nam", value="x")
    assert wrong.status_code == 422 and "person_name" in wrong.text
    assert browser.send(page, page + "/identifiers", kind="person_name", value="").status_code == 303
    assert ask(world, kept) == [({"staff": "1"},)]
    other = Browser(world)
    other.sign_in("thu")
    assert other.send("/account", page + "/identifiers", kind="person_name", value="x").status_code == 403
    assert ask(world, kept) == [({"staff": "1"},)]


def test_a_wrong_value_is_told_in_two_languages(world: World) -> None:
    told = json(world, "POST", "/api/v1/tokens", label="x", scopes=["read:firms"], days=400).json()
    assert told["errors"][0]["detail"] == {
        "vi": "'days' sai: nhiều nhất là 366",
        "en": "'days' is wrong: must be 366 or less",
    }
    role = json(world, "POST", "/api/v1/people", username="vai.tro", name="x", role="analist").json()
    assert role["place"] == "role" and " or " not in role["fix"] and "analyst" in role["fix"]


def test_one_administrator_always_remains(world: World) -> None:
    others = [
        "admin2",
        *[
            row[0]
            for row in ask(
                world, "select username from platform.person where role = 'administrator' and username <> 'admin'"
            )
        ],
    ]
    ask(world, "update platform.person set deactivated_at = now() where username = any(%s) returning 1", others)
    for change in ({"active": False}, {"role": "analyst"}):
        answer = json(world, "PATCH", "/api/v1/people/admin", **change)
        assert answer.status_code == 409, answer.text
    ask(world, "update platform.person set deactivated_at = null where username = any(%s) returning 1", others)


def test_the_administrators_pages(world: World) -> None:
    browser = Browser(world)
    browser.sign_in("admin")
    made = browser.send(
        "/admin/people", "/admin/people", username="moi.them", name="Người mới thêm", role="developer", agency="office"
    )
    password = re.search(r"<code>([\w-]{20})</code>", made.text)
    assert made.status_code == 200 and password and made.headers["cache-control"] == "no-store", made.text
    assert Browser(world).sign_in("moi.them", password[1]).status_code == 303
    again = browser.send("/admin/people", "/admin/people", username="moi.them", name="x", role="developer")
    assert again.status_code == 409 and "Đã có moi.them" in again.text
    page = "/admin/people/moi.them"
    assert browser.send(page, page, name="Tên khác", role="steward", agency="registry_office").status_code == 303
    assert ask(world, "select name, role, agency_id from platform.person where username = 'moi.them'") == [
        ("Tên khác", "steward", "registry_office")
    ]
    fresh = browser.send(page, page + "/password")
    assert fresh.status_code == 200 and Browser(world).sign_in("moi.them", password[1]).status_code == 401
    for action, active in (("/deactivate", False), ("/activate", True)):
        assert browser.send(page, page + action).status_code == 303
        assert ask(world, "select deactivated_at is null from platform.person where username = 'moi.them'") == [
            (active,)
        ]
    done = [
        row[0]
        for row in ask(
            world, "select what from platform.identity_event where about = 'moi.them' and who = 'admin' order by id"
        )
    ]
    assert done == [
        "person.create",
        "person.change agency name role",
        "person.password",
        "person.change active",
        "person.change active",
    ]


@pytest.mark.parametrize("username", ["an", "thu", "dung"])
def test_nobody_else_sees_them(world: World, username: str) -> None:
    browser = Browser(world)
    browser.sign_in(username)
    assert browser.get("/admin/people").status_code == 403 and browser.get("/en/admin/people/an").status_code == 403
    found = re.search(r'name="csrf" value="([^"]*)"', browser.get("/account").text)
    assert found
    assert browser.request("POST", "/admin/people/an/password", data={"csrf": found[1]}).status_code == 403
    assert way(Browser(world).get("/admin/people")) == "/sign-in"


def test_a_lost_telephone_is_helped_by_an_administrator(world: World) -> None:
    name = person(world, "matdienthoai")
    with owner.connect(world.settings) as connection:
        connection.execute(
            "insert into platform.totp (username, secret, created_at, confirmed_at, last_step) values (%s, 'x', now(), now(), 0)",
            (name,),
        )
    browser, lost = Browser(world), Browser(world)
    assert way(lost.sign_in(name)) == "/sign-in/code"
    browser.sign_in("admin")
    assert browser.send(f"/admin/people/{name}", f"/admin/people/{name}/factors").status_code == 303
    assert way(lost.sign_in(name)) == "/account"


# --- command line ----------------------------------------------------------------------------------------------------


def lienthong(world: World, *words: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "lienthong.app.cli", *words, "--json"]
    done = subprocess.run(command, env=environment(world), capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, text.loads(done.stdout)


def test_tokens_on_the_command_line(world: World) -> None:
    code, made = lienthong(
        world,
        "token",
        "create",
        "--agency",
        "office",
        "--scope",
        "read:firms",
        "--scope",
        "tokens",
        "--label",
        "dòng lệnh",
        "--days",
        "7",
    )
    assert code == 0 and made["token"].startswith("lt_") and made["scopes"] == ["read:firms", "tokens"]
    assert world.client(made["token"]).get("/api/v1/tokens").status_code == 200
    code, listed = lienthong(world, "token", "list", "--agency", "office")
    assert code == 0 and made["id"] in [row["id"] for row in listed] and made["token"] not in text.dumps(listed)
    assert lienthong(world, "token", "revoke", made["id"])[0] == 0
    time.sleep(1.0)
    assert world.client(made["token"]).get("/api/v1/tokens").status_code == 401
    code, problem = lienthong(world, "token", "create", "--agency", "office", "--scope", "read:firm")
    assert code == 2 and "read:firms" in problem["fix"]


def test_people_on_the_command_line(world: World) -> None:
    code, made = lienthong(world, "people", "add", "dong.lenh", "--name", "Người dòng lệnh", "--role", "analyst")
    assert code == 0 and Browser(world).sign_in("dong.lenh", made["password"]).status_code == 303
    code, listed = lienthong(world, "people", "list")
    assert code == 0 and "dong.lenh" in [row["username"] for row in listed]
    code, fresh = lienthong(world, "people", "password", "dong.lenh")
    assert code == 0 and Browser(world).sign_in("dong.lenh", fresh["password"]).status_code == 303
    assert lienthong(world, "people", "deactivate", "dong.lenh")[0] == 0
    assert Browser(world).sign_in("dong.lenh", fresh["password"]).status_code == 401
    assert lienthong(world, "people", "deactivate", "nobody")[0] == 4


# --- the keeper's duty -----------------------------------------------------------------------------------------------


def test_what_is_over_is_swept_and_nothing_else(world: World) -> None:
    browser = Browser(world)
    browser.sign_in("an")
    with owner.connect(world.settings) as connection:
        connection.execute(
            "insert into platform.used_once values ('old', now() - interval '1 second'), ('new', now() + interval '1 hour')"
        )
        connection.execute(
            "insert into platform.attempt values ('old', 3, now() - interval '2 days', null), ('new', 9, now(), now() + interval '1 hour')"
        )
        duty._last = 0.0
        assert duty.sweep(world.settings, world.registry, connection) >= 2
        assert duty.sweep(world.settings, world.registry, connection) == 0  # once a minute
    assert ask(world, "select value from platform.used_once where value in ('old', 'new')") == [("new",)]
    assert ask(world, "select key from platform.attempt where key in ('old', 'new')") == [("new",)]
    assert browser.get("/account").status_code == 200
    assert Browser(world).sign_in("an", PASSWORD).status_code == 303
