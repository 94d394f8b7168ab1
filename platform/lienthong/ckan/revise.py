"""Documents looked into, thinned out and merged by flattened keys, as package_revise does (CKAN 2.12, lib/navl).

A place in a document is written `resources__0__name`; a list takes a number, also from its end (-1), or the beginning
(5 characters or more) of a member's id.
"""

from typing import Any

Place = tuple[Any, ...]
SEPARATOR = "__"
SHORTEST_ID = 5


class Unmatched(Exception):
    """A place that is not there, or holds something of another kind."""


def told(place: Place) -> str:
    """A place as it is written."""
    return SEPARATOR.join(map(str, place))


def resolved(document: Any, key: str) -> tuple[Any, Place]:
    """What lies at the place, and the place with numbers for ids. Raises Unmatched."""
    place: Place = ()
    current = document
    for part in key.split(SEPARATOR):
        step: Any = part
        if isinstance(current, list):
            step = _number(current, part, place)
        elif not isinstance(current, dict) or part not in current:
            raise Unmatched(f"Unmatched key {told((*place, part))}")
        current, place = current[step], (*place, step)
    return current, place


def _number(items: list[Any], part: str, place: Place) -> int:
    if len(part) >= SHORTEST_ID:
        for n, item in enumerate(items):
            if isinstance(item, dict) and str(item.get("id", "")).startswith(part):
                return n
    elif part.removeprefix("-").isdecimal() and -len(items) <= int(part) < len(items):
        return int(part)
    raise Unmatched(f"Unmatched key {told((*place, part))}")


def differing(document: Any, wanted: Any, place: Place = ()) -> list[Place]:
    """The places where a document is not what is wanted of it."""
    if isinstance(wanted, dict):
        if not isinstance(document, dict):
            return [place]
        pairs = [(key, document.get(key), value, key in document) for key, value in sorted(wanted.items())]
    elif isinstance(wanted, list):
        if not isinstance(document, list):
            return [place]
        pairs = [(n, document[n] if n < len(document) else None, v, n < len(document)) for n, v in enumerate(wanted)]
    else:
        return [] if document == wanted else [place]
    found: list[Place] = []
    for key, inner, value, is_there in pairs:
        found += differing(inner, value, (*place, key)) if is_there else [(*place, key)]
    return found


def merge(document: Any, update: Any, place: Place = ()) -> None:
    """Put `update` into a document, in place. Raises Unmatched when an object meets a list."""
    if isinstance(document, dict):
        if not isinstance(update, dict):
            raise Unmatched(f"Expected dict for {told(place)}")
        pairs = list(update.items())
    else:
        if not isinstance(update, list):
            raise Unmatched(f"Expected list for {told(place)}")
        pairs = list(enumerate(update))
    for key, value in pairs:
        is_there = key in document if isinstance(document, dict) else key < len(document)
        if is_there and isinstance(document[key], (dict, list)):
            merge(document[key], value, (*place, key))
        elif isinstance(document, list) and not is_there:
            document.append(value)
        else:
            document[key] = value


def merge_at(document: Any, key: str, value: Any) -> None:
    """Put a value to a place; `...__extend` adds to a list. Raises Unmatched."""
    where, _, last = key.rpartition(SEPARATOR)
    current, place = resolved(document, where) if where else (document, ())
    if isinstance(current, dict):
        merge(current, {last: value}, place)
    elif not isinstance(current, list):
        raise Unmatched(f"Expected list or dict for {where}")
    elif last == "extend":
        if not isinstance(value, list):
            raise Unmatched(f"Expected list for {where}")
        current.extend(value)
    else:
        n = _number(current, last, place)
        if isinstance(current[n], (dict, list)):
            merge(current[n], value, (*place, n))
        else:
            current[n] = value


def patterns(given: Any) -> list[str]:
    """Patterns as a list, or as a text with commas."""
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    return [part.strip() for part in parts if isinstance(part, str) and part.strip()]


def thin_out(document: Any, given: list[str]) -> None:
    """Take away what patterns name, in place: `-notes`, `-resources__*`; `+title` before `-*` keeps it."""
    _thin_out(document, [(part.startswith("+"), part.lstrip("+-").split(SEPARATOR)) for part in given])


def _thin_out(document: Any, globs: list[tuple[bool, list[str]]]) -> None:
    if not isinstance(document, (dict, list)):
        return
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    gone: set[Any] = set()
    safe: set[Any] = set()
    inner: dict[Any, list[tuple[bool, list[str]]]] = {}
    for keep, (head, *rest) in globs:
        if head == "*":
            named = keys
        else:
            try:
                named = [resolved(document, head)[1][0]]
            except Unmatched:
                continue
        if rest and head != "*":
            inner.setdefault(named[0] % len(keys) if isinstance(document, list) else named[0], []).append((keep, rest))
            continue
        for key in named:
            key = key % len(keys) if isinstance(document, list) else key
            if keep and key not in gone:
                safe.add(key)
            elif not keep and key not in safe:
                gone.add(key)
    for key, further in inner.items():
        if key not in gone:
            _thin_out(document[key], further)
    if isinstance(document, dict):
        for key in gone:
            del document[key]
    else:
        document[:] = [value for n, value in enumerate(document) if n not in gone]
