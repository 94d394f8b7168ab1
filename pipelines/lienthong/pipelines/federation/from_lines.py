"""A catalogue in a file of JSON lines: title, notes, organization, license, categories, resources."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both
from lienthong.pipelines.federation import plain
from lienthong.pipelines.federation.from_ckan import tags
from lienthong.pipelines.federation.records import Publisher, Record
from lienthong.pipelines.federation.terms import Terms, day

_MAPPED = frozenset(
    {"source", "source_file", "title", "notes", "organization", "license", "maintainer", "created", "updated"}
    | {"categories", "original_link", "resources"}
)
_RESOURCE_MAPPED = frozenset({"format", "name", "url", "description"})
MOST_BYTES = 500_000_000


def lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The documents of the file with their line numbers; in place of what is no JSON, the error. Raises Invalid."""
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        raise Invalid(
            both("Không có tệp này, hoặc tệp quá lớn", "There is no such file, or it is too large"), place=str(path)
        )
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield number, orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    yield number, error


def record(given: Any, terms: Terms, lost: Counter[str]) -> Record:
    """A line as a record. Raises ValueError, TypeError when it is none."""
    if not isinstance(given, Mapping):
        raise ValueError(str(given) if isinstance(given, Exception) else "no object")
    title = plain.line(given.get("title")) or plain.line(given.get("source_file")).removesuffix(".md")
    if not title:
        raise ValueError("no title")
    licence, known = terms.licence(given.get("license") or "notspecified")
    lost["license (not in the register)"] += not known
    body = {
        "title": title,
        "notes": plain.markdown(given.get("notes")),
        "url": plain.address(given.get("original_link")),
        "license_id": licence,
        "maintainer": plain.line(given.get("maintainer")),
    }
    for key in given.keys() - _MAPPED:
        lost[key] += given[key] not in (None, "", [])
    publisher = plain.line(given.get("organization"))
    key = "/".join(str(given.get(part) or "") for part in ("source", "source_file")) + f"/{title}"
    return Record(
        key=key[:300],
        name=plain.name(title),
        body={name: value for name, value in body.items() if value},
        tags=tags(list(given.get("categories") or ()), lost),
        extras=_extras(given, lost),
        resources=list(_resources(given.get("resources") or [], terms, lost)),
        publisher=Publisher(plain.name(publisher), publisher) if publisher else None,
        modified=str(given.get("updated") or ""),
    )


def _extras(given: Mapping[str, Any], lost: Counter[str]) -> dict[str, str]:
    found = {"catalogue": plain.line(given.get("source")), "licence_text": plain.line(given.get("license"))}
    for key, name in (("created", "issued"), ("updated", "modified")):
        moment = day(given.get(key))
        lost[f"{key} (no date)"] += bool(given.get(key)) and moment is None
        found[name] = moment or ""
    return {key: value for key, value in found.items() if value}


def _resources(given: list[Any], terms: Terms, lost: Counter[str]) -> Iterator[dict[str, Any]]:
    for n, resource in enumerate(given):
        url = plain.address(resource.get("url"))
        if url is None:
            lost["resources.url"] += 1
            continue
        for key in resource.keys() - _RESOURCE_MAPPED:
            lost[f"resources.{key}"] += 1
        format = terms.format(resource.get("format"), url)
        lost["resources.format"] += bool(resource.get("format")) and not format
        body = {
            "url": url,
            "name": plain.line(resource.get("name")),
            "description": plain.markdown(resource.get("description")),
            "format": format,
            "harvest_id": f"{n}:{url}"[:300],
        }
        yield {key: value for key, value in body.items() if value}
