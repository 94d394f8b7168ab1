# ruff: noqa: SIM905 (words are easier to read in one text)
"""Texts of many desks, each with one number of a person: chats, courts, schools, hospitals, land offices, scans, pasted tables.

Written without looking at the scanner nor at the other corpora here, from domain.md and security.md alone; other sentences, other code.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator

from tests.security.identifiers.ways import (
    account,
    card,
    citizen,
    groups,
    health,
    landline,
    licence,
    mobile,
    old_card,
    passport,
    plate,
    social,
    tax,
    write,
)

FAMILY = "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Nông Vi Hứa Thạch Kim Sơn".split()
MIDDLE = "Văn Thị Hữu Đức Minh Thanh Ngọc Quốc Xuân Thu Kim Hồng Gia Bảo Tuấn Công".split()
GIVEN = "An Bình Chi Dung Đạt Giang Hà Hải Hạnh Hoa Hùng Khánh Lan Linh Long Mai Nam Nga Oanh Phúc Quân Sơn Tâm Thảo Trang Tú Vinh Yến".split()
STREETS = ("Trần Phú", "Lê Lợi", "Hùng Vương", "30/4", "Nguyễn Huệ", "2/9", "Bà Triệu", "Phạm Ngũ Lão", "Quốc lộ 1A")

# {n} the number, {p} a person, {q} another, {d} a date, {r} a reference of a document, {m} money, {a} an address, {k} a small count
FORMS: dict[str, tuple[str, ...]] = {
    "citizen_id": (
        "chị ơi cho e xin cccd của chú {p} nha, e có số này {n} k biết đúng ko",
        "[{t}] {p}: cccd mình {n}, sinh {d}, làm ơn check giúp",
        "Bị đơn: ông {p}, sinh năm {y}, số định danh cá nhân {n}, trú tại {a}.",
        "Triệu tập bà {p} (CCCD {n} do Cục CSQLHC về TTXH cấp ngày {d}) có mặt lúc 08 giờ.",
        "{k}. {p} - lớp 9A{k} - mã định danh {n} - nơi sinh: Lạng Sơn",
        "STT\tHọ tên\tNgày sinh\tSố CCCD\n{k}\t{p}\t{d}\t{n}\n",
        "BN {p}, {y}t, vào viện {d}; giấy tờ: căn cước {n}; người nhà: {q}",
        "Thửa đất số {k}, tờ bản đồ số 12, chủ sử dụng {p}, số CC: {n}, thường trú {a}",
        "Người sử dụng đất (ông {p}; Số CCCD:{n}) xin chuyển mục đích {k} m2 đất ở",
        "CONG HOA XA HOI CHU NGHIA VIET NAM\nSo / No.: {n}\nHo va ten / Full name: {P}",
        "Applicant {p}, citizen ID {n}, residing at {a}, requests a copy of the birth record.",
        "Applicant's personal identification number (PIN): {n}; submitted online {d}",
        "Giấy ủy quyền {d}: bên A {p} số thẻ căn cước công dân là {n}",
        "| Họ tên | CCCD/CMND | Ghi chú |\n|---|---|---|\n| {p} | {n} | đã nộp |",
        "ĐDCN: {n} ({p}) - hộ nghèo theo {r}",
        "Đề nghị cấp lại thẻ căn cước cho công dân {p}; số cũ {n}, lý do: mất ngày {d}",
        "căn cước cd số {n} cấp {d} tại CA tỉnh",
        "Số Đ.danh: {n}",
    ),
    "old_identity_card": (
        "cmt của mẹ e đây ạ {n} cấp {d} ca long an",
        "Nguyên đơn: bà {p}, CMND số {n} do Công an tỉnh Tiền Giang cấp ngày {d}",
        "Số CMND cũ {n}, nay là căn cước mới, xin xác nhận cùng một người theo {r}",
        "HO TEN: {P}; SO CMND: {n}; NGAY CAP {d}",
        "Giấy chứng minh nhân dân: {n} ({p})",
        "Phụ huynh {p} (CMND {n}) viết đơn xin cho con học bán trú",
        "Họ tên;CMND;Địa chỉ\n{p};{n};{a}",
        "Người bảo lãnh nộp viện phí: {p}, c.m.n.d {n}, nộp {m}",
        "ID card (old, 9 digits) no. {n}, holder {p}",
        "Bên nhận chuyển nhượng: {p}, giấy CMND số: {n}, cấp {d}",
        "chứng minh thư {n} hết hạn rồi thì làm lại ở đâu ạ?",
        "CMTND {n} - {p} - đã chết {d}",
        "Giấy tờ tùy thân: CMND {n}, cấp tại Bình Phước",
    ),
    "mobile_phone": (
        "alo bạn oi, gọi mình qua {n} nhé, mình là {p}",
        "zalo {n} ({p}) chuyên làm hồ sơ nhanh",
        "[{t}] bạn đọc: đường hư quá, ai xử lý gọi tôi {n}",
        "Liên hệ: {p} – SĐT: {n}",
        "Người tố giác ông {p}, điện thoại {n}, yêu cầu giữ bí mật.",
        "Mẹ: {p}, ĐT {n}, nghề nghiệp nội trợ",
        "PHHS: {p} ({n})",
        "Họ tên | Lớp | Điện thoại PH\n{p} | 7A{k} | {n}",
        "BN {p} tái khám {d}, báo qua số {n} của con trai",
        "Hotline nhà xe anh {p}: {n}",
        "mob. {n}, please call after 5pm, {p}",
        "Tel/Viber/Zalo: {n} gặp {p}",
        "Thửa {k}, bán gấp {m}, lh chính chủ {n}",
        "di động: {n}",
        "sdt e la {n} a nhe, em ten {g}",
        "Khi cần báo tin cho {p} theo số máy {n}",
        "Ghi chú: KH hẹn 14h {d}, phone {n}",
        "Đơn đề ngày {d} của {p} (số điện thoại liên lạc: {n})",
    ),
    "home_phone": (
        "ĐT nhà riêng {n} (gặp bà {p})",
        "Điện thoại bàn ở nhà: {n}, buổi tối",
        "nhà ông {p} có số máy bàn {n}",
        "Home phone of {p}: {n}",
        "Phụ huynh {p}, điện thoại NR: {n}",
        "Bị hại {p}, trú {a}, điện thoại cố định tại nhà {n}",
        "BN {p}: báo tin về nhà {n} nếu chuyển nặng",
        "số điện thoại gia đình {n}",
        "Tel. (nhà) {n}",
    ),
    "email": (
        "gửi file qua mail em nha {n}",
        "Người kháng cáo: {p}; thư điện tử: {n}",
        "Email phụ huynh em {p} là {n}",
        "e-mail: {n} / hạn {d}",
        "Contact {p} <{n}> for the map",
        "HS {p} - {n} - đã nộp học phí {m}",
        "thư điện tử cá nhân {n}, trả kết quả ngày {d}",
        "{p};{a};{n};{d}",
        "From: {p} [{n}]\nSubject: xin hẹn khám",
        "Gmail: {n}",
        "mail to {n} giúp mình",
    ),
    "personal_tax_code": (
        "MST cá nhân: {n} ({p})",
        "mã số thuế TNCN của e là {n} chị ktra giúp",
        "Ông {p} – mã số thuế cá nhân {n} – khấu trừ {m}",
        "Họ tên,MST cá nhân,Thu nhập\n{p},{n},{m}",
        "PIT code of {p}: {n}",
        "Giáo viên {p}, MSTCN {n}, truy lĩnh {m}",
        "Người nộp thuế là cá nhân {p}, MST: {n}",
        "Bác sĩ {p} (mã số thuế thu nhập cá nhân: {n})",
        "Người phụ thuộc: {p}, MST NPT {n}, giảm trừ từ {d}",
        "Hộ ông {p}, mst cá nhân {n}, nộp lệ phí trước bạ {m}",
    ),
    "bank_account": (
        "ck cho e vào stk {n} vietcombank nha, {P}",
        "STK: {n} - MB Bank - CTK {P}",
        "Số tài khoản {n} tại Agribank CN Lạng Sơn của {p}",
        "Thi hành án: hoàn {m} vào tài khoản số {n} (Vietinbank, chủ TK {p})",
        "Học bổng: {p}, TK {n} BIDV",
        "tk ngân hàng: {n}, Sacombank, {P}",
        "Viện phí hoàn lại chuyển khoản {n} NH Techcombank",
        "Bồi thường đất: ông {p} nhận {m} qua TK {n} NHNo&PTNT",
        "Account no. {n}, VPBank, beneficiary {P}",
        "Chủ TK\tSố TK\tNgân hàng\n{P}\t{n}\tACB",
        "số tk nhận lương {n}, TPBank",
        "Acc {n} Vietcombank",
        "Người thụ hưởng {p}, s.t.k {n}, LienVietPostBank",
    ),
    "bank_card": (
        "thẻ ATM số {n} bị nuốt ở trụ {a}",
        "Số thẻ: {n}, hết hạn 09/28",
        "card number {n}, name {P}",
        "Bị mất thẻ ngân hàng {n} ngày {d}",
        "thẻ tín dụng của {p}: {n}",
        "Nạn nhân bị rút {m} từ thẻ {n}",
        "Visa {n} của {p}",
        "Thẻ ghi nợ nội địa Napas số {n}",
    ),
    "social_insurance": (
        "số BHXH {n}, chốt sổ {d}",
        "Mã số bảo hiểm xã hội: {n} – {p}",
        "sổ bhxh của em là {n} chưa được gộp",
        "Lao động {p}, BHXH số {n}, khởi kiện đòi {m} tiền đóng",
        "Họ và tên / Mã số BHXH / Mức đóng\n{p} / {n} / {m}",
        "Cô {p}, GV hợp đồng, mã BHXH: {n}",
        "SI book no {n} ({p})",
        "BN {p} nghỉ hưởng BHXH, số sổ {n}",
        "Số sổ bảo hiểm XH: {n}",
    ),
    "health_insurance": (
        "thẻ BHYT {n} đúng tuyến",
        "BN {p}; số thẻ bảo hiểm y tế: {n}; GTSD đến {d}",
        "Mã thẻ BHYT: {n}",
        "HS {p} lớp 3B, BHYT {n}",
        "bhyt của bé: {n}, nhập viện {d}",
        "Health insurance card {n}, {p}",
        "Viện phí {m}, BHYT ({n}) trả 80%",
        "Họ tên|Số thẻ BHYT\n{p}|{n}",
        "thẻ bảo hiểm {n} của bố em",
    ),
    "passport": (
        "Hộ chiếu số {n} cấp {d}",
        "passport no {n}, {P}, exp {d}",
        "Bị cáo {p}, quốc tịch Việt Nam, HC số {n}",
        "số hộ chiếu: {n} ({p})",
        "Passport: {n}\nDOB: {d}",
        "HS du học {p} - PP {n} - visa {d}",
        "Người nước ngoài kết hôn, hộ chiếu {n}",
        "hc {n} mất ở sân bay, {p}",
    ),
    "driving_licence": (
        "GPLX số {n} hạng A1",
        "bằng lái xe {n} của {p} bị giữ {d}",
        "Giấy phép lái xe: {n}, hạng B2, có giá trị đến {d}",
        "Tạm giữ GPLX {n} theo {r}",
        "driver licence no. {n}, class C, {p}",
        "Bị cáo điều khiển xe, giấy phép lái xe số {n}",
        "số GPLX: {n}",
        "bằng lái {n}",
    ),
    "vehicle_plate": (
        "xe máy biển số {n} đậu chắn cổng trường",
        "BKS {n} vi phạm tốc độ tại {a}",
        "bs {n} màu đen, chủ xe {p}",
        "Xe mô tô mang biển kiểm soát {n} do {p} điều khiển",
        "biển số xe: {n}",
        "Cấp cứu: TNGT, xe {n} tông",
        "plate {n}, owner {p}",
        "Tang vật: 01 xe Honda Wave BKS: {n}",
        "xe tải {n} chở cát quá khổ trên {a}",
    ),
}
MAKERS: dict[str, Callable[[random.Random], str]] = {
    "citizen_id": citizen,
    "old_identity_card": old_card,
    "mobile_phone": mobile,
    "home_phone": landline,
    "personal_tax_code": lambda chance: tax(chance, "8"),
    "bank_account": account,
    "bank_card": card,
    "social_insurance": social,
    "health_insurance": health,
    "passport": passport,
    "driving_licence": licence,
    "vehicle_plate": plate,
}


def _phone(chance: random.Random, number: str) -> str:
    """A telephone number as written: with the country's code in some ways, zero in brackets, unusual groups."""
    rest = number[1:]
    return chance.choice(
        (
            lambda: f"+84{rest}",
            lambda: f"+84 {groups(rest, ' ', (2, 3, 4))}",
            lambda: f"(+84) {groups(rest, '.', (3,))}",
            lambda: f"+84(0){rest}",
            lambda: f"+84 (0) {groups(rest, ' ', (3,))}",
            lambda: f"0084 {groups(rest, ' ', (3,))}",
            lambda: f"84-{groups(rest, '-', (2, 3, 4))}",
            lambda: f"({number[:4]}) {groups(number[4:], '.', (3,))}",
            lambda: f"{number[:4]}.{number[4:]}",
            lambda: f"{groups(number, ' ', (2, 2, 2, 2))}",
            lambda: f"{groups(number, '.', (5, 5))}",
            lambda: f"tel:+84-{rest}",
            lambda: f"０{_wide(rest)}" if chance.random() < 0.5 else f"{number[:3]} - {number[3:6]} - {number[6:]}",
        )
    )()


