"""Random SQL: whole queries out of a grammar, many of which reach for what they must not, and random words."""

import random

TABLES = [
    "firms", "permits", "places", '"firms"', "data.firms", "pg_class", "pg_catalog.pg_class", "pg_settings", "meta.copied",
    "information_schema.tables", "public.firms", "pg_stat_activity", "pg_authid", "sandbox.data.firms",
]  # fmt: skip
COLUMNS = [
    "firm_code",
    "name",
    "status",
    "staff",
    "ctid",
    "tableoid",
    "xmin",
    "*",
    "f.*",
    "f",
    "number",
    "place_code",
    "oid",
]
FUNCTIONS = [
    "count", "lower", "max", "coalesce", "pg_sleep", "current_setting", "set_config", "version", "query_to_xml", "to_regclass",
    "pg_read_file", "array_agg", "row_to_json", "json_agg", "length", "pg_catalog.lower", "public.lower", "has_table_privilege",
    "currval", "obj_description", "generate_series", "unnest", "pg_relation_size", "dblink", "lo_get", "ts_stat",
]  # fmt: skip
TYPES = [
    "text",
    "int",
    "regclass",
    "date",
    "json",
    "name",
    "xml",
    "oid",
    "numeric(3,1)",
    "firms",
    "pg_class",
    "int[]",
    "interval",
]
_WORDS = [
    "select",
    "from",
    "where",
    "group",
    "by",
    "order",
    "limit",
    "*",
    ",",
    "(",
    ")",
    "1",
    "'x'",
    '"firms"',
    "firms",
    "f",
    ".",
    "::",
    "int",
    "text",
    "regclass",
    "pg_class",
    "pg_sleep",
    "lower",
    "count",
    ";",
    "--",
    "/*",
    "*/",
    "$$",
    "$a$",
    "E'\\'",
    "U&'\\0061'",
    "with",
    "x",
    "as",
    "union",
    "all",
    "join",
    "on",
    "true",
    "exists",
    "in",
    "any",
    "array[1]",
    "->",
    "~",
    "'a*'",
    "for",
    "update",
    "into",
    "values",
    "row",
    "case",
    "when",
    "then",
    "end",
    "null",
    "is",
    "not",
    "and",
    "or",
    "generate_series(1,3)",
    "cast",
    "tablesample",
    "recursive",
    "lateral",
]


def tokens(chance: random.Random) -> str:
    """Words that stand together by chance."""
    return "select " + " ".join(chance.choice(_WORDS) for _ in range(chance.randint(1, 12)))


class Grammar:
    """Queries that PostgreSQL's grammar would take, over tables of all kinds; the harmless are drawn more often."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def query(self, depth: int) -> str:
        """A query in which others stand, so many deep at most."""
        pick = self._chance
        columns = ", ".join(self._value(depth) for _ in range(pick.randint(1, 3)))
        text = f"select {columns} from {self._source(depth)}"
        if pick.random() < 0.35:
            text += f" where {self._test(depth)}"
        if pick.random() < 0.15:
            text += f" order by {pick.choice(('1', '1 desc nulls last', self._value(0)))}"
        if pick.random() < 0.2:
            text += f" limit {pick.choice(('1', '10', 'null', 'all', '(select 1)'))}"
        if depth and pick.random() < 0.12:
            text = f"{text} {pick.choice(('union', 'union all', 'except', 'intersect'))} select {self._value(0)}"
        if depth and pick.random() < 0.2:
            name = pick.choice(("x", "firms", "pg_class", "pg_settings", '"data"'))
            text = f"with {name} as ({self.query(depth - 1)}) {text}"
        return text

    def _source(self, depth: int) -> str:
        pick = self._chance
        kind = pick.random()
        if depth and kind < 0.2:
            return f"({self.query(depth - 1)}) {pick.choice(('q', 'f', 'pg_class'))}"
        if depth and kind < 0.35:
            side = pick.choice(("join", "left join", "cross join lateral", ","))
            rest = f"{self._table()} g" + (" on true" if side.endswith("join") else "")
            return f"{self._table()} f {side} {rest}"
        if kind < 0.42:
            return f"{pick.choice(('generate_series(1, 3)', 'unnest(array[1,2])', 'pg_ls_dir(chr(47))', 'json_each(null)'))} f"
        return f"{self._table()} f"

    def _table(self) -> str:
        return self._chance.choice(TABLES[:4]) if self._chance.random() < 0.8 else self._chance.choice(TABLES)

    def _value(self, depth: int) -> str:
        pick = self._chance
        kind = pick.random()
        if kind < 0.35:
            return pick.choice(COLUMNS) if pick.random() < 0.4 else pick.choice(COLUMNS[:4])
        if kind < 0.5:
            return pick.choice(
                ("1", "'x'", "null", "true", "1.5", "current_date", "current_user", "array[1]", "e'\\\\x'")
            )
        if kind < 0.65:
            name = pick.choice(FUNCTIONS[:4]) if pick.random() < 0.6 else pick.choice(FUNCTIONS)
            return f"{name}({pick.choice(('name', '1', 'f', 'staff', ''))})"
        if kind < 0.75:
            wanted = pick.choice(TYPES[:2]) if pick.random() < 0.6 else pick.choice(TYPES)
            return f"({pick.choice(COLUMNS[:4])})::{wanted}"
        if depth and kind < 0.9:
            return pick.choice(("({})", "exists ({})", "array({})")).format(self.query(depth - 1))
        return f"case when {self._test(0)} then {pick.choice(COLUMNS[:4])} end"

    def _test(self, depth: int) -> str:
        pick = self._chance
        left = pick.choice(COLUMNS[:4])
        if depth and pick.random() < 0.3:
            return f"{left} in ({self.query(depth - 1)})"
        return f"{left} {pick.choice(('=', '<>', 'is not distinct from', '~', 'like', '@@', 'operator(pg_catalog.=)'))} '1'"
