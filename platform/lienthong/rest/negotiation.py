"""Which form an answer takes: by the suffix of the address, else by Accept (RFC 9110, 12.5.1), else JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lienthong.contract.finding import nearest
from lienthong.kernel.problem import NotFound, Problem
from lienthong.kernel.text import both
from lienthong.store.lines import Form

JSON = "application/json"
PLAIN = (None, "*/*", JSON)
"""Accept headers that mean JSON at a glance."""


@dataclass(frozen=True)
class Kind:
    """A form of a stream: its suffix, its media type (and others that mean it), the lines that it is made of."""

    suffix: str
    media_type: str
    form: Form
    also: tuple[str, ...] = ()


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ALL = (
    Kind("csv", "text/csv", "csv"),
    Kind("ndjson", "application/x-ndjson", "json", ("application/jsonl", "application/ndjson")),
    Kind("geojson", "application/geo+json", "feature", ("application/vnd.geo+json",)),
    Kind("parquet", "application/vnd.apache.parquet", "cells", ("application/x-parquet",)),
    Kind("arrow", "application/vnd.apache.arrow.stream", "cells"),
    Kind("xlsx", XLSX, "cells"),
)
KINDS: Mapping[str, Kind] = {kind.suffix: kind for kind in _ALL} | {"jsonl": _ALL[1]}
_BY_TYPE = {name: kind for kind in _ALL for name in (kind.media_type, *kind.also)}
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


class NotAcceptable(Problem):
    """No form that the caller takes can be given."""

    slug, status, code, exit_code = "not-acceptable", 406, "NOT_ACCEPTABLE", 2
    title = both("Không có dạng này", "Not acceptable")


def by_suffix(suffix: str) -> Kind:
    """The form with this suffix. Raises NotFound with the nearest."""
    if suffix not in KINDS:
        detail = both(f"Không có dạng .{suffix}", f"There is no form .{suffix}")
        raise NotFound(detail, place=suffix, fix=nearest(suffix, KINDS))
    return KINDS[suffix]


def negotiated(accept: str) -> Kind | None:
    """The form that Accept likes best; None: JSON. Raises NotAcceptable when none is liked."""
    liked = sorted(_ranges(accept), key=lambda pair: -pair[1])
    for name, weight in liked:
        if weight and name in (JSON, "*/*", "application/*"):
            return None
        if weight and name == "text/*":
            return KINDS["csv"]
        if weight and name in _BY_TYPE:
            return _BY_TYPE[name]
    known = ", ".join([JSON, *(kind.media_type for kind in _ALL)])
    raise NotAcceptable(
        both("Không có dạng nào trong Accept", "None of the forms in Accept"), place="Accept", fix=known
    )


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        name, *options = (piece.strip().lower() for piece in part.split(";"))
        weight = next((o[2:].strip() for o in options if o.startswith("q=")), "1")
        found.append((name, float(weight) if _WEIGHT.fullmatch(weight) else 0.0))
    return found
