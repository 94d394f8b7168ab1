"""/api/v1/agreements: ask for data, answer, and everything that follows."""

from fastapi import APIRouter, Depends

from lienthong.access.services import Services
from lienthong.web.parameters import strict
from lienthong.web.problems import GuardedRoute


def router(services: Services) -> APIRouter:
    """The endpoints over one set of services."""
    return APIRouter(prefix="/api/v1/agreements", route_class=GuardedRoute, dependencies=[Depends(strict)])
