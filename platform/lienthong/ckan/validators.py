"""A package and its resources as they may be written: CKAN's schemas, words and shapes (CKAN 2.12, logic/schema.py)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from lienthong.catalog.hosted.caller import Caller
from lienthong.catalog.hosted.tables import HostedPackage, HostedResource
from lienthong.ckan import checks, formats
from lienthong.ckan.checks import Errors, is_missing, passed
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid
from lienthong.ckan.hosted import RESOURCE_OWN, RESOURCE_TEXTS, RESOURCE_TIMES, TEXTS

LISTS = ("resources", "tags", "extras", "groups", "relationships_as_object", "relationships_as_subject")
ROOT = frozenset({*TEXTS, *LISTS, "id", "name", "title", "state", "type", "owner_org", "private", "tag_string"})
_NOT_EXTRA = ROOT | {"plugin_data", "save", "return_to"}
# Of a resource that is there already: what is not given stays as it is, everything else goes.
_KEPT = ("cache_url", "name", "url_type", "format", "hash", "size", "url", *RESOURCE_TIMES)
_NOT_CUSTOM = RESOURCE_OWN | {"upload", "clear_upload", "tracking_summary"}


@dataclass(frozen=True)
class Facts:
    """What is known of the catalogue when a package is checked.

    `package`: the one that is changed, with its `resources` by id; None: a new one. `organization`: the id of what
    `owner_org` names, if there is such a one and `may_own` the caller's right to put datasets there. `taken`: ids of
    resources that other packages have.
    """

    caller: Caller
    package: HostedPackage | None = None
    resources: Mapping[str, HostedResource] = field(default_factory=dict)
    name_taken: bool = False
    id_taken: bool = False
    organization: str | None = None
    may_own: bool = False
    taken: frozenset[str] = frozenset()
    vocabularies: frozenset[str] = frozenset()


def shaped(given: Document) -> None:
    """Lists hold objects, and nothing holds a character that no text may have. Raises Refusal in CKAN's form."""
    for key in LISTS:
        value = given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            message = f"Only lists of dicts can be placed against subschema ('{key}',), not {type(value)}"
            raise Refusal(400, {"__type": "Integrity Error", "message": message, "data": given})
    for key, value in given.items():
        if any("\x00" in text for text in _texts(value)):
            raise invalid(key, "Null characters are not allowed")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def package(given: Document, facts: Facts) -> tuple[Document, Errors]:
    """What is kept of a package, and what is wrong with it. `resources` and `groups` only when they are given."""
    kept: Document = {}
    errors: Errors = {}
    _root(given, facts, kept, errors)
    _owner(given, facts, kept, errors)
    for name, check in {"tags": _tags, "extras": _extras}.items():
        kept[name], wrong = check(given, facts)
        errors |= wrong
    if junk := _junk(given):
        errors["__junk"] = [checks.unexpected(junk)]
    if "resources" in given:
        pairs = [resource(one, facts) for one in given["resources"]]
        kept["resources"] = [body for body, _ in pairs]
        if any(wrong for _, wrong in pairs):
            errors["resources"] = [wrong for _, wrong in pairs]
    if "groups" in given:
        kept["groups"] = [g.get("id") or g.get("name") for g in given["groups"] if g.get("id") or g.get("name")]
    return kept, errors


