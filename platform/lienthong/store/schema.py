"""Contract -> tables: current rows, closed versions, and the relations of a release.

Dataset tables are compiled from contracts and never migrated by hand; platform tables belong to Alembic.
"""

from collections.abc import Iterable

from psycopg import Connection, sql

from lienthong.contract.model import Contract, FieldContract

SCHEMAS = ("platform", "staging", "governed", "history", "release", "open")
_RECORDED = (("_from", "timestamptz not null"),)
_GOVERNED = (
    ("_from", "timestamptz not null default now()"),
    ("_run", "uuid not null"),
    ("_hash", "bytea not null"),
)


def stored_columns(fields: Iterable[FieldContract]) -> list[tuple[str, str]]:
    """(name, type) of the stored columns of `fields`."""
    return [(column.name, column.sql_type) for field in fields for column in field.columns]


def search_sql(fields: Iterable[FieldContract]) -> sql.Composable:
    """The folded text of the search fields; what `contains` and `q` look in."""
    names = [sql.SQL("coalesce({}, '')").format(sql.Identifier(f.name)) for f in fields if f.search]
    if not names:
        return sql.SQL("''::text")
    return sql.SQL("platform.fold({})").format(sql.SQL(" || ' ' || ").join(names))


def _columns(contract: Contract, fields: Iterable[FieldContract], extra: Iterable[tuple[str, str]]) -> sql.Composable:
    fields = tuple(fields)
    mandatory = set(contract.primary_key) | {f.name for f in fields if f.required}
    parts = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(name), sql.SQL(type_), sql.SQL(" not null" if name in mandatory else "")
        )
        for name, type_ in stored_columns(fields)
    ]
    parts += [sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t)) for n, t in extra]
    parts.append(sql.SQL("_search text generated always as ({}) stored").format(search_sql(fields)))
    return sql.SQL(", ").join(parts)


def table(schema: str, name: str) -> sql.Identifier:
    """A qualified table name."""
    return sql.Identifier(schema, name)


def create_governed(connection: Connection, contract: Contract) -> None:
    """Create the current and the history table of a dataset when they are not there, with checks and indexes."""
    current, past = table("governed", contract.id), table("history", contract.id)
    checks = [c.check for f in contract.fields for c in f.columns if c.check]
    key = sql.SQL(", ").join(map(sql.Identifier, contract.primary_key))
    body = _columns(contract, contract.fields, _GOVERNED)
    constraints = [sql.SQL("primary key ({})").format(key), *(sql.SQL(f"check ({c})") for c in checks)]
    connection.execute(
        sql.SQL("create table if not exists {} ({}, {})").format(current, body, sql.SQL(", ").join(constraints))
    )
    gone = _columns(
        contract,
        contract.fields,
        [("_from", "timestamptz not null"), *_GOVERNED[1:], ("_to", "timestamptz not null")],
    )
    connection.execute(sql.SQL("create table if not exists {} ({})").format(past, gone))
    connection.execute(
        sql.SQL("create index if not exists {} on {} ({}, _from)").format(
            sql.Identifier(f"{contract.id}_key"), past, key
        )
    )
    create_indexes(connection, contract, contract.fields, current, contract.id)
    add_missing_columns(connection, contract)
    for relation in (current, past):
        connection.execute(sql.SQL("alter table {} enable row level security").format(relation))
        connection.execute(sql.SQL("alter table {} force row level security").format(relation))
        connection.execute(sql.SQL("drop policy if exists owner on {}").format(relation))
        connection.execute(
            sql.SQL("create policy owner on {} to current_user using (true) with check (true)").format(relation)
        )


def add_missing_columns(connection: Connection, contract: Contract) -> None:
    """A compatible new version of a contract adds columns; they start as null."""
    for schema in ("governed", "history"):
        for name, type_ in stored_columns(contract.fields):
            connection.execute(
                sql.SQL("alter table {} add column if not exists {} {}").format(
                    table(schema, contract.id), sql.Identifier(name), sql.SQL(type_)
                )
            )


def create_indexes(
    connection: Connection,
    contract: Contract,
    fields: Iterable[FieldContract],
    relation: sql.Identifier,
    prefix: str,
) -> None:
    """An index for each `index: true` field (with the key, for keyset pages), for geometry, for text search."""
    fields = tuple(fields)
    key = list(contract.primary_key)
    for field in fields:
        name = sql.Identifier(f"{prefix}_{field.name}_idx"[:63])
        if field.logical_type in {"point", "multipolygon"}:
            using: sql.Composable = sql.SQL("using gist ({})").format(sql.Identifier(field.name))
        elif field.index:
            names = [field.name, *(k for k in key if k != field.name)]
            using = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, names)))
        else:
            continue
        connection.execute(sql.SQL("create index if not exists {} on {} {}").format(name, relation, using))
    if any(field.search for field in fields):
        name = sql.Identifier(f"{prefix}__search_idx"[-63:])
        using = sql.SQL("using gin (_search public.gin_trgm_ops)")
        connection.execute(sql.SQL("create index if not exists {} on {} {}").format(name, relation, using))


def foreign_key_indexes(
    connection: Connection, contract: Contract, names: Iterable[str], relation: sql.Identifier, prefix: str
) -> None:
    """Indexes for the local side of relationships, so that the many side is found by key."""
    for name in names:
        keys = [name, *(k for k in contract.primary_key if k != name)]
        connection.execute(
            sql.SQL("create index if not exists {} on {} ({})").format(
                sql.Identifier(f"{prefix}_{name}_fk"[:63]),
                relation,
                sql.SQL(", ").join(map(sql.Identifier, keys)),
            )
        )


def create_release(connection: Connection, contract: Contract, fields: Iterable[FieldContract], name: str) -> None:
    """Create `release.<name>` and `release.<name>_history` without indexes, to be filled and then served."""
    fields = tuple(fields)
    connection.execute(
        sql.SQL("create table {} ({})").format(table("release", name), _columns(contract, fields, _RECORDED))
    )
    connection.execute(
        sql.SQL("create table {} ({})").format(
            table("release", name + "_history"),
            _columns(contract, fields, [*_RECORDED, ("_to", "timestamptz not null")]),
        )
    )


def serve(connection: Connection, contract: Contract, fields: Iterable[FieldContract], name: str) -> None:
    """Point the open views at `release.<name>`; readers see the old release or the new one, never half."""
    names = [*(column for column, _ in stored_columns(fields)), "_from", "_search"]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    for suffix, extra in (("", sql.SQL("")), ("_history", sql.SQL(", _to"))):
        view = table("open", contract.id + suffix)
        connection.execute(sql.SQL("drop view if exists {}").format(view))
        connection.execute(
            sql.SQL("create view {} as select {}{} from {}").format(
                view, columns, extra, table("release", name + suffix)
            )
        )
        connection.execute(sql.SQL("grant select on {} to lienthong_public, lienthong_agency").format(view))
