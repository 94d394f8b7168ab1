"""Links: staged rows meet the reference data that is valid on their date, and the rows they must point to.

An administrative code is used again, so it means a unit only together with a day. Linking writes that unit's first day
beside the code; a code that means nothing on the row's day fails the rule ADM-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import Connection, sql

from lienthong.contract.model import Contract, FieldContract, Relationship
from lienthong.contract.registry import Registry, joined_columns
from lienthong.kernel.clock import today
from lienthong.kernel.problem import Conflict, Invalid
from lienthong.kernel.text import Bilingual, both
from lienthong.store import staging
from lienthong.store.schema import table
from lienthong.store.staging import Staging

UNIT_RULE, RELATION_RULE = "ADM-11", "relationship"
REASONS: Mapping[str, Bilingual] = {
    UNIT_RULE: both(
        "mã đơn vị hành chính không có hiệu lực vào ngày của dòng này, hoặc dòng không có ngày",
        "the administrative code is not in force on the date of this row, or the row has no date",
    ),
    RELATION_RULE: both("không có dòng được trỏ tới", "the row that it points to does not exist"),
}
_ADMIN_UNIT = "admin_unit"


@dataclass(frozen=True, slots=True)
class UnitLink:
    """A field that names a unit of `target`: its `code` there, and the row's day (None: today)."""

    field: FieldContract
    target: Contract
    code: str
    at: FieldContract | None

    @property
    def stored(self) -> str:
        """The column that the link fills."""
        return self.field.columns[1].name


def unit_links(registry: Registry, contract: Contract) -> list[UnitLink]:
    """The links of a dataset's administrative codes. Raises Invalid when the reference does not tell its validity."""
    found = []
    for field in contract.fields:
        at = field.options.get("at", "today")
        reference = _reference(registry, contract, field) if field.logical_type == _ADMIN_UNIT else None
        if reference is None or at == "none":
            continue
        target, code = reference
        if target.validity is None:
            raise Invalid(
                both(f"{target.id} không khai báo validity", f"{target.id} does not state its validity"),
                place=f"{contract.id}.{field.name}",
                fix=both("thêm validity: {from, to}", "add validity: {from, to}"),
            )
        found.append(UnitLink(field, target, code, None if at == "today" else contract.by_name[at]))
    return found


def _reference(registry: Registry, contract: Contract, field: FieldContract) -> tuple[Contract, str] | None:
    """The dataset and field that an administrative code points to: by its relationship, else where all others do."""
    own = _pointed(contract, field)
    if not own:
        own = {p for c in registry.contracts.values() for f in c.fields for p in _pointed(c, f)}
    if len(own) != 1:
        return None
    dataset, code = own.pop()
    return registry.get(dataset), code


def _pointed(contract: Contract, field: FieldContract) -> set[tuple[str, str]]:
    if field.logical_type != _ADMIN_UNIT:
        return set()
    return {(r.to, r.on[field.name]) for r in contract.relationships if field.name in r.on}


def _required(contract: Contract) -> list[Relationship]:
    return [r for r in contract.relationships if r.required]


def needed(registry: Registry, contract: Contract) -> list[str]:
    """The other datasets that rows of this one are linked to, and that must be loaded before, in order of their ids."""
    targets = {link.target.id for link in unit_links(registry, contract)} | {r.to for r in _required(contract)}
    return sorted(targets - {contract.id})


def missing(connection: Connection, registry: Registry, contract: Contract) -> set[str]:
    """The needed datasets that have never been loaded. Raises Conflict unless they wait for this one in turn."""
    rows = connection.execute(
        "select id from platform.dataset where loaded_run is not null and id = any(%s)",
        (needed(registry, contract),),
    ).fetchall()
    absent = set(needed(registry, contract)) - {name for (name,) in rows}
    for name in sorted(absent):
        if contract.id not in reached(registry, name):
            raise Conflict(
                both(
                    f"Chưa nạp bộ dữ liệu {name} mà {contract.id} liên kết tới",
                    f"The dataset {name}, which {contract.id} links to, has never been loaded",
                ),
                place=contract.id,
                fix=both(f"Nạp {name} trước", f"Ingest {name} first"),
            )
    return absent


