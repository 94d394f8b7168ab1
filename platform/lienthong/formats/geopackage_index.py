"""The spatial index of a GeoPackage, packed at once (sort-tile-recursive) in the form that SQLite's R*Tree stores.

Put in row by row, it would cost more than all the rest of the file. A node is its depth and its number of cells (two
bytes each) and the cells: a number and four single floats, all big-endian (https://www.sqlite.org/rtree.html, 7).
"""

import sqlite3
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from lienthong.formats.geopackage_tables import name

_CELL = np.dtype([("id", ">i8"), ("box", ">f4", (4,))])  # west, east, south, north
_ROOT = 1
Cells = NDArray[np.void]


def cells(ids: list[int], boxes: list[list[float]]) -> Cells:
    """Cells of rows: `boxes` is west, south, east, north, rounded outwards to single floats."""
    made = np.empty(len(ids), _CELL)
    made["id"] = ids
    west, south, east, north = (np.asarray(side, "f8") for side in boxes)
    for at, (side, outwards) in enumerate(((west, -np.inf), (east, np.inf), (south, -np.inf), (north, np.inf))):
        single = side.astype("f4")
        wrong = single > side if outwards < 0 else single < side
        made["box"][:, at] = np.where(wrong, np.nextafter(single, np.float32(outwards)), single)
    return made


def fill(base: sqlite3.Connection, index: str, held: list[Cells]) -> None:
    """Fill the empty index `index` with the cells."""
    level = np.concatenate(held).astype(_CELL) if held else np.empty(0, _CELL)  # numpy would turn the bytes
    if not len(level):
        return
    (size,) = base.execute(f"select length(data) from {name(index + '_node')}").fetchone()
    capacity = (size - 4) // _CELL.itemsize
    base.execute(f"delete from {name(index + '_node')}")
    depth, next_node, homes = 0, _ROOT + 1, "_rowid"
    while len(level) > capacity:
        groups = _tiles(level, capacity)
        nodes = range(next_node, next_node + len(groups))
        next_node += len(groups)
        _write(base, index, list(zip(nodes, groups, strict=True)), homes, 0, size)
        level = np.array([_around(node, group) for node, group in zip(nodes, groups, strict=True)], _CELL)
        depth, homes = depth + 1, "_parent"
    _write(base, index, [(_ROOT, level)], homes, depth, size)


def _tiles(level: Cells, capacity: int) -> list[Cells]:
    """Groups of up to `capacity` cells that lie close together: strips from west to east, then south to north."""
    nodes = ceil(len(level) / capacity)
    strip = ceil(nodes / ceil(sqrt(nodes))) * capacity
    level = level[np.argsort(level["box"][:, 0], kind="stable")]
    groups = []
    for start in range(0, len(level), strip):
        part = level[start : start + strip]
        part = part[np.argsort(part["box"][:, 2], kind="stable")]
        groups += [part[at : at + capacity] for at in range(0, len(part), capacity)]
    return groups


def _around(node: int, group: Cells) -> tuple[int, list[float]]:
    box = group["box"]
    return node, [box[:, 0].min(), box[:, 1].max(), box[:, 2].min(), box[:, 3].max()]


def _write(
    base: sqlite3.Connection, index: str, nodes: list[tuple[int, Cells]], homes: str, depth: int, size: int
) -> None:
    """Nodes, and for each of their cells where it is."""
    blobs = (
        (number, (depth.to_bytes(2, "big") + len(group).to_bytes(2, "big") + group.tobytes()).ljust(size, b"\0"))
        for number, group in nodes
    )
    base.executemany(f"insert into {name(index + '_node')} values (?, ?)", blobs)
    placed = ((id_, number) for number, group in nodes for id_ in group["id"].tolist())
    base.executemany(f"insert into {name(index + homes)} values (?, ?)", placed)
