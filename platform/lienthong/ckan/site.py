"""Actions about the site itself."""

from typing import Any

from lienthong.ckan import licences
from lienthong.ckan.call import ACTIONS, Call, action
from lienthong.ckan.errors import missing, not_found
from lienthong.ckan.options import options


@action
async def status_show(call: Call) -> Any:
    """Tell the site's title, address, and the version of CKAN whose interface this is."""
    given = await options(call)
    return {
        "site_title": given["ckan.site_title"],
        "site_description": given["ckan.site_description"],
        "site_url": call.services.settings.public_url,
        "error_emails_to": "",
        "locale_default": "vi",
        "extensions": ["activity", "datastore", "image_view", "text_view", "datatables_view"],
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
    if "name" not in call.params:
        raise missing("name")
    name = call.params["name"]
    found = ACTIONS.get(name) if isinstance(name, str) else None
    if found is None:
        raise not_found("Action function not found")
    return found.__doc__


@action
async def license_list(call: Call) -> Any:
    """List the licences that datasets can have."""
    return licences.licences(call.services.registry, call.language)
