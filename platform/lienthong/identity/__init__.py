"""Floor 7: who somebody is, over HTTP: OAuth 2.0, tokens, people, clients, OpenID Connect, passkeys."""

from fastapi import APIRouter, Depends

from lienthong.access.services import Services
from lienthong.identity import clients, oauth, oidc, passkeys, people, tokens
from lienthong.web.caller import known


def router(services: Services) -> APIRouter:
    """Every address of this surface."""
    found = APIRouter()
    for part in (tokens, people, clients):
        found.include_router(part.router(services), dependencies=[Depends(known(services))])
    for part in (oauth, oidc, passkeys):
        part.add(found, services)
    return found
