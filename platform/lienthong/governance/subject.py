"""Who asks: nobody known, an agency's program, or a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from lienthong.store.rights import purpose_role
from lienthong.store.roles import ADMINISTRATOR, PUBLIC, agency_role

Role = Literal["administrator", "steward", "publisher", "analyst", "developer", "data_protection_officer"]


@dataclass(frozen=True)
class Terms:
    """What one agreement allows: the terms that are checked at every read."""

    id: str
    provider: str
    dataset: str
    fields: tuple[str, ...]
    condition: Mapping[str, Any] | None
    purpose: str
    legal_basis: str
    quota: int | None
    valid_from: date
    expires: date
    clear: tuple[str, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Is `day` within the agreement's time?"""
        return self.valid_from <= day <= self.expires


@dataclass(frozen=True)
class Subject:
    """A caller, as the door sees it. `purpose`, `twin` (wants synthetic twins) and `context` are those of one request.

    `scopes` None means everything that the owner of the credential may do; `context` are X-Road headers as they came.
    """

    kind: Literal["anonymous", "agency", "person"]
    id: str
    role: Role | None = None
    agency: str | None = None
    agreements: tuple[Terms, ...] = field(default=())
    scopes: frozenset[str] | None = None
    purpose: str | None = None
    context: tuple[tuple[str, str], ...] = ()
    twin: bool = False

    @property
    def is_administrator(self) -> bool:
        """May the caller read everything (each read in the ledger)?"""
        return self.role == "administrator"

    def database_role(self, purpose: str | None) -> str:
        """The database role that governed reads run as: under agreements for `purpose`, or (None) of own datasets."""
        if self.is_administrator:
            return ADMINISTRATOR
        if self.agency is None:
            return PUBLIC
        return purpose_role(self.agency, purpose) if purpose else agency_role(self.agency)


ANONYMOUS = Subject("anonymous", "anonymous")
