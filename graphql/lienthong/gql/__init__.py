"""Floor 7: GraphQL. The schema is built from contracts; a selection becomes one SQL statement."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lienthong.access.services import HOT, Services
from lienthong.contract.registry import Registry
from lienthong.gql.console import script
from lienthong.gql.endpoint import endpoint
from lienthong.gql.fast import PATH, Fast
from lienthong.gql.operations import ADDRESS, Operations
from lienthong.gql.plan import Planner
from lienthong.gql.running import Runner
from lienthong.gql.schema import build
from lienthong.kernel.content import content


def router(services: Services) -> APIRouter:
    """`/graphql`, the operations that are known, and the console's script."""
    operations = Operations((content("graphql") / "operations").glob("*.graphql"))
    planner = Planner(build(services.registry))
    runner = Runner(services, planner, operations)
    services.short[PATH] = Fast(services, planner)
    found = APIRouter()
    found.add_route("/graphql", endpoint(services, runner), methods=["GET", "POST"], name=HOT)
    found.add_route("/graphql/console.js", script(services.registry), methods=["GET"])

    async def known(_: Request) -> Response:
        """The operations that clients may name instead of sending their text."""
        return JSONResponse({"operations": operations.listed()}, headers={"Cache-Control": "public, max-age=60"})

    found.add_route(ADDRESS, known, methods=["GET"])
    return found


def sdl(registry: Registry) -> str:
    """The schema in GraphQL's own language; graphql/schema.graphql holds it."""
    return build(registry).schema.as_str() + "\n"
