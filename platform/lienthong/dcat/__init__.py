"""The catalogue for machines: DCAT, data.json, schema.org, Croissant, SKOS, sitemaps, feeds, well-known addresses."""

from lienthong.dcat.routes import router

__all__ = ["router"]
