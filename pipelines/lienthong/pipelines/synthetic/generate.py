"""All sources of one province, consistent with each other, in one go."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

from . import (
    agency_register,
    business_register,
    connections,
    legal,
    one_stop,
    personnel,
    portal,
    procedure_export,
)
from .agencies import agencies
from .places import places
from .procedure_base import procedure_base
from .settings import Progress, Settings, Summary
from .truth import Truth
from .workbook import Bindery

_FOLDERS = (
    "agency_register", "personnel", "business_register", "procedure_database", "service_portal", "one_stop",
    "legal_index",
    "connection_register",
)  # fmt: skip
_SOURCES = (
    personnel.PEOPLE, agency_register.SOURCE, procedure_export.SOURCE, portal.SOURCE, legal.SOURCE, connections.SOURCE,
    business_register.SOURCE, one_stop.SOURCE,
)  # fmt: skip
_TRUTH = "_truth"


def silent(source: str, rows: int, total: int) -> None:
    """The progress callback that tells nobody."""


def generate(settings: Settings, progress: Progress = silent) -> Summary:
    """Write what the source systems of the province deliver into `settings.out`, and the truth about its defects.

    An earlier sample in the folder is replaced; another folder that is in the way is refused. Raises Invalid.
    """
    home, wanted = places(settings.province), _wanted(settings.only)
    _clear(settings.out)
    truth = Truth(settings.out / _TRUTH / "defects.csv", settings.defects)
    summary = Summary(settings.province)
    bodies = agencies(settings.seed, home)
    base = procedure_base(settings, home, bodies)
    businesses, books = business_register.Applicants(), Bindery()
    steps: dict[str, Callable[[], dict[str, int]]] = {
        personnel.PEOPLE: lambda: personnel.write(settings, home, bodies, books, truth, progress),
        agency_register.SOURCE: lambda: agency_register.write(settings, home, bodies, books, truth),
        procedure_export.SOURCE: lambda: procedure_export.write(settings, home, bodies, base, truth),
        portal.SOURCE: lambda: portal.write(settings, home, bodies, base, truth),
        legal.SOURCE: lambda: legal.write(settings, home, bodies, base, truth),
        connections.SOURCE: lambda: connections.write(settings, home, bodies, truth),
        business_register.SOURCE: lambda: business_register.write(settings, home, truth, businesses, progress),
        one_stop.SOURCE: lambda: one_stop.write(settings, home, bodies, base, businesses, truth, progress),
    }
    with books:
        for source, write in steps.items():
            if source not in wanted:
                continue
            rows = sum(_timed(summary, source, write).values())
            truth.save()
            progress(source, rows, rows)
    summary.defects = dict(sorted(truth.counts.items()))
    summary.files = dict(sorted(summary.files.items()))
    _sign(settings, summary)
    return summary


def _wanted(only: tuple[str, ...]) -> set[str]:
    """The source systems to write."""
    if strange := sorted(set(only) - set(_SOURCES)):
        detail = both(f"không có nguồn '{strange[0]}'", f"no source system '{strange[0]}'")
        raise Invalid(detail, place="only", fix=", ".join(_SOURCES))
    needed = {business_register.SOURCE} if one_stop.SOURCE in only else set()
    return {*(only or _SOURCES), *needed}


def _timed(summary: Summary, source: str, write: Callable[[], dict[str, int]]) -> dict[str, int]:
    """Let one source write its files; note them and the seconds."""
    start = time.perf_counter()
    files = write()
    summary.files |= files
    summary.seconds[source] = round(time.perf_counter() - start, 3)
    return files


def _clear(out: Path) -> None:
    """Make the folder ready. Only a folder that a sample was written to before loses files."""
    mine = [out / name for name in _FOLDERS if (out / name).exists()]
    if mine and not (out / _TRUTH).is_dir():
        raise Invalid(
            both(f"đã có {mine[0].name}, không phải dữ liệu mẫu", f"holds {mine[0].name}, which is no sample"),
            place=str(out), fix=both("chọn một thư mục trống", "choose an empty folder"),
        )  # fmt: skip
    for folder in mine:
        shutil.rmtree(folder)
    (out / _TRUTH).mkdir(parents=True, exist_ok=True)


def _sign(settings: Settings, summary: Summary) -> None:
    """Say what was ordered and what there is; no times, so that the bytes do not change."""
    order = {k: v for k, v in asdict(settings).items() if k != "out"}
    told = {"synthetic": True, "order": order, "files": summary.files, "defects": summary.defects}
    path = settings.out / _TRUTH / "summary.json"
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
