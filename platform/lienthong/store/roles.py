"""Database roles: the second lock. What an agreement says becomes column grants and a row-level policy."""

import re
from collections.abc import Iterable
from datetime import date

from psycopg import Connection, sql

from lienthong.contract.model import Contract
from lienthong.store.predicate import Params, predicate
from lienthong.store.query import Condition
from lienthong.store.schema import SCHEMAS, table

PUBLIC, AGENCY, APP = "lienthong_public", "lienthong_agency", "lienthong_app"
ADMINISTRATOR = "lienthong_administrator"

_BOOTSTRAP = """
do $$
declare r text;
begin
  foreach r in array array['lienthong_public', 'lienthong_agency', 'lienthong_administrator'] loop
    if not exists (select from pg_roles where rolname = r) then execute format('create role %I nologin', r); end if;
  end loop;
end $$
"""
_FOLD = """
create or replace function platform.fold(text) returns text
language sql immutable strict parallel safe set search_path = pg_catalog
as $$ select lower(public.unaccent('public.unaccent'::regdictionary, normalize($1, NFC))) $$
"""


def agency_role(agency: str) -> str:
    """The role that an agency's reads run as."""
    return f"lienthong_agency_{agency}"[:63]


def bootstrap(connection: Connection) -> None:
    """Schemas, extensions, the fold function, the fixed roles and what each may do. Safe to repeat."""
    for extension in ("postgis", "pg_trgm", "unaccent", "btree_gist"):
        connection.execute(sql.SQL("create extension if not exists {} schema public").format(sql.Identifier(extension)))
    for schema in SCHEMAS:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    connection.execute(_FOLD)
    connection.execute(_BOOTSTRAP)
    connection.execute("grant usage on schema open, platform, public to lienthong_public, lienthong_agency")
    connection.execute("grant usage on schema governed, history to lienthong_agency")
    connection.execute("grant lienthong_agency to lienthong_administrator")
    connection.execute("revoke create on schema public from public")
    connection.execute("alter role lienthong_public set default_transaction_read_only = on")


def ensure_app(connection: Connection, password: str) -> None:
    """The login role of the API: inherits nothing, takes on one of the reading roles for each statement."""
    role = sql.Identifier(APP)
    if not connection.execute("select 1 from pg_roles where rolname = %s", (APP,)).fetchone():
        connection.execute(sql.SQL("create role {} login noinherit").format(role))
    connection.execute(sql.SQL("alter role {} login noinherit password {}").format(role, sql.Literal(password)))
    for group in (PUBLIC, AGENCY, ADMINISTRATOR):
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), role))
    connection.execute("grant usage on schema platform to lienthong_app")
    connection.execute("grant select on all tables in schema platform to lienthong_app")
    connection.execute("grant insert, update on platform.token, platform.person to lienthong_app")
    connection.execute("grant insert on platform.ledger to lienthong_agency")
    connection.execute("grant usage on all sequences in schema platform to lienthong_agency, lienthong_app")


def ensure_agency(connection: Connection, agency: str) -> None:
    """The agency's role exists and belongs to the group."""
    role = agency_role(agency)
    found = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    if not found:
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    connection.execute(sql.SQL("grant lienthong_agency to {}").format(sql.Identifier(role)))
    connection.execute(sql.SQL("grant {} to lienthong_app").format(sql.Identifier(role)))


def grant_whole(connection: Connection, role: str, contract: Contract) -> None:
    """Let the administrator's role, or the providing agency's own, read the whole dataset."""
    for schema in ("governed", "history"):
        relation, name = table(schema, contract.id), sql.Identifier(role)
        connection.execute(sql.SQL("grant select on {} to {}").format(relation, name))
        connection.execute(sql.SQL("drop policy if exists {} on {}").format(name, relation))
        connection.execute(sql.SQL("create policy {} on {} for select to {} using (true)").format(name, relation, name))


def apply_agreement(
    connection: Connection,
    agency: str,
    contract: Contract,
    fields: Iterable[str],
    where: Condition | None,
    valid_from: date,
    expires: date,
) -> None:
    """Give `agency` the columns and rows of one agreement, current and history, until it expires."""
    role = sql.Identifier(agency_role(agency))
    names = [c.name for name in fields for c in contract.by_name[name].columns] + ["_from", "_search", "_id"]
    for schema in ("governed", "history"):
        relation = table(schema, contract.id)
        policy = sql.Identifier(agency_role(agency))
        columns = sql.SQL(", ").join(map(sql.Identifier, names + (["_to"] if schema == "history" else [])))
        connection.execute(sql.SQL("revoke all on {} from {}").format(relation, role))
        connection.execute(sql.SQL("grant select ({}) on {} to {}").format(columns, relation, role))
        connection.execute(sql.SQL("drop policy if exists {} on {}").format(policy, relation))
        connection.execute(
            sql.SQL("create policy {} on {} for select to {} using ({})").format(
                policy, relation, role, _using(contract, where, valid_from, expires)
            )
        )


def _using(contract: Contract, where: Condition | None, valid_from: date, expires: date) -> sql.Composable:
    """The policy's expression: the row filter with its values as quoted literals, and the days it holds."""
    parts: list[sql.Composable] = [
        sql.SQL("current_date between {} and {}").format(sql.Literal(valid_from), sql.Literal(expires)),
    ]
    if where is not None:
        params = Params()
        text = predicate(where, "only", contract, params, _no_relations).replace("only.", "")
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


def withdraw_agreement(connection: Connection, agency: str, contract: Contract) -> None:
    """Take columns and rows back at once."""
    role = sql.Identifier(agency_role(agency))
    for schema in ("governed", "history"):
        relation = table(schema, contract.id)
        connection.execute(sql.SQL("revoke all on {} from {}").format(relation, role))
        connection.execute(sql.SQL("drop policy if exists {} on {}").format(role, relation))
