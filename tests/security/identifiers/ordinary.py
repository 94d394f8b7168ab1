"""Ordinary cells: real names, streets, titles of documents and procedures, and codes and amounts made for the purpose."""

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def company_code(draw: random.Random) -> str:
    """A company's tax code with a right check digit; those of persons begin with 8."""
    while True:
        nine = f"{draw.choice([1, 2, 3, 4, 5, 6, 10, 20, 30, 31, 46, 49]):02}{draw.randrange(10**7):07}"
        rest = sum(w * int(d) for w, d in zip(_TAX_WEIGHTS, nine, strict=True)) % 11
        if rest:
            return nine + str(10 - rest)


def real_texts(data: Path) -> Iterator[str]:
    """Texts of the real input: every name, street, title and code in it."""
    for path in sorted((data / "names" / "streets").glob("*.json")):
        for district in json.loads(path.read_text("utf-8"))["district"]:
            yield from (f"{w['pre']} {w['name']}, {district['pre']} {district['name']}" for w in district["ward"])
            yield from (f"Số {n}, đường {street}" for n, street in enumerate(district["street"], 1))
    with (data / "legal" / "legal_documents_index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield from (
                row["doc_number"],
                f"{row['doc_type']} {row['doc_number']} ngày {row['issued_date']}: {row['title']}",
            )
    for line in (data / "procedures" / "tthc_bqp_207_fixed.jsonl").read_text("utf-8").splitlines():
        yield from _strings(json.loads(line))
    for name in ("vsic_2007_codes.csv", "vsic_2025_codes.csv"):
        with (data / "vsic" / name).open(encoding="utf-8", newline="") as file:
            yield from (" ".join(row) for row in csv.reader(file))
    for line in (data / "catalog" / "catalogue_merged.jsonl").read_text("utf-8").splitlines():
        found = json.loads(line)
        yield from (str(found[key]) for key in ("title", "name") if found.get(key))
    for name in ("duyet_boy.txt", "duyet_girl.txt"):
        yield from (data / "names" / name).read_text("utf-8").splitlines()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def made_texts(draw: random.Random, count: int, streets: list[str]) -> Iterator[str]:
    """Cells with numbers that are nobody's: codes, amounts, dates, offices' telephones."""
    forms = [
        lambda: f"Công ty TNHH {draw.choice(streets)}, MST {company_code(draw)}",
        lambda: f"Mã số doanh nghiệp: {company_code(draw)} do Sở KHĐT cấp ngày {_day(draw)}",
        lambda: f"Chi nhánh {company_code(draw)}-{draw.randrange(1, 99):03}",
        lambda: f"Vốn điều lệ {draw.randrange(1, 900)}.{draw.randrange(1000):03}.000.000 đồng",
        lambda: f"{draw.randrange(10**8, 10**10)} đồng",
        lambda: f"Hồ sơ 000.00.{draw.randrange(99):02}.H37-{draw.randrange(20, 27)}0{draw.randrange(1, 9)}{draw.randrange(10, 28)}-{draw.randrange(10**4):04}",
        lambda: f"H37.{draw.randrange(60)}.{draw.randrange(20):02}-26{draw.randrange(1, 12):02}{draw.randrange(1, 28):02}-{draw.randrange(10**4):04}",
        lambda: f"{draw.choice('123')}.{draw.randrange(10**6):06}.000.00.00.H37",
        lambda: f"Quyết định số {draw.randrange(1, 4000)}/QĐ-UBND ngày {_day(draw)}",
        lambda: f"Thửa đất số {draw.randrange(1, 999)}, tờ bản đồ số {draw.randrange(1, 99)}, diện tích {draw.randrange(50, 9999)},{draw.randrange(10)} m2",
        lambda: f"{draw.uniform(21, 23):.6f}, {draw.uniform(105, 108):.6f}",
        lambda: f"Số {draw.randrange(1, 900)}/{draw.randrange(1, 90)} {draw.choice(streets)}, thôn {draw.randrange(1, 12)}",
        lambda: f"Km{draw.randrange(1, 200)}+{draw.randrange(1000):03} Quốc lộ {draw.randrange(1, 90)}",
        lambda: f"Giai đoạn {draw.randrange(2010, 2020)}-{draw.randrange(2020, 2031)}, kế hoạch {draw.randrange(1, 300)}/KH-UBND",
        lambda: f"Điện thoại: 0205.3{draw.randrange(800, 999)}.{draw.randrange(1000):03}",
        lambda: f"Tổng đài 1900 {draw.randrange(1000, 9999)}, đường dây nóng 1022",
        lambda: f"vanthu@so{draw.choice(['yte', 'tuphap', 'noivu'])}.langson.gov.vn",
        lambda: f"https://dichvucong.langson.gov.vn/tthc?id={draw.randrange(10**6)}",
        lambda: f"{draw.randrange(10**6)} lượt, {draw.randrange(10**5)} hồ sơ, đạt {draw.uniform(0, 100):.2f}%",
        lambda: f"Ngày {_day(draw)} lúc {draw.randrange(24):02}:{draw.randrange(60):02}, phòng {draw.randrange(100, 900)}",
        lambda: f"Số lô {draw.choice('ABCDE')}{draw.randrange(10**6)}, hạn dùng {_day(draw)}",
        lambda: f"Nộp tại Kho bạc Nhà nước, tài khoản 3511.0.{draw.randrange(10**7):07}.00000",
        lambda: f"V.{draw.randrange(1, 12):02}.{draw.randrange(1, 9):02}.{draw.randrange(1, 40):02}; 01.{draw.randrange(1, 9):03}",
        lambda: f"Lớp {draw.randrange(1, 12)}A{draw.randrange(1, 9)} năm học {draw.randrange(2015, 2025)}-{draw.randrange(2016, 2026)}",
        lambda: f"{draw.randrange(1, 999)}.{draw.randrange(1000):03} ha; {draw.randrange(1, 99)},{draw.randrange(100):02} tấn/ha",
    ]  # fmt: skip
    return (draw.choice(forms)() for _ in range(count))


def _day(draw: random.Random) -> str:
    return draw.choice(["{0:02}/{1:02}/{2}", "{2}-{1:02}-{0:02}", "{0}.{1}.{2}"]).format(
        draw.randrange(1, 29), draw.randrange(1, 13), draw.randrange(1990, 2027)
    )


def cells(data: Path | None, count: int, seed: int) -> list[str]:
    """`count` ordinary cells: half real where there is real input, half made."""
    draw = random.Random(seed)
    real = sorted({t for t in real_texts(data) if t.strip()}) if data else []
    streets = [t.rpartition("đường ")[2] for t in real if "đường " in t] or ["Trần Đăng Ninh", "Lê Lợi", "Hùng Vương"]
    chosen = draw.sample(real, min(count // 2, len(real)))
    return [*chosen, *made_texts(draw, count - len(chosen), streets)]
