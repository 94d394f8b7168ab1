"""Building twins: measure, draw, let the contract's own rules reject, let the new twin take the old one's place.

The same dataset, contract version and aggregates give the same twin. Killed at any moment, a build leaves the old one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from hashlib import sha256
from math import ceil
from random import Random
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Problem, QueryInvalid
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.pipelines.twin import rules
from lienthong.pipelines.twin.made import Row
from lienthong.pipelines.twin.plan import Link, Plan, identifying, plan
from lienthong.pipelines.twin.profile import Profile, measure
from lienthong.pipelines.twin.rows import Drawer, Keys
from lienthong.pipelines.twin.words import Words, load
from lienthong.privacy.twinned import has_twin
from lienthong.store import owner, twin
from lienthong.store.checked import checked

Progressed = Callable[[str, int, int | None, str], None]
LAYOUT = "1"  # of the generator: another one makes other twins of the same aggregates
LEAST, MOST, EMPTY = 1000, 5000, 200
_ROUNDS = 8
_HOPELESS = 0.9  # a rule that rejects more than this share of candidates is left out, and told


@dataclass(frozen=True)
class TwinReport:
    """What became of a build. `unmet`: the rules that a twin cannot keep, with the share of rows that fail each."""

    dataset: str
    state: Literal["built", "unchanged", "failed"]
    rows: int = 0
    seconds: float = 0.0
    unmet: Mapping[str, float] = field(default_factory=dict)
    problem: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {
            "dataset": self.dataset,
            "state": self.state,
            "rows": self.rows,
            "seconds": self.seconds,
            "unmet": dict(self.unmet),
            "problem": self.problem,
        }


def build_all(
    settings: Settings,
    registry: Registry,
    contracts: Sequence[Contract] | None = None,
    *,
    force: bool = False,
    progress: Progressed = lambda *_: None,
) -> list[TwinReport]:
    """Build the twins of `contracts` (all restricted ones by default), those that others point to first.

    A problem with one is reported and stops no other. Raises QueryInvalid for a dataset that has none.
    """
    for contract in contracts or ():
        if not has_twin(contract):
            detail = both(f"{contract.slug} không có bản sao tổng hợp", f"{contract.slug} has no synthetic twin")
            fix = both("dữ liệu mở toàn bộ hoặc không chia sẻ", "it is wholly open, or never shared")
            raise QueryInvalid(detail, place=contract.slug, fix=fix)
    chosen = ordered(registry, contracts if contracts is not None else list(registry.contracts.values()))
    words, reports = load(settings.datasets), []
    with owner.connect(settings) as connection:
        for number, contract in enumerate(chosen):
            progress("twin", number, len(chosen), contract.id)
            try:
                reports.append(build(connection, registry, contract, words, force=force))
            except (Problem, psycopg.Error) as error:
                reports.append(TwinReport(contract.id, "failed", problem=_told(contract, error)))
    progress("twin", len(chosen), len(chosen), "")
    return reports


def _told(contract: Contract, error: Problem | psycopg.Error) -> dict[str, Any]:
    if not isinstance(error, Problem):
        text = str(error).split("\n")[0]
        detail = both(f"Không tạo được bản sao: {text}", f"The twin could not be made: {text}")
        error = Problem(detail, place=contract.slug)
    return error.as_json("vi") | {"exit_code": error.exit_code}


def ordered(registry: Registry, contracts: Sequence[Contract]) -> list[Contract]:
    """The restricted ones of `contracts`, after those that they point to."""
    chosen = {c.id: c for c in contracts if has_twin(c)}
    graph = {name: {r.to for r in c.relationships if r.to in chosen and r.to != name} for name, c in chosen.items()}
    return [chosen[name] for name in TopologicalSorter(graph).static_order()]


def build(
    connection: psycopg.Connection, registry: Registry, contract: Contract, words: Words, *, force: bool = False
) -> TwinReport:
    """Build one twin, unless the served one was made of the same contract, aggregates and neighbours."""
    started = time.monotonic()
    made_how = plan(registry, contract, words)
    profile = measure(connection, made_how)
    targets = {
        link: twin.keys(connection, link.schema, link.dataset, link.remote, link.label) for link in made_how.links
    }
    print_ = _fingerprint(contract, profile, targets)
    known = connection.execute("select fingerprint, rows, unmet from platform.twin where dataset = %s", (contract.id,))
    row = known.fetchone()
    if row and row[0] == print_ and not force:
        return TwinReport(contract.id, "unchanged", row[1], round(time.monotonic() - started, 1), row[2])
    drawn = _Build(connection, registry, made_how, profile, words, targets)
    unmet = drawn.run()
    rows = twin.count(connection, contract)
    with connection.transaction():
        twin.serve(connection, contract)
        connection.execute(
            "insert into platform.twin (dataset, version, fingerprint, built_at, rows, statistics, unmet) "
            "values (%s, %s, %s, now(), %s, %s, %s) on conflict (dataset) do update set version = excluded.version, "
            "fingerprint = excluded.fingerprint, built_at = excluded.built_at, rows = excluded.rows, "
            "statistics = excluded.statistics, unmet = excluded.unmet",
            (contract.id, contract.version, print_, rows, Jsonb(profile.as_json()), Jsonb(unmet)),
        )
    return TwinReport(contract.id, "built", rows, round(time.monotonic() - started, 1), unmet)


def size(rows: int) -> int:
    """How many rows a twin has: a tenth of the real ones, 1,000 to 5,000, never more than there are; 200 of nothing."""
    return min(rows, max(LEAST, min(MOST, rows // 10))) if rows else EMPTY


def _fingerprint(contract: Contract, profile: Profile, targets: Mapping[Link, Keys]) -> str:
    parts = [LAYOUT, contract.fingerprint, repr(profile), repr(sorted((k.dataset, v) for k, v in targets.items()))]
    return sha256("\n".join(parts).encode()).hexdigest()


class _Build:
    """One build: rounds of candidates, of which the rules take away what does not fit."""

    def __init__(
        self,
        connection: psycopg.Connection,
        registry: Registry,
        plan: Plan,
        profile: Profile,
        words: Words,
        targets: Mapping[Link, Keys],
    ) -> None:
        self._connection, self._registry, self._plan = connection, registry, plan
        self._contract, self._targets = plan.contract, targets
        seed = sha256(f"{plan.contract.id} {plan.contract.version}".encode()).digest()
        self._random = Random(int.from_bytes(seed, "big"))
        self._drawer = Drawer(plan, profile, words, targets, self._random)
        self._identifying = identifying(plan, words)
        self._rules = dict(rules.judged(registry, plan.contract))
        self._wanted = size(profile.rows)
        self._keys: set[tuple[str | None, ...]] = set()
        self._parents = {link: list(keys) for link, keys in targets.items() if link.schema == "twin"}
        for keys in self._parents.values():
            self._random.shuffle(keys)

    def run(self) -> dict[str, float]:
        """Fill the new tables; the rules that no candidates keep, with the share that failed."""
        twin.create(self._connection, self._contract)
        unmet: dict[str, float] = {}
        kept, share = 0, 1.0
        for _ in range(_ROUNDS):
            missing = self._wanted - kept
            if missing <= self._wanted // 100:
                break
            tried = min(4 * self._wanted, ceil(missing / share))
            rows = self._distinct(self._drawer.rows(tried, self._block(missing)))
            twin.fill(self._connection, self._contract, self._columns(rows), [list(r.values()) for r in rows])
            unmet |= self._reject(kept, len(rows))
            now = twin.count(self._connection, self._contract)
            share = max(0.1, min(1.0, (now - kept) / max(1, len(rows))))
            kept = now
        return unmet

    def _block(self, missing: int) -> dict[Link, Keys]:
        """Parents that no row has yet, for links to twins: rules that look at all rows of a parent judge it once."""
        block = {}
        for link, keys in self._parents.items():
            fresh = keys[: max(1, missing // 2)]
            del keys[: len(fresh)]
            block[link] = fresh or self._targets[link]
        return block

    def _columns(self, rows: Sequence[Row]) -> list[str]:
        return list(rows[0]) if rows else []

    def _distinct(self, rows: Sequence[Row]) -> list[Row]:
        """Rows of the same columns, in the contract's order, whose key no row had before."""
        columns = [c.name for f in self._contract.fields for c in f.columns]
        found = []
        for row in rows:
            key = tuple(row.get(name) for name in self._contract.primary_key)
            if None not in key and key not in self._keys:
                self._keys.add(key)
                found.append({name: row.get(name) for name in columns})
        return found

    def _reject(self, kept: int, added: int) -> dict[str, float]:
        """Take away what is real by chance, then what breaks a rule. A hopeless rule is dropped for good."""
        for names in self._identifying:
            twin.reject_real(self._connection, self._contract, names)
        batch = checked(self._connection, twin.SCHEMA, twin.fresh(self._contract))
        hopeless = {}
        for name, failing in list(self._rules.items()):
            found = batch.count_found(batch.query(failing))
            there = twin.count(self._connection, self._contract)
            if found is None or (not kept and there and found > _HOPELESS * there):
                del self._rules[name]
                if found:
                    hopeless[name] = round(found / there, 2)
            elif found:
                twin.reject(self._connection, self._contract, batch.query(failing))
        return hopeless
