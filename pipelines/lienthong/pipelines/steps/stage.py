"""Stage: accepted rows go from DuckDB to PostgreSQL as binary COPY, batch by batch, without a Python object a row."""

from collections.abc import Iterator
from pathlib import Path

from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import Connection, sql

from lienthong.store import staging
from lienthong.store.staging import Staging

from ..sources.duck import literal, name
from . import defects
from .conform import Batch

_BATCH = 50_000  # rows
_BLOCK = 1 << 20  # bytes


def stage(connection: Connection, batch: Batch, target: Staging) -> None:
    """Copy the accepted rows to `_raw`, and the keys of those in quarantine to `_held`."""
    fields = ", ".join(name(f.name) for f in batch.contract.fields)
    accepted = f"SELECT {fields}, _row, _hash FROM conformed WHERE _row NOT IN (SELECT _row FROM rejected)"
    staging.copy_binary(connection, target.table("_raw"), _encoded(batch, accepted))
    whole = " AND ".join(f"{name(k)} IS NOT NULL" for k in batch.contract.primary_key)
    keys = batch.work / "held.csv"
    batch.sql(f"COPY (SELECT {batch.key} FROM conformed WHERE _bad AND {whole}) TO {literal(keys)} (HEADER false)")
    with keys.open("rb") as file:
        staging.copy_csv(connection, target.table("_held"), iter(lambda: file.read(_BLOCK), b""))


def stage_quarantine(connection: Connection, batch: Batch, target: Staging) -> int:
    """Copy everything that goes to quarantine to `_quarantine`; the number of source rows in it."""
    staging.copy_binary(connection, target.table("_quarantine"), _encoded(batch, defects.rows(batch)))
    return defects.count(batch)


def fetch_failures(connection: Connection, batch: Batch, query: sql.Composed) -> Path:
    """Bring rows (_row, rule, field, value) from the database into a CSV file of the batch's work folder."""
    path = batch.work / "failures.csv"
    with path.open("wb") as file:
        for block in staging.copy_out(connection, query):
            file.write(block)
    return path


def _encoded(batch: Batch, query: str) -> Iterator[bytes]:
    """The rows of a DuckDB query in PostgreSQL's binary COPY format."""
    reader = batch.sql(query).to_arrow_reader(_BATCH)
    encoder = ArrowToPostgresBinaryEncoder(reader.schema)
    yield encoder.write_header()
    for rows in reader:
        yield encoder.write_batch(rows)
    yield encoder.finish()
