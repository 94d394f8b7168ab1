"""CPSV-AP 3.2: public services as a graph, one for each row of a dataset that describes them."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from rdflib import DCTERMS, RDF, Graph, Literal, Namespace, URIRef

from lienthong.catalog.profiles.dcat import ADMS, clean, graph
from lienthong.contract.model import Contract, PublicService

CPSV = Namespace("http://purl.org/vocab/cpsv#")
CV = Namespace("http://data.europa.eu/m8g/")


def services(contract: Contract, told: PublicService, rows: Iterable[Mapping[str, Any]], site: str) -> Graph:
    """The public services in these rows; a row holds the key and the fields that `told` names."""
    made, named = graph(), told.named
    made.bind("cpsv", CPSV)
    made.bind("cv", CV)
    for row in rows:
        key = ",".join(str(row[name]) for name in contract.primary_key)
        me = URIRef(f"{site}/api/v1/datasets/{contract.slug}/rows/{quote(key)}")
        values = {name: clean(str(row[field])) for name, field in named.items() if row.get(field) not in (None, "")}
        made.add((me, RDF.type, CV.PublicService))
        made.add((me, DCTERMS.identifier, Literal(key)))
        made.add((me, DCTERMS.title, Literal(values.get("name", key), lang="vi")))
        made.add((me, DCTERMS.description, Literal(values.get("description", values.get("name", key)), lang="vi")))
        if "status" in values:
            made.add((me, ADMS.status, Literal(values["status"])))
        for name, kind, way, title in (
            ("authority", CV.PublicOrganisation, CV.hasCompetentAuthority, DCTERMS.title),
            ("output", CV.Output, CPSV.produces, DCTERMS.title),
            ("requirement", CV.Requirement, CV.holdsRequirement, DCTERMS.title),
            ("channel", CV.Channel, CV.hasChannel, DCTERMS.description),
        ):
            if name in values:
                part = URIRef(f"{me}#{name}")
                made.add((me, way, part))
                made.add((part, RDF.type, kind))
                made.add((part, DCTERMS.identifier, Literal(f"{key}#{name}")))
                made.add((part, title, Literal(values[name], lang="vi")))
    return made
