"""Datasets of a DCAT catalogue (DCAT 2 and 3, DCAT-AP), page by page where it has Hydra pages."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from rdflib import DCTERMS, FOAF, RDF, RDFS, SKOS, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Identifier, Node

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both
from lienthong.pipelines.federation import plain
from lienthong.pipelines.federation.from_ckan import tags
from lienthong.pipelines.federation.records import Publisher, Record
from lienthong.pipelines.federation.safe_rdf import ACCEPT, parse
from lienthong.pipelines.federation.terms import Terms, day, size
from lienthong.pipelines.federation.web import Limits, Web

DCAT = Namespace("http://www.w3.org/ns/dcat#")  # DCAT 3; rdflib knows DCAT 2
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
ADMS = Namespace("http://www.w3.org/ns/adms#")
_LANGUAGES = ("vi", "en", "")
# Members of a dataset that become extras, each by the text, the label or the address of what it names.
_EXTRAS = {
    DCTERMS.identifier: "identifier", DCTERMS.issued: "issued", DCTERMS.modified: "modified", DCAT.theme: "theme",
    DCTERMS.accrualPeriodicity: "frequency", DCTERMS.language: "language", DCTERMS.spatial: "spatial_uri",
    DCTERMS.provenance: "provenance", DCTERMS.conformsTo: "conforms_to", DCTERMS.accessRights: "access_rights",
    DCTERMS.type: "dcat_type", DCTERMS.source: "source",
}  # fmt: skip
_MAPPED = frozenset({
    *_EXTRAS, RDF.type, DCTERMS.title, DCTERMS.description, DCAT.keyword, DCAT.landingPage, DCTERMS.publisher,
    DCAT.contactPoint, DCAT.version, DCAT.distribution, DCTERMS.license, ADMS.identifier,
})  # fmt: skip
_FILE_MAPPED = frozenset({
    RDF.type, DCTERMS.title, DCTERMS.description, DCAT.accessURL, DCAT.downloadURL, DCAT.mediaType, DCTERMS.format,
    DCAT.byteSize, DCTERMS.issued, DCTERMS.modified, DCTERMS.license, SPDX.checksum,
})  # fmt: skip
_NAMES = Graph().namespace_manager  # short names that no source decides
_NEXT = (HYDRA.next, HYDRA.nextPage)


def pages(web: Web | None, source: str, limits: Limits) -> Iterator[Graph]:
    """The catalogue's pages: of a file (`web` is None), or of an address and those that follow it (Hydra).

    Raises Unavailable, Invalid.
    """
    if web is None:
        yield parse(file(Path(source), limits), "", source)
        return
    url, seen = source, set[str]()
    while url not in seen:
        if len(seen) >= min(limits.pages, 10_000):
            raise endless(source)
        seen.add(url)
        answer = web.get(url, ACCEPT)
        graph = parse(answer.content, answer.headers.get("Content-Type", ""), url)
        yield graph
        url = _next(graph, seen, answer.links.get("next", {}).get("url"), url) or url


def endless(source: str) -> Invalid:
    """The problem of a source without an end."""
    return Invalid(both("Các trang của nguồn không có hồi kết", "The source's pages have no end"), place=source)


def empty(source: str) -> Invalid:
    """The problem of a source that tells of no dataset."""
    return Invalid(both("Nguồn không có dcat:Dataset nào", "The source has no dcat:Dataset"), place=source)


def file(path: Path, limits: Limits) -> bytes:
    """The content of a file of this machine. Raises Invalid."""
    if not path.is_file():
        raise Invalid(both("Không có tệp này", "There is no such file"), place=str(path))
    if path.stat().st_size > limits.answer_bytes:
        raise Invalid(both("Tệp quá lớn", "The file is too large"), place=str(path))
    return path.read_bytes()


def _next(graph: Graph, seen: set[str], linked: str | None, base: str) -> str | None:
    """The page after this one: Hydra's, else the one of the header Link. A page that was read is none."""
    found = [str(o) for p in _NEXT for o in graph.objects(None, p)]
    if linked:
        found.append(urljoin(base, linked))
    return next((url for url in found if url not in seen), None)


