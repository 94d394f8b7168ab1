"""GraphQL's own messages, without suggestions of names that the caller can never read."""

import re

from graphql import GraphQLError, GraphQLSchema

_HINT = re.compile(r" Did you mean (?:the enum value )?(.+?)\?$", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'")


def discreet(error: GraphQLError, whole: GraphQLSchema, seen: GraphQLSchema) -> str:
    """The message of an error over the `whole` schema for a caller who may know the schema `seen`."""
    found = _HINT.search(error.message)
    if found is None or whole is seen:
        return error.message
    head = error.message[: found.start()]
    known = _known(head, whole, seen)
    names = [name for name in _QUOTED.findall(found[1]) if name in known]
    return f"{head} Did you mean {' or '.join(repr(name) for name in names)}?" if names else head


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
