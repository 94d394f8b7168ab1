"""The second lock, looked at in the database's own catalogue and tried from inside it (programme A11, G08)."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from lienthong.store import owner
from tests.conftest import Platform

OURS = "rolname like 'lienthong\\_%'"
CLOSED = ("governed", "history", "release", "staging", "draft")


@pytest.fixture
def connection(platform: Platform) -> Iterator[psycopg.Connection]:
    with owner.connect(platform.settings) as found:
        yield found


def ask(connection: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]


def test_no_role_of_ours_can_bypass_anything(connection: psycopg.Connection) -> None:
    strong = "rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication"
    assert ask(connection, f"select rolname from pg_roles where {OURS} and ({strong})") == []


def test_only_the_api_can_log_in_and_it_inherits_nothing(connection: psycopg.Connection) -> None:
    found = ask(connection, f"select rolname, rolinherit from pg_roles where {OURS} and rolcanlogin")
    assert found == [("lienthong_app", False)]


def test_no_role_of_ours_owns_anything(connection: psycopg.Connection) -> None:
    query = f"select relname from pg_class c join pg_roles r on r.oid = c.relowner where {OURS}"
    assert ask(connection, query) == []


def test_every_governed_table_forces_row_security(connection: psycopg.Connection) -> None:
    query = (
        "select relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname in ('governed', 'history') "
        "and relkind = 'r' and not (relrowsecurity and relforcerowsecurity)"
    )
    assert ask(connection, query) == []
    assert len(ask(connection, "select 1 from pg_tables where schemaname = 'governed'")) >= 13


def test_the_public_can_read_the_open_schema_and_nothing_else(connection: psycopg.Connection) -> None:
    query = (
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'v', 'm') "  # kept: open releases by their number
        "and n.nspname not in ('open', 'kept', 'public', 'pg_catalog', 'information_schema') "
        "and has_schema_privilege('lienthong_public', n.oid, 'usage') "
        "and has_any_column_privilege('lienthong_public', c.oid, 'select')"
    )
    assert ask(connection, query) == []


@pytest.mark.parametrize("schema", CLOSED)
def test_the_public_does_not_even_enter_closed_schemas(connection: psycopg.Connection, schema: str) -> None:
    found = connection.execute("select has_schema_privilege('lienthong_public', %s, 'usage')", (schema,)).fetchone()
    assert found == (False,)


@pytest.mark.parametrize(
    "statement", ["update platform.ledger set dataset = 'x'", "delete from platform.ledger", "truncate platform.ledger"]
)
@pytest.mark.parametrize(
    "role", ["lienthong_app", "lienthong_public", "lienthong_agency", "lienthong_administrator", "lienthong_ledger"]
)
def test_nobody_who_reads_can_change_the_ledger(connection: psycopg.Connection, role: str, statement: str) -> None:
    connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    with pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[call-overload]


def test_only_one_role_writes_entries_and_it_can_do_nothing_else(connection: psycopg.Connection) -> None:
    writes = (
        f"select rolname from pg_roles where {OURS} and has_any_column_privilege(rolname, 'platform.ledger', 'insert')"
    )
    assert ask(connection, writes) == [("lienthong_ledger",)]
    others = (
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'v', 'm', 'p') and n.nspname not in ('public', 'pg_catalog', 'information_schema') and "
        "has_any_column_privilege('lienthong_ledger', c.oid, 'select, insert, update, references') and c.relname <> 'ledger'"
    )
    assert ask(connection, others) == []
    read = connection.execute(
        "select has_any_column_privilege('lienthong_ledger', 'platform.ledger', 'select')"
    ).fetchone()
    assert read == (False,)
    members = "select m.member::regrole::text from pg_auth_members m where m.roleid = 'lienthong_ledger'::regrole"
    assert ask(connection, members) == [("lienthong_app",)]


def test_an_agency_without_agreement_has_no_column(connection: psycopg.Connection) -> None:
    query = (
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname in ('governed', 'history') and c.relkind = 'r' "
        "and has_any_column_privilege('lienthong_agency', c.oid, 'select')"
    )
    assert ask(connection, query) == []


def test_rights_end_with_the_agreement(connection: psycopg.Connection) -> None:
    """Every policy of a consumer asks at each statement whether its agreement holds, by the database's own clock."""
    query = "select roles[1]::text, qual from pg_policies where schemaname in ('governed', 'history') and policyname like 'agreement\\_%'"
    found = ask(connection, query)
    assert len(found) >= 6 and all("__" in str(role) for role, _ in found)
    assert all("holds" in str(qual) for _, qual in found)


# A view of personal or closed rows would be read with the rights of its owner unless it says otherwise.
VIEWS = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'v'
and n.nspname not in ('pg_catalog', 'information_schema', 'public') and n.nspname not in ('open', 'kept')
and not coalesce('security_invoker=true' = any(c.reloptions) or 'security_invoker=on' = any(c.reloptions), false)
"""
DEFINERS = """
select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prosecdef
and n.nspname <> 'public' and not exists (select from unnest(p.proconfig) c where c ~ '^search_path=')
"""
OPEN_TO_ALL = """
select n.nspname, p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname not in ('pg_catalog', 'information_schema') and p.prosecdef
and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)
"""
OF_CLOSED = """
select distinct v.relname from pg_depend d join pg_rewrite r on r.oid = d.objid join pg_class v on v.oid = r.ev_class
join pg_namespace vn on vn.oid = v.relnamespace join pg_class t on t.oid = d.refobjid
join pg_namespace tn on tn.oid = t.relnamespace where vn.nspname in ('open', 'kept') and tn.nspname in ('governed', 'history', 'draft')
"""


def test_views_read_with_the_rights_of_who_asks(connection: psycopg.Connection) -> None:
    """A11: but those of open data, which read nothing that is closed."""
    assert ask(connection, VIEWS) == []
    assert ask(connection, OF_CLOSED) == []
    assert len(ask(connection, "select 1 from pg_views where schemaname = 'open'")) > 10


def test_functions_with_the_rights_of_their_owner_are_pinned_and_for_the_named_alone(
    connection: psycopg.Connection,
) -> None:
    """A11: no right of everybody to call them, those of PostGIS neither; ours have a search path of their own."""
    assert len(ask(connection, "select 1 from pg_proc where prosecdef")) >= 1
    assert ask(connection, DEFINERS) == []
    assert ask(connection, OPEN_TO_ALL) == []


def test_nobody_makes_objects_where_names_are_looked_up(connection: psycopg.Connection) -> None:
    """A16, CVE-2018-1058: an operator or a function of somebody would be called in place of the right one."""
    schemas = "select nspname from pg_namespace where nspname !~ '^pg_(toast|temp)' and has_schema_privilege(%s, oid, 'create')"
    for (role,) in ask(connection, f"select rolname from pg_roles where {OURS}"):
        made = [name for (name,) in connection.execute(schemas, (role,)).fetchall()]
        assert made == (["hosted"] if role == "lienthong_hosted" else []), role  # tables of people; in no search path
        found = connection.execute("select has_database_privilege(%s, current_database(), 'temp')", (role,)).fetchone()
        assert found == (False,), role
