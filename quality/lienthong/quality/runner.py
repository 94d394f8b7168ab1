"""Run a contract's suite on a relation: great_expectations judges, then the rows that fail are found."""

import time
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from lienthong.contract.model import Contract
from lienthong.kernel.text import Bilingual
from lienthong.quality.engine import Engine, version
from lienthong.quality.outcome import RuleResult, ValidationOutcome, dimension_scores, total_score
from lienthong.quality.suite import compile_suite
from lienthong.store.checked import Checked, checked, failing, keys_of, rows_sql

SAMPLES = 20
_SQL_RULE = "unexpected_rows_expectation"
_LONGEST = 200  # characters of a sample value


def run_checkpoint(
    connection_url: str, schema: str, table: str, contract: Contract, run_id: UUID | None = None
) -> ValidationOutcome:
    """Judge `schema.table` by the contract's suite.

    First true or false for all rules in a few scans; then counts for those that fail or allow some failures.
    """
    started = time.monotonic()
    suite = compile_suite(contract)
    with psycopg.connect(connection_url, autocommit=True) as connection:
        batch = checked(connection, schema, table)
        rules = {e["meta"]["id"]: e for e in suite["expectations"]}
        with Engine(connection_url, batch.text(batch.select)) as engine:
            judged = _judge(engine, batch, rules)
        rows = batch.count()
        results = tuple(_result(batch, contract, rules[name], judged[name], rows) for name in rules)
    dimensions = dimension_scores(results)
    return ValidationOutcome(
        dataset=contract.id,
        relation=f"{schema}.{table}",
        rows=rows,
        success=not any(r.severity == "error" and not r.success for r in results),
        score=total_score(dimensions),
        dimensions=dimensions,
        results=results,
        engine=version(),
        suite_hash=suite["meta"]["suite_hash"],
        seconds=round(time.monotonic() - started, 2),
        run_id=run_id,
    )


def quarantine_queries(outcome: ValidationOutcome) -> dict[str, sql.Composed]:
    """Rule id -> a query of the `_row` of each row that must go to quarantine, for failed rules that say so."""
    return {
        r.id: keys_of(r.query)
        for r in outcome.failed
        if r.on_failure == "quarantine" and r.query is not None and r.unexpected_count
    }


def _judge(engine: Engine, batch: Checked, rules: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    ready = {name: _ready(batch, rule) for name, rule in rules.items()}
    tolerant = {name for name, rule in rules.items() if rule["kwargs"].get("mostly", 1) < 1}
    found = engine.judge([rule for name, rule in ready.items() if name not in tolerant], "BOOLEAN_ONLY")
    again = tolerant | {name for name, result in found.items() if not result["success"]}
    return found | engine.judge([ready[name] for name in rules if name in again], "BASIC")


def _ready(batch: Checked, rule: dict[str, Any]) -> dict[str, Any]:
    """The rule with the relation named in its SQL by ourselves: great_expectations gives it an alias of its own."""
    if rule["type"] != _SQL_RULE:
        return rule
    query = batch.text(batch.query(rows_sql(rule["kwargs"]["unexpected_rows_query"])))
    kwargs = {"unexpected_rows_query": query.replace("{", "{{").replace("}", "}}")}
    return rule | {"kwargs": rule["kwargs"] | kwargs}


def _result(batch: Checked, contract: Contract, rule: dict[str, Any], judged: dict[str, Any], rows: int) -> RuleResult:
    meta, result = rule["meta"], judged["result"]
    count = result.get("unexpected_count")
    if rule["type"] == _SQL_RULE:
        count = result.get("observed_value")
    percent = result.get("unexpected_percent")
    if count is not None and percent is None:
        percent = 100 * min(1.0, count / rows) if rows else 0.0
    share = 1 - percent / 100 if percent is not None else float(judged["success"])
    query, samples = _failing_rows(batch, contract, rule, count)
    return RuleResult(
        id=meta["id"],
        success=judged["success"],
        severity=meta["severity"],
        dimension=meta["dimension"],
        title=Bilingual.model_validate(meta["title"]),
        expectation=rule["type"],
        fields=tuple(meta["fields"]),
        on_failure=meta["onFailure"],
        playbook=meta["playbook"],
        share=round(max(0.0, share), 6),
        observed=result.get("observed_value"),
        unexpected_count=count,
        unexpected_percent=round(percent, 4) if percent is not None else None,
        samples=samples,
        query=query,
        error=judged["error"],
    )


def _failing_rows(
    batch: Checked, contract: Contract, rule: dict[str, Any], count: int | None
) -> tuple[str | None, tuple[dict[str, Any], ...]]:
    """The query of the failing rows, and some of them without personal values.

    The query is told only when it finds exactly as many rows as great_expectations counted.
    """
    rows = failing(rule["type"], rule["kwargs"]) if count else None
    if rows is None:
        return None, ()
    query = batch.query(rows)
    samples = tuple(_shown(contract, row) for row in batch.sample(query, SAMPLES))
    exact = batch.count_found(query) == count
    return (batch.text(query) if exact else None), tuple(s for s in samples if s)


def _shown(contract: Contract, row: dict[str, Any]) -> dict[str, Any]:
    """A row's key and values as everybody in the platform may see them: nothing personal, nothing unknown."""
    fields = (contract.by_name.get(name) for name in row)
    safe = [f.name for f in fields if f and f.classification in ("public", "internal")]
    return {name: _short(row[name]) for name in safe}


def _short(value: Any) -> Any:
    return value[:_LONGEST] + "…" if isinstance(value, str) and len(value) > _LONGEST else value
