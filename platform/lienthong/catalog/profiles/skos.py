"""Code lists as SKOS concept schemes."""

from rdflib import DCTERMS, RDF, SKOS, XSD, Graph, Literal, URIRef

from lienthong.catalog.profiles.dcat import graph
from lienthong.contract.vocabulary import Vocabulary


def scheme(vocabulary: Vocabulary, site: str) -> Graph:
    """One list with all its codes, and the days that they hold."""
    made, me = graph(), URIRef(f"{site}/vocab/{vocabulary.id}")
    made.add((me, RDF.type, SKOS.ConceptScheme))
    for language, text in (("vi", vocabulary.title.vi), ("en", vocabulary.title.en)):
        made.add((me, SKOS.prefLabel, Literal(text, lang=language)))
    for code in vocabulary.codes:
        one = URIRef(f"{me}/{code.code}")
        made.add((one, RDF.type, SKOS.Concept))
        made.add((one, SKOS.inScheme, me))
        made.add((one, SKOS.topConceptOf, me))
        made.add((me, SKOS.hasTopConcept, one))
        made.add((one, SKOS.notation, Literal(code.code)))
        for language, text in (("vi", code.title.vi), ("en", code.title.en)):
            made.add((one, SKOS.prefLabel, Literal(text, lang=language)))
    made.add((me, DCTERMS.extent, Literal(len(vocabulary.codes), datatype=XSD.integer)))
    return made
