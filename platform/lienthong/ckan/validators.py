"""A package and its resources as they may be written: CKAN's schemas, words and shapes (CKAN 2.12, logic/schema.py)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lienthong.catalog.hosted.caller import Caller
from lienthong.catalog.hosted.tables import HostedPackage, HostedResource
from lienthong.ckan import checks, formats
from lienthong.ckan.checks import Errors, is_missing, passed
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid
from lienthong.ckan.hosted import RELATIONSHIPS, RESOURCE_OWN, RESOURCE_TEXTS, RESOURCE_TIMES, TEXTS

LISTS = ("resources", "tags", "extras", "groups", "relationships_as_object", "relationships_as_subject")
ROOT = frozenset({*TEXTS, *LISTS, "id", "name", "title", "state", "type", "owner_org", "private", "tag_string"})
_NOT_EXTRA = ROOT | {"plugin_data", "save", "return_to"}
# Of a resource that is there already: what is not given stays as it is, everything else goes.
_KEPT = ("cache_url", "name", "url_type", "format", "hash", "size", *RESOURCE_TIMES)
_NOT_CUSTOM = RESOURCE_OWN | {"upload", "clear_upload", "tracking_summary", "extras", "revision_timestamp"}


@dataclass(frozen=True)
class Facts:
    """What is known of the catalogue when a package is checked.

    `package`: the one that is changed, with its `resources` by id; None: a new one. `organization`: the id of what
    `owner_org` names, if there is such a one and `may_own` the caller's right to put datasets there; `owner_is_group`:
    it names a group. `taken`: ids of resources that other packages have.
    """

    caller: Caller
    package: HostedPackage | None = None
    resources: Mapping[str, HostedResource] = field(default_factory=dict)
    name_taken: bool = False
    id_taken: bool = False
    organization: str | None = None
    may_own: bool = False
    owner_is_group: bool = False
    taken: frozenset[str] = frozenset()
    vocabularies: frozenset[str] = frozenset()


def shaped(given: Document, sent: Mapping[str, Any]) -> Document:
    """A package whose lists hold objects (those that are empty say nothing), and nothing a character that no text may
    have. Raises Refusal in CKAN's form, with what was `sent`."""
    for key in LISTS:
        value = given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            message = f"Only lists of dicts can be placed against subschema ('{key}',), not {type(value)}"
            raise Refusal(400, {"__type": "Integrity Error", "message": message, "data": sent})
    for key, value in given.items():
        if any("\x00" in text for text in _texts(value)):
            raise invalid(key, "Null characters are not allowed")
    return given | {key: [part for part in given[key] if part] for key in LISTS if key in given}


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
    errors |= _relationships(given)
    if junk := _junk(given):
        errors["__junk"] = [checks.unexpected(junk)]
    if "resources" in given:
        pairs = [resource(one, facts) for one in given["resources"]]
        kept["resources"] = [body for body, _ in pairs]
        if any(wrong for _, wrong in pairs):
            errors["resources"] = [wrong for _, wrong in pairs]
    if "groups" in given:
        kept["groups"] = [(g.get("id"), g.get("name")) for g in given["groups"] if g.get("id") or g.get("name")]
    return kept, errors


def _relationships(given: Document) -> Errors:
    """Relationships are made by an action of their own; here only their types are looked at."""
    known = checks.one_of(name for pair in RELATIONSHIPS for name in pair)
    found: Errors = {}
    for side in ("relationships_as_object", "relationships_as_subject"):
        faults = [passed(one.get("type"), checks.given, known)[1] for one in given.get(side, ())]
        if any(faults):
            found[side] = [{"type": wrong} if wrong else {} for wrong in faults]
    return found


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
    if facts.package is None and given.get("id") is not None:
        kept["id"], wrong = passed(given["id"], checks.text, _new_id(facts))
        errors |= {"id": wrong} if wrong else {}
    plugin_data, wrong = passed(given.get("plugin_data"), checks.json_object)
    errors |= {"plugin_data": wrong} if wrong else {}
    if facts.caller.sysadmin and isinstance(plugin_data, dict):
        kept["plugin_data"] = plugin_data
    if facts.caller.sysadmin and not is_missing(given.get("metadata_modified")):
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

    is_there = () if facts.package is not None else (checks.given,)
    return passed(value, *is_there, checks.text, checks.name, free, checks.length)


def _new_id(facts: Facts) -> checks.Check:
    def check(value: str) -> str:
        if value and not facts.caller.sysadmin:
            raise checks.Wrong(checks.unexpected("id"))
        checks.uuid(value)
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
    elif facts.organization is None and not (facts.owner_is_group and facts.caller.sysadmin):
        refused = "You cannot add a dataset to this organization"
        errors["owner_org"] = [refused if facts.owner_is_group else "Organization does not exist"]
    elif facts.owner_is_group:
        kept["owner_org"] = None  # told as not found, after everything else
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
        if wrong:
            told.append(", ".join(wrong))
        elif vocabulary is not None and vocabulary not in facts.vocabularies:
            told.append({"vocabulary_id": ["Tag vocabulary was not found."]})
        kept.setdefault((name, vocabulary), {"name": name, "vocabulary_id": vocabulary})
    if told:
        errors["tags"] = told
    for name in _words(given.get("tag_string")):
        _, wrong = passed(name, checks.tag_length, checks.tag_letters)
        if wrong:
            errors.setdefault("tag_string", wrong[:1])
        kept.setdefault((name, None), {"name": name, "vocabulary_id": None})
    return list(kept.values()), errors


def _words(line: Any) -> list[str]:
    """The names in a text with commas; a list has them already."""
    parts = line if isinstance(line, list) else [] if line is None else checks.text(line).split(",")
    return [word for word in (checks.text(part).strip() for part in parts) if word]


def _extras(given: Document, _: Facts) -> tuple[list[Document], Errors]:
    """Keys with texts; a value that is no text becomes its JSON."""
    kept: list[Document] = []
    faults: list[Errors] = []
    for extra in given.get("extras", ()):
        fault: Errors = {}
        key, wrong = passed(extra.get("key"), checks.given, _not_a_field, checks.text)
        fault |= {"key": wrong} if wrong else {}
        fault |= {} if "value" in extra else {"value": [checks.MISSING]}
        value = extra.get("value")
        faults.append(fault)
        kept.append({"key": key, "value": "" if value is None else checks.text(value)})
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
        id, wrong = passed(given["id"], checks.text, checks.uuid, _foreign(facts))
    errors |= {"id": wrong} if wrong else {}
    row = facts.resources.get(id or "")
    before = row.body if row else {}
    body: Document = {"id": id} if id else {}
    for name in _KEPT:
        if given.get(name) is None and name in before:
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
        body["mimetype"] = formats.media_type(body["url"])
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