def _root(given: Document, facts: Facts, kept: Document, errors: Errors) -> None:
    """The members of a package that hold one value."""
    further: dict[str, tuple[checks.Check, ...]] = {
        "author_email": (checks.email,), "maintainer_email": (checks.email,), "version": (checks.version,),
    }  # fmt: skip
    for key in TEXTS:
        value = given.get(key)
        kept[key] = None
        if value is not None:
            kept[key], wrong = passed(value, checks.text, *further.get(key, ()))
            errors |= {key: wrong} if wrong else {}
    kept["name"], wrong = _name(given, facts)
    errors |= {"name": wrong} if wrong else {}
    title = given.get("title")
    kept["title"] = kept["name"] if is_missing(title) else checks.text(title)
    kept |= {"private": checks.truth(given["private"])} if given.get("private") is not None else {}
    if given.get("type") is not None and facts.package is None:
        kept["type"] = checks.text(given["type"])
    if given.get("state") is not None and (facts.package or facts.caller.sysadmin):
        kept["state"] = checks.text(given["state"])
    if facts.package is None and not is_missing(given.get("id")):
        kept["id"], wrong = passed(given["id"], checks.text, _new_id(facts))
        errors |= {"id": wrong} if wrong else {}
    if facts.caller.sysadmin and isinstance(given.get("plugin_data"), dict):
        kept["plugin_data"] = given["plugin_data"]
    if facts.caller.sysadmin and facts.package and not is_missing(given.get("metadata_modified")):
        kept["metadata_modified"], wrong = passed(given["metadata_modified"], checks.moment)
        errors |= {"metadata_modified": wrong} if wrong else {}


def _name(given: Document, facts: Facts) -> tuple[Any, list[str]]:
    value = given.get("name")
    if facts.package is not None and value is None:
        return facts.package.name, []

    def free(value: str) -> str:
        if facts.name_taken:
            raise checks.Wrong("That URL is already in use.")
        return value

    return passed(value, checks.given, checks.text, checks.name, free, checks.length)


def _new_id(facts: Facts) -> checks.Check:
    def check(value: str) -> str:
        if not facts.caller.sysadmin:
            raise checks.Wrong(checks.unexpected("id"))
        try:
            if str(UUID(value)) != value.lower():
                raise ValueError
        except ValueError:
            raise checks.Wrong("Invalid id provided") from None
        if facts.id_taken:
            raise checks.Wrong("Dataset id already exists")
        return value

    return check


def _owner(given: Document, facts: Facts, kept: Document, errors: Errors) -> None:
    """The organization; a new package must have one, and one that is there keeps its own."""
    value = given.get("owner_org")
    if value is None and facts.package is not None:
        kept["owner_org"] = facts.package.owner_org
    elif is_missing(value):
        errors["owner_org"] = ["An organization must be provided"]
    elif facts.organization is None:
        errors["owner_org"] = ["Organization does not exist"]
    elif not facts.may_own and (facts.package is None or facts.package.owner_org != facts.organization):
        errors["owner_org"] = ["You cannot add a dataset to this organization"]
    else:
        kept["owner_org"] = facts.organization
    if kept.get("private") and is_missing(value) and not kept.get("owner_org"):
        errors["private"] = ["Datasets with no organization can't be private."]


def _tags(given: Document, facts: Facts) -> tuple[list[Document], Errors]:
    """Tags of `tags` and of `tag_string`; what is wrong is told in one flat list."""
    errors: Errors = {}
    kept: dict[tuple[str, str | None], Document] = {}
    told: list[Any] = []
    for tag in given.get("tags", ()):
        name, wrong = passed(tag.get("name"), checks.given, checks.text, checks.tag_length, checks.tag_letters)
        vocabulary = tag.get("vocabulary_id") or None
        if vocabulary is not None and vocabulary not in facts.vocabularies:
            told.append({"vocabulary_id": ["Tag vocabulary was not found."]})
        if wrong:
            told.append(", ".join(wrong))
        kept.setdefault((name, vocabulary), {"name": name, "vocabulary_id": vocabulary})
    if told:
        errors["tags"] = told
    line = given.get("tag_string")
    for name in [] if line is None else [part.strip() for part in checks.text(line).split(",") if part.strip()]:
        _, wrong = passed(name, checks.tag_length, checks.tag_letters)
        if wrong:
            errors.setdefault("tag_string", wrong[:1])
        kept.setdefault((name, None), {"name": name, "vocabulary_id": None})
    return list(kept.values()), errors


