# ruff: noqa: SIM905 (words are easier to read in one text)
"""Identifiers as people write them in running text: petitions, comments, messages, signatures, minutes of a commune.

The blind half: written before the scanner was looked at again, in sentences and ways of writing of its own, measured
once: docs/disclosure.md tells what was found at first sight. What that showed is mended since.
"""

import random
import unicodedata
from collections.abc import Callable

Made = Callable[[random.Random], str]
_TITLES = ("ông", "bà", "anh", "chị", "cô", "chú", "bác", "em")
_FAMILY = "Nguyễn Trần Lê Phạm Hoàng Lương Nông Lý Triệu Dương Đặng Bùi Vũ Hà Chu Lục Mông Đàm Ngô Tạ".split()
_MIDDLE = "Văn Thị Đức Thu Minh Ngọc Xuân Hữu Quang Thanh Bích Hồng Công Mạnh Diệu".split()
_GIVEN = "Hòa Lợi Tuyết Cường Phượng Giang Nhung Dũng Quyên Khánh Thảo Toàn Yến Chiến Vượng Duyên Bảo Hiền".split()
_PLACES = ("xã Hữu Liên", "thôn Khòn Pát", "phường Đông Kinh", "tổ 7 khối 3 phường Tam Thanh", "bản Chu", "xã Mẫu Sơn")
_BANKS = (
    "Vietcombank", "Agribank", "BIDV", "Vietinbank", "Techcombank", "MB", "VPBank", "ACB", "Sacombank", "TPBank", "HDBank",
    "SHB", "LPBank", "ngân hàng Nông nghiệp", "ngân hàng Quân đội", "VIB", "MSB", "OCB", "Ngân hàng Chính sách xã hội",
)  # fmt: skip


def _pick(draw: random.Random, *ways: str) -> str:
    """One of the patterns, # a digit."""
    return "".join(str(draw.randrange(10)) if c == "#" else c for c in draw.choice(ways))


def _laid(draw: random.Random, digits: str, *patterns: str) -> str:
    """The digits laid into one of the patterns, in which # is a digit."""
    left = iter(digits)
    laid = "".join(next(left) if c == "#" else c for c in draw.choice(patterns))
    return laid + "".join(left)


def _citizen_digits(draw: random.Random) -> str:
    born = draw.randint(1938, 2019)
    area = draw.choice(
        "001 004 006 008 019 020 022 024 026 030 034 036 038 040 046 048 052 066 079 086 092 096".split()
    )
    return f"{area}{2 * (born // 100 - 19) + draw.randint(0, 1)}{born % 100:02d}{draw.randint(0, 999999):06d}"


def citizen(draw: random.Random) -> str:
    told = _citizen_digits(draw)
    return _laid(
        draw, told, "############", "############", "############", "### ### ######", "###### ######", "### ### ### ###",
        "#### #### ####", "###.###.######", "###.###.###.###", "###-###-######", "### # ## ######", "######.######", "### #########",
    )  # fmt: skip


def old_card(draw: random.Random) -> str:
    while (told := _pick(draw, "0########", "1########", "2########", "08#######")).endswith("000") or told[:2] == "00":
        pass
    return _laid(draw, told, "#########", "#########", "### ### ###", "###.###.###", "### ######", "###-###-###")


def mobile(draw: random.Random) -> str:
    heads = "32 34 35 36 37 38 39 52 56 58 70 76 77 78 79 81 82 83 84 85 86 87 88 89 90 91 92 93 94 96 97 98 99".split()
    told = draw.choice(heads) + _pick(draw, "#######")
    return _laid(
        draw, told, "0#########", "0#########", "0#########", "0### ### ###", "0## ### ####", "0###.###.###", "0##.###.####",
        "0###-###-###", "0### ## ## ##", "0###.##.##.##", "0# ## ## ## ##", "0## #### ###", "(0##) ### ####", "(0###) ### ###",
        "+84#########", "+84 ### ### ###", "+84 ## ### ## ##", "(+84) ### ### ###", "(+84)#########", "+84-##-###-####",
        "+84 (0) ### ### ###", "+84(0)#########", "0084#########", "0084 ### ### ###", "0084-###-###-###", "84#########", "84 ### ### ###",
        "(84) ### ### ###", "+84.###.###.###", "0######.###", "0 ### ### ###", "0###-######",
    )  # fmt: skip


