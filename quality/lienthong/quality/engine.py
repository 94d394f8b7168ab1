"""great_expectations, kept in one place: it takes 10 seconds to import and 250 MB, so only a worker meets it."""

import contextlib
import importlib.metadata
import io
import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from sqlalchemy import event
from sqlalchemy.engine import Engine as Connectable

from lienthong.store.owner import sqlalchemy_url


def version() -> str:
    """The engine's name and version."""
    return f"great_expectations {importlib.metadata.version('great-expectations')}"


def warm() -> None:
    """Import what the first judgement needs."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    from great_expectations.core import expectation_suite
    from great_expectations.data_context.types import base

    del great_expectations, expectation_suite, base


class Engine:
    """Judges one relation, given as a SELECT, by push-down in PostgreSQL. Close it, or use it with `with`."""

    def __init__(self, url: str, select: str) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._source = context.data_sources.add_postgres("postgres", connection_string=_reached(url))
        self._listener = _columns_only(select)
        event.listen(Connectable, "before_cursor_execute", self._listener, retval=True)
        asset = self._source.add_query_asset("batch", query=select)
        self._batch = asset.add_batch_definition_whole_table("all").get_batch()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Connectable, "before_cursor_execute", self._listener)
        self._source.get_engine().dispose()

    def judge(
        self, expectations: Sequence[dict[str, Any]], result_format: Literal["BOOLEAN_ONLY", "BASIC"]
    ) -> dict[str, dict[str, Any]]:
        """Rule id -> {success, result, error}. One scan serves many rules."""
        if not expectations:
            return {}
        from great_expectations.core.expectation_suite import ExpectationSuite

        # It prints advice to standard output, which may be a JSON document's.
        with contextlib.redirect_stdout(io.StringIO()):
            suite = ExpectationSuite("batch", expectations=[dict(e) for e in expectations])
            found = self._batch.validate(suite, result_format=result_format)
        return {_id(r): _judged(r) for r in found.results}


def _columns_only(select: str) -> Callable[..., tuple[str, Any]]:
    """great_expectations runs the bare SELECT, many times, only to learn the names of its columns: no row is needed."""

    def rewritten(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        return (f"select * from ({select}) q limit 0" if statement == select else statement), parameters

    return rewritten


def _id(result: Any) -> str:
    return str(result.expectation_config.meta["id"])


def _judged(result: Any) -> dict[str, Any]:
    found = result.to_json_dict().get("result") or {}
    return {"success": bool(result.success), "result": found, "error": _error(result.exception_info)}


def _reached(url: str) -> str:
    """The address as great_expectations takes it: it insists on a host, beside the one in the query."""
    return sqlalchemy_url(url).replace("@/", "@localhost/", 1)


def _error(info: Any) -> str | None:
    """Why a rule could not be run; only the first line, without the values in it."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [e for e in entries if isinstance(e, dict) and e.get("raised_exception")]
    return str(raised[0].get("exception_message") or "").split("\n")[0][:300] if raised else None
