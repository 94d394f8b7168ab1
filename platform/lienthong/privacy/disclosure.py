"""The check that a release passes before it is served: open columns only, no personal identifiers, no small cells.

A row in which an identifier stands is left out of the release, counted, and shown to the steward; it is not repaired.
Cells of aggregates were made safe when they were filled (`protecting`); rows that stand out are made coarser or left
out here (`anonymity` of the contract), and points that are homes leave their place (`places`).
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Conflict, Invalid
from lienthong.kernel.text import both
from lienthong.privacy.anonymity import Anonymised, anonymise, soften_places
from lienthong.privacy.classification import faults, published, withheld
from lienthong.privacy.detectors import DETECTORS, looks
from lienthong.privacy.identifiers import find
from lienthong.privacy.protecting import Protected
from lienthong.store.disclosure import LeftOut, close_gaps, leave_out
from lienthong.store.release import columns_of
from lienthong.store.release_fill import Cells
from lienthong.store.schema import stored_columns

_OWN = {"_from", "_to", "_search", "_id"}


@dataclass(frozen=True)
class Finding:
    """A kind of identifier at a place (field, or field.property), and in how many rows it stood."""

    place: str
    detector: str
    rows: int


@dataclass(frozen=True)
class DisclosureReport:
    """What the check found. `keys` (of the rows left out, with their places) are for the steward, never published."""

    columns: tuple[str, ...]
    withheld: tuple[str, ...]
    detectors: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    suppressed_rows: int = 0
    suppressed_versions: int = 0
    k: int | None = None
    cells: int | None = None
    suppressed_cells: int | None = None
    cells_without_dimension: int | None = None
    protection: Protected | None = None
    anonymity: Anonymised | None = None
    places: tuple[tuple[str, int], ...] = ()
    keys: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = field(default=(), repr=False)

    def as_json(self) -> dict[str, Any]:
        """What the manifest tells: counts and places, no keys."""
        told = asdict(self)
        del told["keys"]
        if not told["places"]:
            del told["places"]
        return {name: value for name, value in told.items() if value is not None}


def check_contract(contract: Contract) -> None:
    """Refuse a contract that publishes what nobody may. Raises Invalid with every fault."""
    if found := list(faults(contract)):
        raise Invalid(
            both(
                "Không được công bố: " + "; ".join(f.vi for f in found),
                "Must not be published: " + "; ".join(f.en for f in found),
            ),
            place=contract.slug,
            fix=both("Sửa `open` của trường, hoặc openView", "Correct `open` of the field, or openView"),
        )


def check_release(
    connection: Connection,
    registry: Registry,
    contract: Contract,
    name: str,
    cells: Cells | None,
    protection: Protected | None = None,
) -> DisclosureReport:
    """Check the filled tables of a release and leave out the rows that must not be in it.

    Raises Conflict when a table has a column that is not whitelisted, or rows stand out whatever is done.
    """
    fields = published(contract)
    allowed = {column for column, _ in stored_columns(fields)} | _OWN
    for relation in (name, name + "_history"):
        if extra := set(columns_of(connection, "release", relation)) - allowed:
            raise Conflict(
                both(f"Cột không được mở: {', '.join(sorted(extra))}", f"Columns not open: {', '.join(sorted(extra))}"),
                place=relation,
            )
    found = leave_out(connection, name, contract.primary_key, looks(fields), find)
    past = leave_out(connection, name + "_history", contract.primary_key, looks(fields), find)
    places = soften_places(connection, registry, contract, name)
    anonymity = anonymise(connection, contract, name)
    close_gaps(connection, name)
    return DisclosureReport(
        columns=tuple(f.name for f in fields),
        withheld=tuple(f.name for f in withheld(contract)),
        detectors=tuple(d.name for d in DETECTORS),
        findings=_findings(found),
        suppressed_rows=found.rows,
        suppressed_versions=past.rows,
        k=contract.privacy.k if cells else None,
        cells=cells.all if cells else None,
        suppressed_cells=cells.small if cells else None,
        cells_without_dimension=cells.unplaced if cells else None,
        protection=protection,
        anonymity=anonymity,
        places=places,
        keys=found.keys,
    )


def _findings(found: LeftOut) -> tuple[Finding, ...]:
    return tuple(Finding(place, detector, rows) for place, detector, rows in found.by_place)
