"""The table of open data."""

from typing import Any

_MAPS = {
    "bbox": "100 features in a box, asked before",
    "bbox, each another": "100 features in a box, each another",
    "tile z12": "tile z12, asked before",
    "tile z12, first asked": "tile z12, asked for the first time (the release brings it)",
    "tile z12, filtered, made anew": "tile z12, filtered and so made anew (both)",
    "cached": "kept tile z12, against nginx with the same bytes",
}


def table(found: dict[str, Any]) -> str:
    """All parts that were measured."""
    lines = []
    for name, part in (
        ("cases", _requests),
        ("empty", _empty),
        ("writes", _writes),
        ("files", _files),
        ("maps", _maps),
    ):
        if name in found:
            lines += [*part(found[name]), ""]
    return "\n".join(
        [*lines, f"{found['rows']:,} enterprises released; wrk, 16 connections, {found['rounds']} windows of "
         f"{found['seconds']:.0f} s each, which share no request; load after the run {found['load_after']}."]
    )  # fmt: skip


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _head(*titles: str) -> list[str]:
    return [_row(*titles), "|" + "---|" * len(titles)]


def _requests(cases: list[dict[str, Any]]) -> list[str]:
    rows = _head(
        "Action API", "CKAN 2.12: CPU ms, server + PostgreSQL", "ours", "CPU, times less", "ours: req/s, p99 ms"
    )
    for case in cases:
        server, postgres, _ = case["ckan"]
        rate = "one at a time" if case["once"] else f"{case['rate']:,.0f}"
        ours = f"{case['server_ms']:.2f} + {case['postgres_ms']:.2f}"
        rows.append(
            _row(case["case"], f"{server} + {postgres}", ours, f"**{case['times']}**", f"{rate}, {case['p99']:.0f}")
        )
    return rows


def _empty(found: dict[str, Any]) -> list[str]:
    rows = _head("against an empty answer", "bytes", "req/s", "CPU ms", "share of its speed", "CPU, its share")
    for name, one in found.items():
        share = one.get("share", {"rate": 1, "cpu": 1})
        size = f"{one.get('bytes', 2):,}"
        rows.append(_row(name, size, f"{one['rate']:,.0f}", one["server_ms"], f"**{share['rate']}**", share["cpu"]))
    return rows


def _writes(found: list[dict[str, Any]]) -> list[str]:
    titles = "CKAN 2.12: rows/s, CPU ms a row", "ours", "rows, times more", "CPU, times less"
    rows = _head("`datastore_upsert`, 100,000 rows of 8 columns", *titles)
    for one in found:
        rate, cpu = one["ckan"]
        ours = f"{one['rate']:,}, {one['cpu_ms']:.3f}"
        rows.append(_row(one["case"], f"{rate:,}, {cpu}", ours, f"**{one['times']['rate']}**", one["times"]["cpu"]))
    return rows


def _files(found: dict[str, Any]) -> list[str]:
    rows = _head("file", "MB", "limit: MB/s, CPU s", "ours: MB/s, CPU s", "speed, share", "CPU, share", "first byte ms",
                 "server grew MiB")  # fmt: skip
    titles = {"stored": ("CSV of the release; limit nginx", "nginx"),
              "filtered": ("CSV of a filter; limit `COPY TO STDOUT`", "copy")}  # fmt: skip
    for name, (title, limit) in titles.items():
        ours, low = found[name]["lienthong"], found[name][limit]
        cells = [f"{one['mb_s']:,}, {one['cpu_s']}" for one in (low, ours)]
        share = ours["share"]
        rows.append(_row(title, f"{ours['bytes'] / 1e6:.0f}", *cells, f"**{share['rate']}**", share["cpu"],
                         ours["first_ms"], ours["grown_mib"]))  # fmt: skip
    return rows


def _maps(found: dict[str, Any]) -> list[str]:
    rows = _head("maps, 100,000 points", "tipg: CPU ms", "ours: CPU ms", "CPU, times less", "requests, times more")
    whole = [
        f"{name}: {one['bytes'] / 1e6:.0f} MB, {one['mb_s']} MB/s, {one['cpu_s']} CPU s, first byte after "
        f"{one['first_ms']} ms, the server grew {one['grown_mib']} MiB."
        for name, one in found.items()
        if "bytes" in one
    ]
    for name, one in found.items():
        if "bytes" in one:
            continue
        peer = one.get("tipg") or one["nginx"]
        cells = [f"{x['server_ms']:.2f} + {x['database_ms']:.2f}" for x in (peer, one["lienthong"])]
        rows.append(_row(_MAPS.get(name, name), *cells, f"**{one['cpu']}**", one["rate"]))
        if share := one.get("of_empty"):
            cell = f"{one['empty']['server_ms']:.2f}"
            title = f"the same against an empty ASGI answer, which has {share['empty_of_nginx']} of nginx's requests"
            rows.append(_row(title, cell, cells[1], f"**{share['cpu']}**", share["rate"]))
    return [*rows, *(["", *whole] if whole else [])]
