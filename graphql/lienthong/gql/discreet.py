"""GraphQL's own messages, without suggestions of names that the caller can never read."""

import re

from graphql import GraphQLError, GraphQLSchema

_HINT = re.compile(r" Did you mean (?:the enum value )?('[^']*'(?:,? (?:or )?'[^']*')*)\?")
_QUOTED = re.compile(r"'([^']*)'")


def discreet(error: GraphQLError, whole: GraphQLSchema, seen: GraphQLSchema) -> str:
    """The message of an error over the `whole` schema for a caller who may know the schema `seen`."""
    if whole is seen or "Did you mean" not in error.message:
        return error.message
    found = _HINT.search(error.message)
    known = _known(error.message[: found.start()], whole, seen) if found else set()

    def kept(hint: re.Match[str]) -> str:
        names = [f"'{name}'" for name in _QUOTED.findall(hint[1]) if name in known]
        return f" Did you mean {' or '.join(names)}?" if names else ""

    return _HINT.sub(kept, error.message)


def _known(head: str, whole: GraphQLSchema, seen: GraphQLSchema) -> set[str]:
    """The names that may be suggested: members of the types that the message names, else types and arguments."""
    words = {part for quoted in _QUOTED.findall(head) for part in re.findall(r"\w+", quoted)}
    types = [name for name in words if name in whole.type_map]
    if types:
        return {member for name in types for member in _members(name, seen)}
    return set(seen.type_map)


def _members(name: str, seen: GraphQLSchema) -> set[str]:
    kind = seen.type_map.get(name)
    fields, values = getattr(kind, "fields", {}), getattr(kind, "values", {})
    arguments = {argument for field in fields.values() for argument in getattr(field, "args", {})}
    return {*fields, *values, *arguments}