def _extras(given: Document, _: Facts) -> tuple[list[Document], Errors]:
    """Keys with texts; a value that is no text becomes its JSON."""
    kept: list[Document] = []
    faults: list[Errors] = []
    for extra in given.get("extras", ()):
        fault: Errors = {}
        key, wrong = passed(extra.get("key"), checks.given, _not_a_field, checks.text)
        fault |= {"key": wrong} if wrong else {}
        value = extra.get("value")
        if value is None and not extra.get("deleted"):
            fault["value"] = [checks.MISSING]
        faults.append(fault)
        if not extra.get("deleted"):
            kept.append({"key": key, "value": checks.text(value)})
    errors: Errors = {"extras": faults} if any(faults) else {}
    twice = [key for key, n in Counter(str(e["key"]) for e in given.get("extras", ()) if e.get("key")).items() if n > 1]
    if twice:
        errors["extras_validation"] = [f'Duplicate key "{key}"' for key in twice]
    return kept, errors


def _not_a_field(key: Any) -> Any:
    if key in _NOT_EXTRA:
        raise checks.Wrong("There is a schema field with the same name")
    return key


def _junk(given: Document) -> list[tuple[Any, ...]]:
    """Places of objects in lists that the schema does not know."""
    found = []
    for key, value in given.items():
        if key == "resources":
            for n, one in enumerate(value):
                found += [("resources", n, *place) for name in one for place in _objects(name, one[name])]
        elif key not in ROOT:
            found += _objects(key, value)
    return found


def _objects(key: str, value: Any) -> list[tuple[Any, ...]]:
    if not isinstance(value, list) or not value or not all(isinstance(part, dict) for part in value):
        return []
    return [(key, n, name) for n, part in enumerate(value) for name in part]


def resource(given: Document, facts: Facts) -> tuple[Document, Errors]:
    """What is kept of a resource (with its `id` when it has one), and what is wrong with it."""
    errors: Errors = {}
    id: str | None = None
    wrong: list[str] = []
    if not is_missing(given.get("id")):
        id, wrong = passed(given["id"], checks.text, checks.resource_id, _foreign(facts))
    errors |= {"id": wrong} if wrong else {}
    row = facts.resources.get(id or "")
    before = row.body if row else {}
    body: Document = {"id": id} if id else {}
    for name in _KEPT:
        if name not in given and name in before:
            body[name] = before[name]
    for name in (*RESOURCE_TEXTS, "hash", "format", "url"):
        if given.get(name) is not None:
            body[name] = checks.text(given[name]).strip() if name == "url" else checks.text(given[name])
    for name, check in {"size": checks.integer, **dict.fromkeys(RESOURCE_TIMES, checks.moment)}.items():
        if given.get(name) is not None:
            body[name], wrong = passed(given[name], check)
            errors |= {name: wrong} if wrong else {}
    _located(body, row, given.get("upload") is not None)
    if "mimetype" not in given and (facts.package or "upload" in given):
        body["mimetype"] = formats.media_type(body["url"]) if body["url"] else before.get("mimetype")
    if not body.get("format") and id is None:
        body["format"] = formats.guessed(body["url"])
    body |= {"format": formats.clean(body.get("format") or ""), "hash": body.get("hash") or ""}
    custom = {key: value for key, value in given.items() if key not in _NOT_CUSTOM}
    return custom | {key: value for key, value in body.items() if value is not None}, errors


def _located(body: Document, row: HostedResource | None, has_file: bool) -> None:
    """Where the content is. An upload stays one as long as its own address, or none, is given; else it is a link."""
    url = body.setdefault("url", "")
    if row is not None and body.get("url_type") == "datastore" and url.endswith(f"/datastore/dump/{row.id}"):
        body["url"] = row.body["url"]
    if has_file or body.get("url_type") != "upload":
        return
    if row is not None and row.upload_sha256 and url.rsplit("/", 1)[-1] in ("", row.body["url"]):
        body["url"] = row.body["url"]
    else:
        body["url_type"] = None


def _foreign(facts: Facts) -> checks.Check:
    def check(id: str) -> str:
        if id in facts.taken:
            raise checks.Wrong("Resource id already exists.")
        return id

    return check
