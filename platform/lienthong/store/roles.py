"""Database roles: who may connect, and what the fixed roles may do. Rights by agreement: `store.rights`."""

import hashlib

from psycopg import Connection, sql

from lienthong.contract.model import Contract
from lienthong.store.schema import SCHEMAS, table
from lienthong.store.tables import METADATA

PUBLIC, AGENCY, APP = "lienthong_public", "lienthong_agency", "lienthong_app"
ADMINISTRATOR = "lienthong_administrator"
HOSTED, LEDGER = "lienthong_hosted", "lienthong_ledger"

_BOOTSTRAP = """
do $$
declare r text;
begin
  foreach r in array array['lienthong_public', 'lienthong_agency', 'lienthong_administrator', 'lienthong_hosted',
      'lienthong_ledger'] loop
    if not exists (select from pg_roles where rolname = r) then execute format('create role %I nologin', r); end if;
  end loop;
end $$
"""
_FOLD = """
create or replace function platform.fold(text) returns text
language sql immutable strict parallel safe set search_path = pg_catalog
as $$ select lower(public.unaccent('public.unaccent'::regdictionary, normalize($1, NFC))) $$
"""


# PostGIS tells the extent of whole tables with the rights of its owner; and nobody who reads makes tables of their own.
_CLOSED = """
do $$
declare f regprocedure;
begin
  for f in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname = 'public' and p.prosecdef loop
    execute format('revoke all on function %s from public', f);
  end loop;
  execute format('revoke temporary on database %I from public', current_database());
end $$
"""


def agency_role(agency: str) -> str:
    """The role that an agency's reads run as."""
    return short(f"lienthong_agency_{agency}")


def short(name: str) -> str:
    """A name that PostgreSQL keeps whole; a long one ends in a digest, so that no two become one."""
    return name if len(name) <= 63 else name[:52] + "_" + hashlib.sha256(name.encode()).hexdigest()[:10]


def bootstrap(connection: Connection) -> None:
    """Schemas, extensions, the fold function, the fixed roles and what each may do. Safe to repeat."""
    for extension in ("postgis", "pg_trgm", "unaccent", "btree_gist", "btree_gin"):
        connection.execute(sql.SQL("create extension if not exists {} schema public").format(sql.Identifier(extension)))
    for schema in SCHEMAS:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    connection.execute(_FOLD)
    connection.execute(_BOOTSTRAP)
    connection.execute("grant usage on schema open, platform, public to lienthong_public, lienthong_agency")
    connection.execute("grant usage on schema kept to lienthong_public, lienthong_agency")
    connection.execute("grant usage on schema governed, history to lienthong_agency")
    connection.execute("grant usage on schema draft to lienthong_administrator")
    connection.execute("grant lienthong_agency to lienthong_administrator")
    # Rows that people write through the Action API: their owner may do nothing anywhere else.
    connection.execute("grant lienthong_hosted to current_user")
    connection.execute("create schema if not exists hosted authorization lienthong_hosted")
    connection.execute("revoke create on schema public from public")
    connection.execute(_CLOSED)
    connection.execute("alter role lienthong_public set default_transaction_read_only = on")


def ensure_app(connection: Connection, password: str) -> None:
    """The login role of the API: inherits nothing, takes on one of the reading roles for each statement."""
    role = sql.Identifier(APP)
    if not connection.execute("select 1 from pg_roles where rolname = %s", (APP,)).fetchone():
        connection.execute(sql.SQL("create role {} login noinherit").format(role))
    connection.execute(sql.SQL("alter role {} login noinherit password {}").format(role, sql.Literal(password)))
    for group in (PUBLIC, AGENCY, ADMINISTRATOR, HOSTED, LEDGER):
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), role))
    connection.execute("grant usage on schema platform to lienthong_app")
    connection.execute("grant select on all tables in schema platform to lienthong_app")
    connection.execute("revoke all on platform.secret from lienthong_app")
    connection.execute("grant insert, update on platform.token, platform.person to lienthong_app")
    for name, rights in METADATA.tables.items():
        if "app" in rights.info:
            given = sql.SQL(rights.info["app"])
            connection.execute(sql.SQL("grant {} on {} to {}").format(given, sql.Identifier(*name.split(".")), role))
    # Who reads cannot write; who writes into the ledger can do nothing else, not even read there.
    connection.execute("grant usage on schema platform to lienthong_ledger")
    connection.execute("grant insert on platform.ledger to lienthong_ledger")
    connection.execute("grant usage on sequence platform.ledger_id_seq to lienthong_ledger")
    connection.execute("revoke insert on platform.ledger from lienthong_agency")
    connection.execute("revoke usage on all sequences in schema platform from lienthong_agency")
    connection.execute("grant usage on all sequences in schema platform to lienthong_app")


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