def home(draw: random.Random) -> str:
    told = draw.choice("24 28 205 203 225 236 214 238".split())
    told += _pick(draw, "3#######", "6#######") if len(told) == 2 else _pick(draw, "3######", "6######")
    city = len(told) == 10 and told[:2] in ("24", "28")
    ways = (
        (
            "0##########",
            "(0##) #### ####",
            "0##.########",
            "0## #### ####",
            "+84 ## #### ####",
            "0##-########",
            "(0##)########",
        )
        if city
        else (
            "0##########",
            "(0###) ### ####",
            "0### #### ###",
            "0###.#######",
            "0###-#######",
            "+84 ### ### ####",
            "(0###)#######",
        )
    )
    return _laid(draw, told, *ways)


def email(draw: random.Random) -> str:
    box = _pick(
        draw,
        "hoaluong##",
        "nongthi.tuyet",
        "cuong_trieu",
        "khanh.ly19##",
        "ducminh####",
        "bichngoc-ls",
        "vuongchu",
        "tt.yen##",
    )
    house = draw.choice(
        (
            "gmail.com",
            "gmail.com",
            "yahoo.com",
            "yahoo.com.vn",
            "hotmail.com",
            "icloud.com",
            "outlook.com",
            "fpt.vn",
            "hoanglien.vn",
        )
    )
    at = draw.choice(
        ("@",) * 8
        + (
            " @ ",
            "@ ",
            " @",
            "[at]",
            "(at)",
            " [at] ",
            " (a còng) ",
            "(a còng)",
            " a còng ",
            " (@) ",
            "＠",
            "{at}",
            " acong ",
        )
    )
    if draw.random() < 0.2:
        house = house.replace(".", draw.choice((" . ", "[.]", " chấm ", "(dot)", " dot ", ". ", "[dot]")))
    return box + at + house


def _check(nine: str) -> str | None:
    rest = sum(int(d) * w for d, w in zip(nine, (31, 29, 23, 19, 17, 13, 7, 5, 3), strict=True)) % 11
    return str(10 - rest) if rest else None


def tax(draw: random.Random) -> str:
    while (check := _check(nine := _pick(draw, "8########"))) is None:
        pass
    return _laid(
        draw,
        nine + check,
        "##########",
        "##########",
        "##########",
        "### ### ####",
        "#### ### ###",
        "##########-001",
        "#### ######",
    )


def tax_of_household(draw: random.Random) -> str:
    return _laid(draw, _citizen_digits(draw), "############", "############-001", "### ### ### ###", "###### ######")


def account(draw: random.Random) -> str:
    told = _pick(draw, "1#########", "1###########", "1903##########", "0011######", "8########", "84########", "2201#########", "10##########",
                 "21510########", "45010##########", "68########", "9704####", "0451000######")  # fmt: skip
    shape = draw.choice((0, 0, 0, 4, 3))
    gap = draw.choice((" ", " ", ".", "-"))
    return gap.join(told[i : i + shape] for i in range(0, len(told), shape)) if shape else told


def social(draw: random.Random) -> str:
    return _laid(draw, _pick(draw, "20########", "01########", "79########", "80########"), "##########", "##########", "## ## ######", "### ### ####",
                 "#### ######", "##.########")  # fmt: skip


def health(draw: random.Random) -> str:
    head = draw.choice("DN HC CH GD HN CN TE HS SV BT DT HT XK NN".split())
    told = _pick(draw, "4#############", "3#############", "2#############", "1#############")[:13]
    return head + _laid(draw, told, "#############", "#############", " # ## ##########", " # ## ## ### #####", "-#-##-##-###-#####", "# ## ##########",
                        " #############")  # fmt: skip


def passport(draw: random.Random) -> str:
    return _pick(draw, "C#######", "B#######", "N#######", "P########", "C #######", "K#######", "E########")


