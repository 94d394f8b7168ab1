"""The documents that are written from contracts and checked for drift: OpenAPI and the GraphQL schema."""

import json
from pathlib import Path

from lienthong import gql
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.rest.openapi import document


def write_documents(registry: Registry, out: Path | None = None) -> list[Path]:
    """Write openapi/openapi.json (or `out`) and graphql/schema.graphql; the paths written."""
    target = out or content("openapi") / "openapi.json"
    target.write_text(json.dumps(document(registry), ensure_ascii=False, indent=2) + "\n", "utf-8")
    if out:
        return [target]
    sdl = content("graphql") / "schema.graphql"
    sdl.write_text(gql.sdl(registry), "utf-8")
    return [target, sdl]
