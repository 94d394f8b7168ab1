"""Ordinary cells of many genres, full of numbers that are nobody's; written with the third blind corpus, half of them kept for after the mending."""

from __future__ import annotations

import random

FIRST = [
    "Quyết định số {i}/QĐ-UBND ngày {d} của UBND tỉnh về phê duyệt quy hoạch",
    "Nghị định {i3}/{y}/NĐ-CP, Thông tư {i2}/{y}/TT-BTC, Luật số {i2}/{y}/QH15",
    "Tổng mức đầu tư {m} đồng, trong đó ngân sách trung ương {m} đồng",
    "Thửa đất số {i3}, tờ bản đồ số {i2}, diện tích {f} m², mục đích ONT + CLN",
    "Mã hồ sơ: {p3}.{i2}.{p2}.H{i2}-{y2}{mo}{da}-{i4}",
    "Mã thủ tục hành chính 1.{i6}.000.00.00.H{i2}",
    "Công ty TNHH Một thành viên Hoà Bình, mã số thuế 0{firm}",
    "Công ty Cổ phần Xây lắp 5 - MST 0{firm}-00{i1}, giấy phép ĐKKD cấp ngày {d}",
    "Toạ độ: {lat}, {lon}; cao độ {f} m",
    "X={i7}.{i3} Y={i6}.{i3} (VN-2000)",
    "ISBN 978-604-{i2}-{i4}-{i1}",
    "Phiên bản {i1}.{i2}.{i1}-build.{i4}, phát hành {d}",
    "Dân số {i3}.{i3} người; {i2}.{i3} hộ; mật độ {f} người/km2",
    "Giá gói thầu: {m} VND; số thông báo mời thầu: IB{y}{i7}",
    "Đường dây nóng của Sở: 1022, tổng đài 1900{i4}, cấp cứu 115",
    "Tổng đài 1800 {i4} (miễn phí), 19001{i3}",
    "| 2021 | {i3}.{i3} | {f} |\n| 2022 | {i3}.{i3} | {f} |",
    "năm {y}: {i3} {i3} {i3} nghìn đồng; năm {y}: {i3} {i3} nghìn đồng",
    "từ {d} đến {d}, {h} - {h}",
    "Mã vùng {i5}, mã xã {i5}, mã huyện {p3}, mã tỉnh {p2}",
    "Khoản {i2} Điều {i3}; điểm a khoản 2 Điều {i2}; Phụ lục {i1}",
    "Số sêri máy: SN{i8}; model X{i3}",
    "Mã bưu chính {i6}",
    "Hoá đơn số 00{i5}, ký hiệu 1C{y2}TAA, ngày {d}, tổng {m}",
    "Lượng mưa {f} mm; nhiệt độ {t}°C; độ ẩm {t}%",
    "http://congbao.example.vn/vanban/{i6}/{i4}.html?id={i5}",
    "sha256 {hex}",
    "Mã ngạch 01.{p3}; hệ số {f}; bậc {i1}/9",
    "Tiêu chuẩn TCVN {i4}:{y}, QCVN {i2}:{y}/BTNMT",
    "Công văn {i4}/BNV-TCBC và {i4}/STTTT-CĐS ngày {d}",
    "Văn phòng UBND: vanthu@{pl}.gov.vn",
    "Số tiền bằng số: {m}; bằng chữ: một trăm hai mươi ba triệu bốn trăm nghìn đồng",
    "chín giờ ba mươi phút ngày hai mươi hai tháng tám năm hai không hai bốn",
]
SECOND = [
    "Số vào sổ cấp GCN: CH {i5}; số phát hành: BK {i6}",
    "Lô hàng {i8}, hạn dùng {d}, số lượng {i4} thùng",
    "Tỷ lệ {f}% ({i4}/{i5}), tăng {f} điểm phần trăm so với {y}",
    "Biên bản số {i7}/BB-VPHC, quyết định xử phạt {i7}/QĐ-XPHC, phạt {m}đ",
    "Mã ngành 4620{i1}, 0111{i1}, vốn điều lệ {m} đồng",
    "Doanh nghiệp tư nhân Ánh Dương, mã số doanh nghiệp: 0{firm}, địa chỉ thôn 4",
    "Quốc lộ 14 Km{i3}+{i3}, cầu dài {f} m, tải trọng {t}T",
    "Tờ khai hải quan {i3}{i8}0, cửa khẩu Lệ Thanh",
    "Mã hộ nghèo {p2}-{p3}-{i5}-{i3}",
    "BOD {f} mg/l; COD {f} mg/l; pH {f}",
    "Diện tích gieo trồng {i2}.{i3} ha, năng suất {f} tạ/ha, sản lượng {i3}.{i3} tấn",
    "ID bản ghi: {hex8}-{hex4}-4{hex3}-a{hex3}-{hex8}{hex4}",
    "Kho bạc Nhà nước, chương {p3}, mã QHNS {i7}, tài khoản 3751",
    "Điểm thi: Toán {f}; Văn {f}; Anh {f}; SBD {i6}",
    "Căn cứ Luật Căn cước số 26/2023/QH15; số lượng thẻ căn cước cấp trong năm: {i3}.{i3}",
    "Đã cấp {i3}.{i3} thẻ BHYT, thu BHXH {m} đồng, {i2}.{i3} người tham gia",
    "Xử lý {i4} trường hợp vi phạm, tước {i3} GPLX, phạt {m} đồng, tạm giữ {i3} xe mô tô",
    "doi: 10.{i4}/jvn.{y}.{i5}",
    "EPSG:{i4}, bbox={lon},{lat},{lon},{lat}",
    "Kỳ báo cáo {mo}/{y}; cập nhật lúc {y}-{mo}-{da}T{h}:00+07:00",
    "Gói thầu số {i2}: {i1} máy tính, đơn giá {m}, thành tiền {m}",
    "Thẻ BHYT có giá trị từ {d}; CCCD nộp bản sao; hộ chiếu không yêu cầu",
    "Số đăng ký thuốc VD-{i5}-{y2}, số lô {i6}",
]


