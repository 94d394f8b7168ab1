"""The life of an agreement as one table, and who may take which step (NĐ 47/2020 Điều 35, 37, 43, 44)."""

from dataclasses import dataclass
from typing import Literal

from lienthong.governance.agreements.tables import Agreement
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Conflict, NotFound, NotPermitted
from lienthong.kernel.text import Bilingual, both

State = Literal[
    "requested", "reviewed", "signed", "active", "suspended", "rejected", "withdrawn", "revoked", "replaced", "expired"
]
Action = Literal["review", "sign", "reject", "renew", "suspend", "resume", "revoke", "withdraw"]
Side = Literal["provider", "consumer"]
STATES: tuple[State, ...] = (
    "requested", "reviewed", "signed", "active", "suspended", "rejected", "withdrawn", "revoked", "replaced", "expired",
)  # fmt: skip
ACTIONS: tuple[Action, ...] = ("review", "sign", "reject", "renew", "suspend", "resume", "revoke", "withdraw")
OPEN: tuple[State, ...] = ("requested", "reviewed")  # waiting for an answer
VALID: tuple[State, ...] = ("signed", "active", "suspended")  # agreed on, not ended
DECIDERS = frozenset({"steward", "publisher"})


@dataclass(frozen=True)
class Step:
    """Where an action leads, and whose it is."""

    to: State
    side: Side


def _from(*states: State, to: State | None, side: Side, action: Action) -> dict[tuple[str, str], Step]:
    return {(state, action): Step(to or state, side) for state in states}


# `signed` becomes `active` when the keeper has written the database's rights; a resumed agreement goes the same way.
STEPS: dict[tuple[str, str], Step] = {
    **_from("requested", to="reviewed", side="provider", action="review"),
    **_from("requested", "reviewed", to="signed", side="provider", action="sign"),
    **_from("requested", "reviewed", to="rejected", side="provider", action="reject"),
    **_from("requested", "reviewed", *VALID, to="withdrawn", side="consumer", action="withdraw"),
    **_from("active", "suspended", "expired", to=None, side="consumer", action="renew"),
    **_from("active", to="suspended", side="provider", action="suspend"),
    **_from("suspended", to="signed", side="provider", action="resume"),
    **_from("active", to="active", side="provider", action="resume"),  # takes back a suspension that is announced
    **_from(*VALID, to="revoked", side="provider", action="revoke"),
}
WHO: dict[Side, Bilingual] = {
    "provider": both(
        "cán bộ đầu mối hoặc người công bố của cơ quan cung cấp", "a steward or publisher of the providing agency"
    ),
    "consumer": both("cơ quan khai thác", "the consuming agency"),
}


def sees(subject: Subject, row: Agreement) -> bool:
    """Both sides and the administrator see an agreement; nobody else knows that it is there."""
    return subject.is_administrator or (subject.agency is not None and subject.agency in (row.provider, row.consumer))


def stands_on(subject: Subject, row: Agreement, side: Side) -> bool:
    """May the caller act for this side? Only a person with a deciding role acts for the provider, never a program."""
    if side == "consumer":
        return subject.agency is not None and subject.agency == row.consumer
    if subject.is_administrator:
        return True
    return subject.agency is not None and subject.agency == row.provider and subject.role in DECIDERS


def step(subject: Subject, row: Agreement, action: Action) -> Step:
    """The step that `action` is now. Raises NotFound, NotPermitted or Conflict."""
    if not sees(subject, row):
        raise no_such(row.id)
    sides = {s.side for (_, name), s in STEPS.items() if name == action}
    if not any(stands_on(subject, row, side) for side in sides):
        who = WHO[next(iter(sides))]
        raise NotPermitted(
            both(f"Bạn không được {action} thỏa thuận {row.id}", f"You may not {action} the agreement {row.id}"),
            place=action,
            fix=both(f"Người được làm: {who.vi}", f"Who may: {who.en}"),
        )
    state = row.state_now
    found = STEPS.get((state, action))
    if found is None or (action == "resume" and state == "active" and row.suspend_from is None):
        allowed = ", ".join(sorted(possible(subject, row))) or "–"
        raise Conflict(
            both(f"Thỏa thuận đang ở trạng thái {state}, không {action} được",
                 f"The agreement is {state}: {action} is not possible"),
            place=action,
            fix=both(f"Lúc này có thể: {allowed}", f"Possible now: {allowed}"),
            state=state,
        )  # fmt: skip
    return found


def possible(subject: Subject, row: Agreement) -> list[Action]:
    """The actions that the caller may take now."""
    state = row.state_now
    found = [a for a in ACTIONS if (s := STEPS.get((state, a))) and stands_on(subject, row, s.side)]
    return [a for a in found if not (a == "resume" and state == "active" and row.suspend_from is None)]


def no_such(id: str) -> NotFound:
    """The same answer for an agreement of others and for none at all."""
    return NotFound(both(f"Không có thỏa thuận {id[:63]}", f"There is no agreement {id[:63]}"), place=id[:63])
