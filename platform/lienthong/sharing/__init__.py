"""Floor 7: agreements between agencies, and what a caller may do, over HTTP."""

from fastapi import APIRouter

from lienthong.access.services import Services
from lienthong.sharing import agreements


def router(services: Services) -> APIRouter:
    """Every address of this surface."""
    return agreements.router(services)
