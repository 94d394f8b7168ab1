"""CKAN's actions about files without a dataset (new in 2.12). No storage for such files is configured: there are none.

Whatever is published here belongs to a dataset, a group or a user.
"""

from typing import Any

from lienthong.catalog.hosted import users
from lienthong.catalog.hosted.writing import reading
from lienthong.ckan.call import Call, action
from lienthong.ckan.checks import text as plain
from lienthong.ckan.errors import invalid, not_found
from lienthong.ckan.form import Form
from lienthong.ckan.parameters import natural, text


def _needs(call: Call, *names: str) -> None:
    given = Form(call.params)
    given.need(*names)
    given.done()


def _absent(call: Call, act: str, words: str = "file", *names: str) -> None:
    """Every file is absent; who may not know is not told. Raises Refusal."""
    _needs(call, "id", *names)
    call.check(act)
    raise not_found(words)


def _unconfigured(call: Call, needed: str) -> None:
    """Raises Refusal: there is no storage, of whatever name."""
    _needs(call, needed)
    call.check("file_manage")
    raise invalid("storage", f"Storage {plain(call.params.get('storage') or 'default')} is not configured")


@action
async def file_create(call: Call) -> Any:
    """Keep a file without a dataset (sysadmins): no storage is configured for one.

    :param name: its name
    :param storage: where
    :param upload: the file
    """
    _unconfigured(call, "upload")


@action
async def file_register(call: Call) -> Any:
    """Take in a file that lies in a storage (sysadmins): no storage is configured.

    :param location: where in the storage it lies
    :param storage: the storage
    """
    _unconfigured(call, "location")


@action
async def file_show(call: Call) -> Any:
    """Show a file without a dataset: there is none.

    :param id: its id
    """
    _absent(call, "file_read")


@action
async def file_delete(call: Call) -> Any:
    """Delete a file without a dataset: there is none.

    :param id: its id
    """
    _absent(call, "file_delete", "file id not found")


@action
async def file_rename(call: Call) -> Any:
    """Give a file without a dataset another name: there is none.

    :param id: its id
    :param name: its new name
    """
    _absent(call, "file_edit", "file", "name")


@action
async def file_pin(call: Call) -> Any:
    """Bind a file without a dataset to its owner: there is none.

    :param id: its id
    """
    _absent(call, "file_edit")


@action
async def file_unpin(call: Call) -> Any:
    """Free a file without a dataset from its owner: there is none.

    :param id: its id
    """
    _absent(call, "file_edit")


@action
async def file_ownership_transfer(call: Call) -> Any:
    """Hand a file without a dataset to another owner: there is none.

    :param id: its id
    :param owner_id: the new owner
    :param owner_type: the kind of the new owner
    :param force: also when it is bound to its owner
    :param pin: bind it to the new owner
    """
    _absent(call, "file_transfer", "file", "owner_id", "owner_type")


@action
async def file_owner_scan(call: Call) -> Any:
    """List the files without a dataset of an owner: there are none.

    :param owner_id: the owner (the caller)
    :param owner_type: the kind of the owner (user)
    :param start: how many to skip
    :param rows: at most so many
    :param sort: by which field
    """
    natural(call.params, "start", 0), natural(call.params, "rows", 10)
    given = call.params.get("owner_id")
    async with reading(call.engine) as session:
        owner = await users.find(session, text(call.params, "owner_id") if given else call.caller.id)
    call.check("file_scan", owner)
    return {"count": 0, "results": []}
