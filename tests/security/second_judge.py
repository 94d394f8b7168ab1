"""A second judge of k-anonymity and l-diversity: by definition, row against row, sharing no line with the platform.

k: for each row, how many rows tell the same of the quasi-identifiers. l: among these, how many different values of what
is sensitive; nothing told is no value. (pycanon judges the same, but asks for an older NumPy than the platform.)
"""

from collections.abc import Sequence

Row = Sequence[object]


def k_anonymity(rows: Sequence[Row], quasi: Sequence[int]) -> int:
    """The fewest rows that are alike in the columns `quasi`; 0 of no rows."""
    return min((len(_alike(rows, row, quasi)) for row in rows), default=0)


def l_diversity(rows: Sequence[Row], quasi: Sequence[int], sensitive: int) -> int:
    """The fewest values of the column `sensitive` among rows that are alike; 0 of no rows."""
    return min((_different(_alike(rows, row, quasi), sensitive) for row in rows), default=0)


def _alike(rows: Sequence[Row], row: Row, quasi: Sequence[int]) -> list[Row]:
    return [other for other in rows if all(other[at] == row[at] for at in quasi)]


def _different(rows: Sequence[Row], sensitive: int) -> int:
    seen: list[object] = []
    for row in rows:
        if row[sensitive] is not None and row[sensitive] not in seen:
            seen.append(row[sensitive])
    return len(seen)
