"""Actions about collaborators of hosted datasets; off unless the setting allows them, as in CKAN."""

from typing import Any

from lienthong.catalog.hosted import relations
from lienthong.catalog.hosted.tables import HostedCollaborator, HostedUser
from lienthong.ckan.call import Call, action
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid, missing, not_found
from lienthong.ckan.ids import stamp
from lienthong.ckan.saving import Saving, package_of, saving
from lienthong.kernel.clock import now

CAPACITIES = ("admin", "editor", "member")


def _allowed(call: Call, *needed: str) -> None:
    for name in needed:
        if not call.params.get(name):
            raise missing(name)
    if not call.services.settings.ckan_collaborators:
        raise Refusal(409, {"message": "Dataset collaborators not enabled", "__type": "Validation Error"})


async def _user(s: Saving, name: Any) -> HostedUser:
    found = await relations.user(s.session, str(name))
    if found is None:
        raise not_found("User not found")
    return found


def _told(row: HostedCollaborator) -> Document:
    return {
        "package_id": row.package_id,
        "user_id": row.user_id,
        "capacity": row.capacity,
        "modified": stamp(row.modified),
    }


@action
async def package_collaborator_create(call: Call) -> Any:
    """Let a user see or change one dataset.

    :param id: the id or name of the dataset
    :param user_id: the id or name of the user
    :param capacity: admin, editor or member
    """
    _allowed(call, "id", "user_id", "capacity")
    capacity = call.params["capacity"]
    if capacity not in CAPACITIES:
        raise invalid("message", f'Role must be one of "{", ".join(CAPACITIES)}"')
    async with saving(call) as s:
        package = await package_of(s, call.params["id"], "Dataset not found")
        call.check("package_collaborator_create", package)
        user = await _user(s, str(call.params["user_id"]))
        row = await relations.collaborator(s.session, package.id, user.id)
        row = row or HostedCollaborator(package_id=package.id, user_id=user.id, capacity=capacity)
        row.capacity, row.modified = capacity, now()
        s.session.add(row)
        found = _told(row)
    call.callers.forget()
    return found


@action
async def package_collaborator_delete(call: Call) -> Any:
    """End a user's part in one dataset.

    :param id: the id or name of the dataset
    :param user_id: the id or name of the user
    """
    _allowed(call, "id", "user_id")
    async with saving(call) as s:
        package = await package_of(s, call.params["id"], "Package not found")
        call.check("package_collaborator_delete", package)
        user = await _user(s, str(call.params["user_id"]))
        row = await relations.collaborator(s.session, package.id, user.id)
        if row is None:
            raise not_found(f"User {user.id} is not a collaborator on this package")
        await s.session.delete(row)
    call.callers.forget()


@action
async def package_collaborator_list(call: Call) -> Any:
    """List who has a part in one dataset.

    :param id: the id or name of the dataset
    :param capacity: only those with this part
    """
    _allowed(call, "id")
    capacity = _capacity(call)
    async with saving(call) as s:
        package = await package_of(s, call.params["id"], "Package not found")
        call.check("package_collaborator_list", package)
        return [_told(row) for row in await relations.collaborators(s.session, package=package.id, capacity=capacity)]


@action
async def package_collaborator_list_for_user(call: Call) -> Any:
    """List the datasets in which a user has a part.

    :param id: the id or name of the user
    :param capacity: only those with this part
    """
    _allowed(call, "id")
    capacity = _capacity(call)
    async with saving(call) as s:
        user = await _user(s, str(call.params["id"]))
        call.check("package_collaborator_list_for_user", user)
        return [_told(row) for row in await relations.collaborators(s.session, user=user.id, capacity=capacity)]


def _capacity(call: Call) -> str | None:
    given = call.params.get("capacity")
    if given and given not in CAPACITIES:
        raise invalid("message", f'Capacity must be one of "{", ".join(CAPACITIES)}"')
    return given or None
