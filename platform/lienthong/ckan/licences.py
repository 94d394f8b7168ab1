"""Licences: CKAN's own register, and those of contracts by their SPDX identifiers."""

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


# CKAN's register: title; conformance with the Open Definition; domains (content, data, software); generic; text.
_SITE = "http://www.opendefinition.org/licenses/"
_REGISTER: dict[str, tuple[str, bool, str, bool, str]] = {
    "notspecified": ("License not specified", False, "", True, ""),
    "odc-pddl": ("Open Data Commons Public Domain Dedication and License (PDDL)", True, "d", False, _SITE + "odc-pddl"),
    "odc-odbl": ("Open Data Commons Open Database License (ODbL)", True, "d", False, _SITE + "odc-odbl"),
    "odc-by": ("Open Data Commons Attribution License", True, "d", False, _SITE + "odc-by"),
    "cc-zero": ("Creative Commons CCZero", True, "cd", False, _SITE + "cc-zero"),
    "cc-by": ("Creative Commons Attribution", True, "", False, _SITE + "cc-by"),
    "cc-by-sa": ("Creative Commons Attribution Share-Alike", True, "c", False, _SITE + "cc-by-sa"),
    "gfdl": ("GNU Free Documentation License", True, "c", False, _SITE + "gfdl"),
    "other-open": ("Other (Open)", True, "c", True, ""),
    "other-pd": ("Other (Public Domain)", True, "c", True, ""),
    "other-at": ("Other (Attribution)", True, "c", True, ""),
    "uk-ogl": ("UK Open Government Licence (OGL)", True, "c", False,
               "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"),
    "cc-nc": ("Creative Commons Non-Commercial (Any)", False, "", False,
              "http://creativecommons.org/licenses/by-nc/2.0/"),
    "other-nc": ("Other (Non-Commercial)", False, "", True, ""),
    "other-closed": ("Other (Not Open)", False, "", True, ""),
}  # fmt: skip


def members(registry: Registry, licence: str | None, language: Language) -> dict[str, Any]:
    """What a package tells of its licence; the address only when the licence is known."""
    found: dict[str, Any] = {"license_id": licence, "license_title": licence, "isopen": False}
    if licence in _REGISTER:
        name, is_open, *_, address = _REGISTER[licence]
        found |= {"license_title": name, "isopen": is_open} | ({"license_url": address} if address else {})
    elif licence in OPEN:
        found |= {"license_title": title(registry, licence, language), "isopen": True, "license_url": OPEN[licence]}
    return found


def licences(registry: Registry, language: Language) -> list[dict[str, Any]]:
    """CKAN's register, then the licences of contracts, as CKAN shows them; its truths are texts."""
    used = sorted({contract.catalogue.licence for contract in registry.contracts.values()} - _REGISTER.keys())
    return [
        *(
            _licence(id, name, address, is_open, generic, ("c" in domains, "d" in domains, False))
            for id, (name, is_open, domains, generic, address) in _REGISTER.items()
        ),
        *(
            _licence(id, title(registry, id, language), url(id), id in OPEN, False, (True, True, id == "MIT"))
            for id in used
        ),
    ]


def _licence(
    id: str, name: str, address: str, is_open: bool, generic: bool, domains: tuple[bool, bool, bool]
) -> dict[str, Any]:
    content, data, software = domains
    return {
        "id": id,
        "title": name,
        "url": address,
        "family": "",
        "status": "active",
        "maintainer": "",
        "is_generic": str(generic),
        "domain_content": str(content),
        "domain_data": str(data),
        "domain_software": str(software),
        "od_conformance": "approved" if is_open else "not reviewed",
        "osd_conformance": "approved" if software else "not reviewed",
    }
