"""Groups and measures as SQL: the aggregate answers of every surface and the aggregate open views."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from lienthong.contract.model import Contract
from lienthong.store.cursor import encoded_sql, not_of_this_query, opened, tag
from lienthong.store.predicate import column, ident
from lienthong.store.query import Condition, Group, Item, Measure, Member, Query

# How a value becomes a dimension. `{}` is the quoted column.
TRANSFORMS: dict[str, str] = {
    "none": "{}",
    "year": "extract(year from {})::int",
    "quarter": "to_char({}, 'YYYY\"-Q\"Q')",
    "month": "to_char({}, 'YYYY-MM')",
    "band5": "({0}::int / 5 * 5)::text || '-' || ({0}::int / 5 * 5 + 4)::text",
}


def group_sql(group: Group, contract: Contract, alias: str) -> str:
    """The SQL expression of a dimension; moments are cut in the time of Việt Nam."""
    field = contract.by_name[group.field]
    name = column(alias, group.field)
    if field.logical_type == "datetime" and group.transform in {"year", "quarter", "month"}:
        name = f"({name} at time zone 'Asia/Ho_Chi_Minh')"
    if field.logical_type in {"date", "partial_date"} and group.transform == "band5":
        name = f"left({name}::text, 4)"  # bands of years
    if field.logical_type == "partial_date" and group.transform == "year":
        return f"left({name}, 4)::int"
    if field.logical_type == "partial_date" and group.transform == "month":
        return f"left({name}, 7)"
    return TRANSFORMS[group.transform].format(name)


def measure_sql(measure: Measure, alias: str, where: Callable[[Condition], str], counted: str | None = None) -> str:
    """The SQL expression of a number. `counted`: the column of a roll-up that says how many rows one stands for."""
    if counted:
        only = f" filter (where {where(measure.where)})" if measure.where else ""
        return f"coalesce(sum({column(alias, counted)}){only}, 0)::bigint"
    inner = column(alias, measure.field) if measure.field else "*"
    distinct = "distinct " if measure.distinct and measure.field else ""
    sql = f"{measure.function}({distinct}{inner})"
    return sql + (f" filter (where {where(measure.where)})" if measure.where else "")


Build = Callable[[Iterable[tuple[Member | Item, str]]], str]
MOST_GROUPS = 1_000_000  # how far one can page


def aggregate_sql(
    query: Query,
    contract: Contract,
    alias: str,
    relation: str,
    filter_sql: Callable[[], str],
    measure_filter: Callable[[Condition], str],
    build: Build,
    counted: str | None = None,
) -> str:
    """A scalar subquery: a JSON array of groups, or the connection over them that was asked for."""
    groups = [f"{group_sql(g, contract, alias)} as {ident(g.key)}" for g in query.groups]
    measures = [f"{measure_sql(m, alias, measure_filter, counted)} as {ident(m.key)}" for m in query.measures]
    keys = {m.key for m in query.measures} | {g.key for g in query.groups}
    order = [f"{ident(o.field)}{' desc' if o.descending else ''} nulls last" for o in query.order if o.field in keys]
    order += [str(n + 1) for n in range(len(groups))]
    by = f" group by {', '.join(str(n + 1) for n in range(len(groups)))}" if groups else ""
    more = int(query.connection is not None)  # one group longer than asked for, to know whether more follow
    rows = (
        f"select {', '.join([*groups, *measures])} from {relation} {alias} where {filter_sql()}{by}"
        + (f" order by {', '.join(order)}" if order else "")
        + f" limit {int(query.page.limit) + more} offset {int(query.page.offset)}"
    )
    if query.connection is None:
        return f"select coalesce(json_agg(row_to_json(g)), '[]') from ({rows}) g"

    def member(asked: Member) -> str:
        if asked.name == "totalCount":
            return "1" if not query.groups else f"({groups_sql(query, contract, alias, relation, filter_sql)})"
        return _member(asked, query, build)

    body = build((m, "" if m.literal else member(m)) for m in query.connection.members)
    if all(m.name == "totalCount" or m.literal for m in query.connection.members):
        return f"select {body}"
    return f"select {body} from (select row_number() over () as _n, q.* from ({rows}) q) g"


def _member(asked: Member, query: Query, build: Build) -> str:
    """A member of a connection over groups: the groups themselves, or where the page stands."""
    limit, offset = query.page.limit, query.page.offset
    if asked.name == "nodes":
        return f"coalesce(json_agg({_object(asked, build)} order by g._n) filter (where g._n <= {limit}), '[]')"
    last = f"least(count(*), {limit})"
    info = {
        "hasNextPage": f"count(*) > {limit}",
        "hasPreviousPage": "true" if offset else "false",
        "startCursor": f"case when {last} > 0 then {_cursor_sql(query, str(offset + 1))} end",
        "endCursor": f"case when {last} > 0 then {_cursor_sql(query, f'({offset} + {last})')} end",
    }
    return build((part, info.get(part.name, "")) for part in asked.parts)


def _object(member: Member, build: Build) -> str:
    """The parts of a group, each a column of it or an object of such."""
    return build((p, _object(p, build) if p.parts else "" if p.literal else f"g.{ident(p.name)}") for p in member.parts)


def _cursor_sql(query: Query, place: str) -> str:
    """A cursor of a group: its place under these dimensions in this order."""
    return encoded_sql(f"json_build_array('{_tag(query)}', {place}::text)")


def _tag(query: Query) -> str:
    return tag(
        "groups", query.dataset, repr(query.groups), repr(query.order), repr(query.measures) if query.order else ""
    )


def groups_after(query: Query, cursor: str) -> Query:
    """The query from the group after `cursor` on. Raises QueryInvalid when the cursor is of other groups."""
    place = opened(cursor, _tag(query), 1)[0]
    if not (place and place.isascii() and place.isdigit() and int(place) <= MOST_GROUPS):
        raise not_of_this_query()
    return query.but(page=replace(query.page, offset=int(place)))


def groups_sql(query: Query, contract: Contract, alias: str, relation: str, filter_sql: Callable[[], str]) -> str:
    """A scalar subquery: how many groups there are, whatever the page."""
    names = ", ".join(group_sql(g, contract, alias) for g in query.groups) or "1"
    return f"select count(*) from (select distinct {names} from {relation} {alias} where {filter_sql()}) d"
