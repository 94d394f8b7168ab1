"""What is wrong with the rows that a batch does not accept: one quarantine row a defect, with the whole raw row.

Defects come from conforming (rules `type`, `map`, `required`, `unique`), from the reader (`malformed`) and, by row
number, from the database (links, relationships, quality rules).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lienthong.kernel.text import Bilingual, both

from ..sources.duck import literal, name
from .cells import Cell
from .conform import ROWS_BITS, Batch, Group, invalid, lacking, layers, type_reason

COLUMNS = ("rule", "field", "value", "reason_vi", "reason_en", "file", "line", "row")
EXPLAINED = 1000
"""For how many different bad values of a batch the exact reason is looked up; others get the field's first one."""
_VALUE_LENGTH = 500
_TEXT_LENGTH = 10_000

REASONS: Mapping[str, Bilingual] = {
    "type": both("giá trị không đúng kiểu của trường", "the value is not of the field's type"),
    "map": both("giá trị không có trong bảng quy đổi của hợp đồng", "the contract's mapping does not know the value"),
    "required": both("thiếu giá trị bắt buộc", "a required value is missing"),
    "unique": both(
        "khóa trùng với một dòng sau có nội dung khác; dòng sau được giữ",
        "a later row has the same key and other content; the later one is kept",
    ),
    "malformed": both("bản ghi không đọc được", "the record cannot be read"),
}


def describe(batch: Batch) -> None:
    """Make `defects` of a conformed batch."""
    batch.sql(
        "CREATE TABLE defects "
        "(_row BIGINT, rule VARCHAR, field VARCHAR, value VARCHAR, reason_vi VARCHAR, reason_en VARCHAR)"
    )
    for group in batch.groups:
        _cell_defects(batch, group)
    batch.sql(
        f"INSERT INTO defects SELECT _row, 'unique', {literal(batch.contract.primary_key[0])}, "
        f"concat_ws(',', {', '.join(f'CAST({name(k)} AS VARCHAR)' for k in batch.contract.primary_key)}), NULL, NULL "
        "FROM conformed WHERE _row IN (SELECT _row FROM repeats WHERE NOT _same)"
    )
    _explain(batch)


def count(batch: Batch) -> int:
    """The number of rows, and of records that are no rows, with a defect."""
    return batch.number("SELECT count(DISTINCT _row) FROM defects") + sum(f.table.rejected for f in batch.files)


def add(batch: Batch, failures: Path, reasons: Mapping[str, Bilingual]) -> None:
    """Add defects found in the database: a CSV file of (_row, rule, field, value), and a reason for each rule."""
    columns = "{'_row': 'BIGINT', 'rule': 'VARCHAR', 'field': 'VARCHAR', 'value': 'VARCHAR'}"
    told = _reasons(reasons)
    batch.sql(
        f"INSERT INTO defects SELECT f.*, r.vi, r.en FROM read_csv({literal(failures)}, header = false, "
        f"auto_detect = false, quote = '\"', escape = '\"', columns = {columns}) f "
        f"LEFT JOIN {told} r ON r.rule = f.rule"
    )


def rows(batch: Batch) -> str:
    """A query of everything that goes to quarantine, in the columns `COLUMNS`, in the order of the source."""
    parts = [_with_raw(batch, n) for n in range(len(batch.files))]
    parts += [_malformed(batch, n) for n, f in enumerate(batch.files) if f.table.rejects]
    return f"SELECT {', '.join(COLUMNS)} FROM ({' UNION ALL '.join(parts)}) ORDER BY _row, field"


def _cell_defects(batch: Batch, group: Group) -> None:
    numbers = ", ".join(map(str, group.files))
    bad = f"SELECT _row FROM conformed WHERE _bad AND (_row >> {ROWS_BITS}) IN ({numbers})"
    if not batch.number(f"SELECT count(*) FROM ({bad})"):
        return
    found, relation = layers(batch, group, f"_row IN ({bad})")
    batch.sql(f"CREATE OR REPLACE TEMP TABLE suspects AS SELECT * FROM {relation}")
    for cell in found:
        for condition, rule in _conditions(batch, cell):
            value = f"left({cell.raw_name}, {_VALUE_LENGTH})"
            batch.sql(
                f"INSERT INTO defects SELECT _row, {rule}, {literal(cell.field.name)}, {value}, NULL, NULL "
                f"FROM suspects WHERE {condition}"
            )


