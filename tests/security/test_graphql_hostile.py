"""Hostile documents: each is answered as it should be, at once, without memory, and never by an error of ours (C01, C03).

The corpus is one JSON object a line. `parts` are texts and how often each is repeated, `%d` being the turn and `%d+1` the
next; `variables` may be built likewise, so that large ones need no large files.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from graphql import parse

from lienthong.gql import limits
from lienthong.kernel.problem import TooCostly
from tests.surface.small import World

CORPUS = Path(__file__).parent / "graphql_hostile"
CASES = [json.loads(line) for path in sorted(CORPUS.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
PAGE = os.sysconf("SC_PAGE_SIZE")


def turned(text: str, times: int) -> str:
    """`text` so many times, its turns counted."""
    if "%d" not in text:
        return text * times
    return "".join(re.sub(r"%d(\+1)?", lambda m: str(n + bool(m[1])), text) for n in range(times))  # noqa: B023


def variables(given: Any) -> Any:
    """The variables of a case, built when they are large."""
    match given:
        case {"list": [str(name), str(text), int(times)]}:
            return {name: [f"{text}{n}" for n in range(times)]}
        case {"words": [str(name), str(text), int(times)]}:
            return {name: turned(text, times)}
        case {"conditions": int(times)}:
            return {"w": {"or": [{"staff": {"gt": n}} for n in range(times)]}}
        case _:
            return given


def sent(case: dict[str, Any]) -> bytes:
    """The body of a case."""
    if "raw" in case:
        return str(case["raw"]).encode().replace(b"\\xff", b"\xff").replace(b"\\\\u", b"\\u")
    if "raw_parts" in case:
        return "".join(text * times for text, times in case["raw_parts"]).encode()
    if "body" in case:
        return json.dumps(case["body"]).encode()
    query = case["query"] if "query" in case else "".join(turned(text, times) for text, times in case["parts"])
    return json.dumps({"query": query, "variables": variables(case.get("variables"))}).encode()


def memory() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def test_the_corpus_is_large_and_names_are_its_own() -> None:
    assert len(CASES) >= 60 and len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_hostile_request_is_answered_as_it_should_be(world: World, case: dict[str, Any]) -> None:
    body = sent(case)
    spent: list[float] = []
    while not spent or spent[-1] > 1 and len(spent) < 3:  # a collection of all garbage may fall into one
        start = time.process_time()
        answer = world.anonymous.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        spent.append(time.process_time() - start)
    assert answer.status_code in case.get("status", [200]), answer.text[:500]
    found = answer.json()
    code = found["errors"][0]["extensions"]["code"] if "errors" in found else "ok"
    assert code == case["expect"], answer.text[:500]
    if code != "ok":
        assert not found.get("data") and all(e["extensions"]["code"] != "INTERNAL" for e in found["errors"])
    elif "rows" in case:
        assert found["data"]["firms"]["totalCount"] == case["rows"]
    assert min(spent) <= 1, spent


def test_the_whole_corpus_leaves_no_memory_behind(world: World) -> None:
    def all_of_it() -> None:
        for case in CASES:
            world.anonymous.post("/graphql", content=sent(case), headers={"Content-Type": "application/json"})

    all_of_it()
    before = memory()
    all_of_it()
    assert memory() - before < 50 * 1024 * 1024


@pytest.mark.parametrize("n", [10, 25, 50, 100, 200])
def test_measuring_a_dag_of_fragments_takes_no_time(n: int) -> None:
    """2^n fields when written out; each fragment is measured once."""
    links = "".join(f"fragment F{i} on Q {{ a: p {{ ...F{i + 1} }} b: p {{ ...F{i + 1} }} }} " for i in range(n))
    document = parse("{ ...F0 } " + links + f"fragment F{n} on Q {{ x }}")
    spent = []
    for _ in range(3):
        start = time.thread_time()  # of this thread alone: the machine may be busy
        with pytest.raises(TooCostly):
            limits.check(document)
        spent.append(time.thread_time() - start)
    assert min(spent) <= 0.05
