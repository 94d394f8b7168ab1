"""Formulas -> SQL: PostgreSQL's own operators and PostGIS's predicates. Values are always parameters."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lienthong.contract.model import Contract
from lienthong.store.formula import Formula, Property, Shape
from lienthong.store.mask import masked_column
from lienthong.store.slots import Slot

if TYPE_CHECKING:
    from lienthong.store.predicate import Params

Column = Callable[[str], str]
_ZONE = "'Asia/Ho_Chi_Minh'"
SPATIAL = {
    "s_intersects": "st_intersects",
    "s_disjoint": "st_disjoint",
    "s_equals": "st_equals",
    "s_touches": "st_touches",
    "s_crosses": "st_crosses",
    "s_within": "st_within",
    "s_contains": "st_contains",
    "s_overlaps": "st_overlaps",
}
# {a}, {b}: the two operands; {s}, {e} and {t}, {f}: where the first and the second begin and end.
TEMPORAL = {
    "t_after": "{s} > {f}",
    "t_before": "{e} < {t}",
    "t_disjoint": "({s} > {f} or {e} < {t})",
    "t_intersects": "({s} <= {f} and {e} >= {t})",
    "t_equals": "({s} = {t} and {e} = {f})",
    "t_during": "({s} > {t} and {e} < {f})",
    "t_contains": "({s} < {t} and {e} > {f})",
    "t_starts": "({s} = {t} and {e} < {f})",
    "t_startedby": "({s} = {t} and {e} > {f})",
    "t_finishes": "({e} = {f} and {s} > {t})",
    "t_finishedby": "({e} = {f} and {s} < {t})",
    "t_meets": "{e} = {t}",
    "t_metby": "{s} = {f}",
    "t_overlaps": "({s} < {t} and {e} > {t} and {e} < {f})",
    "t_overlappedby": "({s} > {t} and {s} < {f} and {e} > {f})",
}
ARRAYS = {
    "a_equals": "({a} @> {b} and {a} <@ {b})",
    "a_contains": "{a} @> {b}",
    "a_containedby": "{a} <@ {b}",
    "a_overlaps": "{a} ?| array(select jsonb_array_elements_text({b}))",
}
PLAIN = {
    **{sign: f"{{a}} {sign} {{b}}" for sign in ("=", "<>", "<", ">", "<=", ">=")},
    "like": "{a} like {b}",
    "+": "({a} + {b})",
    "-": "({a} - {b})",
    "*": "({a} * {b})",
    "/": "({a} / nullif({b}, 0))",
    "%": "mod({a}, nullif({b}, 0))",
    "div": "div({a}, nullif({b}, 0))",
    "^": "power({a}::float8, {b}::float8)::numeric",
    "casei": "lower({a})",
    "accenti": "unaccent('unaccent'::regdictionary, normalize({a}, NFC))",
    "true": "{a}",
    "isnull": "{a} is null",
    "text": "{a}::text",
    "number": "{a}::numeric",
    "moment": f"({{a}}::timestamp at time zone {_ZONE})",
    **{name: f"{function}({{a}}, {{b}})" for name, function in SPATIAL.items()},
    **ARRAYS,
}
_TYPES = {bool: "boolean", Decimal: "numeric", int: "numeric", str: "text", date: "date", UUID: "uuid"}


def formula_sql(formula: Formula, column: Column, contract: Contract, params: "Params") -> str:
    """A formula as an expression; `column` quotes and qualifies a stored column."""
    return _Writer(column, contract, params).formula(formula)


class _Writer:
    """Writes one formula."""

    def __init__(self, column: Column, contract: Contract, params: "Params") -> None:
        self._column, self._contract, self._params = column, contract, params

    def formula(self, formula: Formula) -> str:
        """An operator with its arguments."""
        op, args = formula.op, formula.args
        if op == "tile":
            return self._tile(*args)
        if op in TEMPORAL:
            (start, end), (other, until) = (self._span(arg) for arg in args)
            return TEMPORAL[op].format(s=start, e=end, t=other, f=until)
        if op == "list":
            return f"to_jsonb({self._params.add(list(args))}::text[])"
        if op == "in":
            return f"{self.part(args[0])} in ({', '.join(map(self.part, args[1]))})"
        if op == "between":
            return "{} between {} and {}".format(*map(self.part, args))
        return PLAIN[op].format(**dict(zip("ab", map(self.part, args), strict=False)))

    def part(self, part: Any) -> str:
        """An operand."""
        if isinstance(part, Formula):
            return self.formula(part)
        if isinstance(part, Property):
            field = self._contract.by_name[part.name]
            return self._column(masked_column(field) if part.masked else part.name)
        if isinstance(part, Shape):
            return self._shape(part)
        kind = "timestamptz" if isinstance(part, datetime) else _TYPES[type(part)]
        return f"{self._params.add(part)}::{kind}"

    def _shape(self, shape: Shape) -> str:
        made = f"st_geomfromtext({self._params.add(shape.wkt)}::text, {int(shape.srid)})"
        if "POLYGON" in shape.wkt:
            made = f"st_makevalid({made})"
        return made if shape.srid == 4326 else f"st_transform({made}, 4326)"

    def _span(self, part: Any) -> tuple[str, str]:
        """Where an instant or an interval begins and ends; an end that is open lies at infinity."""
        if not isinstance(part, tuple):
            made = self.part(part)
            return made, made
        start, end = part
        return (
            "'-infinity'::timestamptz" if start is None else self.part(start),
            "'infinity'::timestamptz" if end is None else self.part(end),
        )

    def _tile(self, geometry: Property, z: int | Slot, x: int | Slot, y: int | Slot, margin: float) -> str:
        place = ", ".join(f"{self._params.add(number)}::int" for number in (z, x, y))
        return f"{self.part(geometry)} && st_transform(st_tileenvelope({place}, margin => {float(margin)}), 4326)"