def _wide(text: str) -> str:
    return text.translate({ord("0") + n: 0xFF10 + n for n in range(10)})


def _bare(part: str) -> str:
    """Without the marks of tones and vowels, as people type who are in a hurry."""
    return (
        "".join(s for s in unicodedata.normalize("NFD", part) if not unicodedata.combining(s))
        .replace("đ", "d")
        .replace("Đ", "D")
    )


def _email(chance: random.Random) -> str:
    user = f"{chance.choice(GIVEN)}{chance.choice(('.', '_', ''))}{chance.choice(FAMILY)}{chance.choice(('', '89', '1990', '.vn'))}".lower()
    user = _bare(user)
    host = chance.choice(("gmail.com", "yahoo.com.vn", "outlook.com", "icloud.com", "hotmail.com", "vnn.vn"))
    sign = chance.choices(("@", " @ ", "(at)", "[at]", " at ", "＠", " a còng ", "@\n"), (60, 6, 6, 6, 3, 7, 4, 4))[0]
    if chance.random() < 0.08:
        host = host.replace(".", chance.choice(("[dot]", " dot ", " chấm ", "(.)")))
    return f"{user}{sign}{host}".upper() if chance.random() < 0.06 else f"{user}{sign}{host}"


def _plate(chance: random.Random, text: str) -> str:
    bare = "".join(sign for sign in text if sign.isalnum())
    return chance.choice(
        (
            lambda: text,
            lambda: text,
            lambda: bare,
            lambda: f"{bare[:3]} {bare[3:]}",
            lambda: text.replace(".", ""),
            lambda: text.lower(),
            lambda: f"{bare[:2]} {bare[2:4]} - {bare[4:]}" if len(bare) == 9 else f"{bare[:3]} - {bare[3:]}",
            lambda: _wide(text),
            lambda: text.replace("-", "\n"),
            lambda: f"{bare[:3]}/{bare[3:]}",
        )
    )()


