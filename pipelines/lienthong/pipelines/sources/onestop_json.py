"""Messages of one-stop systems ({isUpdating, service, data: [...]}), folded into the newest state by key.

Messages repeat, come late and update before they insert; so the order of arrival means nothing. Of every field the
newest value that is not empty is kept: newest by the event time, then by arrival. One file is a message, an array of
messages, or JSON Lines.

Options: `messages` (data: where the items are), `key` (field or fields, needed), `latest_by` (field or fields with
the event time; of several the latest counts; default: order of arrival), `service` (only messages of this service).
Times are dd/MM/yyyy HH:mm:ss, yyyyMMddHHmmss, ISO 8601, or dates of these forms; without an offset, of Vietnam.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from .duck import connect, copy, literal, name
from .parquet import RejectFile, write_records
from .raw import LINE, Note, Options, RawTable, Record, Reject, note
from .strict_json import Refused, at, documents, flat, text_of
from .text import read_text

OPTIONS = frozenset({"encoding", "min_confidence", "messages", "key", "latest_by", "service"})
NEEDS_FILE = True
_TIMES = (
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%Y%m%d", "%Y-%m-%d",
)  # fmt: skip


def read(path: Path, options: Options, work: Path) -> RawTable:
    """Read and fold the messages of one file. Raises Invalid without `key`, or when no item has it."""
    keys, times = _names(options.get("key")), _names(options.get("latest_by"))
    if not keys:
        raise Invalid(both("Thiếu options.key.", "options.key is missing."), place=path.name, fix="key: MaHoSo")
    text, notes = read_text(path, options, work)
    parquet, events = work / f"{path.name}.parquet", work / f"{path.name}.events.parquet"
    skipped: Counter[str] = Counter()
    with RejectFile(work / f"{path.name}.rejects.parquet") as rejects:
        items = _items(path.name, text.path, options, keys, rejects, skipped)
        count, columns = write_records(items, events, keys)
    if not count and rejects.count:
        raise Invalid(
            both(f"Không bản tin nào có {', '.join(keys)}.", f"No message has {', '.join(keys)}."), place=path.name
        )
    with connect(work) as duck:
        rows, unread = _fold(duck, events, parquet, columns, keys, [t for t in times if t in columns])
    notes += _notes(path.name, count, rows, unread, skipped)
    events.unlink()
    found = text.detection
    return RawTable(parquet, rows, columns, found.encoding, found.confidence, tuple(notes), rejects.path, rejects.count)


def _names(option: Any) -> list[str]:
    return [str(one) for one in option] if isinstance(option, list | tuple) else [str(option)] if option else []


def _items(
    place: str, path: Path, options: Options, keys: list[str], rejects: RejectFile, skipped: Counter[str]
) -> Iterator[Record]:
    """The items of all messages, with the scalar fields of their envelope."""
    inner, service = str(options.get("messages", "data")), options.get("service")
    for found in documents(place, path):
        if isinstance(found, Reject):
            rejects.add(found.line, found.text, found.reason)
            continue
        items = at(found.value, inner)
        if not isinstance(items, list):
            rejects.add(found.line or 1, text_of(found.value) or "", f"không có danh sách / no list '{inner}'")
            continue
        if service and found.value.get("service") != service:
            skipped[str(found.value.get("service"))] += 1
            continue
        envelope = {k: text_of(v) for k, v in found.value.items() if not isinstance(v, list | dict)}
        for index, item in enumerate(items, 1):
            try:
                yield envelope | _item(item, keys) | {LINE: found.line or index}
            except Refused as error:
                rejects.add(found.line or index, text_of(item) or "", str(error))


def _item(item: Any, keys: list[str]) -> dict[str, str | int | None]:
    if not isinstance(item, dict):
        raise Refused("không phải đối tượng JSON / no JSON object")
    cells = flat(item, deep=False)
    missing = [key for key in keys if not cells.get(key)]
    if missing:
        raise Refused(f"thiếu khóa / without key {', '.join(missing)}")
    return cells


def _fold(
    duck: duckdb.DuckDBPyConnection, events: Path, target: Path, columns: tuple[str, ...], keys: list[str],
    times: list[str],
) -> tuple[int, int]:  # fmt: skip
    """One row per key: the rows, and how many event times could not be read."""
    parsed = [_moment(f"trim({name(time)})") for time in times]
    moment = f"greatest({', '.join(parsed)})" if parsed else "NULL::BIGINT"
    unreadable = " OR ".join(f"({name(t)} IS NOT NULL AND {p} IS NULL)" for t, p in zip(times, parsed, strict=True))
    table = f"read_parquet({literal(events)}, file_row_number = true)"
    ordered = f"SELECT *, row_number() OVER (ORDER BY {moment} NULLS FIRST, file_row_number) AS _order FROM {table}"
    group = ", ".join(map(name, keys))
    cells = [
        name(c) if c in keys else f"arg_max({name(c)}, _order) FILTER ({name(c)} IS NOT NULL) AS {name(c)}"
        for c in columns
    ]
    newest = f"arg_max({LINE}, _order) AS {LINE}"
    query = f"SELECT {', '.join(cells)}, {newest} FROM ({ordered}) GROUP BY {group} ORDER BY min(file_row_number)"
    rows = copy(duck, query, target)
    unread = duck.execute(f"SELECT count(*) FROM {table} WHERE {unreadable or 'false'}").fetchone() or (0,)
    return rows, int(unread[0])


def _moment(text: str) -> str:
    """SQL for a time in microseconds since 1970 UTC; without an offset it is the time of Vietnam (+07)."""
    formats = ", ".join(map(literal, _TIMES))
    return (
        f"CASE WHEN regexp_matches({text}, '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$') "
        f"THEN epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) "
        f"ELSE epoch_us(try_strptime({text}, [{formats}])) - 25200000000 END"
    )


def _notes(place: str, events: int, rows: int, unread: int, skipped: Counter[str]) -> Iterator[Note]:
    if events > rows:
        yield note(
            "merged", f"{events} bản tin gộp thành {rows} bản ghi.", f"{events} messages made {rows} records.", place
        )
    if unread:
        vi, en = "bản tin có thời điểm không đọc được", "messages have a time that cannot be read"
        yield note("unread_time", f"{unread} {vi}.", f"{unread} {en}.", place)
    for service, times in skipped.items():
        vi, en = f"Bỏ {times} bản tin của dịch vụ {service}.", f"{times} messages of service {service} left out."
        yield note("other_service", vi, en, place)
