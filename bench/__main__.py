"""`python -m bench ingest|reads|compare|open|all`: figures as ratios to limits that are taken in the same run."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from bench import compare, ingest, reads, report
from bench import open as open_data
from bench.machine import machine
from bench.place import ROOT, Place
from bench.register import delivery


def main() -> None:
    """Measure, tell, keep."""
    given = _arguments()
    place = Place(given.home.absolute() / "home")
    found: dict[str, Any] = {}
    try:
        if given.what in ("ingest", "all"):
            found["ingest"] = {"machine": machine()} | ingest.run(place, given.rows, given.rounds, _say)
        if given.what in ("reads", "all"):
            released = _released(place, given.rows)
            measured = reads.run(place, given.seconds, _say, given.only)
            found["reads"] = {"machine": machine(), "rows": released} | measured
        if given.what in ("compare", "all"):
            measured = compare.everything(place, given.rows, given.seconds, _say, given.only)
            found["compare"] = {"machine": machine(), "rows": given.rows} | measured
        if given.what in ("open", "all"):
            measured = open_data.everything(place, given.rows, given.seconds, _say, given.only)
            found["open"] = {"machine": machine(), "rows": given.rows} | measured
    finally:
        if place.home.exists():
            place.stop()
    if not given.dry:
        _say(f"written: {report.keep(found, date.today())}")
    print(json.dumps(found, ensure_ascii=False, indent=1) if given.json else "\n\n".join(_shown(found)))


def _shown(found: dict[str, Any]) -> list[str]:
    return list(report.tables(found, date.today()).values())


def _released(place: Place, rows: int) -> int:
    """The number of released enterprises; brings the delivery there first when they are none, or another number."""
    if place.home.exists():
        place.start()
    wanted = range(rows // 2, rows + 1)
    if (found := reads.rows_released(place)) in wanted:
        return found
    folder = delivery(place.home.parent / "deliveries", rows, lambda *_: None)
    place.start()
    for command in (("ingest", "administrative_units"), ("ingest", "enterprises")):
        place.run(*command, "--from", folder)
    for name in ("administrative_units", "enterprises"):
        _say(f"publish {name}")
        place.run("publish", name)
    return reads.rows_released(place)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("ingest", "reads", "compare", "open", "all"), default="all")
    parser.add_argument("--rows", type=int, default=1_000_000, help="businesses in the delivery")
    parser.add_argument("--rounds", type=int, default=2, help="loads of each kind; the best counts")
    parser.add_argument("--seconds", type=float, default=5, help="length of a window under load")
    parser.add_argument("--only", default="", help="read cases whose name holds this")
    parser.add_argument("--home", type=Path, default=ROOT / ".local" / "bench", help="folder to work in")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.add_argument("--dry", action="store_true", help="write no result file, leave the page alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
