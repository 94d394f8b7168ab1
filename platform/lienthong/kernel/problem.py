"""The one tree of errors. Each surface renders a `Problem` in its own protocol's form.

REST: RFC 9457; CKAN: the action envelope; GraphQL: `extensions.code`; command line: the exit code.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from lienthong.kernel.text import Bilingual, Language, both


class Problem(Exception):
    """Something that a caller did or met, with a place and a way out.

    `detail` says what is wrong, `place` where (file:line, field, parameter), `fix` what to do, `extra` further
    members for machines. Every class has a page in docs/problems/<slug>.md.
    """

    slug: ClassVar[str] = "problem"
    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = 1
    title: ClassVar[Bilingual] = both("Lỗi hệ thống", "Internal problem")

    def __init__(
        self,
        detail: Bilingual | str,
        *,
        place: str | None = None,
        fix: Bilingual | str | None = None,
        **extra: Any,
    ) -> None:
        self.detail = detail if isinstance(detail, Bilingual) else both(detail, detail)
        self.place = place
        self.fix = both(fix, fix) if isinstance(fix, str) else fix
        self.extra: Mapping[str, Any] = extra
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """The whole message in one line: place, what is wrong, what to do."""
        parts = [f"{self.place}: " if self.place else "", self.detail.in_language(language)]
        if self.fix:
            parts.append(" → " + self.fix.in_language(language))
        return "".join(parts)

    def as_json(self, language: Language) -> dict[str, Any]:
        """The RFC 9457 members, plus `place`, `fix` and `code`."""
        body: dict[str, Any] = {
            "type": f"/docs/problems/{self.slug}",
            "title": self.title.in_language(language),
            "status": self.status,
            "detail": self.detail.in_language(language),
            "code": self.code,
        }
        if self.place:
            body["place"] = self.place
        if self.fix:
            body["fix"] = self.fix.in_language(language)
        return body | dict(self.extra)


class NotFound(Problem):
    """What was asked for does not exist, or the caller may not know that it does."""

    slug, status, code, exit_code = "not-found", 404, "NOT_FOUND", 4
    title = both("Không tìm thấy", "Not found")


class Gone(Problem):
    """It was there, and is not any more."""

    slug, status, code, exit_code = "gone", 410, "GONE", 4
    title = both("Không còn nữa", "Gone")


class Invalid(Problem):
    """What was given (a contract, a file, a document) is not what it must be."""

    slug, status, code, exit_code = "invalid", 422, "BAD_USER_INPUT", 2
    title = both("Dữ liệu không hợp lệ", "Invalid input")


class QueryInvalid(Problem):
    """A query that cannot be understood: unknown field, operator, parameter, value of a wrong type."""

    slug, status, code, exit_code = "query-invalid", 400, "BAD_USER_INPUT", 2
    title = both("Truy vấn không hợp lệ", "Invalid query")


class Unauthenticated(Problem):
    """No credential, or one that is wrong, expired or revoked."""

    slug, status, code, exit_code = "unauthenticated", 401, "UNAUTHENTICATED", 3
    title = both("Chưa xác thực", "Not authenticated")


class NotPermitted(Problem):
    """The caller is known, and no agreement or role covers what was asked."""

    slug, status, code, exit_code = "not-permitted", 403, "FORBIDDEN", 3
    title = both("Không được phép", "Not permitted")


class Conflict(Problem):
    """The state of things does not allow it now."""

    slug, status, code, exit_code = "conflict", 409, "CONFLICT", 5
    title = both("Xung đột", "Conflict")


class TooCostly(Problem):
    """The query, or the caller's sum of queries, is over its budget."""

    slug, status, code, exit_code = "too-costly", 429, "BUDGET_EXCEEDED", 6
    title = both("Vượt ngân sách truy vấn", "Over budget")


class TooManyAttempts(Problem):
    """Too many failed tries to sign in, at one account or from one address; `retry_after` is in seconds."""

    slug, status, code, exit_code = "too-many-attempts", 429, "TOO_MANY_ATTEMPTS", 3
    title = both("Thử quá nhiều lần", "Too many attempts")


class GateClosed(Problem):
    """A quality expectation of severity error failed; the last good data keeps serving."""

    slug, status, code, exit_code = "gate-closed", 409, "GATE_CLOSED", 7
    title = both("Cổng chất lượng đóng", "Quality gate closed")


class Unavailable(Problem):
    """Something that the platform stands on does not answer, or is not installed."""

    slug, status, code, exit_code = "unavailable", 503, "UNAVAILABLE", 75
    title = both("Tạm thời không phục vụ", "Unavailable")


PROBLEMS: tuple[type[Problem], ...] = (
    NotFound,
    Gone,
    Invalid,
    QueryInvalid,
    Unauthenticated,
    NotPermitted,
    Conflict,
    TooCostly,
    TooManyAttempts,
    GateClosed,
    Unavailable,
)
