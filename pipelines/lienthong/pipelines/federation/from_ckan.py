"""Datasets of a CKAN, as package_search gives them, and of another Liên Thông, which speaks CKAN in two languages."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from ckanapi import RemoteCKAN
from ckanapi.errors import CKANAPIError

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both
from lienthong.pipelines.federation import plain
from lienthong.pipelines.federation.records import MOST_TAG, Publisher, Record
from lienthong.pipelines.federation.terms import Terms, day, size
from lienthong.pipelines.federation.web import Limits, unavailable

Document = Mapping[str, Any]
PAGE = 100
_LINES = ("author", "author_email", "maintainer", "maintainer_email", "version")
# What we work out ourselves, or what has no meaning elsewhere.
_DERIVED = frozenset(
    {"id", "name", "title", "notes", "url", "license_id", "license_title", "license_url", "tags", "extras"}
    | {"resources", "organization", "owner_org", "state", "private", "isopen", "num_tags", "num_resources"}
    | {"creator_user_id", "metadata_modified", "metadata_created", "ckan_url", "revision_id", "tracking_summary"}
    | {"tag_string", "type", "groups", "relationships_as_subject", "relationships_as_object", "plugin_data", *_LINES}
)
_RESOURCE = frozenset(
    {"id", "package_id", "position", "state", "url_type", "datastore_active", "metadata_modified", "revision_id"}
    | {"tracking_summary", "resource_group_id", "has_views", "on_same_domain"}
)
_MOST_EXTRA, _MOST_RESOURCES = 20_000, 2_000
_NOT_IN_TAGS = re.compile(r"[^\w .-]+")


def pages(remote: RemoteCKAN, only: Sequence[str], since: str | None, limits: Limits) -> Iterator[list[Document]]:
    """All public datasets, page by page in the order of their ids until an empty page, as CKAN's own harvester asks.

    `only`: names of datasets, or conditions such as `organization:name`. `since`: only what changed from then on.
    Raises Unavailable when the site does not answer, Invalid when its pages have no end.
    """
    start, seen, asked = 0, set[str](), _filter(only, since)
    for _ in range(limits.pages):
        page = _page(remote, start, asked)
        if not page:
            return
        start += len(page)
        new = [p for p in page if isinstance(p, Mapping) and str(p.get("id")) not in seen]
        if not new:
            break
        seen.update(str(p.get("id")) for p in new)
        if len(seen) > limits.datasets:
            break
        yield new
    detail = both("Các trang của nguồn lặp lại hoặc không có hồi kết", "The source's pages repeat or have no end")
    raise Invalid(detail, place=remote.address)


def _page(remote: RemoteCKAN, start: int, asked: str) -> list[Any]:
    given = {"rows": PAGE, "start": start, "sort": "id asc"} | ({"fq": asked} if asked else {})
    try:
        found = remote.call_action("package_search", given)
        results = found["results"]
    except (CKANAPIError, KeyError, TypeError, OSError) as error:
        raise unavailable(remote.address, f"{type(error).__name__}: {error}") from error
    if not isinstance(results, list):
        raise unavailable(remote.address, "package_search: results")
    return results[: PAGE * 10]


def _filter(only: Sequence[str], since: str | None) -> str:
    names = [word for word in only if ":" not in word]
    parts = [word for word in only if ":" in word]
    if names:
        parts.append("name:(" + " OR ".join(json.dumps(name) for name in names) + ")")
    if since:
        parts.append(f"metadata_modified:[{since}Z TO *]")
    return " ".join(f"+{part}" for part in parts)


def newest(found: str, page: Sequence[Document]) -> str:
    """The latest metadata_modified, as the source writes it."""
    return max([found, *(str(p["metadata_modified"]) for p in page if isinstance(p.get("metadata_modified"), str))])


def from_lines(body: bytes) -> list[Document]:
    """What `ckanapi dump datasets` writes: a JSON document on each line. Raises Invalid."""
    try:
        return [found for line in body.splitlines() if line.strip() and isinstance(found := orjson.loads(line), dict)]
    except orjson.JSONDecodeError as error:
        raise Invalid(both(f"Không phải JSON từng dòng: {error}", f"These are no lines of JSON: {error}")) from error


def record(package: Document, terms: Terms, lost: Counter[str]) -> Record | None:
    """A package as a record; None: it is not public. Raises ValueError, TypeError, KeyError when it is none."""
    if package.get("private") or package.get("state", "active") != "active":
        lost["dataset (not public)"] += 1
        return None
    licence, known = terms.licence(package.get("license_id"), package.get("license_url"), package.get("license_title"))
    lost["license_id (not in the register)"] += not known
    body = {name: plain.line(package[name]) or None for name in _LINES if package.get(name)}
    body |= {
        "title": plain.line(package.get("title") or package["name"]),
        "notes": plain.markdown(package.get("notes")),
        "url": plain.address(package.get("url")),
        "license_id": licence,
    }
    _count_lost(package, lost)
    return Record(
        key=str(package["id"])[:300],
        name=plain.name(str(package["name"])),
        body={key: value for key, value in body.items() if value},
        tags=tags([tag["name"] for tag in package.get("tags") or ()], lost),
        extras=_extras(package, lost),
        resources=_resources(package, terms, lost),
        publisher=_publisher(package.get("organization")),
        modified=str(package.get("metadata_modified") or ""),
    )


def _count_lost(package: Document, lost: Counter[str]) -> None:
    for name in ("groups", "relationships_as_subject", "relationships_as_object", "plugin_data"):
        lost[name] += len(package.get(name) or ())
    lost["type"] += package.get("type", "dataset") not in ("dataset", None)
    lost["tags.vocabulary_id"] += sum(bool(tag.get("vocabulary_id")) for tag in package.get("tags") or ())


def tags(names: Sequence[object], lost: Counter[str]) -> list[str]:
    """Tags as CKAN allows them."""
    found: dict[str, None] = {}
    for name in names:
        tag = " ".join(_NOT_IN_TAGS.sub(" ", plain.line(name)).split())[:MOST_TAG].strip()
        lost["tags"] += len(tag) < 2
        if len(tag) >= 2:
            found[tag] = None
    return sorted(found)


def _extras(package: Document, lost: Counter[str]) -> dict[str, str]:
    """Extras, and members that only the source has; what a harvest put down there is the source's own affair."""
    found: dict[str, str] = {}
    for extra in package.get("extras") or ():
        _put(found, str(extra["key"]), extra.get("value"), lost)
    for key, value in package.items():
        if key not in _DERIVED and value not in (None, "", [], {}):
            _put(found, key, value, lost)
    if package.get("metadata_created"):
        found.setdefault("issued", str(day(package["metadata_created"]) or ""))
    return {key: value for key, value in found.items() if value}


