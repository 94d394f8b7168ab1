"""Side by side with PostGraphile on the same rows, and with ourselves: without the ledger, without an agreement."""

import base64
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import psycopg

from bench import scaling, whole
from bench.load import Request, answer, load
from bench.peer import peer
from bench.place import CLI, Place, free_port, serving
from bench.processes import cpu_ms, machine_ms, settle
from bench.reads import Measured, System, summary
from bench.world import PROVIDER_TOKEN, TOKEN, agree, build

Say = Callable[[str], None]
Made = tuple[Request, ...]
ROUNDS = 2
MANY = 400
ROWS = "/api/v1/datasets/enterprises/rows"
SNAKE = "enterprise_code,name_vi,enterprise_type,status,registered_on,address_text,main_activity_code,charter_capital"
CAMEL = "enterpriseCode nameVi enterpriseType status registeredOn addressText mainActivityCode charterCapital"
NESTED = """enterpriseCode nameVi status commune { code nameVi province { code nameVi } }"""
LAST = "dossierCode status receivedAt"
GOVERNED = (("Authorization", f"Bearer {TOKEN}"), ("Lienthong-Purpose", "tax_administration"))


@dataclass(frozen=True)
class Case:
    """One job: the requests to each system by its name; `peer` None: measured against another of our own ways."""

    name: str
    ours: Made
    rest: Made | None
    peer: Made | None
    headers: tuple[tuple[str, str], ...] = ()


def graphql(text: str, variables: Sequence[dict[str, Any]]) -> Made:
    """The same document with different variables."""
    return tuple(Request("/graphql", json.dumps({"query": text, "variables": v})) for v in variables)


def rest(given: Sequence[dict[str, str]], path: str = ROWS) -> Made:
    """Rows by REST."""
    return tuple(Request(path + "?" + "&".join(f"{k}={quote(v)}" for k, v in one.items())) for one in given)


def cases(place: Place, our_port: int, peer_port: int) -> list[Case]:
    """All jobs that both can do."""
    with psycopg.connect(place.url) as connection:
        keys = _keys(connection)
        pairs = _pairs(connection)
        days = _days(connection)
    cursors = _our_cursors(our_port, days)
    both = [{"s": status, "a": activity} for status, activity in pairs]
    where = "where: {status: {eq: $s}, mainActivityCode: {eq: $a}}"
    condition = "condition: {status: $s, mainActivityCode: $a}"
    ours = "enterprises(first: 100, orderBy: [{field: REGISTERED_ON, direction: DESC}], " + where + ")"
    theirs = "allEnterprises(first: 100, orderBy: [REGISTERED_ON_DESC, ENTERPRISE_CODE_DESC], " + condition + ")"
    filtered = [
        {"status": p["s"], "main_activity_code": p["a"], "sort": "-registered_on", "fields": SNAKE} for p in both
    ]
    page = "enterprises(first: 100, after: $c, orderBy: [{field: REGISTERED_ON}])"
    their_page = "allEnterprises(first: 100, after: $c, orderBy: [REGISTERED_ON_ASC, ENTERPRISE_CODE_ASC])"
    return [
        Case(
            "get by key",
            graphql(f"query($k: String!) {{ enterprise(enterpriseCode: $k) {{ {CAMEL} }} }}", [{"k": k} for k in keys]),
            tuple(Request(f"{ROWS}/{key}?fields={SNAKE}") for key in keys),
            graphql(
                f"query($k: String!) {{ enterprisByEnterpriseCode(enterpriseCode: $k) {{ {CAMEL} }} }}",
                [{"k": k} for k in keys],
            ),
        ),
        Case(
            "list 100",
            graphql(f"query($s: String!, $a: String!) {{ {ours} {{ nodes {{ {CAMEL} }} }} }}", both),
            rest(filtered),
            graphql(f"query($s: String!, $a: String!) {{ {theirs} {{ nodes {{ {CAMEL} }} }} }}", both),
        ),
        Case(
            "keyset page",
            graphql(
                f"query($c: String) {{ {page} {{ nodes {{ {CAMEL} }} }} }}", [{"c": c} for c in cursors]
            ),
            rest([{"sort": "registered_on", "fields": SNAKE, "cursor": c} for c in cursors]),
            graphql(
                f"query($c: Cursor) {{ {their_page} {{ nodes {{ {CAMEL} }} }} }}",
                [{"c": c} for c in _their_cursors(peer_port, their_page, days)],
            ),
        ),
        _nested(both, where, condition),
    ]  # fmt: skip


