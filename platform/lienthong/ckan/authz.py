"""Who may do what over the Action API: CKAN's rules and CKAN's words, all of them here (CKAN 2.12, logic/auth).

A rule takes the caller and what is acted upon and answers None (allowed) or why not, in CKAN's words (maybe "").
A sysadmin may do everything. What a contract governs nobody changes here: `governed` tells them so.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from lienthong.catalog.hosted.caller import Caller
from lienthong.ckan.errors import Refusal, denied

Rule = Callable[[Caller, Any], str | None]
GOVERNED = "This site publishes it through a data contract; the Action API only reads it"
ACTIVE = "active"


class Dataset(Protocol):
    """A package, as far as rights go: a row of `hosted_package` is one."""

    id: str
    owner_org: str | None
    state: str
    private: bool
    creator: str | None


class Group(Protocol):
    """A group or organization, as far as rights go: a row of `hosted_group` is one."""

    id: str
    kind: str
    state: str


def check(caller: Caller, act: str, thing: Any = None) -> None:
    """Raises Refusal (403) unless the caller may do `act` to `thing`."""
    reason = why_not(caller, act, thing)
    if reason is not None:
        raise denied(reason)


def may(caller: Caller, act: str, thing: Any = None) -> bool:
    """May the caller do `act` to `thing`?"""
    return why_not(caller, act, thing) is None


def why_not(caller: Caller, act: str, thing: Any = None) -> str | None:
    """None, or why the caller may not."""
    return None if caller.sysadmin else RULES[act](caller, thing)


def governed() -> Refusal:
    """Refuses a write to what a contract governs, also to a sysadmin."""
    return denied(GOVERNED)


# --- datasets ------------------------------------------------------------


def reads(caller: Caller, dataset: Dataset) -> bool:
    """Everybody reads what is active and public; the rest its organization's members, its creator, collaborators."""
    if caller.sysadmin or (dataset.state == ACTIVE and not dataset.private):
        return True
    if dataset.id in caller.collaborations:
        return True
    if dataset.owner_org:
        return dataset.owner_org in caller.orgs and caller.has("read", dataset.owner_org)
    return caller.id is not None and dataset.creator == caller.id


def _package_show(caller: Caller, dataset: Dataset) -> str | None:
    return None if reads(caller, dataset) else f"User {caller.name} not authorized to read package {dataset.id}"


def _package_create(caller: Caller, owner_org: str | None) -> str | None:
    if not caller.has_somewhere("create_dataset"):
        return f"User {caller.name} not authorized to create packages"
    if owner_org and not caller.has("create_dataset", owner_org):
        return f"User {caller.name} not authorized to add dataset to this organization"
    return None


def _edits(caller: Caller, dataset: Dataset) -> bool:
    if caller.collaborations.get(dataset.id) in ("admin", "editor"):
        return True
    if dataset.owner_org:
        return caller.has("update_dataset", dataset.owner_org)
    return caller.has_somewhere("create_dataset")


def _package_update(caller: Caller, dataset: Dataset) -> str | None:
    return None if _edits(caller, dataset) else f"User {caller.name} not authorized to edit package {dataset.id}"


def _groups(caller: Caller, groups: list[str]) -> str | None:
    able = all(caller.has("manage_group", group) for group in groups)
    return None if able else f"User {caller.name} not authorized to edit these groups"


def _collaborators(caller: Caller, dataset: Dataset) -> bool:
    return caller.has("membership", dataset.owner_org) or caller.collaborations.get(dataset.id) == "admin"


def _collaborator(words: str) -> Rule:
    def rule(caller: Caller, dataset: Dataset) -> str | None:
        return None if _collaborators(caller, dataset) else f"User {caller.name} not authorized to {words} this dataset"

    return rule


def _both(rule: Callable[[Caller, Dataset], bool], verb: str) -> Rule:
    def check_all(caller: Caller, datasets: list[Dataset]) -> str | None:
        able = all(rule(caller, dataset) for dataset in datasets)
        return None if able else f"User {caller.name} not authorized to {verb} these packages"

    return check_all


def _own(caller: Caller, user: Any) -> str | None:
    """`user`: a row of `hosted_user`, or None."""
    return None if user is not None and caller.id == user.id else ""


# --- resources: (dataset, id of the resource) ------------------------------------------------------------


def _resource(verb: str, rule: Callable[[Caller, Dataset], bool]) -> Rule:
    def check_one(caller: Caller, given: tuple[Dataset, str]) -> str | None:
        return None if rule(caller, given[0]) else f"User {caller.name} not authorized to {verb} {given[1]}"

    return check_one


# --- groups and organizations ------------------------------------------------------------


def _make(kind: str) -> Rule:
    def rule(caller: Caller, _: Any) -> str | None:
        return None if caller.is_known else f"User {caller.name or None} not authorized to create {kind}s"

    return rule


