"""Texts of wards that are full of numbers, none of them a person's: dossiers, decrees, money, land, firms, hot lines, codes."""

import random
from collections.abc import Callable, Iterator

from tests.security.identifiers.wards import _digits, plain, tax_code

LINES = (
    "Hồ sơ số {h} đã chuyển Sở TN&MT xử lý", "Mã hồ sơ: {h}, hẹn trả {d}", "Căn cứ Nghị định số {v}/NĐ-CP ngày {d} của Chính phủ",
    "Quyết định {v}/QĐ-UBND ngày {d} về việc phê duyệt phương án", "Công văn số {v}/UBND-VP ngày {d}", "Thông tư {v}/TT-BTC",
    "Tổng kinh phí {m} đồng, đã giải ngân {m} đồng", "Dự toán: {m} VND", "Nộp phạt {m}đ vì không có giấy phép lái xe", "Phí cấp hộ chiếu {m} đồng/lần",
    "Lệ phí đăng ký xe {m} đồng", "Thửa đất số {p}, tờ bản đồ {p}, diện tích {f} m2", "Giấy chứng nhận số {g}, số vào sổ CH {s}",
    "Công ty TNHH MTV Hoàng Long, MST: {t}", "Mã số doanh nghiệp {t} do Sở KH&ĐT cấp", "Công ty CP Sông Đà, mã số thuế {t}", "MST công ty {t}-001, chi nhánh Vinh",
    "Đường dây nóng 1900 {q}", "Tổng đài 1022 hoặc 1900{q}", "Hotline tiếp nhận phản ánh: 1800 {q}, gọi miễn phí", "Cổng dịch vụ công, tổng đài 1800{q}",
    "Văn phòng UBND tỉnh, ĐT: 024 38{s2}, Fax: 024 39{s2}", "Liên hệ bộ phận một cửa: (0236) 3{s2}", "Điện thoại cơ quan: 0251.3{s2}", "Email: motcua@danang.gov.vn",
    "Gửi về vanthu@moj.gov.vn trước {d}", "Tọa độ {c}", "Vị trí: {c} (VN-2000)", "VN2000: X={x1}, Y={x2}", "SHA-256 {z}", "Mã giao dịch {u}",
    "Phiên bản {v}.{q}.{p}", "Hóa đơn điện tử số {s}, ký hiệu 1C24T{w}", "Ký hiệu mẫu số 01GTKT0/001, số {s}", "Biên lai số {s} quyển {p}",
    "Mã định danh điện tử cơ quan: H{p}.{q}.00.00", "G{p}.{q}", "Mã thủ tục 1.{s2}, 2.{s2}", "Quốc lộ 1A Km{q}+{p}", "Tờ trình {v}/TTr-STC",
    "Cấp {p} GPLX, {p} hộ chiếu và {p} CCCD trong tháng", "Có {q} trường hợp đổi bằng lái xe, {q} lượt gọi điện thoại", "Diện tích sàn {f} m2, cao {p} tầng",
    "Dân số xã {k} người, {k} hộ", "Từ ngày {d} đến ngày {d}", "Thời hạn hộ chiếu 10 năm kể từ {d}", "Barcode 893{b}", "ISBN 978-604-{i}", "Mã vạch hàng hóa: 893{b}",
    "GTIN 0893{b}", "Số lô {s}, hạn dùng {d}", "Mã dự án đầu tư {e}", "Mã đấu thầu IB{e}", "Số tiền bằng số: {m}; bằng chữ: hai mươi ba triệu bảy trăm nghìn đồng",
    "Mã quan hệ ngân sách {y}", "Chương {p} loại {p} khoản {p}, mục {q}", "Ngày {d} lúc 08:30:15, nhiệt độ 36.5", "Mã bưu chính {s1}", "ĐKKD lần 3, ngày {d}, vốn {m}",
    "Đăng ký kinh doanh số {t} thay đổi lần 7", "Nhà thầu: CTCP Xây dựng số 9 (MST {t})", "Xuất hóa đơn cho đơn vị, MST {t}", "Trường THCS Nguyễn Du, mã trường {s2}",
    "Mã số thuế đơn vị chi trả thu nhập: {t}", "Số thứ tự {p}, quầy {p}", "Điểm {f}; hệ số {f}", "Công điện {v}/CĐ-TTg", "TCVN {q}:2018", "QCVN 01:{y4}/BXD",
    "Mã hộ nghèo: HN{s}", "Khóa cửa xả số 12, cao trình +{f}", "{z8}-{z4}-4{z3}-a{z3}-{z12}", "Luồng {h}", "Tỷ lệ 1/{k}", "RAM 16GB, ổ {q}GB",
    "Decision No. {v}/QD-TTg dated {d}", "Budget: VND {m}", "Company tax code {t}", "Application no. {h}", "Parcel {p}, map sheet {p}, {f} sqm", "Call centre 1900 {q}",
    "Phiếu hẹn {h}; số điện thoại: không có", "Không có CCCD, chưa có BHYT, đã có {p} giấy tờ khác", "Thu hồi {p} biển số, {p} giấy đăng ký", "Hộ chiếu: chưa cấp. Mã phiếu {h}",
    "Tài khoản kho bạc nhà nước của đơn vị: chưa mở", "Thẻ BHYT hết hạn {d}, đề nghị gia hạn", "GPLX hạng B2 cấp ngày {d}", "BHXH tháng {p}: {m} đồng", "Đóng BHXH {m} đ cho {p} lao động",
    "CMND cấp ngày {d}", "Số dư tài khoản: {m} đồng", "Chuyển khoản {m} đồng ngày {d}", "Mức phạt từ {m} đồng đến {m} đồng", "Vụ án số {v}/HSST", "Xe buýt tuyến {p}, giá vé 7.000",
)  # fmt: skip