def datasets(graph: Graph) -> list[Node]:
    """The datasets of a page; the versions of one are no datasets of their own."""
    versions = set(graph.subjects(DCAT.isVersionOf, None)) | set(graph.objects(None, DCAT.hasVersion))
    return sorted(set(graph.subjects(RDF.type, DCAT.Dataset)) - versions, key=str)


def record(graph: Graph, me: Node, terms: Terms, lost: Counter[str]) -> Record:
    """A dataset as a record. Raises ValueError when it has neither title nor identifier."""
    title = _text(graph, me, DCTERMS.title)
    identifier = _text(graph, me, DCTERMS.identifier) or _text(graph, me, ADMS.identifier)
    key = str(me) if isinstance(me, URIRef) else identifier or title
    if not key:
        raise ValueError("a dataset without identifier and title")
    files = sorted(graph.objects(me, DCAT.distribution), key=lambda file: _order(graph, file))
    told = [o for node in (me, *files) for o in graph.objects(node, DCTERMS.license)]
    licence, known = terms.licence(*(word for o in told for word in (str(o), _label(graph, o))))
    lost["dcterms:license (not in the register)"] += not known
    contact, email = _contact(graph, me)
    body = {
        "title": plain.line(title or key.rstrip("/").rpartition("/")[2]),
        "notes": plain.markdown(_text(graph, me, DCTERMS.description)),
        "url": plain.address(graph.value(me, DCAT.landingPage))
        or (plain.address(me) if isinstance(me, URIRef) else None),
        "license_id": licence,
        "maintainer": contact,
        "maintainer_email": email,
        "version": plain.line(_text(graph, me, DCAT.version)),
    }
    _count(graph, me, _MAPPED, "", lost)
    return Record(
        key=key[:300],
        name=plain.name(_name(me, identifier, title)),
        body={name: value for name, value in body.items() if value},
        tags=tags(_keywords(graph, me), lost),
        extras=_extras(graph, me),
        resources=_resources(graph, files, terms, lost),
        publisher=_publisher(graph, me),
        modified=_text(graph, me, DCTERMS.modified),
    )


def _name(me: Node, identifier: str, title: str) -> str:
    """The name that the source uses in addresses, if it looks like one; else of the title."""
    last = short(me)
    return last if 2 <= len(last) <= 100 and last.replace("-", "").replace("_", "").isalnum() else title or identifier


def _order(graph: Graph, file: Node) -> tuple[str, ...]:
    """Files in the same order each time, also those without an address of their own."""
    places = (DCAT.downloadURL, DCAT.accessURL, DCTERMS.title)
    return (_name_of(file), *(_text(graph, file, place) for place in places))


def short(me: Node) -> str:
    """The last part of an address."""
    return str(me).rstrip("/#").rpartition("/")[2] if isinstance(me, URIRef) else ""


def _texts(graph: Graph, me: Node, predicate: URIRef) -> dict[str, str]:
    """Its texts by language; "" for none."""
    found: dict[str, str] = {}
    for value in sorted(graph.objects(me, predicate), key=str):
        found.setdefault((value.language or "").partition("-")[0] if isinstance(value, Literal) else "", str(value))
    return found


def _text(graph: Graph, me: Node, predicate: URIRef) -> str:
    """Its text, in Vietnamese if there is one, else in English, else in whatever language there is."""
    found = _texts(graph, me, predicate)
    return next((found[language] for language in _LANGUAGES if language in found), next(iter(found.values()), ""))


def _keywords(graph: Graph, me: Node) -> list[str]:
    values = [v for v in graph.objects(me, DCAT.keyword) if isinstance(v, Literal)]
    languages = {(v.language or "").partition("-")[0] for v in values}
    best = next((language for language in _LANGUAGES if language in languages), None)
    return sorted(str(v) for v in values if best is None or (v.language or "").partition("-")[0] in (best, ""))


