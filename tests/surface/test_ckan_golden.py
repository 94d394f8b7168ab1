"""Reading calls recorded at a CKAN 2.12.0, asked of datasets with contracts: same status, same envelope, same members.

The whole recording, with all that writes, is replayed in tests/ckan.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from lienthong.ckan import ids
from lienthong.ckan.call import ACTIONS
from tests.surface.small import ADMIN, Client, World

Call = dict[str, Any]
# What the recorded site calls something -> what the small world calls it.
NAMES = {
    "chat-luong-nuoc": "firms", "rieng-tu": "cases", "so-y-te": "office", "so-tai-nguyen": "registry-office",
    "bang_vang": "firms", "bulk-03": "places", "flood": "doanh nghiệp", "nuoc": "hang",
    "ma": "firm_code", "ten": "name", "tinh": "status", "so_luong": "staff", "gia": "capital", "con_hang": "exporter",
    "ngay": "seen_at", "meta": "branches", "ghi_chu": "email", "HS0005": "F0005", "Hà Nội": "active",
}  # fmt: skip
READING = {
    "status_show", "help_show", "package_list", "package_show", "package_search", "package_autocomplete",
    "current_package_list_with_resources", "resource_show", "resource_search", "format_autocomplete", "license_list",
    "organization_list", "organization_show", "organization_autocomplete", "tag_list", "tag_show", "tag_search",
    "tag_autocomplete", "datastore_search", "datastore_info",
}  # fmt: skip
# Recorded calls whose answer is different here, and why.
DIFFERENT = {
    "site_read": "older clients ask it, 2.12 does not know it",
    "transport.get.repeated_param": "CKAN crashes",
    "package_show.id_int": "CKAN crashes",
    "package_show.name_or_id_param": "accepted: a known client sends it",
    "datastore_search.sort_json": "no SQL in the answer",
    "datastore_search.filters_wrong_type": "no SQL in the answer",
    "datastore_search.q_lang_bad": "there is one way of searching, without tone marks, whatever the language",
    "datastore_search.q_rank_field": "rows have no rank",
    "datastore_search.table_metadata": "compared by itself",
    "datastore_search.guess": "the recorded file is not in the DataStore",
    "datastore_info.guess": "the recorded file is not in the DataStore",
    "resource_show.private_anon": "a private dataset has no files here",
    "resource_show.private_sa": "a private dataset has no files here",
    **dict.fromkeys(("group_show", "group_show.datasets", "group_show.sub"), "there are no groups"),
    "group_package_show": "there are no groups",
    **dict.fromkeys(("user_show.deleted", "transport.jsonp.drops_auth"), "people are not shown"),
    "tag_autocomplete.vocab": "there are no vocabularies",
    "package_search.fl_star": "the members of the search engine's own index",
    "organization_show.deleted": "no agency is deleted",
    "package_show.draft_anon": "there are no drafts",
    "package_show.deleted_anon": "nothing is deleted",
    "package_show.draft_sysadmin": "there are no drafts",
    "package_show.bulk_private": "a variable of a write",
    "resource_search": "CSV is no part of a file's name here",
    "package_search.df": "accepted, without effect",
}
# Members that depend on the data, or that CKAN has only sometimes.
SOMETIMES = {"license_url", "custom_field", "hash_algorithm", "rank", "rank name", "rank status", "packages"}
FREE = {"records", "facets", "filters", "filterops", "search_facets", "q", "next_page", "extras", "info", "fields"}
SKIPPED_VARIABLES = ("ds.draft", "bulk.", "dss", "dsg", "dst", "res.xlsx", "tok", "user", "org.", "grp", "vocab", "act")


def recorded(shared: Path) -> list[Call]:
    lines = (shared / "ckan-golden.jsonl").read_text("utf-8").splitlines()
    return [call for call in map(json.loads, lines) if is_asked(call)]


def is_asked(call: Call) -> bool:
    path = call["request"]["path"]
    found = re.match(r"/(?:vi/)?api/(?:3/)?action/(\w+)", path)
    if not found or found[1] not in READING or call["auth"] not in ("anon", "sysadmin"):
        return False
    text = path + str(call["request"].get("body") or "")
    return not any("{{" + name in text for name in SKIPPED_VARIABLES)


def renamed(text: str) -> str:
    given = {
        "{{dsr}}": ids.resource_id("firms", "csv"), "{{res.csv}}": ids.resource_id("firms", "csv"),
        "{{res.up}}": ids.resource_id("firms", "csv"), "{{dspriv}}": ids.resource_id("cases", "csv"),
        "{{ds.full}}": ids.package_id("firms"), "{{ds.priv}}": ids.package_id("cases"),
    }  # fmt: skip
    for old, new in given.items():
        text = text.replace(old, new)
    return re.sub(r"(?<![\w-])(" + "|".join(map(re.escape, NAMES)) + r")(?![\w-])", lambda m: NAMES[m[1]], text)


def asked(client: Client, request: Call) -> Any:
    path, _, query = request["path"].partition("?")
    pairs = [(name, renamed(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
    body = request.get("body")
    content = renamed(body if isinstance(body, str) else json.dumps(body)) if body is not None else None
    headers = {k: v for k, v in (request.get("headers") or {}).items() if k.lower() != "authorization"}
    url = path + (f"?{urlencode(pairs)}" if pairs else "")
    return client.request(request["method"], url, content=content, headers=headers)


def differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Where `new` has not the form of `old`; null is a value of any member."""
    if old is None or new is None:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        found = [f"{place}.{name} is missing" for name in sorted(old.keys() - new.keys() - SOMETIMES)]
        found += [f"{place}.{name} is too much" for name in sorted(new.keys() - old.keys() - SOMETIMES)]
        for name in sorted((old.keys() & new.keys()) - FREE):
            found += differences(old[name], new[name], f"{place}.{name}")
        return found
    if isinstance(old, list) and isinstance(new, list):
        return differences(old[0], new[0], f"{place}[]") if old and new else []
    number = (int, float)
    same = type(old) is type(new) or (type(old) in number and type(new) in number)
    return [] if same else [f"{place}: {type(old).__name__} became {type(new).__name__}"]