TREATED: tuple[Callable[[str], str], ...] = (str, str, plain, str.upper)


def _money(draw: random.Random) -> str:
    amount = draw.randrange(10, 99_999) * draw.choice([1_000, 5_000, 10_000, 1_000_000])
    return draw.choice([f"{amount:,}".replace(",", "."), f"{amount:,}", f"{amount:,}".replace(",", " "), f"{amount}"])


def _fields(draw: random.Random) -> dict[str, str]:
    day = f"{draw.randrange(1, 29):02}{draw.choice('/-.')}{draw.randrange(1, 13):02}"
    year = draw.randrange(2005, 2027)
    return {
        "h": draw.choice([
            f"000.00.{draw.randrange(10, 70)}.H{draw.randrange(10, 63)}-{year % 100:02}{_digits(draw, 4)}-{_digits(draw, 4)}",
            f"H{draw.randrange(10, 63)}.{_digits(draw, 2)}-{year % 100:02}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}-{_digits(draw, 4)}",
            f"{draw.randrange(1, 9999):06}/HS-{year}",
        ]),
        "d": f"{day}{day[2]}{year}", "v": f"{draw.randrange(1, 4000)}/{year}", "m": _money(draw), "p": f"{draw.randrange(1, 400)}",
        "f": f"{draw.randrange(20, 9000)},{draw.randrange(10)}", "g": f"{draw.choice(['BM', 'CS', 'DD', 'AA'])} {_digits(draw, 6)}", "s": _digits(draw, 7), "s2": _digits(draw, 6),
        "s1": f"1{_digits(draw, 4)}", "t": tax_code(draw, draw.choice(["01", "03", "04", "02", "31", "37", "57"])), "q": f"{draw.randrange(1000, 9999)}",
        "c": f"{draw.uniform(9, 22):.6f}, {draw.uniform(103, 109):.6f}", "x1": f"{draw.uniform(1_000_000, 2_400_000):.3f}", "x2": f"{draw.uniform(400_000, 650_000):.3f}",
        "z": f"{draw.getrandbits(256):064x}", "u": f"{draw.choice('abcdef')}{draw.getrandbits(60):015x}", "w": draw.choice(["AA", "BB", "YE"]), "k": f"{draw.randrange(1, 90)}.{_digits(draw, 3)}",
        "b": _digits(draw, 10), "i": f"{_digits(draw, 2)}-{_digits(draw, 4)}-{draw.randrange(10)}", "e": f"{year}{_digits(draw, 6)}", "y": f"{draw.randrange(1, 4)}{_digits(draw, 6)}",
        "y4": f"{year}", "z8": f"{draw.getrandbits(32):08x}", "z4": f"{draw.getrandbits(16):04x}", "z3": f"{draw.getrandbits(12):03x}", "z12": f"{draw.getrandbits(48):012x}",
    }  # fmt: skip


def wards_nobodys(count: int, seed: int) -> Iterator[str]:
    """Texts without anything personal.

    Args:
        count: how many texts.
        seed: of the random draws.
    """
    draw = random.Random(seed)
    for number in range(count):
        text = LINES[number % len(LINES)].format_map(_fields(draw))
        yield draw.choice(TREATED)(text)
