"""Reads vector tiles (MVT 2.1, chapter 4): where things lie and how many each stands for; no other attribute."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_MOVE, _LINE = 1, 2
Ring = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A feature: its number (0: none), its points or rings in units of the tile, and how many rows it stands for."""

    id: int
    is_point: bool
    parts: list[Ring]
    count: int


def shapes(tile: bytes, counted: str) -> Iterator[Shape]:
    """The features of every layer. `counted` names the attribute that tells how many rows one stands for."""
    for number, layer in _members(tile):
        if number == 3:
            yield from _layer(layer, counted)


def _layer(data: bytes, counted: str) -> Iterator[Shape]:
    members = list(_members(data))
    keys = [value for number, value in members if number == 3]
    values = [value for number, value in members if number == 4]
    wanted = keys.index(counted.encode()) if counted.encode() in keys else None
    for number, value in members:
        if number == 2:
            yield _feature(value, wanted, values)


def _feature(data: bytes, wanted: int | None, values: list[bytes]) -> Shape:
    found = dict(_members(data))
    count = 1
    if wanted is not None:
        tags = list(_varints(found.get(2, b"")))
        at = next((v for k, v in zip(tags[::2], tags[1::2], strict=True) if k == wanted), None)
        count = 1 if at is None else _whole(values[at])
    return Shape(found.get(1, 0), found.get(3) == 1, _parts(list(_varints(found.get(4, b"")))), count)


def _whole(data: bytes) -> int:
    """A value that is a whole number: int, uint or sint."""
    number, value = next(_members(data))
    return (value >> 1) ^ -(value & 1) if number == 6 else int(value)


def _parts(given: list[int]) -> list[Ring]:
    """Commands as rings; each MoveTo begins another one."""
    parts: list[Ring] = []
    at = x = y = 0
    while at < len(given):
        command, count = given[at] & 7, given[at] >> 3
        at += 1
        for _ in range(count if command in (_MOVE, _LINE) else 0):
            dx, dy = given[at], given[at + 1]
            x, y, at = x + ((dx >> 1) ^ -(dx & 1)), y + ((dy >> 1) ^ -(dy & 1)), at + 2
            if command == _MOVE:
                parts.append([])
            parts[-1].append((x, y))
    return parts


def _members(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of the members of a message of Protocol Buffers: whole numbers, or the bytes of all else."""
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
