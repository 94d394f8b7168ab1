"""datastore_upsert: rows a second, and CPU a row, in the chunks that CKAN was measured with."""

import http.client
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.ckan import UPSERTS
from bench.place import Place
from bench.processes import cpu_ms, settle
from bench.reads import System

Say = Callable[[str], None]
ROWS = 100_000
PACKAGE = "bench-rows"
KINDS = ("text", "text", "text", "int4", "numeric", "timestamp", "bool", "float8")
NAMES = ("code", "tinh", "ten", "so", "tien", "luc", "co", "ty_le")


class Client:
    """Calls actions over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": token, "Content-Type": "application/json"}

    def __call__(self, action: str, body: Any) -> Any:
        """The result. Raises RuntimeError with the server's words."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._connection.request("POST", f"/api/3/action/{action}", data, self._headers)
        response = self._connection.getresponse()
        told = response.read()
        if response.status != 200:
            raise RuntimeError(f"{action}: {response.status} {told[:1000].decode()}")
        return json.loads(told)["result"]


def run(place: Place, system: System, token: str, say: Say) -> list[dict[str, Any]]:
    """All kinds of writing, each in a table of its own, except for the last one."""
    call, told = Client(system.port, token), []
    _purge(call)
    call("organization_create", {"name": PACKAGE, "title": "Bench"})
    try:
        call("package_create", {"name": PACKAGE, "title": "Bench", "owner_org": PACKAGE})
        number = ""
        for name, known in UPSERTS.items():
            method, size = name.split(",")[0].split()[0], int(name.rpartition(" ")[2].replace(",", ""))
            if "known" not in name:
                number = _table(call, ["code"] if method == "upsert" else [])
            found = _written(place, system, call, number, method, size)
            found |= {
                "case": name,
                "ckan": [known.rate, known.cpu_ms],
                "times": {
                    "rate": round(found["rate"] / known.rate, 1),
                    "cpu": round(known.cpu_ms / found["cpu_ms"], 1),
                },
            }
            told.append(found)
            say(f"{name}: {found}")
    finally:
        _purge(call)
    return told


def _written(place: Place, system: System, call: Client, number: str, method: str, size: int) -> dict[str, Any]:
    """100,000 rows; the bodies are made before."""
    bodies = [
        json.dumps({"resource_id": number, "method": method, "force": True, "calculate_record_count": False,
                    "records": [_row(n) for n in range(start, start + size)]}).encode()
        for start in range(0, ROWS, size)
    ]  # fmt: skip
    settle(place.postmaster)
    before, begun = (cpu_ms(system.pid), cpu_ms(place.postmaster)), time.monotonic()
    for body in bodies:
        call("datastore_upsert", body)
    took = time.monotonic() - begun
    server, postgres = cpu_ms(system.pid) - before[0], cpu_ms(place.postmaster) - before[1]
    found = call("datastore_search", {"resource_id": number, "limit": 0})["total"]
    if found != ROWS:
        raise RuntimeError(f"{method}: {found} rows")
    return {"rate": round(ROWS / took), "cpu_ms": round((server + postgres) / ROWS, 4),
            "server_s": round(server / 1000, 1), "postgres_s": round(postgres / 1000, 1)}  # fmt: skip


def _table(call: Client, key: Sequence[str]) -> str:
    """A new empty table: the id of its resource."""
    fields = [{"id": name, "type": kind} for name, kind in zip(NAMES, KINDS, strict=True)]
    made = call("datastore_create", {"resource": {"package_id": PACKAGE}, "fields": fields, "primary_key": list(key)})
    return str(made["resource_id"])


def _purge(call: Client) -> None:
    for action in ("dataset_purge", "organization_purge"):
        try:
            call(action, {"id": PACKAGE})
        except RuntimeError as error:
            if " 404 " not in str(error):
                raise


def _row(n: int) -> dict[str, Any]:
    return {"code": f"HS{n:07}", "tinh": f"Tỉnh {n % 63}", "ten": f"Hồ sơ số {n} của ông Nguyễn Văn {n % 1000}",
            "so": n, "tien": n * 1.5, "luc": f"2026-01-{n % 28 + 1:02}T08:30:00", "co": n % 2 == 0,
            "ty_le": n / 7}  # fmt: skip
