"""DCAT 3 and DCAT-AP 3.0 (SEMIC), with quality in DQV: datasets as a graph."""

import re
from collections.abc import Iterable, Mapping

from rdflib import DCTERMS, FOAF, PROV, RDF, RDFS, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Identifier

from lienthong.catalog.profiles import authority
from lienthong.catalog.profiles.described import Described, Entry, Publisher, iri
from lienthong.kernel.text import Bilingual, both

DCAT = Namespace("http://www.w3.org/ns/dcat#")  # rdflib knows version 2
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
DQV = Namespace("http://www.w3.org/ns/dqv#")
ADMS = Namespace("http://www.w3.org/ns/adms#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
VIETNAM = URIRef("http://publications.europa.eu/resource/authority/country/VNM")
_PUBLIC = URIRef(authority.EU + "access-right/PUBLIC")
_LANGUAGES = {"vi": "VIE", "en": "ENG"}
_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def graph() -> Graph:
    """An empty graph with short names."""
    made = Graph(bind_namespaces="none")
    for name, space in (
        ("dcat", DCAT), ("dct", DCTERMS), ("foaf", FOAF), ("prov", PROV), ("skos", SKOS), ("xsd", XSD), ("rdfs", RDFS),
        ("vcard", VCARD), ("spdx", SPDX), ("dqv", DQV), ("adms", ADMS), ("dcatap", DCATAP), ("hydra", HYDRA),
    ):  # fmt: skip
        made.bind(name, space)
    return made


class Describer:
    """Writes entries into a graph. `site` is the public address, `themes` the titles of themes by their codes."""

    def __init__(self, site: str, themes: Mapping[str, Bilingual]) -> None:
        self.graph = graph()
        self.site = site
        self._themes = themes

    def catalogue(
        self, title: Bilingual, description: Bilingual, publisher: Publisher, entries: Iterable[Entry]
    ) -> None:
        """The catalogue itself, its services, and these datasets of it."""
        me = URIRef(f"{self.site}/catalog")
        self._type(me, DCAT.Catalog)
        self._texts(me, DCTERMS.title, title)
        self._texts(me, DCTERMS.description, description)
        self._add(me, DCTERMS.publisher, self._agent(publisher))
        self._add(me, FOAF.homepage, self._typed(self.site + "/", FOAF.Document))
        for language in _LANGUAGES.values():
            self._add(me, DCTERMS.language, self._typed(f"{authority.EU}language/{language}", DCTERMS.LinguisticSystem))
        taxonomy = self._typed(f"{authority.EU}data-theme", SKOS.ConceptScheme)
        self._texts(taxonomy, DCTERMS.title, both("Chủ đề dữ liệu", "Data theme"))
        self._add(me, DCAT.themeTaxonomy, taxonomy)
        for service in self._services():
            self._add(me, DCAT.service, service)
        for entry in entries:
            self._add(me, DCAT.dataset, self.dataset(entry))

    def page(self, number: int, last: int, total: int, size: int) -> None:
        """Where the further pages of the catalogue are (Hydra)."""
        me = self._at(number)
        self._type(me, HYDRA.PagedCollection)
        self._add(me, HYDRA.totalItems, Literal(total))
        self._add(me, HYDRA.itemsPerPage, Literal(size))
        links = {HYDRA.first: 1, HYDRA.last: last, HYDRA.next: number + 1, HYDRA.previous: number - 1}
        for name, target in links.items():
            if 1 <= target <= last and target != number or name in (HYDRA.first, HYDRA.last):
                self._add(me, name, self._at(target))

    def _at(self, page: int) -> URIRef:
        return URIRef(f"{self.site}/catalog?page={page}")

    def dataset(self, entry: Entry) -> URIRef:
        """One dataset with everything that belongs to it; what stands for it."""
        me = URIRef(entry.url)
        self._type(me, DCAT.Dataset)
        self._texts(me, DCTERMS.title, entry.title)
        self._texts(me, DCTERMS.description, entry.description)
        self._add(me, DCTERMS.identifier, Literal(entry.identifier))
        self._add(me, DCAT.landingPage, self._typed(entry.url, FOAF.Document))
        self._add(me, DCTERMS.accessRights, self._typed(str(_PUBLIC), DCTERMS.RightsStatement))
        for word in entry.keywords:
            self._texts(me, DCAT.keyword, word)
        self._when(me, DCTERMS.issued, entry.issued)
        self._when(me, DCTERMS.modified, entry.modified)
        if entry.publisher:
            self._add(me, DCTERMS.publisher, self._agent(entry.publisher))
        self._contact(me, entry)
        self._classes(me, entry)
        self._versions(me, entry)
        self._quality(me, entry)
        for file in entry.files:
            self._add(me, DCAT.distribution, self._distribution(file, entry))
        return me

    # --- parts of a dataset -----------------------------------------------------------------------------------

    def _classes(self, me: URIRef, entry: Entry) -> None:
        if entry.theme:
            theme = self._typed(authority.theme(entry.theme), SKOS.Concept)
            self._texts(theme, SKOS.prefLabel, self._themes.get(entry.theme, both(entry.theme, entry.theme)))
            self._add(me, DCAT.theme, theme)
        if entry.frequency:
            self._add(
                me, DCTERMS.accrualPeriodicity, self._typed(authority.frequency(entry.frequency), DCTERMS.Frequency)
            )
        if entry.spatial:
            own = f"{self.site}/vocab/places/{entry.spatial}"
            place = str(VIETNAM) if entry.spatial == "VN" else own
            self._add(me, DCTERMS.spatial, self._typed(place, DCTERMS.Location))
            self._add(URIRef(place), DCTERMS.identifier, Literal(entry.spatial))
        for text in entry.legal:
            law = BNode()
            self._type(law, URIRef("http://data.europa.eu/eli/ontology#LegalResource"))
            self._add(law, DCTERMS.title, Literal(text, lang="vi"))
            self._add(me, DCATAP.applicableLegislation, law)
        if entry.provenance:
            told = BNode()
            self._type(told, DCTERMS.ProvenanceStatement)
            self._texts(told, RDFS.label, entry.provenance)
            self._add(me, DCTERMS.provenance, told)
        if entry.contract:
            standard = f"{self.site}/api/v1/datasets/{entry.name}/contract"
            self._add(me, DCTERMS.conformsTo, self._typed(standard, DCTERMS.Standard))

    def _contact(self, me: URIRef, entry: Entry) -> None:
        if entry.contact is None:
            return
        name, email = entry.contact
        card = BNode()
        self._type(card, VCARD.Kind)
        self._add(card, VCARD.fn, Literal(clean(name.vi)))
        if address := iri(f"mailto:{email}"):
            self._add(card, VCARD.hasEmail, URIRef(address))
        self._add(me, DCAT.contactPoint, card)

    def _versions(self, me: URIRef, entry: Entry) -> None:
        if entry.version:
            self._add(me, DCAT.version, Literal(entry.version))
        known = sorted(entry.versions, key=lambda v: v.number)
        for before, version in zip([None, *known], known, strict=False):
            one = URIRef(version.url)
            self._type(one, DCAT.Dataset)
            self._texts(one, DCTERMS.title, entry.title)
            self._texts(one, DCTERMS.description, entry.description)
            self._add(one, DCAT.version, Literal(str(version.number)))
            self._add(one, DCAT.isVersionOf, me)
            self._when(one, DCTERMS.issued, version.issued)
            self._add(me, DCAT.hasVersion, one)
            if before is not None:
                self._add(one, DCAT.previousVersion, URIRef(before.url))
            if version.current:
                self._add(me, DCAT.hasCurrentVersion, one)

    def _quality(self, me: URIRef, entry: Entry) -> None:
        if entry.score is None:
            return
        metric = URIRef(f"{self.site}/docs/stewards#score")
        self._type(metric, DQV.Metric)
        self._add(metric, SKOS.definition, Literal("Share of quality rules that hold, weighted", lang="en"))
        self._add(metric, DQV.expectedDataType, XSD.decimal)
        measured = BNode()
        self._type(measured, DQV.QualityMeasurement)
        self._add(measured, DQV.isMeasurementOf, metric)
        self._add(measured, DQV.computedOn, me)
        self._add(measured, DQV.value, Literal(round(entry.score, 4), datatype=XSD.decimal))
        self._add(me, DQV.hasQualityMeasurement, measured)

    def _distribution(self, file: Described, entry: Entry) -> URIRef:
        me = URIRef(file.id)
        self._type(me, DCAT.Distribution)
        self._texts(me, DCTERMS.title, file.title)
        self._add(me, DCAT.accessURL, self._typed(file.url, RDFS.Resource))
        if file.download:
            self._add(me, DCAT.downloadURL, self._typed(file.url, RDFS.Resource))
        if file.media_type and (kind := authority.media_type(file.media_type)):
            self._add(me, DCAT.mediaType, self._typed(kind, DCTERMS.MediaType))
        if found := authority.file_type(file.format):
            self._add(me, DCTERMS.format, self._typed(found, DCTERMS.MediaTypeOrExtent))
        if file.size is not None:
            self._add(me, DCAT.byteSize, Literal(file.size, datatype=XSD.nonNegativeInteger))
        self._when(me, DCTERMS.modified, file.modified)
        licence = entry.licence_iri
        if licence:
            self._add(me, DCTERMS.license, self._typed(licence, DCTERMS.LicenseDocument))
        if file.checksum:
            sum_ = BNode()
            self._type(sum_, SPDX.Checksum)
            algorithm = SPDX.checksumAlgorithm_sha256
            self._type(algorithm, SPDX.ChecksumAlgorithm)
            self._add(sum_, SPDX.algorithm, algorithm)
            self._add(sum_, SPDX.checksumValue, Literal(file.checksum, datatype=XSD.hexBinary))
            self._add(me, SPDX.checksum, sum_)
        return me

    # --- parts of the catalogue -------------------------------------------------------------------------------

    def _services(self) -> list[URIRef]:
        known = {
            "/api/v1": ("REST", "/api/v1/openapi.json"),
            "/graphql": ("GraphQL", "/graphql/schema.graphql"),
            "/api/3/action": ("CKAN Action API", "/api/3/action/help_show?name=package_search"),
            "/ogc": ("OGC API", "/ogc/api"),
        }
        found = []
        for path, (title, description) in known.items():
            me = URIRef(f"{self.site}{path}")
            self._type(me, DCAT.DataService)
            self._add(me, DCTERMS.title, Literal(title, lang="en"))
            self._add(me, DCAT.endpointURL, self._typed(str(me), RDFS.Resource))
            self._add(me, DCAT.endpointDescription, self._typed(self.site + description, RDFS.Resource))
            found.append(me)
        return found

    def _agent(self, publisher: Publisher) -> URIRef:
        me = URIRef(f"{self.site}/organization/{publisher.id}")
        self._type(me, FOAF.Agent)
        self._texts(me, FOAF.name, publisher.name)
        if publisher.email and (address := iri(f"mailto:{publisher.email}")):
            self._add(me, FOAF.mbox, URIRef(address))
        if home := iri(publisher.homepage):
            self._add(me, FOAF.homepage, URIRef(home))
        return me

    # --- triples ----------------------------------------------------------------------------------------------

    def _add(self, subject: Identifier, predicate: URIRef, value: Identifier) -> None:
        self.graph.add((subject, predicate, value))

    def _type(self, subject: Identifier, kind: URIRef) -> None:
        self._add(subject, RDF.type, kind)

    def _typed(self, address: str, kind: URIRef) -> URIRef:
        found = URIRef(address)
        self._type(found, kind)
        return found

    def _texts(self, subject: Identifier, predicate: URIRef, text: Bilingual) -> None:
        """In each language; once, without a language, where both are the same."""
        if text.vi == text.en:
            self._add(subject, predicate, Literal(clean(text.vi)))
            return
        self._add(subject, predicate, Literal(clean(text.vi), lang="vi"))
        self._add(subject, predicate, Literal(clean(text.en), lang="en"))

    def _when(self, subject: Identifier, predicate: URIRef, moment: object) -> None:
        if moment is not None:
            self._add(subject, predicate, Literal(moment, datatype=XSD.dateTime))


def clean(text: str) -> str:
    """Without characters that XML cannot hold."""
    return _UNFIT.sub("", text)
