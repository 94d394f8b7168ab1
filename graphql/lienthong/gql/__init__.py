"""Floor 7: GraphQL. The schema is built from contracts; a selection becomes one SQL statement."""

from fastapi import APIRouter

from lienthong.access.services import HOT, Services
from lienthong.contract.registry import Registry
from lienthong.gql.console import script
from lienthong.gql.endpoint import endpoint
from lienthong.gql.schema import build


def router(services: Services) -> APIRouter:
    """`/graphql` and the console's script."""
    found = APIRouter()
    found.add_route("/graphql", endpoint(services), methods=["GET", "POST"], name=HOT)
    found.add_route("/graphql/console.js", script(services.registry), methods=["GET"])
    return found


def sdl(registry: Registry) -> str:
    """The schema in GraphQL's own language; graphql/schema.graphql holds it."""
    return build(registry).schema.as_str() + "\n"