def error_differences(old: Call, new: Call) -> list[str]:
    """Errors are the same word for word; only names differ, and the search engine's own words."""
    if old["__type"] in ("Search Error", "Authorization Error"):
        return [] if new["__type"] == old["__type"] and old.keys() == new.keys() else [f"{old} became {new}"]
    said = json.loads(renamed(json.dumps(old, ensure_ascii=False)))
    return [] if said == new else [f"{said} became {new}"]


def compared(old: Call, answer: Any) -> list[str]:
    response = old["response"]
    if answer.status_code != response["status"]:
        return [f"status {response['status']} became {answer.status_code}: {answer.text[:200]}"]
    if "json" not in response:
        kind = response["headers"].get("Content-Type", "").partition(";")[0]
        return [] if answer.headers.get("content-type", "").partition(";")[0] == kind else ["another media type"]
    was, now = response["json"], answer.json()
    if not isinstance(was, dict):
        return [] if was == now else [f"{was!r} became {now!r}"]
    if was.get("success") is False:
        return error_differences(was["error"], now["error"])
    return differences(was, now)


def test_recorded_calls(world: World, shared: Path) -> None:
    calls = recorded(shared)
    assert len(calls) > 150
    clients = {"anon": world.anonymous, "sysadmin": world.client(ADMIN)}
    failures = []
    for call in calls:
        if call["id"] not in DIFFERENT and not call["id"].endswith(".empty"):
            found = compared(call, asked(clients[call["auth"]], call["request"]))
            failures += [f"{call['id']}: {text}" for text in found]
    assert not failures, "\n".join(failures)


def test_every_action_can_explain_itself(world: World) -> None:
    for name in sorted(ACTIONS):
        answer = world.anonymous.get("/api/3/action/help_show", params={"name": name}).json()
        assert answer["success"] and len(answer["result"] or "") > 20, name