def _group(permission: str, words: str) -> Rule:
    def rule(caller: Caller, group: Group) -> str | None:
        return None if caller.has(permission, group.id) else f"User {caller.name} not authorized to {words} {group.id}"

    return rule


def _group_show(caller: Caller, group: Group) -> str | None:
    if group.state == ACTIVE or caller.has("read", group.id):
        return None
    return f"User {caller.name} not authorized to read group {group.id}"


def _members(caller: Caller, group: Group) -> str | None:
    return None if caller.has("membership", group.id) else f"User {caller.name} not authorized to add members"


def _member(caller: Caller, given: tuple[Group, str]) -> str | None:
    """`given`: the group, and what is put into it (object_type): a member of a group may add and take away datasets."""
    group, kind = given
    permission = "manage_group" if group.kind == "group" and kind == "package" else "update"
    return None if caller.has(permission, group.id) else f"User {caller.name} not authorized to edit group {group.id}"


def _bulk(caller: Caller, organization: str | None) -> str | None:
    return None if caller.has("update", organization) else ""


# --- people ------------------------------------------------------------


def _user_update(caller: Caller, user: Any) -> str | None:
    if user is None:
        return "User not found"
    if not caller.is_known:
        return "Have to be logged in to edit user"
    return None if caller.id == user.id else f"User {caller.name} not authorized to edit user {user.id}"


def _known(words: str) -> Rule:
    def rule(caller: Caller, _: Any) -> str | None:
        return None if caller.is_known else words

    return rule


def _followees(caller: Caller, user: Any) -> str | None:
    return None if _own(caller, user) is None else "Not authorized"


def _file_scan(caller: Caller, user: Any) -> str | None:
    return None if _own(caller, user) is None else "Not allowed to list files"


def _never(words: str = "") -> Rule:
    def rule(caller: Caller, _: Any) -> str | None:
        return words.format(user=caller.name)

    return rule


RULES: Mapping[str, Rule] = {
    "package_show": _package_show,
    "package_create": _package_create,
    "package_update": _package_update,
    "package_groups": _groups,
    "dataset_purge": _never(),
    "package_owner_org_update": _never(),
    "package_relationship_create": _both(_edits, "edit"),
    "package_relationships_list": _both(reads, "read"),
    "package_collaborator_create": _collaborator("add collaborators to"),
    "package_collaborator_delete": _collaborator("remove collaborators from"),
    "package_collaborator_list": _collaborator("list collaborators from"),
    "package_collaborator_list_for_user": _own,
    "resource_show": _resource("read resource", reads),
    "resource_create": _resource("create resources on dataset", _edits),
    "resource_update": _resource("edit resource", _edits),
    "resource_delete": _resource("delete resource", _edits),
    "resource_view_clear": _never(),
    "datastore_read": _resource("perform resource_show on resource", reads),
    "datastore_write": _resource("perform resource_update on resource", _edits),
    "datastore_function": _never(),
    "bulk_update": _bulk,
    "group_create": _make("group"),
    "organization_create": _make("organization"),
    "group_show": _group_show,
    "group_update": _group("update", "edit group"),
    "organization_update": _group("update", "edit organization"),
    "group_delete": _group("delete", "delete group"),
    "organization_delete": _group("delete", "delete organization"),
    "group_purge": _never(),
    "members": _members,
    "member": _member,
    "user_create": _never("User {user} not authorized to create users via the API"),
    "user_update": _user_update,
    "user_delete": _never(),
    "user_list_email": _never(),
    "get_site_user": _never("Only internal services allowed to use this action"),
    "api_token": _own,
    "vocabulary": _never(),
    "tag": _never(),
    "follow_dataset": _known("You must be logged in to follow datasets"),
    "follow_group": _known("You must be logged in to follow groups"),
    "follow_user": _known("You must be logged in to follow users"),
    "unfollow_dataset": _known("You must be logged in to unfollow datasets"),
    "unfollow_group": _known("You must be logged in to unfollow groups"),
    "unfollow_user": _known("You must be logged in to unfollow users"),
    "am_following": _known(""),
    "followers": _never("Not authorized"),
    "followees": _followees,
    "dashboard": _known("You must be logged in to access your dashboard."),
    "activity": _never(),
    "config_option": _never(),
    "job": _never(),
    "task_status_update": _never("User {user} not authorized to update task_status table"),
    "task_status_delete": _never(),
    "term_translation_update": _never("User {user} not authorized to update term_translation table"),
    "send_email_notifications": _never(),
    "file_manage": _never("Not allowed to manage files"),
    "file_read": _never("Not allowed to read file"),
    "file_edit": _never("Not allowed to edit file"),
    "file_delete": _never("Not allowed to delete file"),
    "file_transfer": _never("File is pinned"),
    "file_scan": _file_scan,
    "known": _known(""),
}
