"""Gate: the contract's expectations judge the staged rows. Nothing that fails an error rule is served."""

from collections.abc import Mapping

from psycopg import Connection, sql

from lienthong.contract.registry import Registry
from lienthong.kernel.problem import GateClosed
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import Bilingual, both
from lienthong.quality import results, runner
from lienthong.quality.outcome import RuleResult, ValidationOutcome
from lienthong.store import links, owner, staging
from lienthong.store.staging import Staging

_ROUNDS = 3
"""How often rows may go to quarantine and the rest be judged again."""


def judge(
    connection: Connection, settings: Settings, registry: Registry, staged: Staging, absent: set[str]
) -> ValidationOutcome:
    """Judge the staged rows; those of quarantine rules are failed, and the rest is judged again. The last result."""
    url = owner.owner_url(settings)
    outcome = runner.run_checkpoint(url, "staging", staged.name, staged.contract, staged.run)
    for _ in range(_ROUNDS):
        if not _fail_rows(connection, staged, outcome):
            break
        staging.remove_failed(connection, staged)
        links.check(connection, registry, staged, absent)
        outcome = runner.run_checkpoint(url, "staging", staged.name, staged.contract, staged.run)
    results.save(connection, outcome)
    return outcome


def require(outcome: ValidationOutcome) -> None:
    """Raises GateClosed with the failing rules when one of severity error does not hold."""
    failed = [r for r in outcome.failed if r.severity == "error"]
    if not failed:
        return
    ids = ", ".join(r.id for r in failed)
    raise GateClosed(
        both(
            f"Không đạt {len(failed)} quy tắc bắt buộc: {ids}. Dữ liệu đang phục vụ không đổi",
            f"{len(failed)} rules of severity error fail: {ids}. What is served stays as it was",
        ),
        place=outcome.dataset,
        fix=both("Sửa dữ liệu nguồn theo hướng dẫn của từng quy tắc", "Mend the source as each rule's playbook says"),
        rules=[_told(r) for r in failed],
    )


def reasons(outcome: ValidationOutcome | None, registered: Mapping[str, Bilingual]) -> dict[str, Bilingual]:
    """Why rows failed in the database: links, relationships and quality rules, by rule."""
    return dict(registered) | {r.id: r.title for r in (outcome.results if outcome else ())}


def _fail_rows(connection: Connection, staged: Staging, outcome: ValidationOutcome) -> int:
    """Fail the rows that quarantine rules name; their number."""
    by_id, failed = {r.id: r for r in outcome.results}, 0
    for rule, rows in runner.quarantine_queries(outcome).items():
        field = next((name for name in by_id[rule].fields if name in staged.contract.by_name), None)
        value = sql.Identifier("s", field) if field else sql.SQL("null")
        failed += staging.fail(connection, staged, rule, rows, field, value)
    return failed


def _told(rule: RuleResult) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title.model_dump(),
        "fields": list(rule.fields),
        "unexpected_count": rule.unexpected_count,
        "unexpected_percent": rule.unexpected_percent,
        "observed": rule.observed,
        "playbook": rule.playbook,
        "error": rule.error,
    }
