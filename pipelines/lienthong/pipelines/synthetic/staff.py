"""People who work for the province and the posts they have held."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .agencies import Agencies
from .draw import NEVER, Days, Ints, Mask, choose, days_between, stream
from .people import People, people
from .places import Places, weights_of_old
from .settings import LAST_DAY

_SHARES = {
    "cap_tinh": 0.07,
    "cap_huyen": 0.15,
    "cap_xa": 0.03,
    "giao_duc": 0.53,
    "y_te": 0.14,
    "su_nghiep_khac": 0.03,
    "dang_doan_the": 0.05,
}
CADRE, OFFICIAL, PUBLIC, CONTRACT = range(4)
_TYPES = {
    "cap_tinh": [0.03, 0.87, 0.0, 0.1], "cap_huyen": [0.2, 0.72, 0.0, 0.08], "cap_xa": [0.2, 0.72, 0.0, 0.08],
    "dang_doan_the": [0.35, 0.6, 0.0, 0.05], "giao_duc": [0, 0, 0.94, 0.06], "y_te": [0, 0, 0.93, 0.07],
    "su_nghiep_khac": [0, 0, 0.9, 0.1],
}  # fmt: skip
_OFFICIAL_RANKS = (["01.003", "01.002", "01.004", "01.001", "01.005"], [70, 14, 11, 1, 4])
_RANKS = {
    "giao_duc": (["V.07.02.26", "V.07.03.29", "V.07.04.32", "V.07.05.15", "V.07.03.28", "V.07.04.31"],
                 [26, 26, 24, 8, 9, 7]),
    "y_te": (["V.08.01.03", "V.08.05.12", "V.08.05.13", "V.08.01.02"], [30, 40, 20, 10]),
    "su_nghiep_khac": (["V.05.02.07", "V.01.02.02", "V.10.02.06", "V.05.02.06"], [50, 20, 15, 15]),
}  # fmt: skip
_CONTRACT_RANKS = (["01.009", "01.010", "01.011", "01.007"], [40, 20, 25, 15])
WORKING, RETIRED, RESIGNED, MOVED = range(4)
HEAD, DEPUTY, DIVISION, SUBDIVISION, NONE = range(5)


@dataclass(frozen=True, slots=True)
class Staff:
    """Columns of people (rows of agencies: `body` today, `first_body` before a merger or the reform)."""

    who: People
    number: pl.Series
    recruited: Days
    started: Days
    left: Days
    state: Ints
    first_body: Ints
    body: Ints
    kind: Ints
    rank: pl.Series
    lead: Ints
    home_place: Ints
    live_place: Ints
    updated: Days
    party: Days
    posts: pl.DataFrame

    def __len__(self) -> int:
        return len(self.recruited)


def staff(seed: int, home: Places, bodies: Agencies, lot: int, n: int) -> Staff:
    """`n` people of the lot; lots are independent of each other."""
    rng = stream(seed, "staff", lot)
    first_body = _employers(rng, bodies, n)
    groups = bodies.frame["group"].to_numpy()[first_body]
    who = people(rng, home, n, ("1970-01-01", "2003-06-30"), first_serial=lot, female=0.62)
    age_at_entry = rng.integers(21 * 365, 31 * 365, n)
    recruited = np.minimum(who.born + age_at_entry, np.datetime64("2026-09-30"))
    recruited = np.maximum(recruited, who.born + 20 * 366)
    started = np.maximum(recruited, bodies.founded[first_body])
    leaves = (rng.random(n) < 0.06) & (started < np.datetime64("2026-06-01"))
    left = np.where(
        leaves, days_between(rng, np.maximum(started + 30, np.datetime64("2023-01-01")), LAST_DAY, n), NEVER
    )
    first_body = _alive_at_start(bodies, first_body, started)
    ended = bodies.ended[first_body]
    moved_on = ~np.isnat(ended) & ~(left <= ended)
    body = np.where(moved_on, _heirs(rng, bodies, first_body), first_body)
    kind = np.zeros(n, np.int64)
    for group, shares in _TYPES.items():
        members = np.flatnonzero(groups == group)
        kind[members] = choose(rng, shares, len(members))
    rank = _ranks(rng, groups, kind)
    number = pl.Series("", [f"{value:016X}" for value in rng.integers(0, 2**63, n, dtype=np.int64)])
    state = np.where(leaves, choose(rng, [0, 0.5, 0.35, 0.15], n), WORKING)
    lead = _leads(rng, body)
    joins = (rng.random(n) < 0.45) & (who.born + 22 * 366 < LAST_DAY)
    party = np.where(joins, days_between(rng, who.born + 19 * 366, LAST_DAY, n), NEVER)
    updated = np.where(leaves, left, days_between(rng, np.maximum(started, np.datetime64("2023-01-01")), LAST_DAY, n))
    updated = np.where(moved_on, np.maximum(updated, ended + 1), updated)
    posts = _posts(rng, first_body, body, started, left, ended, moved_on, lead)
    live = choose(rng, weights_of_old(home), n)
    return Staff(
        who, number, recruited, started, left, state, first_body, body, kind, rank, lead,
        choose(rng, weights_of_old(home), n), live,
        updated, party, posts,
    )  # fmt: skip


def _employers(rng: np.random.Generator, bodies: Agencies, n: int) -> Ints:
    """First employer: by the group's share, within it by the size of the body. The new communes hire few directly."""
    frame = bodies.frame
    group_weight = frame.group_by("group").agg(pl.col("weight").sum().alias("all"))
    joined = frame.join(group_weight, on="group", how="left", maintain_order="left")
    share = joined["group"].replace_strict(_SHARES, return_dtype=pl.Float64)
    return choose(rng, (share * joined["weight"] / joined["all"]).to_numpy(), n)


