"""Answers that are made once and kept: their bytes, an ETag, who may keep them how long."""

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from rdflib import Graph
from starlette.requests import Request
from starlette.responses import Response

from lienthong.web.caching import CURRENT

FORMS = {
    "ttl": ("turtle", "text/turtle; charset=utf-8"),
    "jsonld": ("json-ld", "application/ld+json"),
    "rdf": ("xml", "application/rdf+xml"),
    "xml": ("xml", "application/rdf+xml"),
    "nt": ("nt", "application/n-triples"),
}
_LIKED = {
    "text/turtle": "ttl", "application/x-turtle": "ttl", "application/ld+json": "jsonld", "application/json": "jsonld",
    "application/rdf+xml": "rdf", "application/n-triples": "nt",
}  # fmt: skip
MOST = 400


def liked(request: Request, other: str | None = None) -> str | None:
    """The form that the caller likes best; `other` when none of ours is asked for (a browser asks for HTML)."""
    found: list[tuple[float, str]] = []
    for part in request.headers.get("accept", "").split(","):
        name, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        if name in _LIKED:
            found.append((-float(weight) if weight.replace(".", "", 1).isdigit() else -1.0, _LIKED[name]))
    return min(found, key=lambda pair: pair[0])[1] if found else other


def written(graph: Graph, form: str) -> bytes:
    """A graph in one of the forms."""
    return graph.serialize(format=FORMS[form][0], encoding="utf-8")


@dataclass(frozen=True)
class Made:
    """A document as it goes out."""

    body: bytes
    media_type: str
    tag: str


class Shelf:
    """Documents by what they were made of."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Made] = {}
        self._latest: dict[Hashable, tuple[int, Made]] = {}

    def get(self, key: Hashable) -> Made | None:
        """What was put there."""
        return self._made.get(key)

    def put(self, key: Hashable, body: bytes, media_type: str) -> Made:
        """Keep a document."""
        if len(self._made) >= MOST:
            self._made.clear()
        made = self._made[key] = _made(body, media_type)
        return made

    def latest(self, key: Hashable, version: int, make: Callable[[], bytes], media_type: str) -> Made:
        """A document of the whole catalogue, made once for each version of it; only the latest is kept."""
        known, made = self._latest.get(key, (None, None))
        if made is None or known != version:
            made = _made(make(), media_type)
            self._latest[key] = (version, made)
        return made


def _made(body: bytes, media_type: str) -> Made:
    return Made(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def answer(request: Request, made: Made, links: Mapping[str, str] | None = None) -> Response:
    """The document, or 304 to who has it."""
    headers = {"ETag": made.tag, "Cache-Control": CURRENT, "Vary": "Accept",
               "Access-Control-Allow-Origin": "*"}  # fmt: skip
    if links:
        headers["Link"] = ", ".join(f'<{target}>; rel="{relation}"' for relation, target in links.items())
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if made.tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(made.body, media_type=made.media_type, headers=headers)