_WRITERS: dict[str, tuple[Made, tuple[str, ...]]] = {
    "citizen_id": (citizen, (
        "Tôi tên là {n}, sinh năm 1976, căn cước số {x} do Cục Cảnh sát QLHC về TTXH cấp, thường trú {p}. Nay tôi làm đơn này đề nghị xem xét.",
        "Đã xác minh công dân {n} (CCCD: {x}) thuộc hộ nghèo {p}", "Bên bán: {t} {n}, CCCD {x}, địa chỉ {p}",
        "{n}\n{x}\n{p}", "e gửi ad số cccd {x} nhờ check giúp hồ sơ ạ", "Người ủy quyền {n}; số ĐDCN {x}; quan hệ: con đẻ",
        "1. {n}, {x}, 4 khẩu; vắng mặt", "thẻ căn cước gắn chip {x} còn hạn đến 2036", "Mã định danh của cháu là {x}", "Căn cước công dân: {x}",
        "Họ tên: {n} | Số giấy tờ: {x} | Nơi ở: {p}", "CC số {x}, cấp ngày 04/09/2021", "con tôi {n} có số định danh cá nhân {x} chưa cập nhật",
        "{t} {n} xuất trình căn cước {x} khi làm việc với tổ công tác",
    )),
    "old_identity_card": (old_card, (
        "{n}, CMND {x} do CA Lạng Sơn cấp ngày 12/8/2009", "giấy chứng minh nhân dân số {x} đã hết hạn", "CMT: {x}", "Số CMND cũ {x} của {t} {n}",
        "chứng minh thư nhân dân {x} bị mất", "cmnd {x}", "{t} {n} (CMTND {x}, {p})", "CMND/CCCD: {x}", "Số chứng minh {x}, nơi cấp Công an tỉnh",
    )),
    "mobile_phone": (mobile, (
        "Mọi thắc mắc xin gọi {t} {n} {x}", "Kính gửi phòng TN&MT. {n}, {p}. Điện thoại liên hệ: {x}.", "inbox em qua zalo {x} ạ",
        "{n}\n{p}\nĐT: {x}", "Ai nhặt được ví xin gọi về số {x}, xin hậu tạ", "sđt {x} (vợ)", "tôi đã gọi mấy lần cho cán bộ tên {g} số {x} mà không nghe máy",
        "Người phản ánh: {n} - {x}", "Liên hệ trưởng thôn {n}: {x}", "ĐTDĐ {x}, nhà cạnh trạm y tế", "gọi {x} gặp {g}", "({x}) {n} phản ánh đường hỏng",
        "hotline chủ vườn {x}", "tel. {x}", "Số máy của cháu: {x}", "thuê bao {x} nhắn tin lừa đảo", "{x}", "sdt: {x} - mail không có", "Đt liên lạc {x} ({n})",
        "có gì alo mình theo số {x} nhé", "điện thoại của {t} {g} là {x}", "SĐT người nhà {x}",
    )),
    "home_phone": (home, (
        "điện thoại nhà riêng {x}", "ĐT nhà {t} {n}: {x}", "máy bàn nhà em {x}", "gọi nhà riêng {t} {g} số {x}", "Điện thoại cố định của gia đình: {x}",
        "{t} {n}, {x} (máy bàn)", "ĐT (NR): {x}",
    )),
    "email": (email, (
        "thư góp ý gửi về {x}", "Email: {x}", "mail của em là {x} ạ", "{n} ({x})", "{n}\n{p}\n{x}", "Vui lòng trả lời qua hộp thư {x}.",
        "tài liệu đã gửi {x} hôm qua", "e-mail cá nhân: {x}; FB: không dùng", "cc cho {x}",
    )),
    "personal_tax_code": (tax, (
        "mã số thuế TNCN {x}", "{n} - MST: {x}", "Mã số thuế của {t} {n} là {x}", "MST cá nhân: {x}", "người nộp thuế {n}, mã số thuế {x}",
        "tôi có mst {x} mà tra không ra", "Hộ kinh doanh {n}, MST {x}, kinh doanh tạp hóa", "MST người phụ thuộc {x}", "MST NPT: {x} ({n})",
    )),
    "tax_of_household": (tax_of_household, (
        "Hộ kinh doanh {n}, mã số thuế {x}", "MST {x}", "Mã số thuế (số định danh) {x}", "HKD quán cơm {g}, MST: {x}, {p}", "người nộp thuế {x} {n}",
    )),
    "bank_account": (account, (
        "ck giúp em vào stk {x} {b} nha", "Số tài khoản nhận tiền hỗ trợ: {x} tại {b} chi nhánh Lạng Sơn", "Tài khoản {x} {b} mang tên {n}",
        "{b} {x} {n}", "STK: {x} - {b} - {n}", "Mọi sự giúp đỡ xin gửi về TK {x} ({b})", "{b}: {x}", "chuyển vào số tk {x}, {b}, chủ TK {n}",
        "nhận tiền đền bù qua {b}, tài khoản số {x}", "A/C no. {x}, {b}", "số TK {x} mở tại {b}",
    )),
    "social_insurance": (social, (
        "sổ BHXH số {x}", "Mã số BHXH: {x}", "em đóng bảo hiểm xã hội từ 2015, số sổ {x}", "{n}, BHXH {x}, nghỉ thai sản", "mã bảo hiểm xã hội của {t} {g}: {x}",
        "Số BHXH {x} bị gộp nhầm", "tra cứu giúp mã số bảo hiểm xã hội {x}",
    )),
    "health_insurance": (health, (
        "thẻ BHYT {x} hết hạn", "Mã thẻ: {x}", "bệnh nhân {n}, BHYT {x}", "số thẻ bảo hiểm y tế {x} của cháu {g}", "{x} ({n})", "BHYT: {x}, nơi KCB ban đầu 20-012",
    )),
    "passport": (passport, (
        "hộ chiếu số {x} cấp ngày 3/5/2018", "Passport: {x}", "{n}, HC số {x}", "mang hộ chiếu {x} xuất cảnh qua Hữu Nghị", "số hộ chiếu: {x}",
    )),
}  # fmt: skip
_WEIGHTS = {"citizen_id": 5, "mobile_phone": 6, "email": 3, "bank_account": 3, "passport": 1, "home_phone": 1}
NAMED_ALIKE = {"tax_of_household": {"citizen_id", "personal_tax_code"}, "home_phone": {"home_phone", "mobile_phone"}}


