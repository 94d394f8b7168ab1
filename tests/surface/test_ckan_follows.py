"""What is followed, what was done, options of the site and values kept by name, over the Action API."""

import json
import re

import pytest

from tests.surface.hosted import did, refused
from tests.surface.small import ADMIN, World


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world that may be changed."""
    return own_world


# --- following -------------------------------------------------------------------------------------------------------


def test_following(world: World, lan: str, minh: str) -> None:
    dataset = did(world, "package_list")[0]
    did(world, "group_create", ADMIN, name="chu-de", title="Chủ đề")
    first = did(world, "follow_dataset", lan, id=dataset)
    assert did(world, "follow_dataset", lan, id=dataset) == first and set(first) == {
        "follower_id",
        "object_id",
        "datetime",
    }
    did(world, "follow_group", lan, id="chu-de")
    did(world, "follow_group", lan, id="office")  # an organization is followed as a group
    did(world, "follow_user", lan, id="minh")
    assert did(world, "am_following_dataset", lan, id=dataset) is True
    assert did(world, "am_following_user", minh, id="lan") is False
    assert did(world, "dataset_follower_count", id=dataset) == 1
    assert [u["name"] for u in did(world, "user_follower_list", ADMIN, id="minh")] == ["lan"]
    counts = {k: did(world, f"{k}_followee_count", id="lan") for k in ("user", "dataset", "group", "organization")}
    assert counts == {"user": 1, "dataset": 1, "group": 1, "organization": 1}
    assert did(world, "followee_count", id="lan") == 4
    assert {f["type"] for f in did(world, "followee_list", lan, id="lan")} == {
        "user",
        "dataset",
        "group",
        "organization",
    }
    assert [f["display_name"] for f in did(world, "followee_list", lan, id="lan", q="chủ")] == ["Chủ đề"]
    assert did(world, "group_show", id="chu-de")["num_followers"] == 1
    for _ in range(2):
        assert did(world, "unfollow_dataset", lan, id=dataset) is None
    assert did(world, "dataset_follower_count", id=dataset) == 0


def test_following_is_refused_in_ckans_words(world: World, lan: str, minh: str) -> None:
    assert (
        refused(world, 403, "follow_dataset", id="firms")["message"]
        == "Access denied: You must be logged in to follow datasets"
    )
    assert refused(world, 404, "follow_dataset", lan, id="zz")["message"] == "Not found"
    assert refused(world, 409, "follow_user", lan, id="lan") == {
        "message": "You cannot follow yourself",
        "__type": "Validation Error",
    }
    assert refused(world, 409, "am_following_user", lan, id="zz")["id"] == ["Not found: User"]
    assert refused(world, 403, "am_following_user", id="lan")["message"] == "Access denied"
    assert refused(world, 403, "user_follower_list", lan, id="minh")["message"] == "Access denied: Not authorized"
    assert refused(world, 403, "followee_list", minh, id="lan")["message"] == "Access denied: Not authorized"


# --- what was done ---------------------------------------------------------------------------------------------------


def test_streams_of_groups_users_and_the_dashboard(world: World, minh: str, lan: str) -> None:
    made = did(world, "group_create", minh, name="nhom-cua-minh", title="Nhóm")
    did(world, "group_patch", minh, id="nhom-cua-minh", title="Nhóm của Minh")
    stream = did(world, "group_activity_list", id="nhom-cua-minh")
    assert [a["activity_type"] for a in stream] == ["changed group", "new group"]
    assert stream[0]["data"]["group"]["title"] == "Nhóm của Minh" and stream[0]["permission_labels"] is None
    assert [a["id"] for a in did(world, "group_activity_list", id="nhom-cua-minh", limit=1, offset=1)] == [
        stream[1]["id"]
    ]
    assert refused(world, 409, "group_activity_list", id="nhom-cua-minh", limit=-1)["limit"] == [
        "Must be a natural number"
    ]
    assert stream[0]["id"] in [a["id"] for a in did(world, "user_activity_list", id="minh")]
    did(world, "follow_user", lan, id="minh")
    new = did(world, "dashboard_new_activities_count", lan)
    assert new >= 2
    assert did(world, "dashboard_mark_activities_old", lan) is None
    assert did(world, "dashboard_new_activities_count", lan) == 0
    assert not any(
        a["is_new"] for a in did(world, "dashboard_activity_list", minh) if a["user_id"] == made["users"][0]["id"]
    )
    assert "logged in to access your dashboard" in refused(world, 403, "dashboard_activity_list")["message"]
    assert refused(world, 403, "activity_show", lan, id=stream[0]["id"])["__type"] == "Authorization Error"
    diff = did(world, "activity_diff", ADMIN, id=stream[0]["id"], object_type="group")
    changed = [json.loads(f'"{line}"') for line in re.findall(r'^\+ .*"title": "(.*)"', diff["diff"], re.MULTILINE)]
    assert changed == ["Nhóm của Minh"]


def test_activities_by_hand_are_for_sysadmins(world: World, lan: str, minh: str) -> None:
    assert minh
    given = {"user_id": "minh", "object_id": did(world, "user_show", id="minh")["id"], "activity_type": "changed user"}
    assert refused(world, 403, "activity_create", lan, **given)["message"] == "Access denied"
    made = did(world, "activity_create", ADMIN, **given)
    assert did(world, "activity_delete", ADMIN, id=made["id"]) == {"message": "Activity purged"}
    assert refused(world, 404, "activity_delete", ADMIN, id=made["id"])["message"] == "Not found: Activity not found"
    assert refused(world, 409, "activity_create", ADMIN, **given | {"activity_type": "x"})["activity_type"] == [
        "Not found: Activity type"
    ]
    counts = did(world, "activity_delete_counts", ADMIN)
    assert (
        set(counts) == {"older_than_1_day", "older_than_30_days", "older_than_365_days", "total"}
        and counts["total"] > 0
    )
    assert "No activities found" in did(world, "activity_delete", ADMIN, offset_days=3)["message"]


def test_what_is_done_to_many_is_done_in_the_order_named(world: World) -> None:
    did(world, "organization_create", ADMIN, name="so-y-te")
    given = [did(world, "package_create", ADMIN, name=f"thu-tu-{n}", owner_org="so-y-te") for n in range(3)]
    first, second, third = (package["id"] for package in given)
    named = [second, given[2]["name"], first]
    did(world, "bulk_update_private", ADMIN, datasets=named, org_id=given[0]["owner_org"])
    told = did(world, "recently_changed_packages_activity_list", ADMIN, limit=3)
    assert [activity["object_id"] for activity in told] == [first, third, second]


# --- values ----------------------------------------------------------------------------------------------------------


def test_options_of_the_site(world: World, lan: str) -> None:
    assert did(world, "config_option_update", ADMIN, **{"ckan.site_description": "Mô tả"}) == {
        "ckan.site_description": "Mô tả"
    }
    assert did(world, "config_option_show", ADMIN, key="ckan.site_description") == "Mô tả"
    assert did(world, "status_show")["site_description"] == "Mô tả"
    told = refused(world, 409, "config_option_update", ADMIN, **{"khong.co": "X"})["message"]
    assert told == "Configuration option(s) 'khong.co' can not be updated"
    for action in ("config_option_list", "config_option_show", "job_list"):
        assert refused(world, 403, action, lan, key="ckan.site_title")["message"] == "Access denied"


def test_states_of_tasks_and_translations_of_terms(world: World, lan: str) -> None:
    task = {"entity_id": "e", "entity_type": "resource", "task_type": "datapusher", "key": "k", "value": "v"}
    made = did(world, "task_status_update", ADMIN, **task)
    assert made == task | {"id": made["id"], "state": None, "error": None, "last_updated": None}
    assert (
        did(world, "task_status_update", ADMIN, **task | {"id": made["id"], "state": "complete"})["state"] == "complete"
    )
    assert did(world, "task_status_show", entity_id="e", task_type="datapusher", key="k")["id"] == made["id"]
    many = did(world, "task_status_update_many", ADMIN, data=[task | {"key": "a"}, task | {"key": "b"}])
    assert [row["key"] for row in many["results"]] == ["a", "b"]
    assert did(world, "task_status_delete", ADMIN, id=made["id"]) is None
    assert refused(world, 404, "task_status_show", id=made["id"])["message"] == "Not found"
    assert "task_status table" in refused(world, 403, "task_status_update", lan, **task)["message"]
    rows = [{"term": t, "term_translation": f"{t} vi", "lang_code": "vi"} for t in ("water", "soil")]
    assert did(world, "term_translation_update_many", ADMIN, data=rows) == {"success": "2 rows updated"}
    assert did(world, "term_translation_show", terms="water", lang_codes=["vi"]) == rows[:1]
    assert refused(world, 409, "term_translation_show") == {"terms": "terms not in data", "__type": "Validation Error"}
