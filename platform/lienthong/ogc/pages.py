"""The documents as pages: plain HTML that needs no script, Vietnamese first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

from lienthong.kernel.text import Bilingual, Language, both
from lienthong.ogc.asking import Place

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_CSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
WORDS: Mapping[str, Bilingual] = {
    "links": both("Liên kết", "Links"),
    "collections": both("Bộ sưu tập", "Collections"),
    "features": both("Đối tượng", "Features"),
    "data": both("Nội dung", "Content"),
    "next": both("Trang sau", "Next page"),
    "returned": both("đối tượng trên trang này", "features on this page"),
    "matched": both("tổng cộng", "in all"),
    "geometry": both("Hình học", "Geometry"),
}


def document(
    title: str, body: Mapping[str, Any], language: Language, headers: Mapping[str, str] | None = None
) -> Response:
    """A document with its links; what it lists besides as a table or an outline."""
    rest = {name: value for name, value in body.items() if name not in ("links", "collections", "title", "description")}
    return _page(
        "document.html",
        language,
        headers,
        title=str(body.get("title") or title),
        description=str(body.get("description") or ""),
        links=body.get("links", []),
        collections=body.get("collections"),
        rest=rest,
    )


def features(
    place: Place, body: Mapping[str, Any], links: list[dict[str, str]], language: Language, headers: Mapping[str, str]
) -> Response:
    """A page of features as a table."""
    return listed(place.scope.contract.title.in_language(language), body, links, language, headers)


def listed(
    title: str, body: Mapping[str, Any], links: list[dict[str, str]], language: Language, headers: Mapping[str, str]
) -> Response:
    """Features, or records, as a table."""
    names = list(dict.fromkeys(name for found in body["features"] for name in found["properties"]))
    following = next((given["href"] for given in links if given["rel"] == "next"), None)
    return _page(
        "features.html",
        language,
        headers,
        title=title,
        description="",
        names=names,
        body=body,
        links=links,
        following=following,
    )


def feature(
    place: Place, body: Mapping[str, Any], links: list[dict[str, str]], language: Language, headers: Mapping[str, str]
) -> Response:
    """One feature."""
    title = f"{place.scope.contract.title.in_language(language)}: {body['id']}"
    rest = dict(body["properties"]) | {WORDS["geometry"].in_language(language): body["geometry"]}
    return _page(
        "document.html", language, headers, title=title, description="", links=links, collections=None, rest=rest
    )


def _page(name: str, language: Language, headers: Mapping[str, str] | None, **values: Any) -> Response:
    def word(key: str) -> str:
        return WORDS[key].in_language(language)

    text = _TEMPLATES.get_template(name).render(language=language, word=word, **values)
    return HTMLResponse(
        text, headers={**(headers or {}), "Content-Security-Policy": _CSP, "Content-Language": language}
    )
