"""Ordinary cells out of offices' papers, full of numbers that are nobody's: `papers` was looked at, `ledgers` was not."""

from datetime import date, timedelta
from random import Random

from tests.security.identifiers.ordinary import company_code

_UNITS = ("m2", "m³", "ha", "kg", "tấn", "kWh", "đồng", "triệu đồng", "người", "hộ", "%", "USD", "lượt")
_BODIES = (
    "Sở Tài chính",
    "UBND xã Hữu Liên",
    "Sở Y tế",
    "Công ty Điện lực",
    "Trường THCS Tân Mỹ",
    "Kho bạc Nhà nước",
    "Trạm y tế xã Mẫu Sơn",
)
_KINDS = ("NĐ-CP", "QĐ-UBND", "TT-BTC", "NQ-HĐND", "KH-UBND", "TB-VP", "CT-TTg", "BC-STC", "GP-STNMT", "HĐ-XD")


def papers(count: int, seed: int) -> list[str]:
    """`count` cells: references, amounts, codes, measures and offices' addresses, one or two in a cell."""
    draw = Random(seed)
    day = lambda: date(2000, 1, 1) + timedelta(draw.randrange(9600))  # noqa: E731
    n = draw.randrange

    def one() -> str:
        body = draw.choice(_BODIES)
        return draw.choice((
            f"{n(1, 4000)}/{n(1999, 2026)}/{draw.choice(_KINDS)}", f"Căn cứ Nghị định số {n(1, 200)}/{n(2010, 2026)}/NĐ-CP ngày {day():%d/%m/%Y} của Chính phủ",
            f"Tổng mức đầu tư {n(1, 99)}.{n(1000):03}.{n(1000):03}.{n(1000):03} đồng", f"{n(1, 999)},{n(1000):03},{n(1000):03} VND",
            f"dự toán {n(10**9, 10**12)} đồng", f"{n(10**6, 10**11)} {draw.choice(_UNITS)}", f"GCN đăng ký doanh nghiệp số {company_code(draw)} cấp lần đầu {day():%d/%m/%Y}",
            f"Công ty CP Xây dựng số {n(1, 20)} (MST: {company_code(draw)})", f"Mã số thuế: {company_code(draw)}-{n(1, 60):03}", f"Hóa đơn số {n(10**7):07}, ký hiệu 1C{n(20, 26)}T{draw.choice('ABCD')}{draw.choice('ABCD')}",
            f"H37.{n(1, 60):02}-{day():%y%m%d}-{n(10**4):04}", f"000.{n(100):02}.{n(100):02}.H37-{day():%y%m%d}-{n(10**4):04}", f"{n(1, 3)}.{n(10**6):06}.000.00.00.H37",
            f"X={n(2360000, 2440000)}.{n(1000):03}; Y={n(400000, 470000)}.{n(1000):03}", f"{draw.uniform(21, 22.5):.7f} {draw.uniform(106, 107.5):.7f}", f"POINT({draw.uniform(106, 107):.6f} {draw.uniform(21, 22):.6f})",
            f"Thửa {n(1, 900)}, tờ {n(1, 90)}, {n(50, 5000)}.{n(10)} m2, số vào sổ CH{n(10**5):05}", f"Serial AA {n(10**8):08}", f"GCN QSDĐ số BĐ {n(10**6):06}",
            f"{body}, điện thoại (0205) 3{n(800, 899)} {n(1000):03}", f"Điện thoại: 0205.3{n(800000, 900000)} - Fax: 0205.3{n(800000, 900000)}", f"ĐT {body}: 0243.8{n(10**6):06}",
            f"Đường dây nóng {body}: 1900{n(10**4):04}; 1022; 18001{n(1000):03}", f"vanthu.{n(1, 9)}@langson.gov.vn", f"Thời gian: {day():%d/%m/%Y} {n(24):02}:{n(60):02} – {day():%d/%m/%Y} {n(24):02}:{n(60):02}",
            f"{day():%Y%m%d}{n(10**6):06}.pdf", f"https://langson.gov.vn/tin/{day():%Y/%m/%d}/{n(10**8)}", f"Mã dự án {n(7 * 10**6, 8 * 10**6)}, mã chương {n(100, 999)}, khoản {n(340, 350)}, NDKT {n(6000, 7000)}",
            f"Tài khoản 3{n(100, 999)}.0.{n(10**6, 10**7)} tại Kho bạc Nhà nước {draw.choice(('khu vực III', 'Lạng Sơn'))}", f"ISBN 978-604-{n(10, 99)}-{n(1000, 9999)}-{n(10)}", f"mã vạch 893{n(10**10):010}",
            f"IMEI 35{n(10**13):013}", f"Số công tơ {n(10**8, 10**9)}", f"chỉ số {n(10**4)} - {n(10**4)}", f"lô {n(1, 40)}, biên bản {n(1, 400)}/BB-{n(2015, 2026)}", f"{n(2000, 2010)}-{n(2010, 2020)}: {n(100)},{n(100)}%; {n(100)},{n(100)}%",
            f"Mã đơn vị quan hệ ngân sách {n(10**6, 2 * 10**6)}", f"Quốc lộ 1A, Km {n(1, 160)}+{n(1000):03} đến Km {n(1, 160)}+{n(1000):03}", f"cấp ngày {day():%d.%m.%Y}, gia hạn {day():%d.%m.%Y}",
            f"xã 0{n(6000, 6700)}; huyện {n(178, 190)}; tỉnh 20", f"1. Lúa: {n(1, 9)}.{n(1000):03} ha\n2. Ngô: {n(1, 9)}.{n(1000):03} ha\n3. Chè: {n(100)} ha", f"v{n(1, 9)}.{n(20)}.{n(100)} build {n(10**6)}",
        ))  # fmt: skip

    return [
        draw.choice(("{}", "{}", "{}; {}", "{}. {}.", "{}\n{}", "- {}", "({})")).format(one(), one())
        for _ in range(count)
    ]


