"""Who calls, and what every answer of this surface carries."""

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access import Subject
from lienthong.access.services import Services
from lienthong.web.origin import same_origin
from lienthong.web.parameters import strict

API = "/api/v1"
STRICT = [Depends(strict)]


async def caller(services: Services, request: Request, response: Response | None = None) -> Subject:
    """The caller; nothing told to them may be kept. A cookie counts only when a page of this site sends it."""
    if response is not None:
        response.headers["Cache-Control"] = "no-store"
    if "authorization" not in request.headers and "x-ckan-api-key" not in request.headers:
        same_origin(request, services.settings)
    return await services.directory.subject(request.headers, request.cookies)
