"""Groups and measures as SQL: the aggregate answers of every surface and the aggregate open views."""

from collections.abc import Callable

from lienthong.contract.model import Contract
from lienthong.store.predicate import column, ident
from lienthong.store.query import Condition, Group, Measure, Query

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


def measure_sql(measure: Measure, alias: str, where: Callable[[Condition], str]) -> str:
    """The SQL expression of a number."""
    inner = column(alias, measure.field) if measure.field else "*"
    distinct = "distinct " if measure.distinct and measure.field else ""
    sql = f"{measure.function}({distinct}{inner})"
    return sql + (f" filter (where {where(measure.where)})" if measure.where else "")


def aggregate_sql(
    query: Query,
    contract: Contract,
    alias: str,
    relation: str,
    filter_sql: Callable[[], str],
    measure_filter: Callable[[Condition], str],
) -> str:
    """A scalar subquery: a JSON array of groups, each with its dimensions and measures."""
    groups = [f"{group_sql(g, contract, alias)} as {ident(g.key)}" for g in query.groups]
    measures = [f"{measure_sql(m, alias, measure_filter)} as {ident(m.key)}" for m in query.measures]
    keys = {m.key for m in query.measures} | {g.key for g in query.groups}
    order = [f"{ident(o.field)}{' desc' if o.descending else ''} nulls last" for o in query.order if o.field in keys]
    order += [str(n + 1) for n in range(len(groups))]
    by = f" group by {', '.join(str(n + 1) for n in range(len(groups)))}" if groups else ""
    rows = (
        f"select {', '.join([*groups, *measures])} from {relation} {alias} where {filter_sql()}{by}"
        + (f" order by {', '.join(order)}" if order else "")
        + f" limit {int(query.page.limit)} offset {int(query.page.offset)}"
    )
    return f"select coalesce(json_agg(row_to_json(g)), '[]') from ({rows}) g"


def groups_sql(query: Query, contract: Contract, alias: str, relation: str, filter_sql: Callable[[], str]) -> str:
    """A scalar subquery: how many groups there are, whatever the page."""
    names = ", ".join(group_sql(g, contract, alias) for g in query.groups) or "1"
    return f"select count(*) from (select distinct {names} from {relation} {alias} where {filter_sql()}) d"