def _nested(both: Sequence[dict[str, str]], where: str, condition: str) -> Case:
    """Fifty enterprises, each with its commune, province and last three dossiers; ours under an agreement."""
    last = "first: 3, orderBy: [{field: RECEIVED_AT, direction: DESC}]"
    return Case(
        "nested 50",
        graphql(
            "query($s: String!, $a: String!) { enterprises(first: 50, " + where + ") "
            f"{{ nodes {{ {NESTED} dossiers({last}) {{ nodes {{ {LAST} }} }} }} }} }}",
            both,
        ),
        rest(
            [
                {"status": p["s"], "main_activity_code": p["a"], "limit": "50",
                 "fields": "enterprise_code,name_vi,status,commune.code,commune.name_vi,commune.province.code,"
                 "commune.province.name_vi,dossiers.dossier_code,dossiers.status,dossiers.received_at",
                 "dossiers.limit": "3", "dossiers.sort": "-received_at"}
                for p in both
            ]
        ),
        graphql(
            "query($s: String!, $a: String!) { allEnterprises(first: 50, orderBy: [ENTERPRISE_CODE_ASC], "
            f"{condition}) {{ nodes {{ {NESTED} dossiers(first: 3, orderBy: [RECEIVED_AT_DESC]) "
            f"{{ nodes {{ {LAST} }} }} }} }} }}",
            both,
        ),
        GOVERNED,
    )  # fmt: skip


def _our_cursors(port: int, days: Sequence[tuple[str, str]]) -> list[str]:
    """Our cursors for these places, made after the pattern of one."""
    first = json.loads(answer(port, Request(f"{ROWS}?sort=registered_on&limit=1")))["page"]["next"]
    head = json.loads(base64.urlsafe_b64decode(first + "=="))[0]
    made = (json.dumps([head, day, code]).encode() for day, code in days)
    return [base64.urlsafe_b64encode(one).decode().rstrip("=") for one in made]


def _their_cursors(port: int, page: str, days: Sequence[tuple[str, str]]) -> list[str]:
    """Cursors of the peer for the same places, made after the pattern of one of its own."""
    text = "{ " + page.replace("first: 100, after: $c", "first: 1") + " { edges { cursor } } }"
    found = json.loads(answer(port, Request("/graphql", json.dumps({"query": text}))))
    first = found["data"]["allEnterprises"]["edges"][0]["cursor"]
    head = json.loads(base64.b64decode(first + "=="))[0]
    made = (json.dumps([head, day, code], separators=(",", ":")).encode() for day, code in days)
    return [base64.b64encode(one).decode() for one in made]


def _keys(connection: psycopg.Connection) -> list[str]:
    statement = "select enterprise_code from open.enterprises order by hashtext(enterprise_code) limit %s"
    return [row[0] for row in connection.execute(statement, [MANY])]


def _pairs(connection: psycopg.Connection) -> list[tuple[str, str]]:
    statement = (
        "select status, main_activity_code from open.enterprises group by 1, 2 "
        "having count(*) > 200 order by count(*) desc"
    )
    return [(status, code) for status, code in connection.execute(statement)]