def _lettered(chance: random.Random, text: str) -> str:
    """Cards and passports: letters first, digits after, in the ways of their own."""
    head = 2 if text[1].isalpha() else 1
    return chance.choice(
        (
            lambda: text,
            lambda: text,
            lambda: text.lower(),
            lambda: f"{text[:head]} {text[head:]}",
            lambda: f"{text[:head]}-{text[head:]}",
            lambda: _wide(text),
            lambda: text[:head] + " " + groups(text[head:], " ", (1, 2, 2, 3, 5) if head == 2 else (3,)),
            lambda: text[:head] + groups(text[head:], ".", (3,)),
            lambda: text[:head] + text[head:].replace("0", "O"),
            lambda: text[:6] + "\n" + text[6:],
        )
    )()


def name(chance: random.Random) -> str:
    return f"{chance.choice(FAMILY)} {chance.choice(MIDDLE)} {chance.choice(GIVEN)}"


def written(kind: str, chance: random.Random) -> str:
    if kind == "email":
        return _email(chance)
    number = MAKERS[kind](chance)
    if kind in ("mobile_phone", "home_phone") and chance.random() < 0.4:
        return _phone(chance, number)
    if kind == "vehicle_plate":
        return _plate(chance, number)
    if kind in ("health_insurance", "passport"):
        return _lettered(chance, number)
    if kind == "mobile_phone" and chance.random() < 0.03:
        return number[1:]
    return write(number, chance)


