"""Ordinary cells of offices that hold no number of a person: references, amounts, dates, codes, firms, works, coordinates, tables.

Written with the corpus of desks, before the scanner was looked at.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.security.identifiers.desks import FAMILY, GIVEN, MIDDLE, STREETS
from tests.security.identifiers.ways import digits, groups, tax

ORGANS = ("UBND", "SKHĐT", "STNMT", "HĐND", "SYT", "SGDĐT", "BTC", "BNV", "CTUBND", "STP", "TTPVHCC")
PLACES = (
    "xã Tân Hòa",
    "phường Long An",
    "xã Chi Lăng",
    "phường Mỹ Tho",
    "xã Thái Bình",
    "khu phố 3",
    "tổ dân phố số 12",
)
FIRMS = ("Công ty TNHH", "Công ty Cổ phần", "Doanh nghiệp tư nhân", "HTX", "Chi nhánh Công ty TNHH MTV")
GOODS = (
    "Minh Phát",
    "An Khang",
    "Nông sản sạch",
    "Vận tải 36",
    "Xây dựng 68",
    "Cơ khí 19/5",
    "Thương mại Hoàng Gia",
    "Dược phẩm 24",
)


def cells(count: int, seed: int) -> Iterator[str]:
    """That many cells, the same for a seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield chance.choice(MAKERS)(chance)


def _day(chance: random.Random) -> str:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1998, 2026)
    return chance.choice(
        (
            f"{day:02d}/{month:02d}/{year}",
            f"{year}-{month:02d}-{day:02d}",
            f"ngày {day} tháng {month} năm {year}",
            f"{day}.{month}.{year}",
            f"{day:02d}-{month:02d}-{year}",
        )
    )


def _stamp(chance: random.Random) -> str:
    return f"{chance.randint(2015, 2026)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"


def _reference(chance: random.Random) -> str:
    number, year = chance.randint(1, 9999), chance.randint(2004, 2026)
    return chance.choice(
        (
            f"Quyết định số {number}/QĐ-{chance.choice(ORGANS)} {_day(chance)}",
            f"Công văn {number}/{chance.choice(ORGANS)}-VP",
            f"{chance.randint(1, 190):02d}/{year}/NĐ-CP",
            f"Thông tư {chance.randint(1, 200):02d}/{year}/TT-BTC",
            f"số {number}/TB-{chance.choice(ORGANS)}, {_day(chance)}",
            f"Bản án số {chance.randint(1, 300)}/{year}/DS-ST",
            f"Nghị quyết {chance.randint(1, 300)}/NQ-HĐND, điều {chance.randint(1, 40)} khoản {chance.randint(1, 9)}",
            f"Biên bản VPHC số {chance.randint(1, 9_999_999):07d}/BB-VPHC",
            f"TCVN {chance.randint(1000, 13999)}:{year}",
            f"ISO/IEC 27001:2022; QCVN {chance.randint(1, 140)}:{year}/BTTTT",
        )
    )


def _amount(chance: random.Random) -> str:
    value = chance.randint(10_000, 999_999_999_999)
    shown = groups(str(value)[::-1], chance.choice((".", ",", " ", "")), (3,))[::-1]
    return chance.choice(
        (
            f"{shown} đồng",
            f"Kinh phí: {shown} VNĐ",
            f"tổng mức đầu tư {shown}đ",
            f"{shown} VND (đã gồm VAT 10%)",
            f"Doanh thu {shown} đ, tăng {chance.randint(1, 40)},{chance.randint(0, 9)}%",
            f"dự toán {shown} đồng, quyết toán {shown} đồng",
            f"Giá trúng thầu: {shown} đồng",
            f"Nợ thuế {shown} đồng tính đến {_day(chance)}",
        )
    )


