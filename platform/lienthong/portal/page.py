"""How a page is made: language from the address, the caller, templates, problems as pages."""

import functools
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lienthong.access import Subject
from lienthong.access.services import Services
from lienthong.catalog.snapshot import DatasetState, FileInfo
from lienthong.formats import FORMATS
from lienthong.kernel.problem import Problem, Unauthenticated
from lienthong.kernel.text import Language, both
from lienthong.portal.language import Speaker

HERE = Path(__file__).parent
log = logging.getLogger("lienthong.portal")
CSP = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
Endpoint = Callable[["Page"], Awaitable[Response]]


def file_href(state: DatasetState, file: FileInfo) -> str:
    """The permanent address of a file of a release."""
    assert state.release
    return f"/datasets/{state.contract.slug}/releases/{state.release.number}/{Path(file.path).name}"


TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals |= {"file_href": file_href, "formats": FORMATS}


class Page:
    """One request for a page: who asks, in which language, and how to answer."""

    def __init__(self, request: Request, services: Services, subject: Subject) -> None:
        self.request = request
        self.services = services
        self.subject = subject
        self.path = request.url.path
        english = self.path == "/en" or self.path.startswith("/en/")
        self.language: Language = "en" if english else "vi"
        self.bare = (self.path[3:] if english else self.path) or "/"
        self.t = Speaker(self.language)
        self.advise = False  # to add a second factor

    @property
    def cookie(self) -> str | None:
        """The session cookie."""
        return self.services.directory.cookie(self.request.cookies)

    @property
    def csrf(self) -> str:
        """The token that forms of this session carry."""
        return self.services.directory.sessions.csrf(self.cookie)

    def given(self, name: str, default: str = "") -> str:
        """A query parameter, as text."""
        return self.request.query_params.get(name, default).strip()

    def render(self, template: str, status: int = 200, **context: Any) -> Response:
        """The template with what every page needs."""
        other: Language = "vi" if self.language == "en" else "en"
        query = f"?{self.request.url.query}" if self.request.url.query else ""
        html = TEMPLATES.get_template(template).render(
            t=self.t,
            here=self.bare,
            other=other,
            other_href=Speaker(other).href(self.bare) + query,
            subject=self.subject,
            advise=self.advise,
            csrf=self.csrf,
            registry=self.services.registry,
            **context,
        )
        headers = {
            "Content-Security-Policy": CSP,
            "Content-Language": self.language,
            "Cache-Control": "private, no-cache",
        }
        return HTMLResponse(html, status, headers=headers)


class SignInAgain(Unauthenticated):
    """The page sends to the sign-in and back. `place` tells that it was too long ago."""


async def _has_one_factor(services: Services, subject: Subject) -> bool:
    """Should the person be told to add a second factor?"""
    if subject.role not in ("administrator", "steward"):
        return False
    return not await services.directory.identity.sign_in.has_second(subject.id)


def page(services: Services, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint as starlette calls it; a problem becomes a page with the way out."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        subject = await services.directory.subject_or_anonymous({}, request.cookies)
        made = Page(request, services, subject)
        try:
            made.advise = await _has_one_factor(services, subject)
            return await endpoint(made)
        except SignInAgain as problem:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            way = here if request.method == "GET" else made.t.href("/account")
            query = urlencode({"next": way, **({"problem": "fresh"} if problem.place else {})})
            return RedirectResponse(f"{made.t.href('/sign-in')}?{query}", 303)
        except Problem as problem:
            return made.render("problem.html", problem.status, problem=problem)
        except Exception:
            log.exception("a page failed: %s", request.url.path)
            ours = Problem(both("Lỗi của hệ thống, đã được ghi lại", "Our own error; it has been noted"))
            return made.render("problem.html", ours.status, problem=ours)

    return answer
