"""`fields`, `primary_key`, `indexes`, `aliases` of datastore_create: read and checked, in CKAN's words."""

from collections.abc import Sequence
from typing import Any

from lienthong.ckan.checks import MISSING
from lienthong.ckan.errors import Refusal, invalid
from lienthong.ckan.parameters import Params
from lienthong.store.hosted_types import HostedField, guessed, type_named
from lienthong.store.hosted_values import HostedTable

MOST_BYTES = 63
MOST_FIELDS = 1_000
Record = dict[str, Any]


def names(given: Any) -> tuple[str, ...] | None:
    """A list, or a text with commas; None when nothing is said."""
    if given is None:
        return None
    parts = given if isinstance(given, list) else str(given).split(",")
    return tuple(str(part).strip() for part in parts if str(part).strip())


def fields(params: Params, before: HostedTable | None, records: Sequence[Record]) -> tuple[HostedField, ...]:
    """The columns that are named, and those that the first record has besides. Raises Refusal."""
    given = _given(params)
    _unique(given, before)
    known = {f.name: f for f in before.fields} if before else {}
    found: dict[str, HostedField] = {}
    for one in given:
        name = _fitted(one["id"], before)
        found[name] = HostedField(name, _type(one, known.get(name), records), one.get("info"))
    for name in records[0] if records else ():
        if name not in found and name not in known:
            if not _is_name(name):
                raise invalid("fields", f'"{name}" is not a valid field name')
            found[name] = HostedField(_fitted(name, before), guessed(r.get(name) for r in records))
    if len(found) > MOST_FIELDS:
        raise invalid("fields", f"At most {MOST_FIELDS} fields")
    return tuple(found.values())


def _given(params: Params) -> list[dict[str, Any]]:
    """The fields as they came, each an object with a name that may be."""
    given = params.get("fields")
    if given in (None, ""):
        return []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        wrong = given if not isinstance(given, list) else next(one for one in given if not isinstance(one, dict))
        message = f"Only lists of dicts can be placed against subschema ('fields',), not {type(wrong)}"
        raise Refusal(400, {"__type": "Integrity Error", "message": message, "data": params})
    errors = [_wrong(one) for one in given]
    if any(errors):
        raise Refusal(409, {"fields": errors, "__type": "Validation Error"})
    return given


def _wrong(field: dict[str, Any]) -> dict[str, list[str]]:
    name = field.get("id")
    if name is None or name == "":
        return {"id": [MISSING]}
    if not isinstance(name, str) or not _is_name(name):
        return {"id": [f'"{name}" is not a valid field name']}
    return {} if isinstance(field.get("info") or {}, dict) else {"info": ["Must be a dictionary"]}


def _is_name(name: str) -> bool:
    plain = all(ord(sign) >= 32 and not 0xD800 <= ord(sign) < 0xE000 for sign in name)
    return bool(name) and name == name.strip() and not name.startswith("_") and '"' not in name and plain


def _unique(given: Sequence[dict[str, Any]], before: HostedTable | None) -> None:
    """Two columns of one name, and names that are too long, are refused when the table is made."""
    ids = [one["id"] for one in given]
    if len(set(ids)) < len(ids):
        raise invalid("field", "Duplicate column names are not supported")
    for name in ids if before is None else ():
        if len(name.encode()) > MOST_BYTES:
            raise invalid("field", f'Column heading "{name}" exceeds limit of {MOST_BYTES} characters.')


def _fitted(name: str, before: HostedTable | None) -> str:
    """The name as PostgreSQL keeps it: a longer one is cut."""
    return name if len(name.encode()) <= MOST_BYTES else name.encode()[:MOST_BYTES].decode("utf-8", "ignore")


def _type(field: dict[str, Any], known: HostedField | None, records: Sequence[Record]) -> str:
    """The type that is named; the one the column has; the one that its values suggest."""
    given = field.get("type")
    if given not in (None, ""):
        found = type_named(str(given))
        if found is None:
            raise invalid("fields", f'"{given}" is not a valid field type')
        return known.type if known else found
    if known:
        return known.type
    if not records or field["id"] not in records[0]:
        raise invalid("fields", f'"{field["id"]}" type not guessable')
    return guessed(record.get(field["id"]) for record in records)


def key(params: Params, columns: frozenset[str]) -> tuple[str, ...] | None:
    """`primary_key`. Raises Refusal for a column that is not there."""
    found = names(params.get("primary_key"))
    if found and not columns.issuperset(found):
        raise invalid("index", f'The field "{list(found)}" is not a valid column name.')
    return found


def indexes(params: Params, columns: frozenset[str]) -> tuple[tuple[str, ...], ...] | None:
    """`indexes`: columns, or lists of columns. Raises Refusal for one that is not there."""
    given = params.get("indexes")
    if given is None:
        return None
    found = []
    for index in given if isinstance(given, list) else str(given).split(","):
        listed = names(index) or ()
        if not columns.issuperset(listed):
            raise invalid("index", f'The field "{index}" is not a valid column name.')
        found += [listed] if listed else []
    return tuple(dict.fromkeys(found))


def aliases(params: Params, taken: Any) -> tuple[str, ...] | None:
    """`aliases`; `taken` tells whether a name belongs to something else. Raises Refusal."""
    found = names(params.get("aliases"))
    for name in found or ():
        if not _is_name(name) or "%" in name or len(name.encode()) > MOST_BYTES:
            raise invalid("alias", f'"{name}" is not a valid alias name')
        if taken(name):
            raise invalid("alias", f'The alias "{name}" already exists.')
    return found