def reached(registry: Registry, dataset: str) -> set[str]:
    """All datasets that a dataset needs, directly or not."""
    seen: set[str] = set()
    waiting = [dataset]
    while waiting:
        for name in needed(registry, registry.get(waiting.pop())):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def materialise(connection: Connection, registry: Registry, staging: Staging) -> None:
    """Make the staged rows from `_raw`: cast to the stored types, administrative codes linked."""
    contract, links = staging.contract, unit_links(registry, staging.contract)
    if not links and all(_staged_as_stored(field) for field in contract.fields):
        connection.execute(
            sql.SQL("alter table {} rename to {}").format(staging.table("_raw"), sql.Identifier(staging.name))
        )
    else:
        connection.execute(_linked(staging, links))
        connection.execute(sql.SQL("drop table {}").format(staging.table("_raw")))
    connection.execute(sql.SQL("analyze {}").format(staging.table()))


def _staged_as_stored(field: FieldContract) -> bool:
    return len(field.columns) == 1 and field.type.staging_sql(field.options) == field.type.sql(field.options)


def _linked(staging: Staging, links: list[UnitLink]) -> sql.Composed:
    by_field = {link.field.name: (f"u{n}", link) for n, link in enumerate(links)}
    columns: list[sql.Composable] = []
    for field in staging.contract.fields:
        for column in field.columns:
            value = _value(field, column.name, by_field)
            columns.append(sql.SQL("{} as {}").format(value, sql.Identifier(column.name)))
    units = [
        sql.SQL("{} as materialized ({})").format(sql.Identifier(alias), _units(staging, link))
        for alias, link in by_field.values()
    ]
    joins = [_join(alias, link) for alias, link in by_field.values()]
    return sql.SQL("create unlogged table {} as {} select {}, s._row, {} as _hash from {} s {}").format(
        staging.table(),
        sql.SQL("with {}").format(sql.SQL(", ").join(units)) if units else sql.SQL(""),
        sql.SQL(", ").join(columns),
        _hash(list(by_field)),
        staging.table("_raw"),
        sql.SQL(" ").join(joins),
    )


def _value(field: FieldContract, column: str, links: Mapping[str, tuple[str, UnitLink]]) -> sql.Composable:
    """The stored value of one column of a field."""
    if column != field.name:
        alias = links.get(field.name)
        return sql.SQL("{}.valid_from").format(sql.Identifier(alias[0])) if alias else sql.SQL("null::date")
    staged = sql.SQL("s.{}").format(sql.Identifier(column)).as_string(None)
    value = field.type.from_staging(staged, field.options)
    return sql.SQL("({})::{}").format(sql.SQL(value), sql.SQL(field.type.sql(field.options)))


def _units(staging: Staging, link: UnitLink) -> sql.Composed:
    """The reference: code, valid_from, and the days `since` to `until` (included) on which a row may mean it.

    The periods of one code never overlap. What is in force on the first day of the list is taken to be so before: no
    list goes back to the beginning.
    """
    validity = link.target.validity
    assert validity
    names = [sql.Identifier(n) for n in (link.code, validity.from_, validity.to)]
    listed = sql.SQL(", ").join(names)
    source = sql.SQL("select {} from {}").format(listed, table("governed", link.target.id))
    if link.target.id == staging.contract.id:
        batch = sql.SQL("select {} from {}").format(listed, staging.table("_raw"))
        stays = staging.contract.source.mode == "upsert"
        source = sql.SQL("{} union {}").format(batch, source) if stays else batch
    return sql.SQL(
        "select code, valid_from, case when valid_from = min(valid_from) over () then '-infinity' else valid_from end "
        "as since, coalesce(least(valid_to, lead(valid_from) over (partition by code order by valid_from) - 1), "
        "'infinity') as until from ({}) as v (code, valid_from, valid_to) where valid_from is not null"
    ).format(source)