def _put(found: dict[str, str], key: str, value: Any, lost: Counter[str]) -> None:
    if key.startswith("harvest_"):
        return
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if len(text) > _MOST_EXTRA or len(key) > 100:
        lost[f"extras.{key[:60]}"] += 1
        return
    found[plain.line(key, 100)] = plain.markdown(text)


def _resources(package: Document, terms: Terms, lost: Counter[str]) -> list[dict[str, Any]]:
    given = package.get("resources") or []
    lost["resources"] += max(0, len(given) - _MOST_RESOURCES)
    found = []
    for n, resource in enumerate(given[:_MOST_RESOURCES]):
        url = plain.address(resource.get("url"))
        if url is None:
            lost["resources.url"] += 1
            continue
        lost["resources.datastore_active"] += bool(resource.get("datastore_active"))
        body = _own_keys(resource, lost) | {
            "url": url,
            "description": plain.markdown(resource.get("description")),
            "format": terms.format(resource.get("format"), url),
            "size": size(resource.get("size")),
            "created": day(resource.get("created")),
            "last_modified": day(resource.get("last_modified")),
            "cache_url": plain.address(resource.get("cache_url")),
            "harvest_id": str(resource.get("id") or n)[:300],
        }
        found.append({key: value for key, value in body.items() if value not in (None, "")})
    return found


def _own_keys(resource: Document, lost: Counter[str]) -> dict[str, Any]:
    """Texts of a resource, and members that only the source has."""
    found: dict[str, Any] = {}
    for key, value in resource.items():
        if key in _RESOURCE or value in (None, "", [], {}) or key.startswith("harvest_"):
            continue
        if isinstance(value, str | int | float | bool) and len(str(value)) <= _MOST_EXTRA and len(key) <= 100:
            found[key] = plain.line(value) if isinstance(value, str) else value
        else:
            lost[f"resources.{key[:60]}"] += 1
    return found


def _publisher(organization: Any) -> Publisher | None:
    if not isinstance(organization, Mapping) or not organization.get("name"):
        return None
    title = plain.line(organization.get("title") or organization["name"])
    return Publisher(plain.name(str(organization["name"])), title, plain.markdown(organization.get("description")))


def with_english(found: Record, english: Document | None) -> Record:
    """A record of another Liên Thông with its English texts beside it."""
    if english is None:
        return found
    title, notes = plain.line(english.get("title")), plain.markdown(english.get("notes"))
    if title and title != found.body.get("title"):
        found.extras["title_en"] = title
    if notes and notes != found.body.get("notes"):
        found.extras["notes_en"] = notes
    return found