def _conditions(batch: Batch, cell: Cell) -> Iterable[tuple[str, str]]:
    unknown = f"CASE WHEN {cell.text_name} IS NULL THEN 'map' ELSE 'type' END" if cell.mapped else "'type'"
    yield invalid(cell), unknown
    if condition := lacking(batch.contract, cell):
        yield condition, "'required'"


def _explain(batch: Batch) -> None:
    """Give every defect its reason: exact for the first values, then that of the field, then that of the rule."""
    values = batch.sql(
        f"SELECT DISTINCT field, value FROM defects WHERE rule = 'type' ORDER BY ALL LIMIT {EXPLAINED}"
    ).fetchall()
    batch.sql("CREATE OR REPLACE TEMP TABLE explained (field VARCHAR, value VARCHAR, vi VARCHAR, en VARCHAR)")
    known = [
        (field, value, reason.vi, reason.en)
        for field, value in values
        if (reason := type_reason(batch.contract.by_name[field], value))
    ]
    if known:  # as literals: parameters make DuckDB import pandas
        listed = ", ".join(f"({', '.join(map(literal, row))})" for row in known)
        batch.sql(f"INSERT INTO explained VALUES {listed}")
    batch.sql(
        "UPDATE defects d SET reason_vi = e.vi, reason_en = e.en FROM explained e "
        "WHERE d.rule = 'type' AND e.field = d.field AND e.value = d.value"
    )
    batch.sql(
        "UPDATE defects d SET reason_vi = e.vi, reason_en = e.en FROM (SELECT field, min(vi) AS vi, min(en) AS en "
        "FROM explained GROUP BY field) e WHERE d.rule = 'type' AND d.reason_vi IS NULL AND e.field = d.field"
    )
    batch.sql(
        f"UPDATE defects d SET reason_vi = r.vi, reason_en = r.en FROM {_reasons(REASONS)} r "
        "WHERE d.reason_vi IS NULL AND r.rule = d.rule"
    )


def _with_raw(batch: Batch, file: int) -> str:
    """The defects of one file beside their whole raw rows."""
    cells = ", ".join(f"{literal(c)}: {name(c)}" for c in batch.files[file].table.columns)
    raw = (
        f"SELECT _row, _line, {_storable(f'CAST(to_json({{{cells}}}) AS VARCHAR)')} AS row "
        f"FROM {batch.rows_of(file)} WHERE _row IN (SELECT _row FROM defects)"
    )
    return (
        f"SELECT _row, rule, field, {_storable('value')} AS value, reason_vi, reason_en, "
        f"{literal(batch.files[file].name)} AS file, _line AS line, row FROM defects JOIN ({raw}) USING (_row)"
    )


def _malformed(batch: Batch, file: int) -> str:
    """The records that the reader could not make rows of."""
    given = batch.files[file]
    assert given.table.rejects
    reason = REASONS["malformed"]
    whole = f"CAST(to_json({{'text': left(text, {_TEXT_LENGTH})}}) AS VARCHAR)"
    return (
        f"SELECT {file << ROWS_BITS} AS _row, 'malformed' AS rule, NULL AS field, "
        f"{_storable(f'left(text, {_VALUE_LENGTH})')} AS value, "
        f"{literal(reason.vi + ': ')} || reason AS reason_vi, {literal(reason.en + ': ')} || reason AS reason_en, "
        f"{literal(given.name)} AS file, line, {_storable(whole)} AS row "
        f"FROM read_parquet({literal(given.table.rejects)})"
    )


def _storable(text: str) -> str:
    """A text expression without NUL, which PostgreSQL's text and JSON do not take."""
    return f"replace(replace({text}, chr(0), '\ufffd'), '\\u0000', '\\ufffd')"


def _reasons(reasons: Mapping[str, Bilingual]) -> str:
    """A relation (rule, vi, en)."""
    rows = ", ".join(f"({literal(rule)}, {literal(r.vi)}, {literal(r.en)})" for rule, r in reasons.items())
    return f"(SELECT * FROM (VALUES {rows}) AS v (rule, vi, en))"
