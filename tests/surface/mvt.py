"""Reads vector tiles (MVT 2.1) as their specification writes them, to see what a client would see."""

import struct
from collections.abc import Iterator
from typing import Any

Layer = dict[str, Any]


def decode(tile: bytes) -> dict[str, Layer]:
    """Layer -> {extent, features: [{id, type, geometry, properties}]}; points as (x, y), other shapes as commands."""
    layers = {}
    for number, value in _members(tile):
        if number == 3:
            name, layer = _layer(value)
            layers[name] = layer
    return layers


def _layer(data: bytes) -> tuple[str, Layer]:
    name, keys, values, features, extent = "", [], [], [], 4096
    for number, value in _members(data):
        if number == 1:
            name = value.decode()
        elif number == 2:
            features.append(value)
        elif number == 3:
            keys.append(value.decode())
        elif number == 4:
            values.append(_value(value))
        elif number == 5:
            extent = value
    return name, {"extent": extent, "features": [_feature(f, keys, values) for f in features]}


def _feature(data: bytes, keys: list[str], values: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": None, "type": 0, "geometry": [], "properties": {}}
    for number, value in _members(data):
        if number == 1:
            found["id"] = value
        elif number == 2:
            tags = list(_varints(value))
            found["properties"] = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
        elif number == 3:
            found["type"] = value
        elif number == 4:
            found["geometry"] = _commands(list(_varints(value)))
    return found


def _commands(given: list[int]) -> list[tuple[int, int]]:
    points, at, x, y = [], 0, 0, 0
    while at < len(given):
        command, count = given[at] & 7, given[at] >> 3
        at += 1
        for _ in range(count if command != 7 else 0):
            dx, dy = (((n >> 1) ^ -(n & 1)) for n in given[at : at + 2])
            x, y, at = x + dx, y + dy, at + 2
            points.append((x, y))
    return points


def _value(data: bytes) -> Any:
    ((number, value),) = _members(data)
    if number == 1:
        return value.decode()
    if number in (2, 3):
        return struct.unpack("<f" if number == 2 else "<d", value)[0]
    return {6: (value >> 1) ^ -(value & 1), 7: bool(value)}.get(number, value) if isinstance(value, int) else value


def _members(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
        else:
            size, at = (8, at) if kind == 1 else (4, at) if kind == 5 else _varint(data, at)
            yield tag >> 3, data[at : at + size]
            at += size


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