def _veil(draw: random.Random, text: str) -> str:
    """Digits as keyboards, scanners and clever people put them."""
    match draw.randrange(8):
        case 0:
            return "".join(chr(0xFF10 + int(c)) if c.isdecimal() and c.isascii() else c for c in text)
        case 1:
            at = sorted(draw.sample(range(1, len(text)), min(3, len(text) - 1)), reverse=True)
            for place in at:
                text = text[:place] + draw.choice("\u200b\u200c\u200d\ufeff\u2060\u00ad") + text[place:]
            return text
        case 2:
            return text.replace("0", draw.choice("OoОο"))
        case 3:
            return text.replace("1", draw.choice("lI|"))
        case 4:
            half = len(text) // 2
            return text[:half] + draw.choice(("\n", "\r\n", " \n")) + text[half:]
        case 5:
            return text.replace(" ", "\u00a0").replace("-", "\u2011").replace(".", "\u2022")
        case 6:
            return "".join(chr(0x1D7EC + int(c)) if c.isdecimal() and c.isascii() else c for c in text)
        case _:
            return text.replace(" ", "  ").replace(".", " . ").replace("-", "—")


def _manner(draw: random.Random, text: str) -> str:
    """The whole text in somebody's manner: no marks, no capitals, decomposed, in the middle of more."""
    if draw.random() < 0.2:
        flat = unicodedata.normalize("NFD", text.translate({ord("đ"): "d", ord("Đ"): "D"}))
        text = "".join(c for c in flat if not unicodedata.combining(c))
    if draw.random() < 0.2 and "\n" not in text:
        text = text.lower()
    if draw.random() < 0.1:
        text = unicodedata.normalize("NFD", text)
    if draw.random() < 0.3:
        before = (
            "Ngày 14/02/2025, ",
            "Theo biên bản 03/BB-UBND: ",
            "Ghi chú: ",
            "Kèm hồ sơ H37.55-250214-0007. ",
            "- ",
        )
        after = (
            ". Đề nghị giải quyết trước 30/6/2025.",
            "; diện tích 1.250 m2",
            " (đã kiểm tra)",
            ", nộp lệ phí 150.000 đồng",
            ".",
        )
        text = draw.choice(before) + text + draw.choice(after)
    return text


def letter(draw: random.Random) -> tuple[str, set[str]]:
    """A text with one identifier, and the names under which it may be found."""
    kind = draw.choices(list(_WRITERS), [_WEIGHTS.get(k, 2) for k in _WRITERS])[0]
    make, sentences = _WRITERS[kind]
    value = make(draw)
    if kind not in ("email", "passport") and draw.random() < 0.2:
        value = _veil(draw, value)
    given = draw.choice(_GIVEN)
    name = f"{draw.choice(_FAMILY)} {draw.choice(_MIDDLE)} {given}"
    parts = {
        "{n}": name,
        "{g}": given,
        "{t}": draw.choice(_TITLES),
        "{p}": draw.choice(_PLACES),
        "{b}": draw.choice(_BANKS),
    }
    text = draw.choice(sentences)
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return _manner(draw, text.replace("{x}", value)), NAMED_ALIKE.get(kind, {kind})


def letters(count: int, number: int) -> list[tuple[str, set[str]]]:
    """`count` texts with the names under which what stands in them may be found."""
    draw = random.Random(f"letters {number}")
    return [letter(draw) for _ in range(count)]
