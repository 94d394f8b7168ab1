"""What in a newer OpenAPI document breaks those who were written for an older one.

A caller breaks when what it sends is not taken any more, or when what it reads is not answered any more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "put", "post", "delete", "patch")
_DEPTH = 8  # how far schemas are compared; ours are not deeper
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")


@dataclass(frozen=True)
class Break:
    """One change that breaks callers: its kind, and where it is."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}"


def breaking(old: Json, new: Json) -> list[Break]:
    """Every change from `old` to `new` that breaks a caller."""
    return list(dict.fromkeys(_Comparison(old, new).paths()))


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new

    def paths(self) -> Iterator[Break]:
        for path, item in self._old["paths"].items():
            if path not in self._new["paths"]:
                yield Break("path removed", path)
                continue
            for method in METHODS:
                if method not in item:
                    continue
                place = f"{method.upper()} {path}"
                if method not in self._new["paths"][path]:
                    yield Break("operation removed", place)
                else:
                    yield from self._operation(item[method], self._new["paths"][path][method], place)

    def _operation(self, old: Json, new: Json, place: str) -> Iterator[Break]:
        if old.get("operationId") != new.get("operationId"):
            yield Break("operationId changed", place)
        if {} in old.get("security", [{}]) and {} not in new.get("security", [{}]):
            yield Break("a token became needed", place)
        yield from self._parameters(old, new, place)
        yield from self._body(old.get("requestBody"), new.get("requestBody"), place)
        yield from self._responses(old["responses"], new["responses"], place)

    # --- what is sent -----------------------------------------------------------------------------------------

    def _parameters(self, old: Json, new: Json, place: str) -> Iterator[Break]:
        before, after = self._named(old, self._old), self._named(new, self._new)
        for key, parameter in before.items():
            where = f"{place} ?{key[0]}"
            if key not in after:
                yield Break("parameter removed", where)
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield Break("parameter became required", where)
            yield from self._sent(parameter.get("schema", {}), after[key].get("schema", {}), where)
        for key in after.keys() - before.keys():
            if after[key].get("required"):
                yield Break("required parameter added", f"{place} ?{key[0]}")

    def _named(self, operation: Json, document: Json) -> dict[tuple[str, str], Json]:
        found = [_resolved(p, document) for p in operation.get("parameters", ())]
        # An exploded object stands for names that are not known: it is no name itself.
        return {(p["name"], p["in"]): p for p in found if not p.get("explode")}

    def _body(self, old: Json | None, new: Json | None, place: str) -> Iterator[Break]:
        where = f"{place} body"
        if new is None:
            if old is not None:
                yield Break("body removed", where)
            return
        if new.get("required") and not (old or {}).get("required"):
            yield Break("body became required", where)
        for media_type, content in (old or {}).get("content", {}).items():
            if media_type not in new["content"]:
                yield Break("media type of the body removed", f"{where} {media_type}")
            else:
                yield from self._sent(content.get("schema", {}), new["content"][media_type].get("schema", {}), where)

    def _sent(self, old: Json, new: Json, place: str, depth: int = _DEPTH) -> Iterator[Break]:
        """A value that callers send: nothing that was taken may be refused now."""
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if new and not _types(old) <= _types(new):
            yield Break("type of input changed", place)
        if "enum" in new and not set(map(str, old.get("enum", ["anything"]))) <= set(map(str, new["enum"])):
            yield Break("input value removed", place)
        for names, tighter in ((_UPPER, -1), (_LOWER, 1)):
            for name in names:
                if name in new and (name not in old or (new[name] - old[name]) * tighter > 0):
                    yield Break("limit of input tightened", place)
        for name in ("pattern", "format"):
            if name in new and new[name] != old.get(name):
                yield Break("form of input changed", place)
        if depth == 0:
            return
        yield from self._sent_members(old, new, place, depth)

    def _sent_members(self, old: Json, new: Json, place: str, depth: int) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in set(new.get("required", ())) - set(old.get("required", ())):
            yield Break("member of the body became required", f"{place}.{name}")
        for name, schema in before.items():
            if name in after:
                yield from self._sent(schema, after[name], f"{place}.{name}", depth - 1)
            elif new.get("additionalProperties") is False:
                yield Break("member of the body removed", f"{place}.{name}")
        if "items" in old and "items" in new:
            yield from self._sent(old["items"], new["items"], f"{place}[]", depth - 1)

    # --- what is read -----------------------------------------------------------------------------------------

    def _responses(self, old: Json, new: Json, place: str) -> Iterator[Break]:
        for status, answer in old.items():
            if not status.startswith("2"):
                continue
            where = f"{place} {status}"
            if status not in new:
                yield Break("answer removed", where)
                continue
            before, after = _resolved(answer, self._old), _resolved(new[status], self._new)
            for name in before.get("headers", {}).keys() - after.get("headers", {}).keys():
                yield Break("header removed", f"{where} {name}")
            for media_type, content in before.get("content", {}).items():
                if media_type not in after.get("content", {}):
                    yield Break("media type of the answer removed", f"{where} {media_type}")
                    continue
                yield from self._read(content.get("schema", {}), after["content"][media_type].get("schema", {}), where)

    def _read(self, old: Json, new: Json, place: str, depth: int = _DEPTH) -> Iterator[Break]:
        """A value that callers read: nothing may come that did not come before, nothing may be missing."""
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if old and not _types(new) <= _types(old):
            yield Break("type of an answer changed", place)
        if "format" in old and new.get("format") != old["format"]:
            yield Break("form of an answer changed", place)
        if depth == 0:
            return
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in set(old.get("required", ())) & before.keys() - set(new.get("required", ())):
            if name in after:
                yield Break("member of an answer became optional", f"{place}.{name}")
        for name, schema in before.items():
            if name not in after:
                yield Break("member of an answer removed", f"{place}.{name}")
            else:
                yield from self._read(schema, after[name], f"{place}.{name}", depth - 1)
        if "items" in old:
            yield from self._read(old["items"], new.get("items", {}), f"{place}[]", depth - 1)
        for one, other in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False):
            yield from self._read(one, other, place, depth - 1)


def _resolved(part: Json, document: Json) -> Json:
    """The part itself, or what it refers to."""
    while "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _types(schema: Json) -> frozenset[str]:
    """The kinds of value that a schema allows; a schema that says nothing allows all."""
    if "anyOf" in schema:
        return frozenset(
            kind for part in schema["anyOf"] for kind in (_types(part) if "$ref" not in part else {"object"})
        )
    given = schema.get("type")
    if given is None:
        every = {"string", "integer", "number", "boolean", "object", "array", "null"}
        return frozenset(every if "const" not in schema and "enum" not in schema else {"string"})
    kinds = {given} if isinstance(given, str) else set(given)
    return frozenset(kinds | ({"integer"} if "number" in kinds else set()))
