"""Floor 7: what follows a dataset: its changes since a cursor, and webhooks that tell of them."""

from fastapi import APIRouter, Depends

from lienthong.access.services import Services
from lienthong.feed import changes, webhooks
from lienthong.web.caller import known


def router(services: Services) -> APIRouter:
    """Every address of this surface."""
    found = APIRouter()
    found.include_router(changes.router(services))
    found.include_router(webhooks.router(services), dependencies=[Depends(known(services))])
    return found
