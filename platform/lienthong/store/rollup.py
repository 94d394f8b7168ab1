"""Roll-ups: rows of a release counted once by dimensions that its contract names; groups over all rows read them.

A roll-up belongs to its release and is switched with it. It answers a query exactly, or is not used for it.
"""

from collections.abc import Sequence

from psycopg import Connection, sql

from lienthong.contract.model import Contract
from lienthong.store.query import Compare, Condition, Query, walk
from lienthong.store.scope import Scope

ROWS = "_rows"


def suffixes(contract: Contract) -> tuple[str, ...]:
    """What stands after the name of a release, or of its open view, for each roll-up of the contract."""
    return tuple(f"_rollup_{n}" for n in range(len(contract.rollups)))


def columns(contract: Contract, number: int) -> list[str]:
    """The stored columns of a roll-up."""
    dimensions = contract.rollups[number]
    return [*(c.name for name in dimensions for c in contract.by_name[name].columns), ROWS]


def fill(connection: Connection, contract: Contract, release: str) -> None:
    """Make the roll-ups of `release.<release>` anew from its rows."""
    for number, suffix in enumerate(suffixes(contract)):
        relation = sql.Identifier("release", release + suffix)
        names = sql.SQL(", ").join(map(sql.Identifier, columns(contract, number)[:-1]))
        connection.execute(sql.SQL("drop table if exists {} cascade").format(relation))
        connection.execute(
            sql.SQL("create table {} as select {}, count(*) as {} from {} group by {}").format(
                relation, names, sql.Identifier(ROWS), sql.Identifier("release", release), names
            )
        )
        connection.execute(sql.SQL("analyze {}").format(relation))


def covering(scope: Scope, query: Query) -> str | None:
    """The suffix of the first roll-up that answers the query exactly; None when there is none."""
    contract = scope.contract
    if scope.schema != "open" or query.as_of is not None or scope.where is not None or not contract.rollups:
        return None
    if any(m.function != "count" or m.field is not None for m in query.measures):
        return None
    named = _named(query)
    fits = (s for s, dims in zip(suffixes(contract), contract.rollups, strict=True) if named <= set(dims))
    return next(fits, None)


def _named(query: Query) -> set[str]:
    """The fields that groups and conditions look at; one that no contract has, when they look at anything else."""
    conditions: Sequence[Condition | None] = (query.where, *(m.where for m in query.measures))
    leaves = [leaf for condition in conditions for leaf in walk(condition)]
    return {g.field for g in query.groups} | {leaf.field if isinstance(leaf, Compare) else "" for leaf in leaves}
