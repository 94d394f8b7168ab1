"""Replays calls recorded at a CKAN 2.12.0, in their order, at an empty site, and compares every answer.

python -m tests.ckan.replay                          starts `lienthong up --empty` in a fresh folder
python -m tests.ckan.replay --only datastore_search  prints only the calls whose id begins so (all are replayed)
python -m tests.ckan.replay --url http://127.0.0.1:8000 --token T    an empty site that runs already
"""

import argparse
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.ckan.compare import Answer, Difference, Normal, compare
from tests.ckan.differences import reason

SHARED = Path(os.environ.get("LIENTHONG_SHARED", Path(__file__).parents[3] / "shared"))
GOLDEN = SHARED / "ckan-golden.jsonl"
RECORDED_DAYS = {"2026-11-20", "2026-11-21", "2026-11-22"}
Call = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """A call, our answer and where it differs."""

    call: Call
    sent: str
    ours: Answer
    meant: list[Difference]
    differences: list[Difference]

    @property
    def group(self) -> str:
        """The action, or the kind of address."""
        return str(self.call["id"]).partition(".")[0].partition(" ")[0]

    @property
    def kind(self) -> str:
        """The worst of its differences."""
        kinds = {d.kind for d in self.differences}
        worst = next((k for k in ("status", "type", "shape", "value", "order") if k in kinds), None)
        return worst or ("meant" if self.meant else "equal")


def golden(path: Path = GOLDEN) -> list[Call]:
    """The recorded calls in their order."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def replay(client: httpx.Client, token: str, calls: Iterable[Call]) -> Iterator[Result]:
    """Each call with our answer. `client` knows the base address of an empty site, `token` is its administrator's."""
    known = {"token.sysadmin": token}
    today = datetime.now(UTC)
    days = {(today + timedelta(days=n)).date().isoformat() for n in (-1, 0, 1)}
    for call in calls:
        sent = _filled(json.dumps(call["request"], ensure_ascii=False), known)
        answer = _ask(client, json.loads(sent))
        _capture(call["captures"], answer, known)
        secrets = {name: value for name, value in known.items() if name.startswith("token.") and value}
        recorded = _normal(_recorded(call["response"]), Normal(RECORDED_DAYS, {}))
        ours = _normal(answer, Normal(days, secrets))
        found = compare(recorded, ours)
        meant = [d for d in found if reason(call["id"], d)]
        # A status that is meant to be another brings another body with it.
        rest = [] if any(d.kind == "status" for d in meant) else [d for d in found if d not in meant]
        yield Result(call, sent, ours, meant, rest)


def _filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{\{([\w.]+)\}\}", lambda m: known.get(m[1], m[0]), text)


def _ask(client: httpx.Client, request: dict[str, Any]) -> Answer:
    given, multipart = request["body"], request["multipart"]
    parts: dict[str, Any] = {}
    if multipart:
        files = {name: (file[0], file[1].encode(), file[2]) for name, file in multipart["files"].items()}
        parts = {"data": multipart["fields"], "files": files}
    elif given is not None:
        parts = {"content": given if isinstance(given, str) else json.dumps(given)}
    answer = client.request(request["method"], request["path"], headers=request["headers"], **parts)
    return _answer(answer.status_code, answer.headers.get("content-type", ""), answer.text)


def _answer(status: int, content_type: str, text: str) -> Answer:
    kind = content_type.partition(";")[0].strip()
    try:
        value = json.loads(text) if kind == "application/json" else None
    except ValueError:
        value = None
    return Answer(status, kind, value if value is not None else _called(text, kind), text)


def _called(text: str, kind: str) -> Any:
    """The value inside a JSONP answer."""
    if kind != "application/javascript":
        return None
    try:
        return json.loads(text[text.index("({") + 1 : text.rindex(")")])
    except ValueError:
        return None


