"""Floor 7: agreements between agencies, what a caller may do, and the ledger of what was read, over HTTP."""

from fastapi import APIRouter, Depends

from lienthong.access.services import Services
from lienthong.sharing import agreements, ledger, me, profile
from lienthong.web.caller import known


def router(services: Services) -> APIRouter:
    """Every address of this surface."""
    found = APIRouter()
    found.include_router(agreements.router(services), dependencies=[Depends(known(services))])
    for part in (ledger, me, profile):
        found.include_router(part.router(services))
    return found
