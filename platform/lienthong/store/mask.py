"""Masks as stored columns: what a consumer sees of a field that its agreement does not give in clear.

The masked value is a generated column beside the field, so the second lock can grant it and not the field itself.
"""

from psycopg import Connection, sql

from lienthong.contract.model import Contract, FieldContract

PREFIX = "_m_"
_METRES_A_DEGREE = 111_320
_FUNCTIONS = """
create table if not exists platform.secret (name text primary key, value bytea not null);
revoke all on platform.secret from public;
insert into platform.secret
values ('pseudonym', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid(), 'UTF8')))
on conflict do nothing;
create or replace function platform.pseudonym(text) returns text
language sql immutable strict parallel safe security definer set search_path = pg_catalog
as $$ select left(encode(sha256(value || sha256(value || convert_to($1, 'UTF8'))), 'hex'), 32)
      from platform.secret where name = 'pseudonym' $$;
revoke all on function platform.pseudonym(text) from public;
"""


def masked_column(field: FieldContract) -> str:
    """The stored column that holds the masked value."""
    return (PREFIX + field.name)[:63]


def keeps_type(field: FieldContract) -> bool:
    """Is the masked value of the field's own type? Otherwise it is a text."""
    return field.mask is not None and field.mask.method == "grid"


def prepare(connection: Connection) -> None:
    """The keyed hash and its key, which no role but the owner can read. Safe to repeat."""
    connection.execute(_FUNCTIONS)


def prepare_units(connection: Connection, target: Contract, code: str, province: str) -> None:
    """`platform.province_of(code, day)`: the province of a unit, as the dataset of units tells it.

    Declared immutable, which holds as long as a unit of a given first day does not change its province.
    """
    assert target.validity
    body = sql.SQL("begin return (select {} from governed.{} where {} = $1 and {} = $2 limit 1); end").format(
        *map(sql.Identifier, (province, target.id, code, target.validity.from_))
    )
    connection.execute(
        sql.SQL(
            "create or replace function platform.province_of(text, date) returns text language plpgsql immutable "
            "strict security definer set search_path = pg_catalog as {}"
        ).format(sql.Literal(body.as_string(connection)))
    )
    connection.execute("revoke all on function platform.province_of(text, date) from public")


def add_columns(connection: Connection, contract: Contract, relation: sql.Identifier) -> None:
    """Give `relation` the masked columns of its contract. A mask that changed is computed anew."""
    for field in contract.fields:
        if field.mask is None:
            continue
        type_, expression = mask_sql(field)
        name, wanted = sql.Identifier(masked_column(field)), f"{type_} {expression.as_string(connection)}"
        if _made(connection, relation, masked_column(field)) == wanted:
            continue
        connection.execute(sql.SQL("alter table {} drop column if exists {}").format(relation, name))
        connection.execute(
            sql.SQL("alter table {} add column {} {} generated always as ({}) stored").format(
                relation, name, sql.SQL(type_), expression
            )
        )
        comment = sql.SQL("comment on column {}.{} is {}").format(relation, name, sql.Literal(wanted))
        connection.execute(comment)


def _made(connection: Connection, relation: sql.Identifier, column: str) -> str | None:
    """How the column was made that is there already."""
    row = connection.execute(
        "select col_description(attrelid, attnum) from pg_attribute where attrelid = %s::regclass and attname = %s",
        (relation.as_string(connection), column),
    ).fetchone()
    return row[0] if row else None


def mask_sql(field: FieldContract) -> tuple[str, sql.Composable]:
    """The PostgreSQL type and the expression of a masked value; null stays null."""
    assert field.mask
    name = sql.Identifier(field.name)
    match field.mask.method:
        case "drop":
            return "text", sql.SQL("case when false then '' end")
        case "hash":
            return "text", sql.SQL("platform.pseudonym({}::text)").format(name)
        case "last":
            keep = sql.Literal(field.mask.keep)
            return "text", sql.SQL("'***' || case when length({0}) > {1} then right({0}, {1}) else '' end").format(
                name, keep
            )
        case "year":
            return "text", _year(field, name)
        case "province":
            day = sql.Identifier(field.columns[1].name)
            return "text", sql.SQL("platform.province_of({}, {})").format(name, day)
        case "grid":
            size = sql.Literal(field.mask.metres / _METRES_A_DEGREE)
            return field.columns[0].sql_type, sql.SQL("public.st_snaptogrid({}, {})").format(name, size)


def _year(field: FieldContract, name: sql.Identifier) -> sql.Composable:
    if field.logical_type == "partial_date":
        return sql.SQL("left({}, 4)").format(name)
    moment = sql.SQL("({} at time zone 'Asia/Ho_Chi_Minh')") if field.logical_type == "datetime" else sql.SQL("{}")
    return sql.SQL("extract(year from {})::int::text").format(moment.format(name))
