"""Queries of any length as lines of text, one a row, made by PostgreSQL's COPY.

A line is the row as JSON, as a GeoJSON feature, or its cells: as CSV (RFC 4180), or between signs that no value holds,
from which typed columns are made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lienthong.contract.model import FieldContract
from lienthong.kernel.text import both
from lienthong.store import bits, spreadsheet
from lienthong.store.compile import Compiler, Statement
from lienthong.store.copying import Written
from lienthong.store.export import DELIMITER, QUOTE, WKB, is_geometry
from lienthong.store.keyset import after_sql, decode, sort_keys
from lienthong.store.mask import keeps_type, masked_column
from lienthong.store.predicate import column, ident
from lienthong.store.query import ROW_NUMBER, Group, Item, Measure, Nested, Query, fields
from lienthong.store.scope import Scope

Form = Literal["json", "feature", "csv", "cells"]
WHOLE = 1_000_000_000
"""The limit of a stream that has none."""
# Of a limit that it does not know the planner expects a tenth of the rows, of two of them a hundredth: it looks for
# rows that come soon, as it does for a cursor.
_UNKNOWN = f" limit (select {WHOLE}::bigint)"
# Nothing that is sent holds these signs, so a line of one column goes as it is.
_AS_IT_IS = f"format csv, delimiter E'\\x{ord(DELIMITER):02x}', quote E'\\x{ord(QUOTE):02x}'"
_DAY = ("date", "partial_date", "datetime")


@dataclass(frozen=True)
class Cell:
    """A column of the answer: what it is, and the SQL of its value as text; `shape` is that of a geometry itself.

    `free`: the SQL of whether it is known that no text of the column begins as a formula.
    """

    field: FieldContract
    text: str
    shape: str | None = None
    free: str = ""


class Liner(Compiler):
    """Compiles a query into a statement of lines; `fields` tells what the cells are."""

    fields: tuple[FieldContract, ...] = ()

    def lines(self, query: Query, form: Form) -> Statement:
        """One row a line, as a COPY; its values are written into the text (`copying.with_values`)."""
        self.params = Written()
        alias = self._alias()
        source = self._groups_of(query, alias) if query.is_aggregate else self._rows_of(query, alias)
        options = _AS_IT_IS
        match form:
            case "json":
                shown = f"{alias}.j::text" if query.is_aggregate else f"{self._object_of(query, alias)}::text"
            case "feature":
                shown = self._feature(query, alias)
            case _:
                cells = list(self._cells(query, alias))
                self.fields = tuple(cell.field for cell in cells)
                shown = _csv(cells) if form == "csv" else _cells(cells)
                options = _csv_options(cells) if form == "csv" else _AS_IT_IS
        text = f"copy (select * from (select {shown} {source}) l{_UNKNOWN}) to stdout ({options})"
        return Statement(text, tuple(self.params.values), ("line",), self._governed())

    def tally(self, query: Query) -> Statement:
        """How many rows the lines will be, and which rows about persons: what the ledger keeps of them."""
        if query.is_aggregate:
            return self._statement("select null::text, null::int", "", ("body", "count"))
        page = self._page(query, sort_keys(self.scopes[query.dataset], query.order), None)
        self._touch(query)
        count = f"(select count(*) from ({page}) c where c._n <= {int(query.page.limit)})::int"
        return self._statement(f"select null::text, {count}", "", ("body", "count"))

    # --- rows -------------------------------------------------------------------------------------------------

    def _rows_of(self, query: Query, alias: str) -> str:
        keys = sort_keys(self.scopes[query.dataset], query.order)
        where = self._where(query, alias, None)
        if query.page.after is not None:
            where += " and " + after_sql(keys, decode(query.page.after, keys), alias, self.params)
        order = ", ".join(key.order_sql(alias) for key in keys)
        limit = f" limit {int(query.page.limit)}" if query.page.limit < WHOLE else _UNKNOWN
        return f"from {self._relation(query)} {alias} where {where} order by {order}{limit}"

    def _groups_of(self, query: Query, alias: str) -> str:
        return f"from json_array_elements(({self._aggregate(query)})) {alias}(j)"

    def _object_of(self, query: Query, alias: str) -> str:
        return f"(select row_to_json(r.*) from (select {self._items(query, alias)}) r)"

    def _governed(self) -> bool:
        return any(scope.schema == "governed" for scope in self.scopes.values())

    def _feature(self, query: Query, alias: str) -> str:
        """A GeoJSON feature (RFC 7946); rings turn as it asks, outer ones counter-clockwise."""
        scope = self.scopes[query.dataset]
        shape = scope.contract.geometry
        assert shape
        items = query.items or fields(scope.visible)
        rest = query.but(items=tuple(i for i in items if not (isinstance(i, Item) and i.field == shape.name)))
        ids = ", ".join(f"{column(alias, name)}::text" for name in scope.key)
        seen = masked_column(shape) if shape.name in scope.masked else shape.name
        outline = f"st_asgeojson(st_forcepolygonccw({column(alias, seen)}), 6)::json"
        properties = self._object_of(rest, alias) if rest.items else "'{}'::json"
        return (
            f"json_build_object('type', 'Feature', 'id', concat_ws(',', {ids}), "
            f"'geometry', {outline}, 'properties', {properties})::text"
        )

    # --- cells ------------------------------------------------------------------------------------------------

    def _cells(self, query: Query, alias: str) -> Iterator[Cell]:
        scope = self.scopes[query.dataset]
        if query.is_aggregate:
            dimensions: tuple[Group | Measure, ...] = (*query.groups, *query.measures)
            for made in dimensions:
                found = _made(made, scope)
                yield Cell(found, _rounded(f"({alias}.j ->> {self._literal(made.key)})", found))
            return
        served = f"open.{ident(scope.contract.id)}"
        noted = f"open.{ident(scope.contract.id + bits.SUFFIX)}" if self._relation(query) == served else ""
        for item in query.items or fields(scope.visible):
            if isinstance(item, Nested):
                yield self._nested_cell(item, scope, alias)
            else:
                yield self._cell(item, scope, alias, noted)

    def _cell(self, item: Item, scope: Scope, alias: str, noted: str) -> Cell:
        if item.field == ROW_NUMBER:
            return Cell(_named(item.key, "decimal", scale=0), f"{column(alias, ROW_NUMBER)}::text")
        field = scope.contract.by_name[item.field]
        seen = _like(field, name=item.key)
        if is_geometry(field):
            shape = column(alias, masked_column(field) if item.field in scope.masked else item.field)
            return Cell(seen, f"st_astext({shape}, 6)", shape)
        if item.field in scope.masked and not keeps_type(field):
            seen = _like(seen, logical_type="text", options={})
        value = self._item(item, scope, alias)
        stored = value == column(alias, item.field) and field.columns[0].sql_type == "text"
        free = spreadsheet.note_of(noted, item.field) if noted and stored else ""
        return Cell(seen, f"({value})::text", free=free)

    def _nested_cell(self, item: Nested, scope: Scope, alias: str) -> Cell:
        """Related rows in a cell are JSON, as lists are."""
        title = self.registry.relations(scope.contract.id)[item.relation].title
        shown = _like(_named(item.key, "text"), title=title)
        return Cell(shown, f"{self._nested(item, scope.contract, alias)}::text")


def is_bare(field: FieldContract) -> bool:
    """Is it written without quotes: a number, a day, a truth value?"""
    return field.columns[0].sql_type.partition("(")[0] in ("integer", "bigint", "numeric", "boolean", "date")


def _csv(cells: list[Cell]) -> str:
    parts = [cell.text if is_bare(cell.field) else _harmless(cell) for cell in cells]
    if len(parts) == 1:  # an empty line is no row to most readers: an empty text is written as `""`
        parts = [f"coalesce(({parts[0]})::text, '')"]
    return ", ".join(f"{part} as c{n}" for n, part in enumerate(parts))


def _csv_options(cells: list[Cell]) -> str:
    """Texts are always quoted, numbers, days and truth values never."""
    texts = ", ".join(f"c{n}" for n, cell in enumerate(cells) if not is_bare(cell.field))
    return f"format csv, force_quote ({texts})" if texts else "format csv"


def _cells(cells: list[Cell]) -> str:
    """The cells, and after them each geometry as hexadecimal WKB: what `lienthong.formats.rows` reads."""
    return ", ".join(
        [*(cell.text for cell in cells), *(f"encode(st_asbinary({cell.shape}), 'hex')" for cell in cells if cell.shape)]
    )


def cell_names(shown: tuple[FieldContract, ...]) -> list[str]:
    """The names of the cells of a line, in their order."""
    return [*(field.name for field in shown), *(WKB + field.name for field in shown if is_geometry(field))]


def _harmless(cell: Cell) -> str:
    """The text, with an apostrophe before it when a spreadsheet would take it for a formula."""
    if is_geometry(cell.field) or cell.field.logical_type in _DAY:
        return cell.text
    return spreadsheet.harmless(cell.text, cell.free)


def _named(name: str, logical_type: str, **options: object) -> FieldContract:
    """A column that no contract names."""
    return FieldContract.model_construct(
        name=name, title=both(name, name), logical_type=logical_type, options=options, classification="public"
    )


def _like(field: FieldContract, **changes: object) -> FieldContract:
    """The field with some members changed; made anew, since a field remembers what follows from its members."""
    return FieldContract.model_construct(
        **{name: getattr(field, name) for name in FieldContract.model_fields} | changes
    )


def _made(made: Group | Measure, scope: Scope) -> FieldContract:
    """What a dimension or a number of groups is."""
    field = scope.contract.by_name[made.field] if made.field else None
    if isinstance(made, Group):
        if made.transform == "none" and field:
            return _like(field, name=made.key)
        return _named(made.key, "integer" if made.transform == "year" else "text")
    if made.function == "count" or field is None:
        return _named(made.key, "decimal", scale=0)
    if made.function == "avg":
        return _named(made.key, "decimal", precision=38, scale=6)
    if made.function == "sum":
        return _named(made.key, "decimal", precision=38, scale=_scale(field))
    return _like(field, name=made.key)


def _scale(field: FieldContract) -> int:
    stored = field.columns[0].sql_type
    return int(stored.partition(",")[2].rstrip(")") or 0) if stored.startswith("numeric(") else 0


def _rounded(text: str, field: FieldContract) -> str:
    return f"(({text})::{field.columns[0].sql_type})::text" if is_bare(field) else text
