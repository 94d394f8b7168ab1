"""datastore_search by nobody in particular with parameters like those before: only which rows are asked for is new.

What the other parameters mean is worked out once, until the catalogue changes. What is wrong or rare goes the long
way, which alone refuses and explains.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request

from lienthong.access.services import Services
from lienthong.ckan.asked import Asked, again, asked
from lienthong.ckan.call import Raw
from lienthong.ckan.datastore import Rows, answered, rows_of
from lienthong.ckan.indexes import Indexes
from lienthong.ckan.parameters import Params, parameters
from lienthong.governance.subject import ANONYMOUS
from lienthong.kernel.problem import TooCostly, Unavailable

_VARIED = {b"offset": "offset", b"filters": "filters", b"q": "q"}
_FIXED = frozenset({b"resource_id", b"limit", b"fields", b"sort", b"include_total", b"records_format"})
_MOST = 500
_LONGEST = 4_000  # bytes


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the parameters mean that stay the same, in one version of the index."""

    version: int
    rows: Rows
    asked: Asked


class Again:
    """The frames of one process."""

    def __init__(self, services: Services, indexes: Indexes) -> None:
        self._door = services.door
        self._indexes = indexes
        self._frames: dict[bytes, _Frame] = {}

    async def __call__(self, query: bytes) -> Raw | None:
        """The answer to a query string; None when it is not done this way. Raises TooCostly, Unavailable."""
        if (parts := _parts(query)) is None:
            return None
        fixed, varied = parts
        try:
            frame = await self._frame(fixed)
            if frame is None:
                return None
            return await answered(self._door, ANONYMOUS, frame.rows, again(frame.asked, varied, frame.rows.scope))
        except (TooCostly, Unavailable):  # once is enough
            raise
        except Exception:  # the long way tells what is wrong
            return None

    async def _frame(self, fixed: bytes) -> _Frame | None:
        index = await self._indexes.of("vi")
        found = self._frames.get(fixed)
        if found is not None and found.version == index.version:
            return found
        params = await parameters(Request({"type": "http", "method": "GET", "query_string": fixed, "headers": []}))
        name = str(params.get("resource_id"))
        if name not in index.datastores:
            return None
        rows = rows_of(self._door, index, ANONYMOUS, name, "vi")
        if len(self._frames) >= _MOST:
            self._frames.clear()
        made = self._frames[fixed] = _Frame(index.version, rows, asked(params, rows.scope))
        return made


def _parts(query: bytes) -> tuple[bytes, Params] | None:
    """The parameters that mean the same each time, as they came, and the others; None for what is rare."""
    if len(query) > _LONGEST or b"%00" in query or not query.isascii():
        return None
    fixed, names, varied = [], set(), {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name in names or not (name in _FIXED or name in _VARIED):
            return None
        names.add(name)
        if name in _FIXED:
            fixed.append(pair)
        else:
            varied[_VARIED[name]] = unquote(value.decode().replace("+", " "), errors="replace")
    return b"&".join(fixed), varied
