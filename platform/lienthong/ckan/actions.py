"""The actions: importing a module with some of them registers them."""

from lienthong.ckan import (  # noqa: F401
    activities,
    activity_writes,
    collaborators,
    datastore,
    datastore_create,
    datastore_functions,
    datastore_write,
    follows,
    group_lists,
    group_writes,
    groups,
    members,
    options,
    package_writing,
    packages,
    relationships,
    resource_writing,
    search,
    site,
    sql,
    storages,
    tags,
    tokens,
    users,
    views,
)
from lienthong.ckan.call import ACTIONS

__all__ = ["ACTIONS"]
