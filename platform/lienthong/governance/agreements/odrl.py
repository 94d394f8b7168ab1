"""An agreement as an ODRL 2.2 policy in JSON-LD (W3C Recommendation, 15 February 2018; profile at /docs/odrl).

It tells other systems what the agreement says: who, to whom, which fields and rows of which dataset, for what purpose,
how much, until when, and the duty to record. It is an export: `lienthong.access` and the database decide.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from lienthong.contract.model import Contract
from lienthong.governance.agreements.tables import Agreement
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.text import Bilingual, slug

MEDIA_TYPE = "application/ld+json"
PROFILE = "/docs/odrl#"
_OPERATORS = {"eq": "eq", "ne": "neq", "gt": "gt", "gte": "gteq", "lt": "lt", "lte": "lteq", "in": "isAnyOf"}
Json = dict[str, Any]


def policy(row: Agreement, contract: Contract, agencies: Mapping[str, Bilingual], site: str) -> Json:
    """The policy. It is an Agreement once signed; before, an Offer that nobody may rely on."""
    base = f"{site}/api/v1"
    signed = row.state not in ("requested", "reviewed", "rejected", "withdrawn")
    return {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", {"lt": site + PROFILE, "dct": "http://purl.org/dc/terms/"}],
        "@type": "Agreement" if signed else "Offer",
        "uid": f"{base}/agreements/{row.id}",
        "profile": site + PROFILE.rstrip("#"),
        "dct:title": f"{row.id}: {contract.title.vi}",
        "dct:issued": row.requested_at.astimezone(VIETNAM).isoformat(),
        "dct:source": row.legal_basis,
        "lt:state": row.state_now,
        "lt:clauses": row.clauses,
        "assigner": _party(row.provider, agencies, base),
        "assignee": _party(row.consumer, agencies, base),
        "permission": [_permission(row, contract, base, site)],
        "prohibition": [{"action": "distribute", "target": f"{base}/datasets/{contract.slug}"}],
        "obligation": [
            {
                "action": "delete",
                "target": f"{base}/datasets/{contract.slug}",
                "constraint": [_constraint("dateTime", "gt", _moment(row.expires, time(23, 59, 59)))],
            }
        ],
    }


def purpose_iri(site: str, purpose: str) -> str:
    """The address that stands for a purpose."""
    return f"{site}{PROFILE}purpose-{purpose}"


def _permission(row: Agreement, contract: Contract, base: str, site: str) -> Json:
    limits = [
        _constraint("purpose", "eq", {"@id": purpose_iri(site, row.purpose)}),
        _constraint("dateTime", "gteq", _moment(row.valid_from, time(0, 0))),
        _constraint("dateTime", "lteq", _moment(row.expires, time(23, 59, 59))),
        _constraint("recipient", "eq", {"@id": _agency(row.consumer, base)}),
    ]
    if row.quota:
        limits.append(_constraint("lt:rowsPerDay", "lteq", {"@value": str(row.quota), "@type": "xsd:integer"}))
    return {
        "action": "read",
        "target": {
            "@type": "AssetCollection",
            "source": f"{base}/datasets/{contract.slug}",
            "refinement": _refinement(row, contract, base),
        },
        "constraint": limits,
        "duty": [{"action": "lt:log", "target": f"{base}/agreements/{row.id}"}],
    }


def _refinement(row: Agreement, contract: Contract, base: str) -> list[Json]:
    """Which part of the dataset: fields (those behind a mask apart), then rows."""
    masks = {n for n in row.fields if n in contract.by_name and contract.by_name[n].mask} - set(row.clear)
    found = [_constraint("lt:field", "isAnyOf", [n for n in row.fields if n not in masks])]
    if masks:
        found.append(_constraint("lt:maskedField", "isAnyOf", sorted(masks)))
    if row.condition:
        found.append(_rows(row.condition, f"{base}/datasets/{contract.slug}#"))
    return found


def _rows(given: Mapping[str, Any], dataset: str) -> Json:
    """The row filter; what ODRL has no operator for is told in the platform's own grammar."""
    parts = [part for name, value in given.items() for part in _parts(name, value, dataset)]
    return parts[0] if len(parts) == 1 else {"and": parts}


def _parts(name: str, value: Any, dataset: str) -> list[Json]:
    if name in ("and", "or"):
        entries = value if isinstance(value, list) else [value]
        return [{name: [_rows(entry, dataset) for entry in entries]}]
    operations = value if isinstance(value, Mapping) else {"eq": value}
    if name == "not" or not set(operations) <= set(_OPERATORS):
        return [_constraint("lt:rowFilter", "eq", {"@value": {name: value}, "@type": "@json"})]
    return [_constraint({"@id": dataset + name}, _OPERATORS[op], raw) for op, raw in operations.items()]


def _constraint(left: Any, operator: str, right: Any) -> Json:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def _moment(day: date, at: time) -> Json:
    return {"@value": datetime.combine(day, at, VIETNAM).isoformat(), "@type": "xsd:dateTime"}


def _party(id: str, agencies: Mapping[str, Bilingual], base: str) -> Json:
    name = agencies.get(id)
    titles = [{"@value": name.vi, "@language": "vi"}, {"@value": name.en, "@language": "en"}] if name else []
    return {"@type": "Party", "uid": _agency(id, base), "dct:title": titles}


def _agency(id: str, base: str) -> str:
    return f"{base}/agencies/{slug(id)}"
