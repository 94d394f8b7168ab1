"""Export to the Open Data Contract Standard v3.1.0 (Bitol, Linux Foundation).

Texts are in one language, for the standard has one; both languages and our own blocks stand in customProperties.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lienthong.contract.model import Contract, FieldContract, QualityRule
from lienthong.contract.registry import Registry, joined_columns
from lienthong.kernel.text import Bilingual, Language

API_VERSION = "v3.1.0"


def export(contract: Contract, registry: Registry, language: Language = "vi") -> dict[str, Any]:
    """The contract as an ODCS v3.1.0 document, ready for YAML or JSON."""
    description = {
        name: text.in_language(language)
        for name in ("purpose", "limitations", "usage")
        if (text := getattr(contract.description, name))
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": contract.id,
        "name": contract.title.in_language(language),
        "version": contract.version,
        "status": contract.status,
        "domain": contract.agency,
        "description": description,
        "tags": [keyword.in_language(language) for keyword in contract.catalogue.keywords],
        "schema": [_schema(contract, registry, language)],
        "team": {"name": contract.catalogue.contact.name.in_language(language)},
        "support": [{"channel": "email", "tool": "email", "url": f"mailto:{contract.catalogue.contact.email}"}],
        "slaProperties": list(_service_levels(contract)),
        "roles": [{"role": purpose, "access": "read"} for purpose in _purposes(contract)],
        "customProperties": _custom(_blocks(contract)),
    }


def _schema(contract: Contract, registry: Registry, language: Language) -> dict[str, Any]:
    return {
        "id": contract.id,
        "name": contract.id,
        "businessName": contract.title.in_language(language),
        "description": contract.description.purpose.in_language(language),
        "logicalType": "object",
        "physicalType": "table",
        "physicalName": contract.id,
        "properties": [p for field in contract.fields for p in _properties(contract, field, language)],
        "relationships": list(_relationships(contract, registry)),
        "quality": [_quality(rule, language) for rule in contract.quality],
    }


def _properties(contract: Contract, field: FieldContract, language: Language) -> Iterator[dict[str, Any]]:
    """The property of a field, and one for each further stored column."""
    logical, options = field.type.odcs_type(field.options)
    first, *others = field.columns
    found: dict[str, Any] = {
        "id": field.name,
        "name": field.name,
        "businessName": field.title.in_language(language),
        "logicalType": logical,
        "physicalName": first.name,
        "physicalType": first.sql_type,
        "required": field.required,
        "unique": field.unique,
        "classification": field.classification,
    }
    if options:
        found["logicalTypeOptions"] = options
    if field.description:
        found["description"] = field.description.in_language(language)
    if field.examples:
        found["examples"] = list(field.examples)
    if field.name in contract.primary_key:
        found |= {"primaryKey": True, "primaryKeyPosition": contract.primary_key.index(field.name) + 1}
    if logical == "array":
        found["items"] = {"logicalType": "string"}
        if field.type.json_schema(field.options)["items"].get("type") == "object":
            found["items"] = {"logicalType": "object"}
    own = {"logicalType": field.logical_type, "options": field.options, "open": field.is_open, "title": field.title}
    found["customProperties"] = _custom(own | {"nationalTerm": field.national_term, "mask": field.mask})
    yield found
    for column in others:
        yield {
            "name": column.name,
            "physicalName": column.name,
            "physicalType": column.sql_type,
            "logicalType": "date" if column.sql_type == "date" else "string",
            "classification": field.classification,
        }


def _relationships(contract: Contract, registry: Registry) -> Iterator[dict[str, Any]]:
    for given in contract.relationships:
        pairs = joined_columns(contract, registry.get(given.to), given)
        near = [f"{contract.id}.{local}" for local, _ in pairs]
        far = [f"{given.to}.{remote}" for _, remote in pairs]
        own = {"name": given.name, "title": given.title, "cardinality": given.cardinality, "inverse": given.inverse}
        yield {
            "type": "foreignKey",
            "from": near if len(pairs) > 1 else near[0],
            "to": far if len(pairs) > 1 else far[0],
            "customProperties": _custom(own),
        }


def _quality(rule: QualityRule, language: Language) -> dict[str, Any]:
    kwargs = rule.kwargs | ({"mostly": rule.mostly} if rule.mostly is not None else {})
    return {
        "id": re.sub(r"[^A-Za-z0-9_-]", "-", rule.id),
        "name": rule.id,
        "description": rule.title.in_language(language),
        "dimension": rule.dimension,
        "severity": rule.severity,
        "type": "custom",
        "engine": "great-expectations",
        "implementation": {"type": rule.expectation, "kwargs": kwargs},
        "customProperties": _custom({"onFailure": rule.on_failure, "playbook": rule.playbook}),
    }


def _service_levels(contract: Contract) -> Iterator[dict[str, Any]]:
    """Frequency and retention, each an ISO 8601 duration (the standard leaves the form free)."""
    yield {"property": "frequency", "value": contract.catalogue.update_frequency, "description": "ISO 8601"}
    if contract.privacy.retention:
        yield {"property": "retention", "value": contract.privacy.retention, "description": "ISO 8601"}


def _purposes(contract: Contract) -> tuple[str, ...]:
    return contract.access.shared.purposes if contract.access.shared else ()


def _blocks(contract: Contract) -> dict[str, Any]:
    """What the standard has no word for."""
    return {
        "title": contract.title,
        "catalogue": contract.catalogue,
        "privacy": contract.privacy,
        "openView": contract.open_view,
        "validity": contract.validity,
        "indexes": [list(names) for names in contract.indexes] or None,
        "rollups": [list(names) for names in contract.rollups] or None,
        "derivedFrom": contract.derived_from,
    }


def _custom(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": _plain(value)} for name, value in given.items() if value is not None]


def _plain(value: Any) -> Any:
    """Models as JSON; all else as it is."""
    if isinstance(value, Bilingual):
        return value.model_dump()
    dump = getattr(value, "model_dump", None)
    return dump(mode="json", by_alias=True, exclude_none=True) if dump else value
