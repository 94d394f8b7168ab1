"""Who calls an action of the hosted catalogue, and what their roles let them do (CKAN 2.12, authz.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLES: Mapping[str, frozenset[str]] = {
    "admin": frozenset(),  # an administrator of a group may do everything in it
    "editor": frozenset({"read", "delete_dataset", "create_dataset", "update_dataset", "manage_group"}),
    "member": frozenset({"read", "manage_group"}),
}
"""What each capacity in a group or organization permits."""


@dataclass(frozen=True)
class Caller:
    """The user behind a call; nobody has no `id` and an empty `name`.

    `capacities`: the best role in each group and organization, by its id, those that an administrator of a parent
    reaches too. `orgs`: which of them are active organizations. `collaborations`: roles in single packages.
    `is_limited`: the token leaves out something, so it makes no new one; `reads_only`: it leaves out writing.
    """

    id: str | None = None
    name: str = ""
    sysadmin: bool = False
    capacities: Mapping[str, str] = field(default_factory=dict)
    orgs: frozenset[str] = frozenset()
    collaborations: Mapping[str, str] = field(default_factory=dict)
    is_limited: bool = False
    reads_only: bool = False

    @property
    def is_known(self) -> bool:
        """Is it somebody?"""
        return self.id is not None

    def has(self, permission: str, group: str | None) -> bool:
        """May they do this in the group or organization with the id?"""
        if group is None:
            return False
        return self.sysadmin or permits(self.capacities.get(group), permission)

    def has_somewhere(self, permission: str) -> bool:
        """May they do this in any active organization?"""
        return self.sysadmin or any(permits(self.capacities[id], permission) for id in self.orgs)

    def reads(self) -> frozenset[str]:
        """The organizations whose private datasets they may read."""
        return frozenset(id for id in self.orgs if permits(self.capacities[id], "read"))


NOBODY = Caller()


def permits(capacity: str | None, permission: str) -> bool:
    """Does a role permit this?"""
    return capacity == "admin" or permission in ROLES.get(capacity or "", ())
