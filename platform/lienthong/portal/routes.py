"""Addresses of the portal, each in Vietnamese and under `/en` in English."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lienthong.access.services import Services
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.portal import (
    account,
    agreement_request,
    agreements,
    ask,
    datasets,
    developers,
    hosted,
    listing,
    people,
    playbook,
    releases,
    reports,
    rows,
    session,
    steward,
    usage,
    voices,
)
from lienthong.portal.page import HERE, Page, page
from lienthong.web.problems import missing

STATIC = HERE / "static"
PAGES = {
    "/": datasets.home,
    "/agreements": agreements.listing,
    "/agreements/new": agreement_request.new,
    "/agreements/{id}": agreements.one,
    "/agreements/{id}/print": agreements.printed,
    "/datasets": listing.listing,
    "/datasets/{name}": datasets.dataset,
    "/datasets/{name}/rows": rows.listing,
    "/dataset": listing.listing,
    **hosted.PAGES,
    "/reports": reports.board,
    "/reports/{id}": reports.indicator,
    "/ask": ask.question,
    "/developers": developers.page,
    "/playbooks/{id}": playbook.playbook,
    "/sign-in": session.sign_in,
    "/sign-in/code": session.code,
    "/account": account.overview,
    "/account/totp": account.totp,
    **people.PAGES,
    "/my-data": usage.my_data,
    **releases.PAGES,
    **voices.PAGES,
    "/steward": steward.overview,
    "/steward/{name}": steward.dataset,
}
FORMS = {
    "/agreements/new": agreement_request.asked,
    "/agreements/{id}/{action}": agreements.act,
    "/sign-in": session.signed_in,
    "/sign-in/code": session.code_given,
    "/sign-out": session.signed_out,
    **account.FORMS,
    **people.FORMS,
    **releases.FORMS,
    **voices.FORMS,
}


def router(services: Services) -> APIRouter:
    """The routes of this surface."""
    made = APIRouter()
    for prefix in ("", "/en"):
        for path, endpoint in PAGES.items():
            address = (prefix + path).rstrip("/") or "/"
            made.add_route(address, page(services, endpoint), methods=["GET"])
            if path == "/" and prefix:
                made.add_route(prefix + "/", page(services, endpoint), methods=["GET"])
        for path, endpoint in FORMS.items():
            made.add_route(prefix + path, page(services, endpoint), methods=["POST"])
            if path not in PAGES:
                made.add_route(prefix + path, page(services, _back), methods=["GET"])
    return made


async def _back(page: Page) -> Response:
    """GET where only a form is sent to, by a reload or another language: the page above it."""
    return RedirectResponse(page.path.rstrip("/").rpartition("/")[0] or "/", 303)


def lost(services: Services) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What no surface has: a page to whoever reads pages, RFC 9457 to programs."""
    shown = page(services, _nothing)

    async def answer(request: Request, error: Exception) -> Response:
        reads = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
        return await (shown(request) if reads else missing(request, error))

    return answer


async def _nothing(page: Page) -> Response:
    fix = both("Tìm trong danh sách bộ dữ liệu", "Search the list of datasets")
    raise NotFound(both("Không có địa chỉ này", "There is nothing at this address"), place=page.path[:200], fix=fix)