def filled(form: str, number: str, chance: random.Random) -> str:
    """The form with a number, persons, dates and other harmless matter."""
    day = f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(2001, 2026)}"
    values = {
        "n": number,
        "p": name(chance),
        "q": name(chance),
        "P": name(chance).upper(),
        "g": chance.choice(GIVEN).lower(),
        "d": day,
        "t": f"{chance.randint(0, 23)}:{chance.randint(0, 59):02d}",
        "r": f"số {chance.randint(1, 999)}/{chance.choice(('QĐ-UBND', 'BB-VPHC', 'QĐ-XPHC'))}",
        "m": f"{chance.randint(1, 900)}.{chance.randint(0, 999):03d}.000đ",
        "a": f"số {chance.randint(1, 300)} {chance.choice(STREETS)}",
        "k": str(chance.randint(1, 40)),
        "y": str(chance.randint(1940, 2005)),
    }
    for mark, value in values.items():
        form = form.replace("{" + mark + "}", value)
    return form


def _noise(text: str, number: str, chance: random.Random) -> str:
    """The words around the number as a bad scan, a hurried hand or another keyboard gives them; the number stays as it was."""
    if number not in text:
        return text
    before, after = text.split(number, 1)
    change = chance.choices(
        (
            lambda part: part,
            _bare,
            str.upper,
            lambda part: unicodedata.normalize("NFD", part),
            lambda part: part.replace(" ", "  "),
            lambda part: part.replace("ố", "ô").replace("ệ", "ê"),
            lambda part: part.replace(": ", " :").replace(", ", " ,"),
            lambda part: part.replace(" ", "\n", 1),
        ),
        (62, 10, 6, 6, 4, 4, 4, 4),
    )[0]
    return change(before) + number + change(after)


def seeds(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Kind and text, evenly over the kinds."""
    chance = random.Random(seed)
    kinds = tuple(FORMS)
    for at in range(count):
        kind = kinds[at % len(kinds)]
        number = written(kind, chance)
        yield kind, _noise(filled(chance.choice(FORMS[kind]), number, chance), number, chance)
