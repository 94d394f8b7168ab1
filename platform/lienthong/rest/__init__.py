"""Floor 7: REST. The catalogue, rows, downloads, and their documentation."""

from fastapi import APIRouter

from lienthong.access.services import HOT, Services
from lienthong.rest import declared, docs, releases, voices, writes
from lienthong.rest.asking import Asking
from lienthong.rest.downloads import Downloads
from lienthong.rest.fallback import nothing_here
from lienthong.rest.fast import PREFIX, Fast
from lienthong.rest.lookup import Lookups
from lienthong.rest.rows import Rows
from lienthong.rest.stream import Streams

READ = ["GET", "HEAD"]


def router(services: Services) -> APIRouter:
    """Every address of this surface; the hot ones first, the catch-all last."""
    found = APIRouter()
    asking = Asking(services)
    services.short[PREFIX] = Fast(asking)
    rows, downloads, streams, lookups = Rows(asking), Downloads(services), Streams(asking), Lookups(asking)
    found.add_route("/api/v1/datasets/{name}/rows", rows.many, methods=READ, name=HOT)
    found.add_route("/api/v1/datasets/{name}/rows/{key:path}", rows.one, methods=READ, name=HOT)
    found.add_route("/api/v1/datasets/{name}/rows.{extension}", streams.suffixed, methods=READ)
    found.add_route("/api/v1/datasets/{name}/lookup", lookups.many, methods=["POST", *READ])
    found.add_route("/api/v1/datasets/{name}/twin/rows", rows.twin_many, methods=READ)
    found.add_route("/api/v1/datasets/{name}/twin/rows/{key:path}", rows.twin_one, methods=READ)
    found.add_route("/api/v1/datasets/{name}/download.{extension}", downloads.served, methods=READ)
    found.add_route("/datasets/{name}/releases/{number}/{file}", downloads.file, methods=READ)
    found.add_route("/releases/{name}/{number}/{file}", downloads.file, methods=READ)
    found.add_route("/datasets/{name}/latest/{file}", downloads.latest, methods=READ)
    found.include_router(releases.router(services))
    found.include_router(declared.router(services))
    found.include_router(writes.router(services))
    found.include_router(voices.router(services))
    docs.add(found, services)
    found.add_route(
        "/api/v1/{rest:path}", nothing_here, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    )
    return found
