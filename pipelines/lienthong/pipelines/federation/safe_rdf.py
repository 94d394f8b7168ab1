"""Graphs of strangers, read so that reading them fetches nothing and runs nothing."""

from typing import Any
from xml.parsers import expat

import orjson
from rdflib import Graph

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

FORMS = {
    "text/turtle": "turtle", "application/x-turtle": "turtle", "text/n3": "turtle", "application/n-triples": "nt",
    "application/rdf+xml": "xml", "application/xml": "xml", "text/xml": "xml",
    "application/ld+json": "json-ld", "application/json": "json-ld",
}  # fmt: skip
ENDINGS = {"ttl": "turtle", "n3": "turtle", "nt": "nt", "rdf": "xml", "xml": "xml", "owl": "xml", "jsonld": "json-ld",
           "json": "json-ld"}  # fmt: skip
ACCEPT = "text/turtle, application/ld+json;q=0.9, application/rdf+xml;q=0.8"
_DEEPEST = 100


def parse(body: bytes, media_type: str, place: str) -> Graph:
    """The graph in a document; its form: of its media type, the end of its address, its beginning.

    Raises Invalid when it is none, when it has a document type (entities), or when it would have more fetched.
    """
    form = _form(body, media_type, place)
    if form == "xml":
        _refuse_entities(body, place)
    if form == "json-ld":
        _refuse_remote(body, place)
    graph = Graph()
    try:
        graph.parse(data=body, format=form, publicID=place if "://" in place else None)
    except Exception as error:  # rdflib's parsers raise whatever happens to them
        raise _broken(place, f"{type(error).__name__}: {str(error)[:200]}") from error
    return graph


def _form(body: bytes, media_type: str, place: str) -> str:
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        return "json-ld"
    told = FORMS.get(media_type.partition(";")[0].strip().lower()) or ENDINGS.get(
        place.partition("?")[0].rpartition(".")[2].lower()
    )
    if told:
        return told
    return "xml" if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<rdf:RDF")) else "turtle"


def _refuse_entities(body: bytes, place: str) -> None:
    """A document type is all that XML needs for files of ours and for bombs; a catalogue needs none."""
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def refuse(*_: Any) -> None:
        raise _broken(place, "a document type (DOCTYPE) is not read")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise _broken(place, str(error)) from error


def _refuse_remote(body: bytes, place: str) -> None:
    """A context that stands elsewhere would be fetched by the reader itself, past the way out."""
    try:
        waiting: list[tuple[Any, int]] = [(orjson.loads(body), 0)]
    except orjson.JSONDecodeError as error:
        raise _broken(place, str(error)) from error
    while waiting:
        found, depth = waiting.pop()
        if depth > _DEEPEST:
            raise _broken(place, "nested too deep")
        if isinstance(found, dict):
            contexts = found.get("@context", [])
            texts = [c for c in (contexts if isinstance(contexts, list) else [contexts]) if isinstance(c, str)]
            if texts or "@import" in found:
                raise _broken(place, f"a context elsewhere is not fetched: {(texts or ['@import'])[0][:100]}")
            waiting += [(value, depth + 1) for value in found.values()]
        elif isinstance(found, list):
            waiting += [(value, depth + 1) for value in found]


def _broken(place: str, why: str) -> Invalid:
    return Invalid(both(f"Không đọc được đồ thị: {why}", f"The graph cannot be read: {why}"), place=place)
