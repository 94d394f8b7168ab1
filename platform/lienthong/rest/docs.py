"""Documentation pages from our own files: the OpenAPI document, Swagger UI over it, a page for each kind of problem."""

import hashlib
import re
from functools import lru_cache
from html import escape
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI
from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lienthong.access.services import Services
from lienthong.kernel.content import content
from lienthong.kernel.problem import PROBLEMS, NotFound
from lienthong.kernel.text import Language, both
from lienthong.rest import caching
from lienthong.rest.openapi import document, of_dataset
from lienthong.web.language import language
from lienthong.web.parameters import only, parameters
from lienthong.web.problems import guarded

VENDOR = "/static/vendor/swagger-ui"
_HEAD = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Liên Thông</title>
<link rel="icon" href="data:,">
"""
# Swagger UI is made for wide screens: on a telephone its lines wrap, and what cannot wrap is scrolled by itself.
_NARROW = """<style>
body { margin: 0 }
.swagger-ui { overflow-wrap: anywhere }
.swagger-ui .wrapper { padding: 0 12px; box-sizing: border-box }
.swagger-ui pre, .swagger-ui table, .swagger-ui .highlight-code { max-width: 100%; overflow-x: auto }
.swagger-ui .model-box { max-width: 100%; overflow-x: auto }
@media (max-width: 720px) {
  .swagger-ui table, .swagger-ui .renderedMarkdown table { display: block }
  .swagger-ui .opblock .opblock-summary, .swagger-ui .opblock-tag, .swagger-ui .opblock-section-header,
  .swagger-ui .scheme-container .schemes { flex-wrap: wrap }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; flex: 1 1 12rem }
  .swagger-ui .opblock .opblock-summary-description, .swagger-ui .opblock-tag small { flex: 1 1 100% }
  .swagger-ui select, .swagger-ui input, .swagger-ui textarea { max-width: 100%; min-width: 0; box-sizing: border-box }
  .swagger-ui .parameters-col_description { width: auto }
  .swagger-ui .parameter__name { margin-right: 0.5rem }
}
</style>
"""
_API = (
    _HEAD.format(language="vi", title="API")
    + f"""<link rel="stylesheet" href="{VENDOR}/swagger-ui.css">
{_NARROW}</head>
<body>
<div id="api"></div>
<script src="{VENDOR}/swagger-ui-bundle.js"></script>
<script src="/docs/api.js"></script>
</body>
</html>
"""
)
_SCRIPT = """"use strict";
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
});
"""
_STYLE = """<style>
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1f }
pre { background: #f3f4f6; padding: 1rem; overflow-x: auto } code { font-size: .92em }
table { border-collapse: collapse } td, th { border-bottom: 1px solid #d5d7db; padding: .3rem .8rem .3rem 0 }
a { color: #0b57a4 }
</style>
</head>
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}


def add(router: APIRouter, services: Services) -> None:
    """Put the pages on the router."""

    @lru_cache(maxsize=1)
    def whole(app: FastAPI) -> dict[str, Any]:
        return document(services.registry, app.routes)

    @lru_cache(maxsize=64)
    def written(app: FastAPI, name: str | None) -> tuple[bytes, str]:
        body = orjson.dumps(whole(app) if name is None else of_dataset(whole(app), services.registry.get(name)))
        return body, f'"{hashlib.sha256(body).hexdigest()[:24]}"'

    @guarded
    async def openapi(request: Request) -> Response:
        """The OpenAPI document of what is served here, or of one dataset."""
        only(parameters(request), ())
        body, tag = written(request.app, request.path_params.get("name"))
        headers = {"ETag": tag, "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
        if caching.matches(request, tag):
            return caching.unchanged(headers)
        return Response(body, headers=headers, media_type="application/json")

    router.add_route("/api/v1/openapi.json", openapi)
    router.add_route("/api/v1/datasets/{name}/openapi.json", openapi)
    router.add_route("/docs", _swagger)
    router.add_route("/docs/api.js", _script)
    router.add_route("/docs/problems", _problems)
    router.add_route("/docs/problems/{slug}", _problem)


async def _swagger(_: Request) -> Response:
    return HTMLResponse(_API, headers=_HEADERS)


async def _script(_: Request) -> Response:
    return Response(_SCRIPT, media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


async def _problems(request: Request) -> Response:
    chosen = language(request)
    title = both("Các loại lỗi", "Kinds of problems").in_language(chosen)
    rows = "".join(
        f'<tr><td><a href="/docs/problems/{p.slug}">{p.slug}</a></td><td>{p.status}</td>'
        f"<td>{escape(p.title.in_language(chosen))}</td></tr>"
        for p in PROBLEMS
    )
    body = f"<h1>{escape(title)}</h1><table>{rows}</table>"
    return _page(chosen, title, body)


@guarded
async def _problem(request: Request) -> Response:
    """The page of one kind of problem, written in docs/problems/."""
    name = request.path_params["slug"]
    path = content("docs/problems") / f"{name}.md"
    if not re.fullmatch(r"[a-z-]{1,40}", name) or not path.is_file():
        raise NotFound(both(f"Không có trang {name}", f"There is no page {name}"), place=name)
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(path.read_text("utf-8"))
    return _page(language(request), name, html)


def _page(chosen: Language, title: str, body: str) -> Response:
    head = _HEAD.format(language=chosen, title=escape(title))
    return HTMLResponse(f"{head}{_STYLE}<body>{body}</body></html>", headers=_HEADERS | {"Vary": "Accept-Language"})
