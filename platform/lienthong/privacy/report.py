"""The disclosure report in words: what was removed and why, from the figures that stand in a manifest."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lienthong.kernel.text import Bilingual, both
from lienthong.privacy.detectors import BY_NAME

_MARGINS = {
    "single": both("theo từng chiều một", "of each dimension alone"),
    "all": both("mọi tổng", "all"),
    "none": both("không có", "none"),
}


@dataclass(frozen=True)
class Line:
    """One rule: what it is, what it did, whether a person should look at it."""

    rule: str
    title: Bilingual
    text: Bilingual
    attention: bool = False


def explained(disclosure: Mapping[str, Any]) -> tuple[Line, ...]:
    """The lines of a report, for a page. Never a value that was removed."""
    return (
        *_columns(disclosure),
        *_identifiers(disclosure),
        *_cells(disclosure),
        *_anonymity(disclosure),
        *_places(disclosure),
    )


def _columns(told: Mapping[str, Any]) -> Iterator[Line]:
    names, held = ", ".join(told.get("columns", ())), ", ".join(told.get("withheld", ()))
    yield Line(
        "columns",
        both("Cột được mở", "Open columns"),
        both(f"Công bố: {names}. Giữ lại: {held or 'không có'}.", f"Published: {names}. Withheld: {held or 'none'}."),
    )


def _identifiers(told: Mapping[str, Any]) -> Iterator[Line]:
    rows, past = told.get("suppressed_rows", 0), told.get("suppressed_versions", 0)
    found = told.get("findings", ())
    kinds = {f["detector"]: BY_NAME[f["detector"]].title for f in found if f["detector"] in BY_NAME}
    vi = "; ".join(f"{f['place']}: {kinds[f['detector']].vi} ({f['rows']})" for f in found if f["detector"] in kinds)
    en = "; ".join(f"{f['place']}: {kinds[f['detector']].en} ({f['rows']})" for f in found if f["detector"] in kinds)
    yield Line(
        "identifiers",
        both("Thông tin định danh cá nhân trong văn bản", "Identifiers of persons in texts"),
        both(
            f"{rows} dòng và {past} phiên bản cũ không công bố. {vi}".strip(),
            f"{_rows(rows)} and {_versions(past)} left out. {en}".strip(),
        ),
        attention=rows > 0,
    )
    if looked := [BY_NAME[name].title for name in told.get("detectors", ()) if name in BY_NAME]:
        vi, en = ", ".join(title.vi for title in looked), ", ".join(title.en for title in looked)
        yield Line("detectors", both("Đã dò trong mọi văn bản", "Looked for in every text"), both(f"{vi}.", f"{en}."))


def _rows(n: int) -> str:
    return f"{n} row" if n == 1 else f"{n} rows"


def _versions(n: int) -> str:
    return f"{n} past version" if n == 1 else f"{n} past versions"


def _cells(told: Mapping[str, Any]) -> Iterator[Line]:
    if (given := told.get("protection")) is None:
        return
    done = defaultdict(int, given)  # a report of an earlier version tells less
    share, narrowest = given.get("suppressed_rows_share"), given.get("narrowest")
    width = None if narrowest is None else f"{narrowest:g}"
    margins = str(given.get("margins") or "none")
    known = _MARGINS.get(margins, both(margins, margins))
    told_vi = " (chính các tổng ấy cho biết; hợp đồng nói vì sao được để lại)" if done["narrow"] else ""
    told_en = " (told by those totals themselves; the contract says why they may stay)" if done["narrow"] else ""
    lost_vi = "" if share is None else f"; {share * 100:.1f} %".replace(".", ",") + " số dòng nằm trong ô không công bố"
    lost_en = "" if share is None else f"; {share:.1%} of the rows are in cells left out"
    yield Line(
        "cells",
        both("Ô của bảng tổng hợp", "Cells of the aggregate"),
        both(
            f"{done['cells']} ô: {done['small']} ô dưới {told.get('k')}, {done['dominated']} ô do ít đơn vị chi phối, "
            f"{done['complementary']} ô che thêm{lost_vi}.",
            f"{done['cells']} cells: {done['small']} below {told.get('k')}, {done['dominated']} dominated by few, "
            f"{done['complementary']} left out to protect them{lost_en}.",
        ),
    )
    yield Line(
        "audit",
        both(
            "Thử tính lại ô đã che (quy hoạch tuyến tính)", "Attempt to compute the cells left out (linear programming)"
        ),
        both(
            f"Tổng coi như công chúng biết: {known.vi}. Khoảng hẹp nhất: {width or 'không giới hạn'}; "
            f"tính được đúng: {done['solvable']}; hẹp hơn mức cần: {done['narrow']}{told_vi}.",
            f"Totals held to be known: {known.en}. Narrowest interval: {width or 'unlimited'}; "
            f"computed exactly: {done['solvable']}; narrower than needed: {done['narrow']}{told_en}.",
        ),
        attention=bool(done["solvable"] or done["narrow"]),
    )
    if done["sums_withheld"] or done["held"]:
        yield Line(
            "differencing",
            both("So với các bản trước", "Against the releases before"),
            both(
                f"{done['sums_withheld']} ô để trống tổng và bình quân, {done['held']} ô giữ số cũ: có ít thay đổi.",
                f"{done['sums_withheld']} cells without sums and means, {done['held']} with old numbers: few changes.",
            ),
        )


def _anonymity(told: Mapping[str, Any]) -> Iterator[Line]:
    if (done := told.get("anonymity")) is None:
        return
    steps = "; ".join(done["steps"]) or "-"
    yield Line(
        "anonymity",
        both("Không ai bị nhận ra giữa các dòng (k, l)", "Nobody stands out among the rows (k, l)"),
        both(
            f"k đạt {done['k_reached']} (cần {done['k']}), l đạt {done['l_reached']} (cần {done['diversity']}); "
            f"khái quát hóa: {steps}; bỏ {done['suppressed_rows']} dòng ({done['suppressed_share']:.1%}).",
            f"k reached {done['k_reached']} (needed {done['k']}), l reached {done['l_reached']} "
            f"(needed {done['diversity']}); steps: {steps}; {done['suppressed_rows']} rows left out "
            f"({done['suppressed_share']:.1%}).",
        ),
    )


def _places(told: Mapping[str, Any]) -> Iterator[Line]:
    for name, rows in told.get("places", ()):
        yield Line(
            "places",
            both("Chỗ ở", "Homes"),
            both(f"{name}: {rows} vị trí được làm tròn hoặc bỏ.", f"{name}: {rows} positions rounded or left out."),
        )