def _code(chance: random.Random) -> str:
    organ = f"H{chance.randint(10, 60)}"
    return chance.choice(
        (
            f"000.{chance.randint(0, 40):02d}.{chance.randint(0, 40):02d}.{organ}-{_stamp(chance)[2:]}-{chance.randint(1, 9999):04d}",
            f"{organ}.{chance.randint(1, 60):02d}.{chance.randint(1, 60):02d}-{_stamp(chance)[2:]}-{chance.randint(1, 9999):04d}",
            f"Mã hồ sơ {organ}.{chance.randint(1, 60)}-{_stamp(chance)[2:]}-{chance.randint(1, 9999):04d}, TTHC {chance.randint(1, 3)}.{chance.randint(0, 13999):06d}",
            f"{chance.randint(1, 3)}.{chance.randint(0, 13999):06d}.000.00.00.{organ}",
            f"Mã thủ tục: {chance.randint(1, 3)}.{chance.randint(0, 13999):06d}",
            f"V.0{chance.randint(1, 9)}.0{chance.randint(1, 9)}.{chance.randint(1, 30)}",
            f"ngạch 01.00{chance.randint(1, 9)}",
            f"mã ĐVQHNS {digits(chance, 7)}",
            f"Chương {chance.randint(400, 860)} loại {chance.randint(70, 370):03d} khoản {chance.randint(70, 370):03d} mục {chance.randint(6000, 9400)}",
            f"TBMT IB{chance.randint(20, 26)}{digits(chance, 8)}",
            f"Mã dự án {digits(chance, 7)}",
            f"ngành {chance.randint(10, 99)}{chance.randint(100, 999)}: bán lẻ",
            f"KQ.G15.{chance.randint(1, 9999):06d}",
            f"mã xã {chance.randint(1, 32248):05d}; mã huyện cũ {chance.randint(1, 973):03d}",
            f"Mã vạch 893{digits(chance, 10)}",
            f"hóa đơn 1C{chance.randint(22, 26)}TAA số {chance.randint(1, 99_999_999):08d}",
            f"Lô SX {_stamp(chance)}-{chance.randint(1, 99):02d}, SĐK VD-{chance.randint(10000, 39999)}-{chance.randint(14, 25)}",
        )
    )


def _firm(chance: random.Random) -> str:
    code = tax(chance, chance.choice(("01", "03", "11", "12", "38", "49", "50", "36", "26")))
    firm = f"{chance.choice(FIRMS)} {chance.choice(GOODS)}"
    return chance.choice(
        (
            f"{firm}, MST {code}",
            f"{firm} (mã số doanh nghiệp: {code})",
            f"{code}",
            f"{code}-{chance.randint(1, 120):03d}",
            f"MSDN {code}; {firm}; vốn điều lệ {chance.randint(1, 90)}.000.000.000 đồng",
            f"{firm};{code};{_day(chance)};đang hoạt động",
            f"Mã số thuế: {code} - {firm} - {chance.choice(PLACES)}",
            f"Nhà thầu {firm}, mã số thuế {code}",
            f"Tax code {code}, {firm}",
            f"Giấy CNĐKKD số {code} do Sở KH&ĐT cấp {_day(chance)}",
        )
    )


def _land(chance: random.Random) -> str:
    return chance.choice(
        (
            f"Thửa {chance.randint(1, 2000)}, tờ bản đồ {chance.randint(1, 90)}, diện tích {chance.randint(50, 9000)},{chance.randint(0, 9)} m2",
            f"GCN QSDĐ số BK {digits(chance, 6)}, vào sổ CH {chance.randint(1, 99999):05d}",
            f"Số phát hành CS {digits(chance, 8)}",
            f"X={digits(chance, 7)}.{chance.randint(0, 999):03d} Y={digits(chance, 6)}.{chance.randint(0, 999):03d}",
            f"{chance.randint(8, 23)}.{chance.randint(0, 9_999_999):07d}, 10{chance.randint(3, 9)}.{chance.randint(0, 9_999_999):07d}",
            f"{chance.randint(8, 23)}°{chance.randint(0, 59)}'{chance.randint(0, 59)}\" vĩ độ Bắc",
            f"Lý trình Km{chance.randint(0, 400)}+{chance.randint(0, 999):03d} đến Km{chance.randint(0, 400)}+{chance.randint(0, 999):03d}",
            f"mốc {chance.randint(1, 99)}: 23{digits(chance, 5)} 4{digits(chance, 5)}",
            f"Số nhà {chance.randint(1, 400)}/{chance.randint(1, 90)} {chance.choice(STREETS)}, {chance.choice(PLACES)}",
        )
    )


def _count(chance: random.Random) -> str:
    return chance.choice(
        (
            f"Dân số {chance.randint(1, 2)}.{chance.randint(100, 999)}.{chance.randint(100, 999)} người",
            f"{chance.randint(100, 900)} hộ, {chance.randint(1000, 4000)} khẩu",
            f"Tổng {chance.randint(1, 90)}.{chance.randint(0, 999):03d} hồ sơ, đúng hạn {chance.randint(90, 99)},{chance.randint(0, 99):02d}%",
            f"Năm {chance.randint(2015, 2026)}: {chance.randint(100, 999)} {chance.randint(100, 999)} {chance.randint(100, 999)} kWh",
            "\t".join(str(chance.randint(0, 99999)) for _ in range(8)),
            ";".join(f"{chance.random() * 1000:.4f}" for _ in range(5)),
            f"{chance.randint(2010, 2020)} {chance.randint(2021, 2023)} {chance.randint(2024, 2026)}",
            f"sản lượng {chance.randint(1000, 9999)},{chance.randint(100, 999)} tấn; diện tích {chance.randint(100, 999)}.{chance.randint(100, 999)} ha",
            f"{chance.randint(2015, 2026)}/{chance.randint(1, 12):02d}: {digits(chance, 9)}",
            f"| Năm | Số lượng |\n|---|---|\n| {chance.randint(2015, 2026)} | {digits(chance, 6)} |",
        )
    )


