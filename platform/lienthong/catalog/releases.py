"""The life of a release: which step leads where, and who may take it.

    draft -> checked -> approved -> published -> superseded
                                        any of the last two -> withdrawn

A draft that did not pass its check stays a draft, with the reason. `reject` takes a release back to a draft. What was
rolled back from is superseded, and can be served again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from lienthong.catalog.tables import Release
from lienthong.contract.model import Contract
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.problem import Conflict, Invalid, NotFound, NotPermitted
from lienthong.kernel.text import Bilingual, both

Action = Literal["draft", "approve", "reject", "publish", "schedule", "withdraw", "rollback", "review"]
ACTIONS: tuple[Action, ...] = get_args(Action)
FROM: Mapping[Action, frozenset[str]] = {
    "approve": frozenset({"checked"}),
    "reject": frozenset({"checked", "approved"}),
    "publish": frozenset({"approved"}),
    "schedule": frozenset({"approved"}),
    "withdraw": frozenset({"published", "superseded"}),
    "rollback": frozenset({"superseded"}),
    "review": frozenset({"published"}),
}
"""The states in which a step can be taken."""
WAITING = frozenset({"draft", "checked", "approved"})
"""States that only stewards see."""
OPERATOR = "operator"


@dataclass(frozen=True)
class Actor:
    """Who takes a step: a steward of the agency, an administrator, or the operator of the machine."""

    id: str
    role: str

    @property
    def is_operator(self) -> bool:
        """Does the step come from the command line or a job of the machine?"""
        return self.role == OPERATOR


def check_step(contract: Contract, row: Release, action: Action, actor: Actor) -> None:
    """Raises Conflict when the state does not allow it, NotPermitted when a second person must do it."""
    if row.state not in FROM[action] and not _straight(contract, row, action, actor):
        states = ", ".join(sorted(FROM[action]))
        raise Conflict(
            both(
                f"Bản {row.number} đang ở trạng thái {row.state}: không {action} được",
                f"Release {row.number} is {row.state}: it cannot {action}",
            ),
            place=f"{contract.slug}/{row.number}",
            fix=both(f"Bước này cần trạng thái: {states}", f"The step needs the state: {states}"),
            state=row.state,
        )
    if action == "approve" and actor.id == row.drafted_by and not _one_is_enough(contract, actor):
        raise NotPermitted(
            both("Người lập dự thảo không tự duyệt", "Who drafted a release does not approve it"),
            place=f"{contract.slug}/{row.number}",
            fix=both("Cán bộ đầu mối khác duyệt", "Another steward approves"),
        )


def _straight(contract: Contract, row: Release, action: Action, actor: Actor) -> bool:
    """The operator may publish what is checked, unless the contract asks for an approval."""
    return action == "publish" and row.state == "checked" and goes_straight(contract, actor)


def goes_straight(contract: Contract, actor: Actor) -> bool:
    """May the actor publish without the approval of another?"""
    return actor.is_operator and contract.release.approval != "required"


def _one_is_enough(contract: Contract, actor: Actor) -> bool:
    return contract.release.approval == "single" or goes_straight(contract, actor)


def possible(contract: Contract, row: Release, actor: Actor) -> list[Action]:
    """The steps that the actor can take now."""
    found: list[Action] = []
    for action in FROM:
        try:
            check_step(contract, row, action, actor)
        except (Conflict, NotPermitted):
            continue
        found.append(action)
    return found


def review_after(contract: Contract, day: date) -> date:
    """The day until which the release is to be reviewed (NĐ 47/2020 Điều 20: every 6 months)."""
    month = day.month - 1 + contract.release.review
    year, month = day.year + month // 12, month % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError("every month has a day 28")


def moment(text: str) -> datetime:
    """A date and time; without a zone it is that of Việt Nam. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        detail = both(f"Không phải thời điểm: {text[:40]}", f"No date and time: {text[:40]}")
        raise Invalid(detail, place="at", fix="2026-12-01T08:00") from error
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


def reason_of(vi: str, en: str = "") -> Bilingual:
    """A reason in two languages; one text serves for both. Raises Invalid when there is none."""
    vi, en = vi.strip(), en.strip()
    if not (vi or en):
        raise Invalid(both("Cần nêu lý do", "A reason is needed"), place="reason")
    return both(vi or en, en or vi)


def no_release(contract: Contract, number: int | str) -> NotFound:
    """There is no release with this number."""
    detail = both(f"{contract.slug} không có bản {number}", f"{contract.slug} has no release {number}")
    return NotFound(detail, place=f"{contract.slug}/{number}")
