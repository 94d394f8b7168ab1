"""The sentences of the seeds: those looked at while the scanner was made, and those that were not."""

import random
import unicodedata

from tests.security.identifiers.seeds import (
    DISGUISES,
    NAMES,
    Kind,
    account,
    card,
    citizen,
    email,
    grouped,
    health,
    mobile,
    old_card,
    old_mobile,
    passport,
    personal_tax,
    plate,
    social,
)

KINDS = (
    Kind("citizen_id", citizen,
         ("CCCD {}", "{}", "Ông {n}, số CCCD: {} cấp ngày 12/03/2021", "căn cước công dân số {}", "số định danh cá nhân {}"),
         ("Chủ hộ {n} ({})", "giấy tờ: {}, cấp tại Cục CSQLHC", "Căn cước: {}; nơi cấp CA Lạng Sơn", "{n} - {} - Lạng Sơn",
          "Đại diện bà {n}, ĐDCN {}", "Hộ kinh doanh {n} MST {}", "ID card no. {} of {n}", "theo thẻ căn cước {} của người nộp"),
         ("plain", "3-3-3-3", "4-4-4"), ("plain", "3-9", "6-6", "3-1-2-6")),
    Kind("old_identity_card", old_card,
         ("CMND {}", "số CMND: {} do CA tỉnh cấp", "chứng minh nhân dân số {}"),
         ("{n}, CMTND số {} cấp 2009", "giấy CMND {} ({n})", "C.M.N.D: {}", "chứng minh thư {} ngày cấp 01/02/2010", "(số CMT {})"),
         ("plain", "3-3-3"), ("plain", "3-3-3")),
    Kind("mobile_phone", mobile,
         ("ĐT {}", "{}", "SĐT: {}", "liên hệ {} gặp anh Ba", "điện thoại {}", "{n} {}"),
         ("Zalo {} để biết thêm", "gọi cho cô {n} qua số {}", "alo {} (giờ hành chính)", "{n} – {}", "DĐ:{}", "Mobile: {}, gặp chủ quán",
          "Cửa hàng tạp hóa {n}, {}", "nhắn tin {} nhé", "Phone {} / fax không có", "lh:{}"),
         ("plain", "4-3-3", "3-3-4"), ("plain", "2-2-2-2-2", "4-2-2-2", "4-6", "5-5")),
    Kind("mobile_phone", lambda d: "+84" + mobile(d)[1:],
         ("ĐT {}", "{}"), ("{n} ({})", "Viber {}", "Hotline {}"), ("plain",), ("plain",)),
    Kind("mobile_phone", old_mobile, ("ĐT {}", "di động {}"), ("{n}: {}", "máy {} (cũ)", "số ĐT cũ {}"), ("plain", "4-3-3"), ("plain", "3-4-4")),
    Kind("email", email, ("email {}", "{}"), ("viết cho {} nhé", "{n} <{}>", "thư điện tử:{}", "mail {} hoặc Zalo"), ("plain",), ("plain",)),
    Kind("personal_tax_code", personal_tax,
         ("MST cá nhân {}", "mã số thuế cá nhân: {}"),
         ("MST TNCN của {n}: {}", "Mã số thuế cá nhân ({n}) {}", "bà {n}, MST {}", "mst ca nhan {}", "PIT code {}", "MST ông {n} {}"),
         ("plain",), ("plain",)),
    Kind("bank_account", account,
         ("STK {} Vietcombank", "số tài khoản {}"),
         ("chuyển khoản {} ngân hàng Agribank", "Tài khoản: {} tại BIDV Lạng Sơn", "TK {} - {n}", "{} (VCB)", "MB Bank {}", "account no {}",
          "Techcombank: {}, chủ tài khoản {n}"),
         ("plain",), ("plain",)),
    Kind("bank_card", card, ("số thẻ {}", "{}"), ("thẻ tín dụng {} hết hạn 05/28", "Visa {}", "{n} {}", "thẻ ATM {}"),
         ("plain", "4-4-4-4"), ("plain", "4-4-4-4")),
    Kind("social_insurance", social, ("BHXH {}", "sổ BHXH số {}"),
         ("mã số bảo hiểm xã hội: {}", "Số sổ BHXH {} ({n})", "bao hiem xa hoi {}", "{n}, mã BHXH {}"), ("plain",), ("plain",)),
    Kind("health_insurance", health, ("thẻ BHYT {}", "{}"), ("Bảo hiểm y tế: {}", "số thẻ {} của {n}", "{n} {}"), ("plain",), ("plain",)),
    Kind("passport", passport, ("hộ chiếu {}", "passport no {}"), ("Hộ chiếu số: {} cấp 2019", "{n}, số hộ chiếu {}", "passport {} ({n})"),
         ("plain",), ("plain",)),
    Kind("vehicle_plate", plate, ("biển số {}", "BKS {}"), ("xe mang biển kiểm soát {}", "{n}, xe {}", "biển số xe: {}"), ("plain",), ("plain",)),
)  # fmt: skip
TUNING_DISGUISES = ("O", "wide", "zero-width", "dash")
HELD_OUT_DISGUISES = ("nbsp", "o-l", "bold", "joiner", "soft", "cyrillic", "arabic", "words")
_GAPS = {False: (" ", ".", "-"), True: (" ", ".", "-", "  ", " - ", "_", " . ")}


def _bare(text: str) -> str:
    """Without tone marks."""
    flat = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in flat if not unicodedata.combining(c))


def seed(draw: random.Random, held_out: bool) -> tuple[str, str]:
    """A cell with an identifier in it, and its kind."""
    kind = draw.choice(KINDS)
    sentence = draw.choice(kind.held_out if held_out else kind.tuning)
    shape = draw.choice(kind.written_held_out if held_out else kind.written)
    value = grouped(kind.make(draw), shape, draw.choice(_GAPS[held_out])) if shape != "plain" else kind.make(draw)
    if kind.name in ("citizen_id", "mobile_phone", "old_identity_card") and draw.random() < 0.25:
        name = draw.choice(HELD_OUT_DISGUISES if held_out else TUNING_DISGUISES)
        value = DISGUISES[name](value)
    text = sentence.replace("{n}", draw.choice(NAMES)).replace("{}", value)
    match draw.randrange(6):
        case 0:
            text = _bare(text) if all(ord(c) < 0x2000 for c in value) else text
        case 1:
            text = text.upper() if "@" not in text and "l" not in value and "o" not in value else text
        case 2:
            text = f"Hộ ông Bế Văn Tám, thôn 3 xã Tân Thành. {text}. Đã xác nhận ngày 05/06/2024."
    return unicodedata.normalize("NFC", text), kind.name


def seeds(count: int, number: int, held_out: bool) -> list[tuple[str, str]]:
    """`count` cells with their kinds."""
    draw = random.Random(number)
    return [seed(draw, held_out) for _ in range(count)]
