"""Every module with actions: importing this one registers them."""

from lienthong.ckan import (
    activities,
    datastore,
    follows,
    group_writes,
    groups,
    members,
    options,
    packages,
    search,
    site,
    tags,
    tokens,
    users,
)

MODULES = (
    activities,
    datastore,
    follows,
    group_writes,
    groups,
    members,
    options,
    packages,
    search,
    site,
    tags,
    tokens,
    users,
)
