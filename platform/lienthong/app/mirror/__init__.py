"""The whole catalogue of open data as plain pages and files in a folder: read without server or script."""

from lienthong.app.mirror.export import Report, export

__all__ = ["Report", "export"]