def nobodys(count: int, seed: int, second: bool = False) -> list[str]:
    """So many cells in which nothing is a person's."""
    chance = random.Random(seed)
    return [_cell(chance, chance.choice(SECOND if second else FIRST)) for _ in range(count)]


def _firm(chance: random.Random) -> str:
    while True:
        nine = (
            "0"
            + chance.choice(("10", "31", "30", "59", "60", "40"))
            + "".join(chance.choice("0123456789") for _ in range(6))
        )
        check = 10 - sum(int(d) * w for d, w in zip(nine, (31, 29, 23, 19, 17, 13, 7, 5, 3), strict=True)) % 11
        if check < 10:
            return f"{nine}{check}"[1:]


def _cell(chance: random.Random, form: str) -> str:
    makers = {
        "firm": lambda: _firm(chance),
        "d": lambda: f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(2000, 2025)}",
        "m": lambda: ".".join([str(chance.randint(1, 999))] + [f"{chance.randint(0, 999):03d}"] * chance.randint(2, 3)),
        "f": lambda: f"{chance.randint(1, 9999)},{chance.randint(0, 99)}",
        "t": lambda: str(chance.randint(10, 99)),
        "y": lambda: str(chance.randint(1995, 2025)),
        "y2": lambda: f"{chance.randint(10, 25)}",
        "mo": lambda: f"{chance.randint(1, 12):02d}",
        "da": lambda: f"{chance.randint(1, 28):02d}",
        "h": lambda: f"{chance.randint(7, 17):02d}:{chance.choice(('00', '15', '30'))}",
        "p2": lambda: f"{chance.randint(1, 96):02d}",
        "p3": lambda: f"{chance.randint(1, 999):03d}",
        "lat": lambda: f"1{chance.randint(0, 9)}.{chance.randint(0, 999999):06d}",
        "lon": lambda: f"10{chance.randint(5, 9)}.{chance.randint(0, 999999):06d}",
        "pl": lambda: chance.choice(("gialai", "kontum", "hue", "danang")),
        "i": lambda: str(chance.randint(1, 4000)),
    }
    for width in range(1, 9):
        makers[f"i{width}"] = lambda w=width: str(chance.randint(10 ** (w - 1), 10**w - 1))
    for mark, size in (("hex8", 8), ("hex4", 4), ("hex3", 3), ("hex", 64)):
        makers[mark] = lambda s=size: "".join(chance.choice("0123456789abcdef") for _ in range(s))
    for mark, make in makers.items():
        while "{" + mark + "}" in form:
            form = form.replace("{" + mark + "}", make(), 1)
    return form
