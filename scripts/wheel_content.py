"""Build hook: a wheel carries the content that people edit as `lienthong/kernel/_content/`.

An editable install carries none: it would copy the files and serve the copies when the originals change.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CONTENT = (
    "datasets",
    "docs/problems",
    "migrations",
    "openapi/openapi.json",
    "quality/playbooks",
    "graphql/schema.graphql",
    "graphql/operations",
)


class WheelContent(BuildHookInterface):
    """Adds `CONTENT` to a standard wheel; a path that is missing fails the build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before the build; `version` is "standard" or "editable"."""
        if version != "editable":
            build_data["force_include"].update({path: f"lienthong/kernel/_content/{path}" for path in CONTENT})