def _days(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Places from one tenth to nine tenths of the list by day of registration."""
    statement = (
        "select r, c from (select registered_on::text r, enterprise_code c, count(*) over () total, "
        "row_number() over (order by registered_on, enterprise_code) n from open.enterprises) t "
        "where n > total / 10 and n < total * 0.9 and n % greatest(total / 500, 1) = 0"
    )
    return [(day, code) for day, code in connection.execute(statement)][:MANY]


def run(place: Place, seconds: float, say: Say, only: str = "") -> dict[str, Any]:
    """Measure all jobs whose name holds `only`, in alternating windows."""
    with _servers(place) as (systems, peer_port):
        found = [case for case in cases(place, systems["rest"].port, peer_port) if only in case.name]
        results = [_case(case, systems, place.postmaster, seconds, say) for case in found]
        told = whole.run(place, systems["rest"].port, systems["rest"].pid, say) if not only else []
    return {"rounds": ROUNDS, "seconds": seconds, "cases": results, "whole": told}


def governed(place: Place, seconds: float, say: Say) -> dict[str, Any]:
    """A list of 100 governed rows: with and without the ledger; under an agreement and as their provider."""
    fields = "dossier_code,procedure_code,org_code,channel,received_at,due_at,status,on_time_class"
    days = [f"2024-{month:02}-{day:02}T00:00:00+07:00" for month in range(1, 13) for day in range(1, 28)]
    plain = [
        {"applicant_type": "business", "received_at__gte": day, "sort": "received_at", "fields": fields} for day in days
    ]
    agreed = rest(plain, "/api/v1/datasets/dossiers/rows")
    asked = {
        "agreement": tuple(replace(r, headers=GOVERNED) for r in agreed),
        "provider": tuple(
            replace(r, headers=(("Authorization", f"Bearer {PROVIDER_TOKEN}"), GOVERNED[1])) for r in agreed
        ),
        "unrecorded": tuple(replace(r, headers=GOVERNED) for r in agreed),
    }
    own, port = free_port(), free_port()
    environment = place.environment | {"LIENTHONG_BUDGET_ANONYMOUS": "0", "LIENTHONG_BUDGET_KNOWN": "0"}
    without = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--no-ws", "--port", str(port)]
    with (
        serving([*CLI, "serve"], environment | {"LIENTHONG_PORT": str(own)}, own, "/healthz") as with_ledger,
        serving([*without, "bench.unrecorded:create"], environment, port, "/healthz") as bare,
    ):
        whole, none = System("lienthong", own, with_ledger), System("unrecorded", port, bare)
        windows: dict[str, list[Measured]] = {name: [] for name in asked}
        for number in range(ROUNDS + 1):
            for name, requests in asked.items():
                settle(place.postmaster)
                system = none if name == "unrecorded" else whole
                measured = window(requests, system, place.postmaster, seconds if number else 1)
                if number:
                    windows[name].append(measured)
    told: dict[str, Any] = {name: summary(found) for name, found in windows.items()}
    told["policy"] = times(told["provider"], told["agreement"])
    told["ledger"] = times(told["unrecorded"], told["agreement"])
    say(f"policy {told['policy']}, ledger {told['ledger']}")
    return told


@contextmanager
def _servers(place: Place) -> Iterator[tuple[dict[str, System], int]]:
    with ExitStack() as stack:
        ours, kept = (stack.enter_context(_ours(place, megabytes)) for megabytes in (0, 64))
        peer_port, peer_pid = stack.enter_context(peer(place))
        theirs = System("postgraphile", peer_port, peer_pid)
        yield {"graphql": ours, "rest": ours, "graphql kept": kept, "rest kept": kept, "peer": theirs}, peer_port


@contextmanager
def _ours(place: Place, megabytes: int) -> Iterator[System]:
    """Our server, with so much memory for answers that were given before."""
    port = free_port()
    environment = place.environment | {
        "LIENTHONG_PORT": str(port),
        "LIENTHONG_WORKERS": "1",
        "LIENTHONG_BUDGET_ANONYMOUS": "0",
        "LIENTHONG_BUDGET_KNOWN": "0",
        "LIENTHONG_KEPT_MEGABYTES": str(megabytes),
    }
    with serving([*CLI, "serve"], environment, port, "/healthz") as pid:
        yield System("lienthong", port, pid)


def _case(case: Case, systems: dict[str, System], postmaster: int, seconds: float, say: Say) -> dict[str, Any]:
    asked = {"graphql": case.ours, "rest": case.rest, "peer": case.peer}
    if not case.headers:  # who shows something gets no answer that was kept
        asked |= {"graphql kept": case.ours, "rest kept": case.rest}
    given = {
        name: tuple(replace(r, headers=case.headers if name != "peer" else ()) for r in requests)
        for name, requests in asked.items()
        if requests
    }
    _same(case.name, given, systems)
    windows: dict[str, list[Measured]] = {name: [] for name in given}
    for number in range(ROUNDS + 1):  # the first one warms up
        for name, requests in given.items():
            settle(postmaster)
            measured = window(requests, systems[name], postmaster, seconds if number else 1)
            if number:
                windows[name].append(measured)
    told: dict[str, Any] = {name: summary(found) for name, found in windows.items()}
    for name in told:
        if name != "peer" and "peer" in told:
            told[name]["times"] = times(told["peer"], told[name])
    cpu = {name: f"{one['server_ms']} + {one['postgres_ms']} p99 {one['p99']}" for name, one in told.items()}
    say(f"{case.name}: {cpu} {[(n, t['times']) for n, t in told.items() if 'times' in t]}")
    return {"case": case.name, **told}


def times(low: dict[str, Any], high: dict[str, Any]) -> dict[str, float]:
    """How many times better `high` is than `low`: in CPU a request, in requests a second, in p99."""
    cpu = [one["server_ms"] + one["postgres_ms"] for one in (low, high)]
    return {
        "cpu": round(cpu[0] / cpu[1], 2),
        "rate": round(high["rate"] / low["rate"], 2),
        "p99": round(low["p99"] / high["p99"], 2),
    }


def window(requests: Made, system: System, postmaster: int, seconds: float) -> Measured:
    """One window under load, with the CPU that it took."""
    before = cpu_ms(system.pid), cpu_ms(postmaster), machine_ms()
    found = load(system.port, requests, seconds)
    after = cpu_ms(system.pid), cpu_ms(postmaster), machine_ms()
    server, postgres, machine = (b - a for a, b in zip(before, after, strict=True))
    others = (machine - server - postgres) / 1000 / found.seconds
    return Measured(found, server / found.requests, postgres / found.requests, others)


def _same(name: str, given: dict[str, Made], systems: dict[str, System]) -> None:
    """All systems answer with the same codes, in the same order. Raises RuntimeError."""
    for number in range(0, min(len(r) for r in given.values()), 25):
        found = {}
        for system, requests in given.items():
            text = answer(systems[system].port, requests[number]).decode()
            found[system] = _codes(json.loads(text)["data"])
        if len({json.dumps(codes) for codes in found.values()}) > 1 or not found["graphql"]:
            raise RuntimeError(f"{name}/{number}: the answers differ: {str(found)[:1500]}")


def _codes(value: Any) -> list[str]:
    """Codes of enterprises, dossiers and communes in the order of the answer."""
    names = ("enterpriseCode", "enterprise_code", "dossierCode", "dossier_code", "code")
    if isinstance(value, dict):
        own = [v for n in names if isinstance(v := value.get(n), str)]
        return own + [code for part in value.values() for code in _codes(part)]
    return [code for part in value for code in _codes(part)] if isinstance(value, list) else []


def workers(place: Place, seconds: float, say: Say) -> dict[str, Any]:
    """One enterprise by its key, asked of one server process and of two."""
    with psycopg.connect(place.url) as connection:
        requests = tuple(Request(f"{ROWS}/{key}?fields={SNAKE}") for key in _keys(connection))
    told = scaling.workers(place, requests, seconds)
    say(f"two processes: {told}")
    return told


def everything(place: Place, enterprises: int, seconds: float, say: Say, only: str = "") -> dict[str, Any]:
    """The world, made where it is not there yet, and all jobs, or those whose name holds `only`."""
    place.start()
    agree(place, build(place, enterprises, say))
    found = run(place, seconds, say, only)
    return found if only else found | {"governed": governed(place, seconds, say), "two": workers(place, seconds, say)}
