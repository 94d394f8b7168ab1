"""Floor 7: agreements between agencies, what a caller may do, and the ledger of what was read, over HTTP."""

from fastapi import APIRouter

from lienthong.access.services import Services
from lienthong.sharing import agreements, ledger, me, profile


def router(services: Services) -> APIRouter:
    """Every address of this surface."""
    found = APIRouter()
    for part in (agreements, ledger, me, profile):
        found.include_router(part.router(services))
    return found
