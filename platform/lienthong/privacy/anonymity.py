"""Rows among which nobody stands out: k are alike in the quasi-identifiers, with l values of what is sensitive.

Sources: Samarati and Sweeney (k-anonymity), Machanavajjhala et al. (l-diversity).
"""

from dataclasses import dataclass

from psycopg import Connection

from lienthong.contract.model import Contract
from lienthong.contract.opened import Generalisation
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Conflict
from lienthong.kernel.text import both
from lienthong.store import generalise as store
from lienthong.store.release import columns_of


@dataclass(frozen=True)
class Anonymised:
    """What was done: the steps taken, the rows and past versions left out, and what is reached."""

    k: int
    diversity: int
    quasi_identifiers: tuple[str, ...]
    sensitive: tuple[str, ...]
    steps: tuple[str, ...]
    suppressed_rows: int
    suppressed_share: float
    versions_left_out: int
    k_reached: int | None
    l_reached: int | None


def anonymise(connection: Connection, contract: Contract, name: str) -> Anonymised | None:
    """Generalise step by step, leave out what still stands out; None where the contract declares nothing.

    Raises Conflict when more rows than the contract allows would be left out after all steps.
    """
    view = contract.open_view
    if view is None or view.anonymity is None:
        return None
    given = view.anonymity
    columns = columns_of(connection, "release", name)
    quasi = [c.name for q in given.quasi_identifiers for c in contract.by_name[q].columns if c.name in columns]
    asked = (quasi, given.sensitive, given.k, given.diversity)
    rows = sum(_count(connection, name, quasi))
    taken: list[Generalisation] = []
    while (thin := store.standing_out(connection, name, *asked)) > given.most_suppressed * rows:
        if len(taken) == len(given.steps):
            raise _too_many(contract, thin, rows)
        taken.append(given.steps[len(taken)])
        store.generalise(connection, contract, name, taken[-1])
    out = store.leave_standing_out(connection, name, *asked)
    reached = store.reached(connection, name, quasi, given.sensitive)
    return Anonymised(
        given.k,
        given.diversity,
        given.quasi_identifiers,
        given.sensitive,
        tuple(f"{step.field}: {step.to}" for step in taken),
        out,
        round(out / rows, 4) if rows else 0.0,
        store.empty(connection, name + "_history"),
        reached[0] if reached else None,
        reached[1] if reached and given.sensitive else None,
    )


def _count(connection: Connection, name: str, quasi: list[str]) -> list[int]:
    return [store.standing_out(connection, name, quasi, (), 1 << 40, 1)]


def _too_many(contract: Contract, thin: int, rows: int) -> Conflict:
    return Conflict(
        both(
            f"{thin} trên {rows} dòng vẫn nhận ra được người sau mọi bước khái quát hóa",
            f"{thin} of {rows} rows still stand out after all steps of generalisation",
        ),
        place=contract.slug,
        fix=both("Thêm bước vào openView.anonymity.steps", "Add steps to openView.anonymity.steps"),
    )


def soften_places(
    connection: Connection, registry: Registry, contract: Contract, name: str
) -> tuple[tuple[str, int], ...]:
    """Points that are homes leave their place, now and in the past: (field, rows) of each."""
    if contract.open_view is None:
        return ()
    found = []
    for place in contract.open_view.places:
        rows = store.soften(connection, registry, contract, name, place)
        store.soften(connection, registry, contract, name + "_history", place)
        found.append((place.field, rows))
    return tuple(found)
