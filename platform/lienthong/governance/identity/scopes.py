"""What a token may do: `read:<dataset>`, `write:<dataset>`, `*` for every dataset, and three areas of administration.

None stands for everything that the owner may do. A scope never gives a right: it only leaves out others. `twin` makes
a token of a developer: it reads synthetic twins in place of restricted datasets. `graphql:persisted` makes one of a
partner's program: over GraphQL it runs the platform's known operations only.
"""

from collections.abc import Iterable

from lienthong.contract.finding import nearest
from lienthong.contract.registry import Registry
from lienthong.governance.subject import Subject
from lienthong.kernel.problem import Invalid, NotPermitted
from lienthong.kernel.text import both

AREAS = ("agreements", "tokens", "admin", "twin", "graphql:persisted", "webhooks", "releases")
ACTS = ("read", "write")
NARROWING = ("twin", "graphql:persisted")  # with these a token may do less: they are handed on, never left out
MOST = 100
Scopes = frozenset[str] | None


def checked(registry: Registry, given: Iterable[str]) -> frozenset[str]:
    """The scopes, each known. Raises Invalid naming the nearest right one."""
    asked = list(given)
    if not 1 <= len(asked) <= MOST:
        raise Invalid(both(f"Cần 1 đến {MOST} phạm vi", f"1 to {MOST} scopes are needed"), place="scopes")
    known = {*AREAS, *(f"{act}:*" for act in ACTS)}
    known |= {f"{act}:{contract.slug}" for act in ACTS for contract in registry.contracts.values()}
    for scope in asked:
        if scope not in known:
            detail = both(f"Không có phạm vi “{scope}”", f"There is no scope “{scope}”")
            raise Invalid(detail, place="scopes", fix=nearest(scope, known))
    return frozenset(asked)


def allows(own: Scopes, scope: str) -> bool:
    """Does a holder of `own` hold `scope` too?"""
    act, _, dataset = scope.partition(":")
    return own is None or scope in own or bool(dataset and f"{act}:*" in own)


def require(subject: Subject, scope: str) -> None:
    """Raises NotPermitted when the caller's token leaves `scope` out."""
    if not allows(subject.scopes, scope):
        raise NotPermitted(
            both(f"Mã truy cập không có phạm vi {scope}", f"The token has no scope {scope}"),
            place="Authorization",
            fix=both(f"Tạo mã truy cập có phạm vi {scope}", f"Make a token with the scope {scope}"),
            clause=scope,
        )


def beyond(own: Scopes, asked: Iterable[str]) -> str | None:
    """The first of the scopes asked for that a holder of `own` cannot hand out, or one of `own` that must go along."""
    wanted = frozenset(asked)
    more = (scope for scope in sorted(wanted) if not allows(own, scope))
    left_out = (scope for scope in NARROWING if own is not None and scope in own and scope not in wanted)
    return next(more, None) or next(left_out, None)


def require_within(subject: Subject, asked: Iterable[str]) -> None:
    """Raises NotPermitted when a token would hand out more than it has."""
    scope = beyond(subject.scopes, asked)
    if scope in NARROWING and allows(subject.scopes, scope):
        raise NotPermitted(
            both(f"Mã truy cập mới cũng phải có phạm vi {scope}", f"The new token must have the scope {scope} too"),
            place="scopes",
            fix=both(f"Thêm {scope}", f"Add {scope}"),
            clause=scope,
        )
    if scope:
        require(subject, scope)
