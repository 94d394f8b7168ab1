"""Plans that were made before, for requests of the same shape by callers with the same rights.

Only what was answered once on the long way gets a plan. Whoever finds none, or one that does not fit, goes the
long way again, which alone refuses and explains.
"""

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from lienthong.governance.subject import ANONYMOUS, Subject, Terms
from lienthong.kernel.clock import today

Plan = TypeVar("Plan")
SHAPES = 1_000
PLANS = 200  # of one shape
_AGREEMENTS = 1_000


class Plans(Generic[Plan]):
    """Plans by shape; within a shape by the rights of the caller and by the texts that the plan does not leave open."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[tuple[int, ...], dict[Hashable, Plan]]] = {}
        self._seen: dict[Hashable, None] = {}

    def get(self, shape: Hashable, texts: Sequence[str], rights: Hashable) -> Plan | None:
        """The plan for this request."""
        kept = self._kept.get(shape)
        return kept[1].get((rights, *[texts[n] for n in kept[0]])) if kept else None

    def again(self, shape: Hashable) -> bool:
        """Was a request of this shape seen before? The first one makes no plan: many are never asked again."""
        if shape in self._seen:
            return True
        if len(self._seen) >= SHAPES:
            self._seen.clear()
        self._seen[shape] = None
        return False

    def put(self, shape: Hashable, texts: Sequence[str], rights: Hashable, opened: frozenset[int], plan: Plan) -> None:
        """Keep a plan that leaves these texts open."""
        fixed = tuple(n for n in range(len(texts)) if n not in opened)
        kept = self._kept.get(shape)
        if kept is None or kept[0] != fixed:
            if len(self._kept) >= SHAPES:
                self._kept.clear()
            kept = self._kept[shape] = (fixed, {})
        if len(kept[1]) >= PLANS:
            kept[1].clear()
        kept[1][rights, *[texts[n] for n in fixed]] = plan


class Rights:
    """What a caller may see, as a key: two callers with the same one see the same."""

    def __init__(self) -> None:
        # The terms themselves are kept beside their text, so that no other ones can take their place in memory.
        self._texts: dict[int, tuple[tuple[Terms, ...], str]] = {}

    def of(self, subject: Subject) -> Hashable:
        """The rights of a subject today, for the purpose of its request."""
        if subject is ANONYMOUS:
            return None
        s = subject
        return s.kind, s.id, s.role, s.agency, s.scopes, s.purpose, s.twin, self._terms(s.agreements), today()

    def _terms(self, agreements: tuple[Terms, ...]) -> str:
        known = self._texts.get(id(agreements))
        if known is None or known[0] is not agreements:
            if len(self._texts) >= _AGREEMENTS:
                self._texts.clear()
            known = self._texts[id(agreements)] = (agreements, repr(agreements))
        return known[1]
