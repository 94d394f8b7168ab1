"""One budget for a caller over all surfaces: what a minute may cost, and how many statements run at once.

What one query costs is told by `pricing`, in rows. A caller is an agency, a person, or, when nobody in particular, an
address. Each process keeps its own accounts.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from lienthong.governance.subject import Subject
from lienthong.kernel.problem import TooCostly
from lienthong.kernel.text import both

WINDOW = 60  # seconds
MOST_ACCOUNTS = 50_000


@dataclass(slots=True)
class Account:
    """What a caller has left: `quota` units a window, refilled evenly. `quota` 0: as much as they like."""

    quota: int
    left: float
    at: float

    def refill(self, moment: float) -> None:
        """What time has given back."""
        self.left = min(self.quota, self.left + (moment - self.at) * self.quota / WINDOW)
        self.at = moment

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10)."""
        if not self.quota:
            return ()
        left = max(0, int(self.left))
        full = math.ceil((self.quota - left) * WINDOW / self.quota)
        policy, state = b'"cost";q=%d;w=%d' % (self.quota, WINDOW), b'"cost";r=%d;t=%d' % (left, full)
        return (b"ratelimit-policy", policy), (b"ratelimit", state)


@dataclass(slots=True)
class Spending:
    """What one request has spent, and from which account; `address` tells where it came from."""

    address: Callable[[], str] = field(default=lambda: "")
    account: Account | None = None
    cost: int = 0
    wait: int = 1

    def headers(self, status: int) -> tuple[tuple[bytes, bytes], ...]:
        """What the answer tells of the account; when it was refused, also when to come again."""
        told = self.account.headers() if self.account else ()
        return (*told, (b"retry-after", b"%d" % self.wait)) if status == 429 else told


_SPENDING: ContextVar[Spending] = ContextVar("spending")


def begin(address: Callable[[], str]) -> Spending:
    """A request begins: nothing is spent yet."""
    found = Spending(address)
    _SPENDING.set(found)
    return found


class Budget:
    """The accounts of all callers of a process."""

    def __init__(self, anonymous: int = 0, known: int = 0) -> None:
        self._anonymous, self._known = anonymous, known
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    def caller(self, subject: Subject) -> str:
        """The name of the account: of the agency, of the person, or of the address."""
        if subject.kind == "anonymous":
            spending = _SPENDING.get(None)
            return "address " + (spending.address() if spending else "")
        return f"agency {subject.agency}" if subject.kind == "agency" else f"person {subject.id}"

    def charge(self, subject: Subject, cost: int) -> str:
        """Take `cost` from the caller's account, before anything is read; the account's name. Raises TooCostly."""
        name = self.caller(subject)
        account = self._account(name, self._anonymous if subject.kind == "anonymous" else self._known)
        if (spending := _SPENDING.get(None)) is not None:
            spending.account, spending.cost = account, spending.cost + cost
        if account.quota:
            account.refill(time.monotonic())
            if cost > account.left and account.left < account.quota:
                refusal = _spent(account, cost)
                if spending is not None:
                    spending.wait = int(refusal.extra["retry_after"])
                raise refusal
            account.left -= cost
        return name

    def spend(self, name: str, cost: int) -> None:
        """Take what an answer that has begun turns out to cost; the next one waits for it."""
        if (account := self._accounts.get(name)) is not None:
            account.left -= cost

    def _account(self, name: str, quota: int) -> Account:
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = Account(quota, quota, time.monotonic())
            if len(self._accounts) > MOST_ACCOUNTS:
                self._accounts.popitem(last=False)
        else:
            self._accounts.move_to_end(name)
        return account


def _spent(account: Account, cost: int) -> TooCostly:
    wait = max(1, math.ceil((min(cost, account.quota) - account.left) * WINDOW / account.quota))
    return TooCostly(
        both(
            f"Truy vấn này giá {cost}, còn {max(0, int(account.left))} của {account.quota} mỗi {WINDOW} giây",
            f"This query costs {cost}, {max(0, int(account.left))} of {account.quota} for {WINDOW} seconds are left",
        ),
        place="budget",
        fix=both(f"Thử lại sau {wait} giây", f"Try again in {wait} seconds"),
        cost=cost,
        limit=account.quota,
        retry_after=wait,
    )
