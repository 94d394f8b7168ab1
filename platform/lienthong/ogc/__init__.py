"""Floor 7: OGC API - Features (parts 1 and 2) over every open dataset that has a geometry."""

from lienthong.ogc.routes import router

__all__ = ["router"]
