# ruff: noqa: SIM905 (words are easier to read in one text)
"""Texts of many genres, each with one number of a person: minutes, posts, complaints, notices, registers, contracts, obituaries, scans, fragments of files.

The third blind corpus: written by one who had read neither the scanner nor the other corpora. It shares no code with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

PROVINCES = (
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 "
    "042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 "
    "086 087 089 091 092 093 094 095 096"
).split()
MOBILE = (
    "032 033 034 035 036 037 038 039 052 056 058 059 070 076 077 078 079 081 082 083 084 085 086 088 089 090 091 "
    "093 094 096 097 098 099"
).split()
HOME = (
    "0203 0204 0205 0206 0207 0208 0210 0211 0215 0220 0225 0226 0229 0232 0236 0237 0252 0254 0259 0261 0270 0274 "
    "0277 0290 0292 0299"
).split()
NAMES = "Lò Văn Páo|Giàng A Chứ|Vừ Thị Mỷ|H'Nhung Niê|Y Thịnh Êban|Sùng Seo Lử|K'Brếu|Rơ Châm H'Lan|Thạch Sa Rinh|Điểu K'Ré|Bàn Thị Mùi|Quàng Văn Ới|Hồ Thị Kăn|Nguyễn Thị Thu Thuỷ|Trần Quốc Toàn|Lê Hoàng Phúc|Phạm Gia Bảo|Đặng Ngọc Ánh|Vũ Đình Khoa|Bùi Thị Xoan|Đỗ Minh Tiến|Tôn Nữ Diễm My|Huỳnh Tấn Lộc|Dương Thế Vinh|Mai Thị Lụa|Tạ Quang Sáng|Cao Bá Hưng|Triệu Thị Pham|Nông Văn Dền|Châu Mỹ Linh".split(
    "|"
)
EVEN = "làng Plei Kép|thôn Nà Lốc|bản Huổi Lụ|ấp Cái Nứa|buôn Ea Mta|khu phố 4|tổ dân phố số 7|xóm Đình|thôn Đông Thượng|sóc Trà Kha|phum Chông Nô".split(
    "|"
)
WORDS = ("không một hai ba bốn năm sáu bảy tám chín").split()
BARE = str.maketrans(
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ",
    "aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiiiooooooooooooooooouuuuuuuuuuuyyyyydAAAAAAAAAAAAAAAAAEEEEEEEEEEEIIIIIOOOOOOOOOOOOOOOOOUUUUUUUUUUUYYYYYD",
)

LABELS = {
    "citizen_id": "số CCCD|căn cước công dân số|thẻ căn cước|CC số|số định danh cá nhân|mã định danh|CCCD gắn chíp|can cuoc|số ĐDCN|citizen ID|ID card no.|so CCCD|Căn cước|CCCD/CMND",
    "old_identity_card": "CMND|chứng minh nhân dân số|số CMND|CMT|chứng minh thư|giấy CMND số|chung minh nhan dan|CMTND|số chứng minh|CMND cũ|identity card no.|so CMT|giấy chứng minh",
    "mobile_phone": "ĐT|SĐT|số điện thoại|di động|zalo|đt liên hệ|phone|mobile|Tel|alo|sdt|dien thoai|số máy|hotline riêng|LH|call|DĐ",
    "home_phone": "điện thoại nhà|ĐT nhà riêng|máy bàn ở nhà|số nhà riêng|điện thoại bàn gia đình|home phone|dt nha|ĐT gia đình|điện thoại cố định nhà riêng|tel. (home)",
    "email": "email|thư điện tử|e-mail|hộp thư|mail|địa chỉ thư|gmail|Email cá nhân|dia chi mail",
    "personal_tax_code": "MST cá nhân|mã số thuế cá nhân|MST|mã số thuế|ma so thue|mã số thuế TNCN|tax code|personal tax ID|MST người nộp thuế|mst ca nhan|mã thuế",
    "bank_account": "số tài khoản|STK|TK|tài khoản ngân hàng|stk vietcombank|tài khoản Agribank|so tai khoan|số TK BIDV|account no.|tk MB|bank account|chuyển khoản vào|TK nhận",
    "bank_card": "số thẻ ATM|thẻ ngân hàng|thẻ tín dụng|card number|thẻ Visa|thẻ napas|so the|số thẻ|credit card|thẻ ghi nợ|thẻ Mastercard",
    "social_insurance": "số sổ BHXH|mã số BHXH|sổ bảo hiểm xã hội số|BHXH|mã số bảo hiểm xã hội|so BHXH|social insurance no.|mã BHXH|số bảo hiểm xã hội|sổ BHXH",
    "health_insurance": "thẻ BHYT|mã thẻ BHYT|số thẻ bảo hiểm y tế|BHYT|the BHYT|bảo hiểm y tế số|health insurance card|mã BHYT|Số thẻ BHYT",
    "passport": "hộ chiếu|số hộ chiếu|passport no.|passport|HC số|ho chieu|hộ chiếu phổ thông số|PP no|Hộ chiếu/Passport",
    "driving_licence": "GPLX|giấy phép lái xe|số GPLX|bằng lái|bằng lái xe số|driving licence|giay phep lai xe|GPLX hạng B2 số|driver's license no.|bằng lái hạng C số",
    "vehicle_plate": "biển số|BKS|xe mang biển kiểm soát|bien so|BSX|biển số xe|xe máy BKS|plate|ô tô biển|xe ô tô biển kiểm soát|biển",
}


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def _tax(chance: random.Random) -> str:
    while True:
        nine = "8" + _digits(chance, 8)
        check = 10 - sum(int(d) * w for d, w in zip(nine, (31, 29, 23, 19, 17, 13, 7, 5, 3), strict=True)) % 11
        if check < 10:
            return f"{nine}{check}"


def _card(chance: random.Random) -> str:
    start = chance.choice(("9704", "4", "51", "55", "970436", "970415", "356")) + _digits(chance, 16)
    body = start[:15]
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(body))
    return body + str(-total % 10)


def _mail(chance: random.Random) -> str:
    who = chance.choice(NAMES).translate(BARE).lower().replace("'", "").split()
    user = chance.choice(
        (".".join(who), who[-1] + _digits(chance, 4), "".join(who), f"{who[0]}_{who[-1]}{chance.randint(60, 99)}")
    )
    return f"{user}@{chance.choice(('gmail.com', 'yahoo.com.vn', 'hotmail.com', 'outlook.com', 'icloud.com', 'yahoo.com'))}"


def _plate(chance: random.Random) -> str:
    place = chance.choice(
        "11 12 14 15 17 18 20 22 25 29 30 34 36 37 38 43 47 49 51 59 60 61 65 68 72 76 79 81 83 86 88 89 92 95 98 99".split()
    )
    if chance.random() < 0.5:
        return f"{place}{chance.choice('ABCDEFGHK')}-{_digits(chance, 3)}.{_digits(chance, 2)}"
    return f"{place}-{chance.choice('BCDEFGHKLMNPSTX')}{chance.randint(1, 9)} {_digits(chance, 3)}.{_digits(chance, 2)}"


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "citizen_id": lambda c: (
        f"{c.choice(PROVINCES)}{(year := c.randint(1940, 2018)) // 1000 * 2 - 2 + c.randint(0, 1)}{year % 100:02d}{_digits(c, 6)}"
    ),
    "old_identity_card": lambda c: f"{c.randint(1, 38):02d}{_digits(c, 7)}",
    "mobile_phone": lambda c: c.choice(MOBILE) + _digits(c, 7),
    "home_phone": lambda c: (
        c.choice(("024", "028")) + c.choice("2367") + _digits(c, 7)
        if c.random() < 0.4
        else c.choice(HOME) + c.choice("236") + _digits(c, 6)
    ),
    "email": _mail,
    "personal_tax_code": _tax,
    "bank_account": lambda c: c.choice(
        (
            "1" + _digits(c, 9),
            "0" + _digits(c, 12),
            "9" + _digits(c, 12),
            "2" + _digits(c, 13),
            "19" + _digits(c, 12),
            _digits(c, 9),
            _digits(c, 8),
        )
    ),
    "bank_card": _card,
    "social_insurance": lambda c: c.choice(PROVINCES)[1:] + _digits(c, 8),
    "health_insurance": lambda c: (
        c.choice(("DN", "HC", "CH", "HT", "TE", "HN", "CN", "HS", "SV", "GD", "DT", "DK", "BT", "TS"))
        + c.choice("12345")
        + c.choice(PROVINCES)[1:]
        + _digits(c, 10)
    ),
    "passport": lambda c: (
        c.choice(("B", "C", "N")) + _digits(c, 7) if c.random() < 0.6 else c.choice("PKE") + _digits(c, 8)
    ),
    "driving_licence": lambda c: f"{c.choice(PROVINCES)[1:]}{c.choice('0123')}{c.choice((9, 0, 1))}{_digits(c, 8)}",
    "vehicle_plate": _plate,
}

# {L} label, {N} the number as a hand writes it, {V} as a program writes it, {n} a name, {M} NAME WITHOUT MARKS, {b} bare name, {v} where, {d} date, {q} paper, {a} amount
LABELLED = [
    "BIÊN BẢN HỌP {v}\nThành phần: ông {n} ({L}: {N}), thư ký ghi biên bản. Nội dung: bình xét hộ nghèo năm 2024.",
    "Biên bản làm việc ngày {d}. Đại diện bên B: bà {n}, {L} {N}. Hai bên thống nhất giá {a} đồng.",
    "Tổng đài: Dạ em nghe ạ.\nKhách: chị ơi {L} của tôi là {N}\nTổng đài: dạ em ghi nhận.",
    "[00:01:12] NV: anh đọc giúp em {L} ạ\n[00:01:20] KH: {N}\n[00:01:31] NV: vâng em cảm ơn",
    "mn ơi ai nhặt được ví của e k ạ, trong có giấy tờ tên {n}, {L} {N}, e xin hậu tạ 🙏🙏",
    "TÌM NGƯỜI THÂN!!! {M} đi lạc từ {d}, ai thấy báo giúp gia đình ({L} {N}). Xin cảm ơn cả nhà",
    "Kính gửi: Thanh tra huyện\nTôi tên là {n}, {L} {N}, thường trú {v}. Tôi làm đơn này khiếu nại Quyết định {q}.",
    "ĐƠN TỐ CÁO. Người bị tố cáo: {n} – {L}: {N} – nguyên cán bộ địa chính xã.",
    "THÔNG BÁO\nHộ ông {n}, {v}, {L} {N}, đến nhận tiền hỗ trợ {a}đ tại nhà văn hoá ngày {d}.",
    "Loa phát thanh: mời bà {n} có {L} {N} lên trụ sở nhận lại giấy tờ",
    "SỔ ĐĂNG BỘ lớp 3A | {n} | sinh {d} | phụ huynh {L} {N} | học lực: khá",
    "Học bạ em {n}. Người giám hộ: bác {n2}; {L}: {N}; hoàn cảnh: mồ côi cha.",
    "Trạm y tế {v}: BN {n}, nữ, 67t, tăng huyết áp, {L} {N}, hẹn tái khám {d}",
    "Tiêm chủng {d} - bé {n}, mẹ {n2}, {L} mẹ {N}, mũi 5in1 lần 2, không sốt",
    "Biên bản vi phạm số 0012345/BB-VPHC: người điều khiển {n}, {L} {N}, lỗi không đội mũ bảo hiểm, phạt {a} đồng.",
    "CSGT xử lý: {n} ({L} {N}) nồng độ cồn 0,31 mg/l khí thở, tạm giữ xe 7 ngày",
    "Thửa đất số 112, tờ bản đồ 07, diện tích 356,2 m2. Chủ sử dụng: {n}; {L}: {N}; nguồn gốc: cha ông để lại.",
    "Trang bổ sung GCN: ngày {d} chuyển nhượng cho ông {n}, {L} {N}, theo hồ sơ số 000123.CN.001",
    "HỢP ĐỒNG THUÊ NHÀ\nBên A (bên cho thuê): {n}\n{L}: {N}\nBên B: Công ty TNHH Phú Mỹ\nGiá thuê: {a} đ/tháng",
    "Điều 1. Bên vay ({n} - {L} {N}) vay của Bên cho vay số tiền {a} đồng, thời hạn 12 tháng.",
    "Hoá đơn bán lẻ số 004512, khách: {n}, {L}: {N}, thành tiền {a}, đã trả đủ",
    "Phiếu thu ngày {d}\nNgười nộp: {n}\nLý do: phí vệ sinh\nSố tiền: {a}\n{L}\n{N}",
    "CURRICULUM VITAE\nName: {b}\nDOB: {d}\n{L}: {N}\nObjective: to work in a dynamic environment",
    "Ứng viên {n}, tốt nghiệp ĐH Tây Nguyên 2016, 5 năm kinh nghiệm kế toán. {L} {N}. Lương mong muốn {a}.",
    "CÁO PHÓ. Gia đình chúng tôi vô cùng thương tiếc báo tin: cụ {n} từ trần ngày {d}. Phúng điếu xin liên hệ con trai, {L} {N}.",
    "Tin buồn: ông {n} hưởng thọ 82 tuổi. Tang gia nhận viếng; {L}: {N} (chị Hai)",
    "TUYỂN GẤP 5 thợ may, bao ăn ở, lương {a}. Gặp {n}, {L} {N}, không qua trung gian",
    "Cần người trông trẻ {v}, ưu tiên cô lớn tuổi. Ai làm được nt {n} {L} {N} nha",
    "1) {n} - {L} {N}; 2) {n2} - đã chuyển đi; 3) bà Sáu - chưa có",
    "ds nhận quà: {n2} (vắng), {n} ({L}: {N}), hộ bà Tư, hộ ông Năm",
    '{"hoTen": "{n}", "ghiChu": "{L} {V}", "trangThai": 1}',
    "<nguoi><ten>{n}</ten><ghichu>{L}: {V}</ghichu></nguoi>",
    "stt;ho ten;ghi chu\n1;{b};{L} {V}\n2;khong co;",
    "<tr><td>{n}</td><td>{L}</td><td>{V}</td></tr>",
    "<p><b>{L}:</b>&nbsp;{N}</p><p>Người khai: {n}</p>",
    "- [x] **{n}** — {L}: `{V}`\n- [ ] gọi lại sau",
    "| Họ tên | {L} |\n|---|---|\n| {n} | {V} |",
    '2024-03-12T09:11:02Z WARN kyc user="{b}" msg="duplicate {L} {V}" ip=10.0.3.7',
    "ERROR 2024/05/02 validate(): {L}={V} da ton tai trong he thong (user {b})",
    "THONG BAO TRUY THU: ONG {M}, {L} {N}, CON NO {a} DONG TIEN THUE",
    "CONG HOA XA HOI CHU NGHIA VIET NAM\nDON XIN XAC NHAN\nTOI TEN {M}\n{L}: {N}",
    "Mr. {b} ({L} {N}) will attend the workshop on {d} as the representative of the household group.",
    "The claimant, {b}, of {v}, {L}: {N}, states that her parcel was flooded twice.",
    "Xác nhận ông {n} (dân tộc Mông), {L} {N}, là hộ cận nghèo tại {v}.",
    "Người thừa kế: {n}, quan hệ: con nuôi, {L} số: {N}, cấp ngày {d}",
    "Kết luận hoà giải: hai bên {n} và {n2} đồng ý. Bên thứ nhất cung cấp {L}\n{N}\nđể nhận bồi thường.",
    "Góp ý dự thảo của công dân {n} - ({L}) {N} - nội dung: đề nghị giảm phí",
    "Câu hỏi: Tôi nộp hồ sơ từ {d} mà chưa có kết quả, {L} của tôi: {N}. Mong cơ quan trả lời. {n}",
    "Trả lời: ông/bà {n} ({L}: {N}) vui lòng bổ sung bản sao giấy khai sinh.",
    "Giấy uỷ quyền: tôi uỷ quyền cho {n} [{L}: {N}] nộp và nhận hồ sơ thay",
    "Giấy mượn: anh {n} mượn máy bơm của HTX, để lại {L} {N} làm tin",
    "Sổ trực: 22h15 {n} đến báo mất xe, {L} {N}, đã lập biên bản",
    "PHIẾU KHẢO SÁT HỘ #117 – chủ hộ {n} – {L} → {N} – 4 nhân khẩu – nhà cấp 4",
    "gửi a {n}, e gửi lại {L} như hnay a hỏi: {N}. a xem giúp e nhé",
    "Lý do trả hồ sơ: {L} trên tờ khai ({N}) không khớp với cơ sở dữ liệu",
    "ghi chú nội bộ: đã gọi {n} 3 lần không được; {L} mới: {N} (thay số cũ)",
    "Bảo lãnh: {n} | {L}:{N}|quan hệ: anh ruột",
    "Vé xe {d} ghế A12 khách {b} {L} {V} điểm đón ngã ba Đắk Hà",
    "{L} {N}",
    "{n}: {N} ({L})",
    "{N} là {L} của {n}, ghi theo lời khai",
    "Nhật ký thôn đội: {n}, {L} – {N} – đăng ký tạm trú từ {d}",
    "Đề nghị phong toả: chủ sở hữu {n}; {L}.: {N}; số tiền {a} VND; theo QĐ {q}",
    "Sao kê {d}: +{a} VND, nội dung: {b} {L} {V} ung ho dong bao lu lut",
    "Danh sách cử tri số 3: {n}, nam, 1971, {L}, {N}, đã bầu",
    "RE: FW: giấy tờ {n}\n> {L} của anh ấy đây nhé:\n> {N}\n>\n> Cảm ơn chị",
]
# kinds whose form alone tells enough
ALONE = {
    "citizen_id": [
        "{n} {N}",
        "{n}, {v}, {V}",
        "hs {b} {V} (bo sung)",
        "{N}",
        "Chủ hộ: {n} / {N}",
        '{"id":"{V}","ten":"{n}"}',
    ],
    "mobile_phone": [
        "{n} {N}",
        "ib mình {N} nha",
        "gọi cho {n} theo số {N}",
        "{N}",
        "Cô {n} chủ nhiệm: {N}",
        "a. {n} - {v} - {N}",
        "{b};{V};{v}",
    ],
    "email": ["{n} {V}", "gửi về {V} trước {d}", "<a href='mailto:{V}'>{n}</a>", "{V}", "author: {b} <{V}>"],
    "health_insurance": ["{n} {V}", "{V}", "BN {n}, {V}, hết hạn {d}"],
    "vehicle_plate": ["{n} đỗ xe {N} trước cổng", "{N}", "xe {N} chở đất rơi vãi ở {v}"],
    "bank_card": ["{n} {N}", "{N}"],
}


def _grouped(text: str, sign: str, size: tuple[int, ...]) -> str:
    parts, at, turn = [], 0, 0
    while at < len(text):
        step = size[min(turn, len(size) - 1)]
        parts.append(text[at : at + step])
        at, turn = at + step, turn + 1
    return sign.join(parts)


def hand(chance: random.Random, kind: str, plain: str) -> str:
    """The number as it comes out of a hand, a scanner, a telephone."""
    if kind == "email":
        return chance.choice(
            (
                plain,
                plain,
                plain.upper(),
                plain.replace("@", " @ "),
                plain.replace("@", "\u200b@"),
                plain.replace(".", " . "),
            )
        )
    if kind == "vehicle_plate":
        bare = "".join(c for c in plain if c.isalnum())
        tail = plain.replace(".", "")
        return chance.choice(
            (
                plain,
                plain,
                bare,
                tail,
                plain.lower(),
                plain.replace("-", " "),
                plain.replace("-", "–"),
                plain.replace("-", " - "),
            )
        )
    way = chance.randrange(20)
    if way < 7:
        return plain
    sign = chance.choice((" ", ".", "-", "\u00a0", "\u2013", "\u2011", "  ", " - ", "\u2009", ". ", "_", "/"))
    if way < 13:
        return _grouped(plain, sign, chance.choice(((3,), (4,), (4, 3), (3, 4), (2,), (4, 2), (5, 3))))
    if way == 13:
        return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in plain)
    if way == 14:
        return _grouped(plain, chance.choice(("\u200b", "\u200d", "\ufeff", "\u2060", "\u00ad")), (3,))
    if way == 15:
        digits = [
            chance.choice({"0": "Oo", "1": "lI", "5": "S", "8": "B"}.get(c, c))
            if i > 0 and chance.random() < 0.3
            else c
            for i, c in enumerate(plain)
        ]
        return "".join(digits)
    if way == 16:
        return _grouped(plain, chance.choice(("\n", "\r\n", " \n ")), (max(4, len(plain) // 2),))
    if way == 17:
        return f"({plain[:4]}) {_grouped(plain[4:], ' ', (3,))}"
    if way == 18:
        return f"{plain[:-3]} {' '.join(WORDS[int(c)] for c in plain[-3:])}"
    return " ".join(WORDS[int(c)] if c.isdigit() else c for c in plain)


def filled(chance: random.Random, form: str, kind: str, labels: dict[str, str]) -> str:
    """The form with its marks replaced."""
    plain = MAKERS[kind](chance)
    label = chance.choice(labels[kind].split("|"))
    label = chance.choice((label, label, label.capitalize(), label.upper()))
    name = chance.choice(NAMES)
    written = hand(chance, kind, plain)
    if kind == "mobile_phone" and chance.random() < 0.1:
        written = "+84" + chance.choice(("", " ", "-", " (0)")) + plain[1:]
    bare = chance.choice(NAMES).translate(BARE)
    values = {
        "L": label.translate(BARE) if form.isupper() or "{M}" in form else label,
        "N": written,
        "V": plain.replace(" ", "") if chance.random() < 0.6 or kind == "vehicle_plate" else plain,
        "n": name,
        "n2": chance.choice(NAMES),
        "b": bare,
        "M": bare.upper(),
        "v": chance.choice(EVEN),
        "d": f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(2015, 2025)}",
        "q": f"{chance.randint(1, 3000)}/QĐ-UBND",
        "a": f"{chance.randint(1, 900)}.{chance.randint(100, 999)}.000",
    }
    for mark, value in values.items():
        form = form.replace("{" + mark + "}", value)
    return form


def seeds(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """So many (kind, text): all kinds evenly, a fifth of those that need no label without one."""
    chance = random.Random(seed)
    kinds = list(MAKERS)
    for turn in range(count):
        kind = kinds[turn % len(kinds)]
        bare = kind in ALONE and chance.random() < 0.2
        yield kind, filled(chance, chance.choice(ALONE[kind] if bare else LABELLED), kind, LABELS)
