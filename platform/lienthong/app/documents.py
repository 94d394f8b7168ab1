"""The documents that are written from contracts and checked for drift: OpenAPI and the GraphQL schema."""

import json
from pathlib import Path
from typing import Any, cast

from lienthong import feed, gql, identity, sharing
from lienthong.access.services import Services
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.rest import declared
from lienthong.rest.openapi import document

# The surfaces whose routes FastAPI documents.
DECLARED = (declared.router, sharing.router, feed.router, identity.router)


def openapi(registry: Registry) -> dict[str, Any]:
    """The OpenAPI document of all surfaces. The routes are declared here, never called: no services are needed."""
    return document(registry, [route for router in DECLARED for route in router(cast(Services, None)).routes])


def write_documents(registry: Registry, out: Path | None = None) -> list[Path]:
    """Write openapi/openapi.json (or `out`) and graphql/schema.graphql; the paths written."""
    target = out or content("openapi") / "openapi.json"
    target.write_text(json.dumps(openapi(registry), ensure_ascii=False, indent=2) + "\n", "utf-8")
    if out:
        return [target]
    sdl = content("graphql") / "schema.graphql"
    sdl.write_text(gql.sdl(registry), "utf-8")
    return [target, sdl]
