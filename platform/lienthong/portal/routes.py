"""Addresses of the portal, each in Vietnamese and under `/en` in English."""

from fastapi import APIRouter

from lienthong.access.services import Services
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
    session,
    steward,
    usage,
    voices,
)
from lienthong.portal.page import HERE, page

STATIC = HERE / "static"
PAGES = {
    "/": datasets.home,
    "/agreements": agreements.listing,
    "/agreements/new": agreement_request.new,
    "/agreements/{id}": agreements.one,
    "/agreements/{id}/print": agreements.printed,
    "/datasets": listing.listing,
    "/datasets/{name}": datasets.dataset,
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
    return made