_SHAPES = """
Giải ngân ### tỷ ### triệu đồng|đạt ##,##% kế hoạch năm 20##
Theo Thông tư ##/20##/TT-BTC ngày 1#/0#/20## và Công văn ####/BTC-NSNN
Luật số ##/20##/QH1#; Nghị quyết ###/20##/QH15
Giấy phép xây dựng số ####/GPXD ngày 2#-0#-202#
Số tiền: ##.###.###.### đ (bằng chữ: ...)
Thu ngân sách ###.### triệu đồng; chi #.###.###.###.### đồng
mã hồ sơ: H37.##.##-25#1#2-####
000.##.##.H37-241#0#-####
Mã thủ tục #.0####3.000.00.00.H37
Tọa độ VN2000: 23####1.##; 4####7.##
Vĩ độ 21.######, kinh độ 106.######
21°5#'1#.#"N 106°4#'2#.#"E
Lượng mưa ##,# mm; mực nước ##,## m; ###.### m3/s
Văn phòng: 0205 38## ###, máy lẻ 1##
Tổng đài 1900 #### nhánh #|Cấp cứu 115; 113; 114
Mã bưu chính 2####|mã vùng 025
Lịch trực: 07:30-11:30; 13:30-17:00 (2#/0#/2025)
Trường TH số #, phòng ###, dãy B, năm học 20##-20##
Số đăng ký: VN-####-1#|SĐK thuốc VD-#####-1#
Biển báo W.2##a, cột H#/##
Phiếu thu PT######|chứng từ ##/CT-0#
Hợp đồng số ##/20##/HĐ-TVTK ngày 0#/1#/20##
Đơn giá 1.###.### x ## m2 = ##.###.### đồng
Bảng lương bậc #/9, hệ số #,##
Mã số chương ###; loại 0##; khoản ##1; mục ####; tiểu mục ####
quyển số 0#/20##-TT/CC-SCC/HĐGD, số công chứng ####
TCVN ####:20##; QCVN 0#:20##/BTNMT; ISO 9001:2015
Điều ##, khoản #, điểm b, Phụ lục 0#
Khổ giấy 210 x 297; tỷ lệ 1:5000; mảnh F-48-##-##-#
Số khung RL##H#ABC#######
Điện năng ###.###.### kWh, công suất ## MW
Dân số ###.### người, ##.### hộ, mật độ ## người/km2
Thời hạn 50 năm từ 1#/0#/19## đến 1#/0#/20##
Kỳ ##/20##, số phát hành ###.###
Nguồn: Niên giám thống kê 20##, trang ###-###
""".strip().replace("|", "\n").split("\n")  # fmt: skip


def ledgers(count: int, seed: int) -> list[str]:
    """`count` cells: shapes of papers with digits drawn into them, and lists of such."""
    draw = Random(f"ledgers {seed}")

    def filled() -> str:
        return "".join(str(draw.randrange(10)) if c == "#" else c for c in draw.choice(_SHAPES))

    made = []
    for _ in range(count):
        parts = [filled() for _ in range(draw.choice((1, 1, 1, 2, 3)))]
        made.append(draw.choice(("; ", ". ", "\n", " | ", ", ")).join(parts))
    return made
