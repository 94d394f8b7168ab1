"""Floor 7: the Model Context Protocol, read-only tools under the same policy as every other surface.

The protocol's own package is big (19 MiB) and slow to import: it is loaded when somebody first calls `/mcp`.
"""

from lienthong.mcp.endpoint import router

__all__ = ["router"]