def _office(chance: random.Random) -> str:
    organ = chance.choice(
        (
            "Sở Tư pháp",
            "UBND " + chance.choice(PLACES),
            "Trung tâm Phục vụ hành chính công",
            "Công an tỉnh",
            "Bảo hiểm xã hội tỉnh",
        )
    )
    return chance.choice(
        (
            f"{organ}, thư điện tử: vanthu@{chance.choice(('longan', 'langson', 'tayninh'))}.gov.vn",
            f"Tổng đài {chance.choice(('1900', '1800'))} {digits(chance, 4)}",
            f"Đường dây nóng 113, 114, 115; tổng đài {chance.choice(('18001096', '19001099', '1022'))}",
            f"{organ} - số {chance.randint(1, 300)} {chance.choice(STREETS)}",
            f"{organ} công bố kết quả giải quyết BHXH, BHYT quý {chance.randint(1, 4)}",
            f"Số liệu thẻ CCCD đã cấp: {chance.randint(10, 990)}.{chance.randint(0, 999):03d} thẻ ({organ})",
            "Thành phần: bản sao CMND/CCCD, sổ BHXH, hộ chiếu (nếu có): 01 bản",
            f"Lệ phí cấp GPLX {chance.randint(50, 200)}.000 đồng/lần; hộ chiếu {chance.randint(100, 400)}.000 đồng",
            f"Đã thu {chance.randint(1, 99)}.{chance.randint(0, 999):03d}.000 đồng tiền BHYT của {chance.randint(1000, 99999)} người",
            f"https://{organ[:2].lower()}.gov.vn/van-ban/{digits(chance, 8)}?id={digits(chance, 10)}",
            f"{_day(chance)} {chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:{chance.randint(0, 59):02d}",
            f"{_stamp(chance)}{chance.randint(0, 23):02d}{chance.randint(0, 59):02d}{chance.randint(0, 59):02d}",
            f"{chance.randint(1, 223)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)} v{chance.randint(1, 9)}.{chance.randint(0, 20)}.{chance.randint(0, 20)}",
        )
    )


def _words(chance: random.Random) -> str:
    person = f"{chance.choice(FAMILY)} {chance.choice(MIDDLE)} {chance.choice(GIVEN)}"
    return chance.choice(
        (
            f"Đường {chance.choice(STREETS)}, {chance.choice(PLACES)}",
            f"Ông {person}, Chủ tịch, đã ký ngày {chance.randint(1, 28)}/{chance.randint(1, 12)}",
            f"không có ai, ba bốn năm nay chưa sửa, {chance.choice(PLACES)} hai ba lần kiến nghị",
            "Một cửa, một cửa liên thông, năm bước trên môi trường điện tử",
            f"Trường Tiểu học số {chance.randint(1, 3)} {chance.choice(PLACES)}: {chance.randint(5, 30)} lớp, {chance.randint(100, 900)} học sinh",
            f"Khóa {chance.randint(1, 60)}, lớp {chance.randint(1, 12)}A{chance.randint(1, 9)}, niên khóa {chance.randint(2010, 2025)}-{chance.randint(2011, 2026)}",
            f"Tuyến xe buýt {chance.randint(1, 99)}: {chance.choice(PLACES)} - {chance.choice(PLACES)}, {chance.randint(10, 90)} chuyến/ngày",
            f"QL{chance.randint(1, 80)}, ĐT.{chance.randint(800, 870)}, cầu số {chance.randint(1, 9)}",
            f"gói thầu XL-{chance.randint(1, 20):02d}, hợp đồng số {chance.randint(1, 99):02d}/{chance.randint(2020, 2026)}/HĐXD",
            f"Phòng {chance.randint(100, 900)}, nhà B{chance.randint(1, 9)}, mẫu số {chance.randint(1, 30):02d}/ĐK",
            f"Điểm thi: {chance.randint(0, 9)},{chance.choice(('00', '25', '50', '75'))}; SBD {chance.randint(1, 99999):06d}",
            f"xe buýt {chance.randint(16, 80)} chỗ; tải trọng {chance.randint(1, 30)},{chance.randint(0, 9)} tấn",
        )
    )


MAKERS: tuple[Callable[[random.Random], str], ...] = (
    _reference,
    _amount,
    _code,
    _code,
    _firm,
    _land,
    _count,
    _office,
    _words,
)
