"""Floor 7: the reading side of CKAN's Action API, so that CKAN's own clients and harvesters work unchanged."""

from lienthong.ckan.routes import router

__all__ = ["router"]
