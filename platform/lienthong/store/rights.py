"""The second lock: what an agreement says, as column grants and row-level policies of PostgreSQL itself.

An agency reads its own datasets as `lienthong_agency_<id>`, and what agreements give it as a role of that agency and
one purpose: columns and rows of agreements for different purposes never meet in one role. Whether an agreement holds is
asked of its row at each statement (`platform.holds`), so that ending it needs no change of rights.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import Connection, sql

from lienthong.contract.model import Contract
from lienthong.store.compile import Statement
from lienthong.store.mask import masked_column
from lienthong.store.predicate import Params, predicate
from lienthong.store.query import Condition, compared
from lienthong.store.roles import agency_role, ensure_agency, short
from lienthong.store.schema import table
from lienthong.store.scope import covers_search

SCHEMAS = ("governed", "history")
# In PL/pgSQL, which keeps its plan in the session; one in SQL is planned again by every statement that asks (0.4 ms).
_HOLDS = """
create or replace function platform.holds(text) returns boolean
language plpgsql stable strict parallel safe security definer set search_path = pg_catalog
as $$ begin return exists (select from platform.agreement where id = $1 and state = 'active'
      and (now() at time zone 'Asia/Ho_Chi_Minh')::date between valid_from and expires
      and ((now() at time zone 'Asia/Ho_Chi_Minh')::date < suspend_from or suspend_from is null)); end $$;
revoke all on function platform.holds(text) from public;
grant execute on function platform.holds(text) to lienthong_agency;
"""


@dataclass(frozen=True)
class Grant:
    """What one agreement gives: `fields` of the rows that fit `where`; those in `clear` without their mask."""

    agreement: str
    consumer: str
    purpose: str
    contract: Contract
    fields: tuple[str, ...]
    where: Condition | None = None
    clear: frozenset[str] = frozenset()

    @property
    def masked(self) -> frozenset[str]:
        """The fields that are seen through their mask."""
        return masked(self.contract, self.fields, self.clear)


def masked(contract: Contract, fields: Iterable[str], clear: Iterable[str]) -> frozenset[str]:
    """The fields of an agreement that are seen through their mask."""
    kept = frozenset(clear)
    return frozenset(n for n in fields if n in contract.by_name and contract.by_name[n].mask and n not in kept)


def holding(agreement: str) -> Statement:
    """Asks whether an agreement is in force at this moment: `holds` is true or false."""
    return Statement("select platform.holds($1)::text", (agreement,), ("holds",), kept=True)


def purpose_role(agency: str, purpose: str) -> str:
    """The role that an agency's reads for one purpose run as."""
    return short(f"{agency_role(agency)}__{purpose}")


def prepare(connection: Connection) -> None:
    """The function that tells whether an agreement holds. Safe to repeat; the platform's tables must be there."""
    connection.execute(_HOLDS)


def apply(connection: Connection, grant: Grant) -> None:
    """Give the consumer's role exactly the columns and rows of the agreement, current and history."""
    ensure_agency(connection, grant.consumer)
    role = purpose_role(grant.consumer, grant.purpose)
    _ensure(connection, role, agency_role(grant.consumer))
    masks = grant.masked
    columns = ["_from", "_id"]
    if covers_search(grant.contract, frozenset(grant.fields) - masks):
        columns.append("_search")
    for field in (grant.contract.by_name[name] for name in grant.fields):
        columns += [masked_column(field)] if field.name in masks else [c.name for c in field.columns]
    # The SQL compares what the row filter names, also where the agreement does not show it.
    columns += [name for name in compared(grant.where) if name not in columns]
    with connection.transaction():
        for schema in SCHEMAS:
            relation = table(schema, grant.contract.id)
            _clear(connection, relation, role, _policy(grant.agreement))
            names = sql.SQL(", ").join(map(sql.Identifier, columns + (["_to"] if schema == "history" else [])))
            connection.execute(sql.SQL("grant select ({}) on {} to {}").format(names, relation, sql.Identifier(role)))
            connection.execute(
                sql.SQL("create policy {} on {} for select to {} using ({})").format(
                    sql.Identifier(_policy(grant.agreement)), relation, sql.Identifier(role), _using(grant)
                )
            )


def withdraw(connection: Connection, grant: Grant) -> None:
    """Take columns and rows back."""
    role = purpose_role(grant.consumer, grant.purpose)
    if connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
        with connection.transaction():
            for schema in SCHEMAS:
                _clear(connection, table(schema, grant.contract.id), role, _policy(grant.agreement))


def _ensure(connection: Connection, role: str, member_of: str) -> None:
    name = sql.Identifier(role)
    if not connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
        connection.execute(sql.SQL("create role {} nologin").format(name))
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(member_of), name))
    connection.execute(sql.SQL("grant {} to lienthong_app").format(name))


def _clear(connection: Connection, relation: sql.Identifier, role: str, policy: str) -> None:
    # First, not when the policy needs it: once the grants are changed, autovacuum and this could wait for each other.
    connection.execute(sql.SQL("lock table {} in access exclusive mode").format(relation))
    connection.execute(sql.SQL("revoke all on {} from {}").format(relation, sql.Identifier(role)))
    connection.execute(sql.SQL("drop policy if exists {} on {}").format(sql.Identifier(policy), relation))


def _policy(agreement: str) -> str:
    return short(f"agreement_{agreement}")


def _using(grant: Grant) -> sql.Composable:
    """The policy's expression: the agreement holds (asked once a statement), and the row filter with literals."""
    parts: list[sql.Composable] = [sql.SQL("(select platform.holds({}))").format(sql.Literal(grant.agreement))]
    if grant.where is not None:
        params = Params()
        text = predicate(grant.where, "only", grant.contract, params, _no_relations).replace("only.", "")
        parts.append(_with_literals(text, params))
    return sql.SQL(" and ").join(parts)


def _with_literals(text: str, params: Params) -> sql.Composable:
    """`text` with each numbered placeholder replaced by a literal: policies take no parameters."""
    pieces = re.split(r"\$(\d+)", text)
    return sql.Composed(
        [sql.Literal(params.values[int(piece) - 1]) if n % 2 else sql.SQL(piece) for n, piece in enumerate(pieces)]
    )


def _no_relations(*_: object) -> str:
    raise ValueError("a row filter of an agreement may name fields of its own dataset only")
