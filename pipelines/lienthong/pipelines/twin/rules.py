"""A contract's quality rules as they judge its twin: what they read of restricted datasets, they read of twins."""

import re
from collections.abc import Iterator

from psycopg import sql

from lienthong.contract.model import Contract, QualityRule
from lienthong.contract.registry import Registry
from lienthong.privacy.twinned import has_twin
from lienthong.quality.suite import compile_suite
from lienthong.store.checked import failing

_NAMED = re.compile(r"\b(governed|history)\.([a-z][a-z0-9_]*)")
_SQL = "unexpected_rows_query"


def in_twins(registry: Registry, contract: Contract) -> Contract:
    """The contract with rules that look at twins where they look at restricted datasets."""

    def twin(match: re.Match[str]) -> str:
        target = registry.contracts.get(match[2])
        return f"twin.{match[2]}" if target and has_twin(target) else match[0]

    def moved(rule: QualityRule) -> QualityRule:
        if _SQL not in rule.kwargs:
            return rule
        return rule.model_copy(update={"kwargs": rule.kwargs | {_SQL: _NAMED.sub(twin, str(rule.kwargs[_SQL]))}})

    return contract.model_copy(update={"quality": tuple(map(moved, contract.quality))})


def judged(registry: Registry, contract: Contract) -> Iterator[tuple[str, sql.Composable]]:
    """Every rule that tells rows apart: its id, and the rows of `batch` that fail it."""
    for rule in compile_suite(in_twins(registry, contract))["expectations"]:
        found = failing(rule["type"], rule["kwargs"])
        if found is not None:
            yield rule["meta"]["id"], found
