"""Licences by their SPDX identifiers, which are those of opendefinition.org, too."""

from typing import Any

from lienthong.contract.registry import Registry
from lienthong.kernel.text import Language

# Conformant with the Open Definition 2.1 (opendefinition.org/licenses), and where their text stands.
OPEN = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "ODC-BY-1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
    "MIT": "https://opensource.org/license/mit",
}


def url(licence: str) -> str:
    """Where the text of the licence stands."""
    return OPEN.get(licence, f"https://spdx.org/licenses/{licence}.html")


def title(registry: Registry, licence: str, language: Language) -> str:
    """The title in the code list, or the identifier."""
    known = registry.vocabularies.get("licence")
    code = known.by_code.get(licence) if known else None
    return code.title.in_language(language) if code else licence


def licences(registry: Registry, language: Language) -> list[dict[str, Any]]:
    """The licences of the code list, as CKAN shows them; its truths are texts."""
    known = registry.vocabularies.get("licence")
    return [
        {
            "id": code.code,
            "title": code.title.in_language(language),
            "url": url(code.code),
            "family": "",
            "status": "active",
            "maintainer": "",
            "is_generic": "False",
            "domain_content": "True",
            "domain_data": "True",
            "domain_software": str(code.code == "MIT"),
            "od_conformance": "approved" if code.code in OPEN else "not reviewed",
            "osd_conformance": "approved" if code.code == "MIT" else "not reviewed",
        }
        for code in (known.codes if known else ())
    ]
