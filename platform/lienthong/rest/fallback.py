"""What is not there, and what cannot be done, under /api/v1."""

import re

from starlette.requests import Request
from starlette.responses import Response

from lienthong.kernel.problem import NotFound, Problem
from lienthong.kernel.text import both
from lienthong.web.problems import guarded

READING = "GET, HEAD, OPTIONS"
WRITING = {
    r"/api/v1/datasets/[^/]+/rows": ", POST",
    r"/api/v1/datasets/[^/]+/rows/.+": ", PUT, PATCH, DELETE",
}
"""What else is taken where."""
# Browsers ask first before they send a token from another site's page.
PREFLIGHT = {
    "Allow": READING,
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Authorization, If-None-Match, Lienthong-Purpose",
    "Access-Control-Max-Age": "86400",
}


class NotAllowed(Problem):
    """The data is read here, never written."""

    slug, status, code = "not-allowed", 405, "METHOD_NOT_ALLOWED"
    title = both("Phương thức không được dùng", "Method not allowed")


@guarded
async def nothing_here(request: Request) -> Response:
    """204 to OPTIONS, 405 to writing, 404 to the rest."""
    allowed = READING + next((more for path, more in WRITING.items() if re.fullmatch(path, request.url.path)), "")
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=PREFLIGHT | {"Allow": allowed})
    if request.method not in ("GET", "HEAD"):
        raise NotAllowed(
            both("Địa chỉ này không nhận phương thức này", "This address does not take this method"),
            place=request.method,
            fix=f"Allow: {allowed}",
            allow=allowed,
        )
    fix = both("Xem /docs", "See /docs")
    raise NotFound(both("Không có địa chỉ này", "There is nothing at this address"), place=request.url.path, fix=fix)