def _extras(graph: Graph, me: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    for predicate, key in _EXTRAS.items():
        values = {_label(graph, value) or _name_of(value) for value in graph.objects(me, predicate)} - {""}
        text = plain.markdown("; ".join(sorted(values)))
        if text:
            found[key] = (day(text) or text) if key in ("issued", "modified") else text
    for name, predicate in (("title_en", DCTERMS.title), ("notes_en", DCTERMS.description)):
        texts = _texts(graph, me, predicate)
        if "vi" in texts and "en" in texts:
            found[name] = plain.markdown(texts["en"])
    return found


def _name_of(value: Node) -> str:
    """A text or an address; what has neither is another thing each time that it is read."""
    return "" if isinstance(value, BNode) else str(value)


def _label(graph: Graph, value: Identifier | Node) -> str:
    """How a thing is called in the graph itself."""
    for predicate in (SKOS.prefLabel, DCTERMS.title, FOAF.name, RDFS.label, DCTERMS.identifier):
        if text := _text(graph, value, predicate):
            return text
    return ""


def _contact(graph: Graph, me: Node) -> tuple[str, str]:
    card = graph.value(me, DCAT.contactPoint)
    if card is None:
        return "", ""
    email = str(graph.value(card, VCARD.hasEmail) or "").removeprefix("mailto:")
    return plain.line(_text(graph, card, VCARD.fn)), plain.line(email) if "@" in email else ""


def _publisher(graph: Graph, me: Node) -> Publisher | None:
    agent = graph.value(me, DCTERMS.publisher)
    title = (
        "" if agent is None else plain.line(_label(graph, agent) or (str(agent) if isinstance(agent, Literal) else ""))
    )
    if agent is None or not title:
        return None
    last = short(agent)
    return Publisher(plain.name(last if last.replace("-", "").isalnum() else title), title)


def _resources(graph: Graph, files: list[Node], terms: Terms, lost: Counter[str]) -> list[dict[str, Any]]:
    found = []
    for n, file in enumerate(files):
        url = plain.address(graph.value(file, DCAT.downloadURL)) or plain.address(graph.value(file, DCAT.accessURL))
        if url is None:
            lost["dcat:accessURL"] += 1
            continue
        media = str(graph.value(file, DCAT.mediaType) or "")
        kind = graph.value(file, DCTERMS.format)
        words = [kind and _label(graph, kind), kind, media]
        body = {
            "url": url,
            "name": plain.line(_text(graph, file, DCTERMS.title)),
            "description": plain.markdown(_text(graph, file, DCTERMS.description)),
            "format": terms.format(next((w for w in words if w), ""), url),
            "mimetype": media.partition("/media-types/")[2] or (media if media.count("/") == 1 else None),
            "size": size(graph.value(file, DCAT.byteSize)),
            "hash": plain.line(_checksum(graph, file)),
            "created": day(graph.value(file, DCTERMS.issued)),
            "last_modified": day(graph.value(file, DCTERMS.modified)),
            "harvest_id": str(file) if isinstance(file, URIRef) else f"{url}#{n}",
        }
        _count(graph, file, _FILE_MAPPED, "distribution ", lost)
        found.append({name: value for name, value in body.items() if value not in (None, "")})
    return found


def _checksum(graph: Graph, file: Node) -> str:
    found = graph.value(file, SPDX.checksum)
    return "" if found is None else str(graph.value(found, SPDX.checksumValue) or "")


def _count(graph: Graph, me: Node, mapped: frozenset[Any], prefix: str, lost: Counter[str]) -> None:
    """What has no place here, by the short name of its predicate."""
    for predicate in graph.predicates(me):
        if predicate not in mapped and isinstance(predicate, URIRef):
            lost[prefix + str(_NAMES.normalizeUri(predicate))] += 1
