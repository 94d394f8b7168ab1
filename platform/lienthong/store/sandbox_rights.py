"""What a reader of the sandbox may do: read the copies, call harmless functions, for two seconds. Nothing else.

This holds although the guard stands before it: whoever passes the guard by a mistake of ours finds a role that can
read what is public anyway. Rights on functions and catalogues are taken from everybody and given back one by one.
"""

from psycopg import Connection, sql

from lienthong.store.sql_words import FUNCTIONS, GRAMMAR, OPERATORS, TYPES

READER = "sandbox_reader"
SCHEMA = "data"
CODE_POINTS = sql.Identifier("meta", "code_points")
"""The order of texts: by code point, as in CKAN's database, but upper and lower case of all letters are known."""
CONNECTIONS = 8
MILLISECONDS = 2_000
_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": str(MILLISECONDS),
    "lock_timeout": "200",
    "idle_in_transaction_session_timeout": "5000",
    "work_mem": "8MB",
    "temp_file_limit": "256MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "search_path": f"{SCHEMA}, pg_catalog",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "default_text_search_config": "pg_catalog.english",
}
_TYPED = sorted(TYPES | {"name", "oid"} | {f"_{name}" for name in TYPES})
# Functions that operators and casts among the types of the list stand for.
_BEHIND = """
select oprcode::oid from pg_operator where oprname = any(%(operators)s) and oprcode <> 0
union
select castfunc from pg_cast join pg_type s on s.oid = castsource join pg_type t on t.oid = casttarget
where castfunc <> 0 and s.typname = any(%(types)s) and t.typname = any(%(types)s)
union
select oid from pg_proc where proname = any(%(names)s) and pronamespace = 'pg_catalog'::regnamespace
and provolatile <> 'v'
union
select oid from pg_proc where proname = any(%(clocks)s) and pronamespace = 'pg_catalog'::regnamespace
"""
_CLOCKS = ["random", "clock_timestamp", "timeofday"]
_DEAR = """
select oid from pg_proc where pronamespace = 'pg_catalog'::regnamespace
and (proname = 'ts_rewrite' or proname ~ '^(pg|lo|set|txid|inet|query|table|schema|database|cursor)_')
"""


def harden(connection: Connection, password: str) -> None:
    """Make the schema and the reader, and take all other rights away. Safe to repeat. `connection`: the owner's."""
    run = connection.execute
    reader, database = sql.Identifier(READER), sql.Identifier(connection.info.dbname)
    run("drop extension if exists plpgsql")
    run(sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA)))
    run("create schema if not exists meta")
    run(sql.SQL("create collation if not exists {} (provider = libc, locale = 'C.UTF-8')").format(CODE_POINTS))
    run("create table if not exists meta.copied (name text primary key, version text not null, rows bigint not null)")
    if not run("select 1 from pg_roles where rolname = %s", (READER,)).fetchone():
        run(sql.SQL("create role {} login noinherit").format(reader))
    run(
        sql.SQL(
            "alter role {} login noinherit nosuperuser nocreatedb nocreaterole connection limit {} password {}"
        ).format(reader, sql.Literal(CONNECTIONS), sql.Literal(password))
    )
    for name, value in _SETTINGS.items():
        text: sql.Composable = sql.SQL(value) if name == "search_path" else sql.Literal(value)
        run(sql.SQL("alter role {} set {} = {}").format(reader, sql.SQL(name), text))
    run(sql.SQL("revoke all on database {} from public").format(database))
    run(sql.SQL("grant connect on database {} to {}").format(database, reader))
    for schema in ("public", "pg_catalog", "information_schema"):
        run(sql.SQL("revoke all on all routines in schema {} from public").format(sql.Identifier(schema)))
        run(sql.SQL("revoke all on all tables in schema {} from public").format(sql.Identifier(schema)))
    run("revoke all on schema public, information_schema from public")
    run("revoke usage on language sql from public")
    run(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(SCHEMA), reader))
    run(
        sql.SQL("alter default privileges in schema {} grant select on tables to {}").format(
            sql.Identifier(SCHEMA), reader
        )
    )
    _allow(connection)


def _allow(connection: Connection) -> None:
    """Give the reader the functions of the list, and those behind its operators and casts."""
    names = sorted(FUNCTIONS | GRAMMAR)
    given = {"operators": sorted(OPERATORS), "types": _TYPED, "names": names, "clocks": _CLOCKS}
    found = connection.execute(
        f"select p.oid::regprocedure::text from pg_proc p where oid in ({_BEHIND}) and oid not in ({_DEAR}) "
        "and p.prokind <> 'p'",
        given,
    ).fetchall()
    listed = sql.SQL(", ").join(sql.SQL(name) for (name,) in found)
    connection.execute(sql.SQL("grant execute on routine {} to {}").format(listed, sql.Identifier(READER)))
