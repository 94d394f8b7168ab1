"""Actions about the site itself, and those whose answer is always empty: no groups, no vocabularies, no people."""

from typing import Any

from lienthong.ckan import licences
from lienthong.ckan.call import ACTIONS, Call, action
from lienthong.ckan.errors import missing, not_found
from lienthong.ckan.parameters import natural, text


@action
async def status_show(call: Call) -> Any:
    """Tell the site's title, address, and the version of CKAN whose interface this is."""
    vi = call.language == "vi"
    return {
        "site_title": "Liên Thông",
        "site_description": "Nền tảng dữ liệu dùng chung và dữ liệu mở" if vi else "Shared data and open data platform",
        "site_url": call.services.settings.public_url,
        "error_emails_to": "",
        "locale_default": "vi",
        "extensions": ["datastore"],
        "ckan_version": "2.12.0",
    }


@action
async def site_read(_: Call) -> Any:
    """Tell whether the site can be read: true."""
    return True


@action
async def help_show(call: Call) -> Any:
    """Tell what an action does.

    :param name: the action
    """
    name = call.params.get("name")
    if name is None or name == "":
        raise missing("name")
    found = ACTIONS.get(name) if isinstance(name, str) else None
    if found is None:
        raise not_found("Action function not found")
    return found.__doc__


@action
async def license_list(call: Call) -> Any:
    """List the licences that datasets can have."""
    return licences.licences(call.services.registry, call.language)


@action
async def group_list(call: Call) -> Any:
    """List the groups: there are none; datasets are ordered by agency, theme and keyword."""
    natural(call.params, "limit", 0)
    return []


@action
async def group_show(call: Call) -> Any:
    """Show a group: there are none.

    :param id: its id or name
    """
    text(call.params, "id")
    raise not_found()


@action
async def group_autocomplete(_: Call) -> Any:
    """Find groups: there are none."""
    return []


@action
async def vocabulary_list(_: Call) -> Any:
    """List the vocabularies of tags: there are none; keywords are free."""
    return []


@action
async def user_list(_: Call) -> Any:
    """List people: they are not shown."""
    return []


@action
async def user_show(_: Call) -> Any:
    """Show a person: nobody is shown.

    :param id: the name
    """
    raise not_found()