def _alive_at_start(bodies: Agencies, body: Ints, started: Days) -> Ints:
    """Who would start in a body that has ended starts with its (first) heir."""
    row_of = bodies.row_of()
    heir = np.array(
        [row_of.get(text.split("; ")[0], row) for row, text in enumerate(bodies.frame["successors"])], np.int64
    )
    return np.where(bodies.ended[body] < started, heir[body], body)


def _heirs(rng: np.random.Generator, bodies: Agencies, body: Ints) -> Ints:
    """One of the successors of each body; the body itself when it has none."""
    row_of = bodies.row_of()
    lists = [
        [row_of[code] for code in text.split("; ") if code] or [row]
        for row, text in enumerate(bodies.frame["successors"])
    ]
    most = max(map(len, lists))
    table = np.array([(heirs * most)[:most] for heirs in lists], np.int64)
    return table[body, rng.integers(0, most, len(body))]


def _ranks(rng: np.random.Generator, groups: np.ndarray, kind: Ints) -> pl.Series:
    ranks = np.empty(len(kind), object)
    for mask, (codes, weights) in [
        (np.isin(kind, [CADRE, OFFICIAL]), _OFFICIAL_RANKS), (kind == CONTRACT, _CONTRACT_RANKS),
        *(((kind == PUBLIC) & (groups == group), choice) for group, choice in _RANKS.items()),
    ]:  # fmt: skip
        members = np.flatnonzero(mask)
        ranks[members] = np.array(codes, object)[choose(rng, weights, len(members))]
    return pl.Series("", ranks.tolist(), dtype=pl.String)


def _leads(rng: np.random.Generator, body: Ints) -> Ints:
    """A head for each body, two deputies where there are five people or more, heads of divisions."""
    order = np.argsort(body, kind="stable")
    starts = np.flatnonzero(np.r_[True, body[order][1:] != body[order][:-1]])
    sizes = np.diff(np.r_[starts, len(body)])
    within = np.arange(len(body)) - np.repeat(starts, sizes)
    size = np.repeat(sizes, sizes)
    lead = np.where(rng.random(len(body)) < 0.08, DIVISION, np.where(rng.random(len(body)) < 0.1, SUBDIVISION, NONE))
    lead = np.where(size < 8, NONE, lead)
    lead = np.where((within <= 2) & (size >= 5), DEPUTY, lead)
    lead = np.where(within == 0, HEAD, lead)
    result = np.empty(len(body), np.int64)
    result[order] = lead
    return result


def _posts(
    rng: np.random.Generator,
    first_body: Ints,
    body: Ints,
    started: Days,
    left: Days,
    ended: Days,
    moved_on: Mask,
    lead: Ints,
) -> pl.DataFrame:
    """Posts: person, body, from, to, act (0 recruited, 1 appointed, 2 moved), lead."""
    n = len(body)
    person = np.arange(n, dtype=np.int64)
    stop = np.where(moved_on, ended, left)
    limit = np.where(np.isnat(stop), LAST_DAY, stop)
    raised = (rng.random(n) < 0.55) & (limit - started > np.timedelta64(800, "D"))
    when = started + (rng.uniform(0.3, 0.8, n) * (limit - started).astype(np.int64)).astype(np.int64)
    parts = [
        (person, first_body, started, np.where(raised, when - 1, stop), 0, NONE),
        (person[raised], first_body[raised], when[raised], stop[raised], 1, lead[raised]),
        (person[moved_on], body[moved_on], (ended + 1)[moved_on], left[moved_on], 2, lead[moved_on]),
    ]
    frames = [
        pl.DataFrame({"person": p, "body": b, "from": f.astype("datetime64[D]"), "to": t.astype("datetime64[D]"),
                      "act": np.full(len(p), act), "lead": np.broadcast_to(np.asarray(led), len(p)).copy()})
        for p, b, f, t, act, led in parts
    ]  # fmt: skip
    return pl.concat(frames).sort("person", "from", "act")
