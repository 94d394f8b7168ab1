"""The documents that are written from contracts and checked for drift: OpenAPI and the GraphQL schema."""

import json
from pathlib import Path
from typing import Any, cast

from lienthong import feed, gql, identity, sharing
from lienthong.access.services import Services
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.rest import declared, releases, versions, voices, writes
from lienthong.rest.openapi import document
from lienthong.rest.openapi.breaking import breaking

# The surfaces whose routes FastAPI documents.
_REST = (declared.router, releases.router, writes.router, voices.router)
DECLARED = (*_REST, sharing.router, feed.router, identity.router)


def openapi(registry: Registry) -> dict[str, Any]:
    """The OpenAPI document of all surfaces. The routes are declared here, never called: no services are needed."""
    return document(registry, [route for router in DECLARED for route in router(cast(Services, None)).routes])


def breaks(registry: Registry, history: Path | None = None) -> list[dict[str, str]]:
    """What breaks those who were written for a kept document of the same first version number."""
    new = openapi(registry)
    found = []
    for path in sorted((history or content("openapi") / "history").glob("*.json")):
        old = json.loads(path.read_text("utf-8"))
        if versions.major(old["info"]["version"]) == versions.major(new["info"]["version"]):
            found += [{"place": f"{path.name} {b.place}", "detail": b.kind, "fix": ""} for b in breaking(old, new)]
    return found


def _keep(target: Path, version: str) -> None:
    """Keep the written document in openapi/history/ when a new version takes its place."""
    if not target.exists():
        return
    before = json.loads(target.read_text("utf-8"))
    if before["info"]["version"] != version:
        kept = target.parent / "history" / f"{before['info']['version']}.json"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(before, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


def write_documents(registry: Registry, out: Path | None = None) -> list[Path]:
    """Write openapi/openapi.json (or `out`) and graphql/schema.graphql; the paths written."""
    target, made = out or content("openapi") / "openapi.json", openapi(registry)
    if not out:
        _keep(target, made["info"]["version"])
    target.write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", "utf-8")
    if out:
        return [target]
    sdl = content("graphql") / "schema.graphql"
    sdl.write_text(gql.sdl(registry), "utf-8")
    return [target, sdl]
