"""Atom feeds at CKAN's addresses: the datasets last changed, all, or of an organization, a group, a tag, a search."""

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from lienthong.ckan.errors import NoPage
from lienthong.kernel.text import both

PER_PAGE = 20
MEDIA_TYPE = "application/atom+xml"
ATOM = "http://www.w3.org/2005/Atom"
_SIGNS = str.maketrans({n: None for n in range(32) if n not in (9, 10, 13)})
KINDS = {
    "organization": both("Tổ chức", "Organization"),
    "group": both("Nhóm", "Group"),
    "tag": both("Từ khóa", "Tag"),
    "custom": both("Tìm kiếm", "Search"),
}


def number_of(query: Mapping[str, str]) -> int:
    """The page that is asked for, from 1. Raises NoPage."""
    given = query.get("page", "1")
    if not given.isdecimal() or not 1 <= int(given[:6]) <= 100_000:
        raise NoPage(400)
    return int(given[:6])


def feed(site: str, path: str, title: str, found: Mapping[str, Any], page: int, query: Mapping[str, str]) -> bytes:
    """A page of a feed; `found` is the result of package_search."""
    ElementTree.register_namespace("", ATOM)
    top = ElementTree.Element(_name("feed"), {"{http://www.w3.org/XML/1998/namespace}lang": "vi"})
    newest = max((d["metadata_modified"] for d in found["results"]), default="1970-01-01T00:00:00")
    _text(top, "id", site + path)
    _text(top, "title", title)
    _text(top, "updated", newest + "Z")
    _text(ElementTree.SubElement(top, _name("author")), "name", "Liên Thông")
    last = max(1, math.ceil(found["count"] / PER_PAGE))
    pages = {"self": page, "first": 1, "last": last, "previous": page - 1, "next": page + 1}
    for relation, number in pages.items():
        if 1 <= number <= last or relation == "self":
            asked = urlencode({**query, **({"page": number} if number > 1 else {})})
            _link(top, relation, site + path + (f"?{asked}" if asked else ""))
    _link(top, "alternate", f"{site}/dataset")
    for dataset in found["results"]:
        _entry(top, site, dataset)
    return bytes(ElementTree.tostring(top, "utf-8", xml_declaration=True))


def _entry(top: ElementTree.Element, site: str, dataset: Mapping[str, Any]) -> None:
    entry = ElementTree.SubElement(top, _name("entry"))
    _text(entry, "id", f"{site}/dataset/{dataset['id']}")
    _text(entry, "title", dataset["title"] or dataset["name"])
    _text(entry, "updated", dataset["metadata_modified"] + "Z")
    _text(entry, "published", dataset["metadata_created"] + "Z")
    _text(entry, "content", dataset["notes"] or "")
    _link(entry, "alternate", f"{site}/dataset/{dataset['name']}")
    _link(entry, "enclosure", f"{site}/api/3/action/package_show?id={dataset['name']}", type="application/json")
    for tag in dataset["tags"]:
        ElementTree.SubElement(entry, _name("category"), {"term": tag["name"].translate(_SIGNS)})


def _name(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, _name(name)).text = text.translate(_SIGNS)


def _link(parent: ElementTree.Element, relation: str, href: str, **more: str) -> None:
    ElementTree.SubElement(parent, _name("link"), {"rel": relation, "href": href, **more})
