"""Dates and moments. Local time is the time of Việt Nam, +07:00, whatever the session's zone."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from lienthong.contract.types import timeformats
from lienthong.contract.types.base import ORDERED, LogicalType, Operator, Options, literal, refuse
from lienthong.contract.types.pattern import clean
from lienthong.contract.types.timeformats import ISO_DATE
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.text import Bilingual


class Temporal(LogicalType):
    """What dates and moments share: the formats of the source (`formats`), ISO 8601 in queries."""

    operators: ClassVar[frozenset[Operator]] = ORDERED
    option_names: ClassVar[frozenset[str]] = frozenset({"formats"})
    source_formats: ClassVar[tuple[str, ...]]
    needed: ClassVar[str] = "Ymd"

    def formats(self, options: Options, default: Sequence[str]) -> tuple[str, ...]:
        """The formats in force, `iso` written out."""
        return tuple(ISO_DATE if f == "iso" else f for f in options.get("formats") or default)

    def lint(self, options: Options) -> list[Bilingual]:
        return super().lint(options) + timeformats.wrong(options.get("formats") or (), self.needed)


class Date(Temporal):
    """A calendar date. A format may carry a time of day, which is dropped."""

    name = "date"
    sql_type = "date"
    graphql = "Date"
    odcs = "date"
    source_formats = (ISO_DATE, "%d/%m/%Y")

    def parse(self, text: str, options: Options) -> date:
        value = clean(text)
        for pattern in self.formats(options, (ISO_DATE,)):
            if found := timeformats.read(value, pattern):
                return found[0].date()
        raise refuse("giá trị không phải ngày (YYYY-MM-DD)", "the value is not a date (YYYY-MM-DD)")

    def duckdb(self, expr: str, options: Options) -> str:
        tries = [timeformats.duckdb_read(expr, f) for f in self.formats(options, self.source_formats)]
        return f"CAST(coalesce({', '.join(tries)}) AS DATE)"

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


class PartialDate(Temporal):
    """A date of which the day, or day and month, may be unknown: EDTF (ISO 8601-2) `YYYY`, `YYYY-MM`, `YYYY-MM-DD`."""

    name = "partial_date"
    needed = "Y"
    source_formats = ("%Y", "%Y-%m", ISO_DATE, "%d/%m/%Y", "%m/%Y")
    pattern = r"[1-9][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"

    def parse(self, text: str, options: Options) -> str:
        value = clean(text)
        for pattern in self.formats(options, self.source_formats[:3]):
            if found := timeformats.read(value, pattern):
                moment, given = found
                return moment.strftime(self._edtf(given))
        raise refuse("giá trị không phải năm, tháng hay ngày (YYYY[-MM[-DD]])", "the value is not YYYY[-MM[-DD]]")

    def _edtf(self, given: str) -> str:
        if "m" not in given:
            return "%Y"
        return "%Y-%m-%d" if "d" in given else "%Y-%m"

    def duckdb(self, expr: str, options: Options) -> str:
        tries = []
        for pattern in self.formats(options, self.source_formats):
            given = "Ymd" if pattern == "excel_serial" else timeformats.directives(pattern)
            moment = timeformats.duckdb_read(expr, pattern)
            tries.append(f"strftime({moment}, {literal(self._edtf(given))})")
        return f"coalesce({', '.join(tries)})"

    def check(self, column: str, options: Options) -> str | None:
        return f"{column} ~ {literal(f'^{self.pattern}$')}"

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.pattern}$"}

    def odcs_type(self, options: Options) -> tuple[str, dict[str, Any]]:
        return "string", {"pattern": f"^{self.pattern}$"}

    def lint(self, options: Options) -> list[Bilingual]:
        return super().lint(options)


class DateTime(Temporal):
    """A moment. Without a zone the text means the time of Việt Nam; rendered as ISO 8601 with +07:00."""

    name = "datetime"
    sql_type = "timestamptz"
    graphql = "DateTime"
    odcs = "timestamp"
    source_formats = ("iso", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y")
    iso = (
        r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
        r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?)?"
    )
    zoned = r".{16,}(Z|[+-][0-9]{2}:[0-9]{2})"

    def formats(self, options: Options, default: Sequence[str]) -> tuple[str, ...]:
        return tuple(options.get("formats") or default)

    def parse(self, text: str, options: Options) -> datetime:
        value = clean(text)
        for pattern in self.formats(options, ("iso",)):
            if pattern == "iso":
                moment = self._iso(value)
            else:
                found = timeformats.read(value, pattern)
                moment = found[0].replace(tzinfo=VIETNAM) if found else None
            if moment:
                return moment
        raise refuse(
            "giá trị không phải thời điểm ISO 8601 (2026-01-31T08:30:00+07:00)",
            "the value is not an ISO 8601 moment (2026-01-31T08:30:00+07:00)",
        )

    def _iso(self, text: str) -> datetime | None:
        if not re.fullmatch(self.iso, text):
            return None
        try:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
        except ValueError:
            return None

    def duckdb(self, expr: str, options: Options) -> str:
        tries = [self._duckdb(expr, pattern) for pattern in self.formats(options, self.source_formats)]
        return f"coalesce({', '.join(tries)})"

    def _duckdb(self, expr: str, pattern: str) -> str:
        # Local times go through UTC by subtraction: the result does not depend on the session's zone.
        if pattern != "iso":
            return f"((({timeformats.duckdb_read(expr, pattern)}) - INTERVAL 7 HOUR) AT TIME ZONE 'UTC')"
        # DuckDB reads a zone only after seconds.
        whole = f"regexp_replace({expr}, '^(.{{16}})(Z|[+-])', '\\1:00\\2')"
        return (
            f"CASE WHEN NOT regexp_full_match({expr}, {literal(self.iso)}) THEN NULL"
            f" WHEN regexp_full_match({expr}, {literal(self.zoned)}) THEN try_cast({whole} AS TIMESTAMPTZ)"
            f" ELSE (try_cast({expr} AS TIMESTAMP) - INTERVAL 7 HOUR) AT TIME ZONE 'UTC' END"
        )

    def json_expr(self, column: str, options: Options) -> str:
        # A fixed offset, not a named zone: Sài Gòn kept other times before 1975, and the text says +07:00.
        local = f"({column}) AT TIME ZONE INTERVAL '+07:00'"
        return f"""to_char({local}, 'YYYY-MM-DD"T"HH24:MI:SS"+07:00"')"""

    def json_schema(self, options: Options) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}
