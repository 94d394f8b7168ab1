"""GeoJSON (RFC 7946) and TopoJSON: a feature is a row, its properties are columns, `geometry` is GeoJSON text.

Features may stand in a FeatureCollection, alone, or one a line. The id of a feature is the column `id` unless a
property has that name. Rings that are not closed are closed; a feature whose geometry is none is rejected.

Options: `object` (of a TopoJSON file with several), `flatten` (true: objects in properties become dotted columns).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from .geometry import arcs_of, checked, untangled
from .parquet import RejectFile, write_records
from .raw import LINE, Options, RawTable, Record, Reject, note
from .strict_json import Refused, documents, flat, text_of
from .text import read_text

OPTIONS = frozenset({"encoding", "min_confidence", "object", "flatten"})
NEEDS_FILE = True
GEOMETRY = "geometry"
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326", "CRS84h", "EPSG::4979")
_Feature = Mapping[str, Any]


def read(path: Path, options: Options, work: Path) -> RawTable:
    """Read the features of one file. Raises Invalid when it is no JSON, holds none, or is on another CRS."""
    text, notes = read_text(path, options, work)
    deep = bool(options.get("flatten", True))
    parquet = work / f"{path.name}.parquet"
    closed = 0
    with RejectFile(work / f"{path.name}.rejects.parquet") as rejects:

        def rows() -> Iterator[Record]:
            nonlocal closed
            for found in documents(path.name, text.path):
                if isinstance(found, Reject):
                    rejects.add(found.line, found.text, found.reason)
                    continue
                for index, (feature, problem) in enumerate(_features(path.name, found.value, options), 1):
                    line = found.line or index
                    try:
                        if problem:
                            raise problem
                        row, count = _row(feature, deep)
                    except Refused as error:
                        rejects.add(line, text_of(feature.get("properties")) or "", str(error))
                        continue
                    closed += count
                    yield row | {LINE: line}

        count, columns = write_records(rows(), parquet)
    if not count:
        raise Invalid(
            both(f"Không có đối tượng nào; {rejects.count} bị loại.", f"No feature; {rejects.count} rejected."),
            place=path.name,
            fix=both("Cần FeatureCollection hoặc Topology theo WGS 84.",
                     "A FeatureCollection or Topology on WGS 84 is needed."),
        )  # fmt: skip
    if closed:
        vi, en = f"Đã khép kín {closed} vòng.", f"{closed} open rings were closed."
        notes.append(note("closed_rings", vi, en, path.name))
    found = text.detection
    return RawTable(
        parquet, count, columns, found.encoding, found.confidence, tuple(notes), rejects.path, rejects.count
    )


def _features(place: str, document: Any, options: Options) -> Iterator[tuple[_Feature, Refused | None]]:
    """The features of one document, each with what is wrong with it."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Topology":
        yield from _topology(place, document, options)
        return
    crs = str(((document.get("crs") or {}).get("properties") or {}).get("name", "")) if kind else ""
    if crs and not crs.endswith(_WGS84):
        raise Invalid(
            both(f"Hệ tọa độ {crs} không phải WGS 84.", f"The reference system {crs} is not WGS 84."),
            place=place,
            fix=both("Chuyển về EPSG:4326 trước khi nộp.", "Transform it to EPSG:4326 first."),
        )
    for feature in document.get("features", ()) if kind == "FeatureCollection" else [document]:
        is_feature = isinstance(feature, dict) and feature.get("type") == "Feature"
        wrong = None if is_feature else Refused("không phải Feature / no Feature")
        yield feature if isinstance(feature, dict) else {}, wrong


def _topology(place: str, topology: dict[str, Any], options: Options) -> Iterator[tuple[_Feature, Refused | None]]:
    objects = topology.get("objects") or {}
    asked = options.get("object") or (next(iter(objects)) if len(objects) == 1 else None)
    if asked not in objects:
        names = ", ".join(objects) or "∅"
        raise Invalid(
            both("Phải chọn options.object.", "options.object must be chosen."),
            place=place,
            fix=both(f"Các lớp: {names}.", f"The objects are: {names}."),
        )
    try:
        arcs = arcs_of(topology)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        wrong = both(f"Cung TopoJSON sai: {error}.", f"Bad TopoJSON arcs: {error}.")
        raise Invalid(wrong, place=place) from error
    layer = objects[asked]
    for shape in layer.get("geometries", ()) if layer.get("type") == "GeometryCollection" else [layer]:
        feature = {"id": shape.get("id"), "properties": shape.get("properties") or {}}
        try:
            yield feature | {"geometry": untangled(topology, shape, arcs)}, None
        except Refused as error:
            yield feature, error


def _row(feature: _Feature, deep: bool) -> tuple[dict[str, str | int | None], int]:
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise Refused("properties không phải đối tượng / properties is no object")
    cells = flat(properties, deep)
    if feature.get("id") is not None:
        cells = {"id": text_of(feature["id"]), **cells}
    geometry, closed = checked(feature.get("geometry"))
    cells[GEOMETRY] = json.dumps(geometry, separators=(",", ":")) if geometry else None
    return cells, closed
