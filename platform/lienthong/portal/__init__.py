"""Floor 7: pages for people, server-rendered, Vietnamese first and English second."""

from lienthong.portal.routes import STATIC, lost, router

__all__ = ["STATIC", "lost", "router"]