def _join(alias: str, link: UnitLink) -> sql.Composed:
    return sql.SQL("left join {a} on {a}.code = s.{f} and {day} between {a}.since and {a}.until").format(
        a=sql.Identifier(alias), f=sql.Identifier(link.field.name), day=_day(link)
    )


def _day(link: UnitLink) -> sql.Composable:
    """The day on which the row's code is meant."""
    if link.at is None:
        return sql.Literal(today())
    column = sql.SQL("s.{}").format(sql.Identifier(link.at.name))
    match link.at.logical_type:
        case "date":
            return column
        case "datetime":
            return sql.SQL("({} at time zone interval '+07:00')::date").format(column)
        case "partial_date":
            return sql.SQL("rpad({}, 10, substr('0000-01-01', length({}) + 1))::date").format(column, column)
    raise Invalid(both(f"at: {link.at.name} không phải ngày", f"at: {link.at.name} is no date"), place=link.field.name)


def _hash(fields: list[str]) -> sql.Composable:
    """The row's hash: a unit that gets another meaning changes the row."""
    if not fields:
        return sql.SQL("s._hash")
    days = [sql.SQL("coalesce(u{}.valid_from::text, '-')").format(sql.SQL(str(n))) for n in range(len(fields))]
    return sql.SQL("sha256(s._hash || convert_to(concat_ws(',', {}), 'UTF8'))").format(sql.SQL(", ").join(days))


def check(connection: Connection, registry: Registry, staged: Staging, absent: set[str]) -> int:
    """Fail staged rows whose code means nothing on their day, or whose required target is not there; their number.

    Targets in `absent` are not asked for: they wait for this very dataset.
    """
    for link in unit_links(registry, staged.contract):
        if link.target.id in absent:
            continue
        rows = sql.SQL("select _row from {} where {} is not null and {} is null").format(
            staged.table(), sql.Identifier(link.field.name), sql.Identifier(link.stored)
        )
        staging.fail(connection, staged, UNIT_RULE, rows, link.field.name, sql.Identifier("s", link.field.name))
    relations = [r for r in _required(staged.contract) if r.to not in absent]
    for relation in relations:
        _fail_orphans(connection, registry, staged, relation)
    removed = staging.remove_failed(connection, staged)
    # A row that goes may have been the target of others of the batch.
    inner = [r for r in relations if r.to == staged.contract.id]
    while inner and any(_fail_orphans(connection, registry, staged, r) for r in inner):
        removed += staging.remove_failed(connection, staged)
    return removed


def _fail_orphans(connection: Connection, registry: Registry, staged: Staging, relation: Relationship) -> int:
    target = registry.get(relation.to)
    on = joined_columns(staged.contract, target, relation)
    there = sql.SQL(" and ").join(sql.SQL("s.{} is not null").format(sql.Identifier(near)) for near, _ in on)
    same = sql.SQL(" and ").join(
        sql.SQL("t.{} = s.{}").format(sql.Identifier(far), sql.Identifier(near)) for near, far in on
    )
    sources: list[sql.Composable] = [table("governed", target.id)]
    if target.id == staged.contract.id:
        sources = [staged.table(), *([staged.kept()] if target.source.mode == "snapshot" else sources)]
    absent = [sql.SQL("not exists (select from {} t where {})").format(source, same) for source in sources]
    rows = sql.SQL("select s._row from {} s where {} and {}").format(
        staged.table(), there, sql.SQL(" and ").join(absent)
    )
    near = next(iter(relation.on))
    return staging.fail(connection, staged, RELATION_RULE, rows, near, sql.Identifier("s", near))