def _recorded(response: dict[str, Any]) -> Answer:
    kind = response["headers"].get("Content-Type", "").partition(";")[0]
    text = response.get("text") or ""
    return Answer(response["status"], kind, response.get("json") or _called(text, kind), text)


def _normal(answer: Answer, normal: Normal) -> Answer:
    return Answer(answer.status, answer.media_type, normal.value(answer.json), normal.text(answer.text))


def _capture(wanted: dict[str, str], answer: Answer, known: dict[str, str]) -> None:
    for name, path in wanted.items():
        value = answer.json
        for step in path.removeprefix("$.").split("."):
            try:
                value = value[int(step) if step.isdigit() else step]
            except (KeyError, IndexError, TypeError, ValueError):
                value = None
        if isinstance(value, str):
            known[name] = value


@contextmanager
def empty_site() -> Iterator[tuple[str, str]]:
    """The address of an empty site and its administrator's token, in a folder that is thrown away."""
    from tests.conftest import ADMIN_TOKEN, start, stop

    with tempfile.TemporaryDirectory(prefix="lienthong-replay-") as folder:
        home = Path(folder) / "home"
        process, platform = start(home, "--empty")
        try:
            yield platform.url, ADMIN_TOKEN
        finally:
            stop(process)
            log = Path(tempfile.gettempdir()) / "lienthong-replay.log"
            log.write_bytes((home / "up.log").read_bytes())


def table(results: list[Result]) -> str:
    """How many calls of each group are equal, meant to differ, or differ."""
    names = ("equal", "meant", "order", "value", "shape", "type", "status")
    lines = [f"{'':44}{'all':>6}" + "".join(f"{name:>8}" for name in names)]
    groups = {r.group: None for r in results}
    for group in [*groups, ""]:
        mine = [r for r in results if group in ("", r.group)]
        counts = Counter(r.kind for r in mine)
        shown = "".join(f"{counts[name] or '':>8}" for name in names)
        lines.append(f"{group or 'total':44}{len(mine):>6}{shown}")
    return "\n".join(lines)


def told(result: Result, whole: bool) -> str:
    """A differing call for people."""
    call = result.call
    request = json.loads(result.sent)
    asked = f"{request['method']} {request['path']} {json.dumps(request['body'], ensure_ascii=False) or ''}"[:400]
    lines = [f"\n{call['seq']} {call['id']} ({call['auth']}): {asked}"]
    lines += [f"    {difference}" for difference in result.differences[: None if whole else 8]]
    if whole:
        ours = json.dumps(result.ours.json, ensure_ascii=False) if result.ours.json is not None else result.ours.text
        lines += [
            f"  recorded: {json.dumps(call['response'], ensure_ascii=False)}",
            f"  ours: {result.ours.status} {ours}",
        ]
    return "\n".join(lines)


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="print calls whose id begins so (repeatable)")
    parser.add_argument("--until", type=int, default=0, help="stop after this sequence number")
    parser.add_argument("--whole", action="store_true", help="print whole answers")
    parser.add_argument("--meant", action="store_true", help="print what is meant, too")
    parser.add_argument("--url", help="an empty site that runs already")
    parser.add_argument("--token", help="its administrator's token")
    given = parser.parse_args()
    calls = [call for call in golden() if not given.until or call["seq"] <= given.until]
    site = _there(given.url, given.token) if given.url else empty_site()
    with site as (url, token), httpx.Client(base_url=url, timeout=60, follow_redirects=False) as client:
        results = list(replay(client, token, calls))
    shown = [r for r in results if not given.only or any(r.call["id"].startswith(name) for name in given.only)]
    for result in shown:
        if result.differences:
            print(told(result, given.whole))
        elif result.meant and given.meant:
            print(f"\n{result.call['id']}: {reason(result.call['id'], result.meant[0])}")
    print(f"\n{table(shown)}")


@contextmanager
def _there(url: str, token: str) -> Iterator[tuple[str, str]]:
    yield url, token


if __name__ == "__main__":
    main()
