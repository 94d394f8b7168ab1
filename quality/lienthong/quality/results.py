"""Validation results are kept for good, in `platform.validation_result`."""

from psycopg import Connection
from psycopg.types.json import Jsonb

from lienthong.quality.outcome import ValidationOutcome

_SAVE = (
    "insert into platform.validation_result (run_id, dataset, at, success, score, suite_hash, engine, results) "
    "values (%s, %s, %s, %s, %s, %s, %s, %s) returning id"
)


def save(connection: Connection, outcome: ValidationOutcome) -> int:
    """Keep `outcome`; its id."""
    values = (
        outcome.run_id,
        outcome.dataset,
        outcome.at,
        outcome.success,
        outcome.score,
        outcome.suite_hash,
        outcome.engine,
        Jsonb([result.as_json() for result in outcome.results]),
    )
    row = connection.execute(_SAVE, values).fetchone()
    assert row is not None
    return int(row[0])
