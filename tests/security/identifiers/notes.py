"""Identifiers in the notes of offices: register lines, form fields, minutes, rows pasted out of tables, replies to citizens.

The half that was looked at while the scanner was made better; `letters` is the other one.
"""

from collections.abc import Iterator
from random import Random

from tests.security.identifiers import seeds

Seed = tuple[str, set[str]]
_PEOPLE = (
    "Vy Thị Nga",
    "Hứa Văn Pản",
    "Lâm Quốc Việt",
    "Đinh Thị Hoa",
    "Phùng Đức Anh",
    "La Văn Kiên",
    "Cao Thúy Hằng",
)
_BANK = (
    "BIDV",
    "VCB",
    "Agribank Cao Lộc",
    "NH Vietinbank",
    "Techcombank",
    "ngân hàng MB",
    "VP Bank",
    "TP Bank",
    "Sacombank",
    "SeABank",
)


def _cut(digits: str, draw: Random, *shapes: str) -> str:
    """The digits in groups of one of the shapes ('3-3-4'), with one of the gaps people use."""
    shape, gap = draw.choice(shapes), draw.choice((" ", ".", "-", " ", " - ", "  ", ". ", "\u00a0"))
    at, parts = 0, []
    for size in map(int, shape.split("-")):
        parts.append(digits[at : at + size])
        at += size
    return gap.join(part for part in (*parts, digits[at:]) if part)


def _sometimes(draw: Random, digits: str, *shapes: str) -> str:
    return digits if draw.random() < 0.45 else _cut(digits, draw, *shapes)


def _citizens(draw: Random, who: str) -> Iterator[Seed]:
    number = _sometimes(
        draw, seeds.citizen(draw), "3-3-6", "3-9", "6-6", "4-4-4", "3-3-3-3", "3-1-2-6", "4-8", "9-3", "3-3-2-4"
    )
    kind = {"citizen_id"}
    yield f"Chủ sử dụng đất: {who}, sinh năm 1969, CCCD số {number}", kind
    yield f'{{"ho_ten": "{who}", "so_giay_to": "{number}"}}', kind
    yield f"{who};{number};Nam;Kinh", kind
    yield f"người được cấp phép {who} ({number}).", kind
    yield f"CC/CCCD/ĐDCN: {number}", kind
    yield f"Đề nghị đính chính số căn cước từ {number} (sai ngày sinh)", kind
    yield f"{number}/{who}", kind
    yield f"Giấy tờ tùy thân: Thẻ căn cước; Số giấy tờ: {number}; Ngày cấp: 22/12/2021", kind
    yield f"số: {number} do Bộ Công an cấp", kind
    yield f"Mã công dân {number}", kind
    yield f"CCCD\n{number}", kind
    yield f"STT 12 | {who} | {number} | đã nhận", kind
    yield f"Người đại diện theo pháp luật {who} cccd:{number}", kind


def _cards(draw: Random, who: str) -> Iterator[Seed]:
    number = _sometimes(draw, seeds.old_card(draw), "3-3-3", "3-6", "2-7", "6-3")
    kind = {"old_identity_card"}
    yield f"{who}, số CMND {number}, cấp 15/06/2005", kind
    yield f"CMND số: {number}; nay đổi sang CCCD", kind
    yield f"chứng minh nhân dân: {number}", kind
    yield f"Số CMT {number} ({who})", kind
    yield f"Giấy CMND {number} CA Cao Bằng", kind
    yield f"cmnd:{number}", kind
    yield f"số chứng minh thư: {number}", kind


def _phones(draw: Random, who: str) -> Iterator[Seed]:
    local = seeds.mobile(draw)
    rest = local[1:]
    number = draw.choice((
        local, local, _cut(local, draw, "4-3-3", "3-3-4", "3-4-3", "4-2-2-2", "4-6", "5-5", "2-4-4", "2-2-2-2-2", "7-3"), f"+84{rest}", f"+84 {rest}",
        f"(+84) {rest[:3]} {rest[3:6]} {rest[6:]}", f"+84-{_cut(rest, draw, '3-3-3', '2-3-4', '2-7')}", f"0084{rest}", f"0084.{_cut(rest, draw, '3-3-3', '2-7')}",
        f"84{rest}", f"84 {_cut(rest, draw, '3-3-3', '2-3-4')}", f"+84(0){rest}", f"+84 (0){rest[:2]} {rest[2:5]} {rest[5:]}", f"({local[:4]}) {local[4:]}",
        f"({local[:3]}){local[3:]}", f"({local[:3]})-{local[3:6]}-{local[6:]}", f"[{local}]", f"{local[:4]}/{local[4:7]}/{local[7:]}", f"+ 84 {rest}",
    ))  # fmt: skip
    kind = {"mobile_phone"}
    yield f"ĐTLH: {number}", kind
    yield f"Bà {who}, điện thoại {number}, đề nghị sửa ống nước", kind
    yield f"Đã gọi {number} hai lần, không nghe máy", kind
    yield f"{who},{number},đã nhận kết quả", kind
    yield f"Chủ cơ sở {who} (SĐT {number})", kind
    yield f"số điện thoại đăng ký VNeID: {number}", kind
    yield f"Tel: {number} / Fax: không", kind
    yield f"đ/c {who} - Trưởng khối - {number}", kind
    yield f"Phản ánh từ thuê bao {number} lúc 14:05 ngày 03/03/2025", kind
    yield f"đt {number}", kind
    yield f"{number} ({who})", kind
    yield f"Hotline/Zalo: {number}", kind
    yield f"Người báo tin: {who}. Số máy: {number}. Nội dung: cây đổ", kind
    yield f"{who}\t{number}\tHữu Lũng", kind
    yield f"số ĐT {number}, {local[:3]}xxxxxxx", kind


def _homes(draw: Random, who: str) -> Iterator[Seed]:
    area = draw.choice(("024", "028", "0205", "0203", "0222"))
    body = "3" + "".join(str(draw.randrange(10)) for _ in range(7 if len(area) == 3 else 6))
    number = draw.choice((area + body, f"{area} {body}", f"{area}.{body[:4]}.{body[4:]}", f"({area}) {body[:4]} {body[4:]}", f"{area}-{body}", f"({area}){body}",
                          f"+84 {area[1:]} {body}", f"{area} {body[:1]} {body[1:4]} {body[4:]}"))  # fmt: skip
    kind = {"home_phone", "mobile_phone"}
    yield f"ĐT nhà riêng: {number}", kind
    yield f"Điện thoại (nhà riêng) {number}", kind
    yield f"số máy bàn ở nhà {number}, {who}", kind
    yield f"nhà riêng ông {who}: {number}", kind


def _mails(draw: Random, who: str) -> Iterator[Seed]:
    box = draw.choice(("vy.nga", "huapan1975", "viet_lq", "hoa-dinh", "ducanh.phung99", "kien+hoso"))
    at = draw.choice(
        (
            "@",
            "@",
            "@",
            " @ ",
            "@ ",
            "[at]",
            " (at) ",
            " [a còng] ",
            "(a-còng)",
            " a còng ",
            "＠",
            " at ",
            "[@]",
            "<at>",
            "_at_",
            " AT ",
        )
    )
    house = draw.choice(
        (
            "gmail.com",
            "yahoo.com",
            "mail.ru",
            "hotmail.com",
            "vietnamnet.vn",
            "proton.me",
            "caoloc.edu.vn",
            "gmail . com",
            "gmail(.)com",
        )
    )
    mail, kind = box + at + house, {"email"}
    yield f"Email liên hệ: {mail}", kind
    yield f"{who} <{mail}>", kind
    yield f"gửi bản quét qua {mail} trước thứ Sáu", kind
    yield f"hòm thư: {mail}", kind
    yield f"Địa chỉ thư điện tử: {mail}.", kind
    yield f"{mail}", kind


def _taxes(draw: Random, who: str) -> Iterator[Seed]:
    code = _sometimes(draw, seeds.personal_tax(draw), "10", "10", "3-3-4", "4-3-3", "2-4-4")
    kind = {"personal_tax_code"}
    yield f"{who}, mã số thuế cá nhân {code}", kind
    yield f"Mã số thuế TNCN: {code}", kind
    yield f"Hộ KD {who} - MST {code}", kind
    yield f"Người nộp thuế: {who}. MST: {code}.", kind
    yield f"MST của người lao động: {code}", kind
    yield f"Mã số thuế hộ kinh doanh: {code}-001", kind
    yield f"mst cá nhân của tôi: {code}", kind
    household = _sometimes(draw, seeds.citizen(draw), "3-3-6", "12")
    both = {"citizen_id", "personal_tax_code"}
    yield f"HKD {who}, MST: {household}", both
    yield f"Mã số thuế {household} (từ 01/7/2025 dùng số định danh)", both


def _banks(draw: Random, who: str) -> Iterator[Seed]:
    number = draw.choice((f"{draw.randrange(10**7, 10**8)}", f"{draw.randrange(10**8, 10**9)}", f"{draw.randrange(10**9, 10**10)}",
                          f"19{draw.randrange(10**11, 10**12)}", f"0{draw.randrange(10**11, 10**12)}", f"84{draw.randrange(10**10, 10**11)}"))  # fmt: skip
    number = _sometimes(draw, number, "4-4-4", "3-3-3-3", "4-4", "2-3-3")
    bank, kind = draw.choice(_BANK), {"bank_account"}
    yield f"Thông tin tài khoản: {number}, {bank}, {who}", kind
    yield f"Chi trả qua tài khoản số {number} mở tại {bank}", kind
    yield f"STK {number} {bank}", kind
    yield f"{who} - {bank} - {number}", kind
    yield f"Đơn vị thụ hưởng {who}, số TK: {number}, {bank}", kind
    yield f"chuyển khoản tới {number} ({bank})", kind
    yield f"Số tài khoản ngân hàng: {number}", kind
    yield f"TK ngân hàng: {number}", kind
    yield f"{bank}, STK: {number}, CTK: {who}", kind


def _insured(draw: Random, who: str) -> Iterator[Seed]:
    number = _sometimes(draw, seeds.social(draw), "3-3-4", "2-2-6", "4-3-3", "4-6")
    yield f"{who}, số sổ BHXH: {number}", {"social_insurance"}
    yield f"Mã số BHXH {number}", {"social_insurance"}
    yield f"Mã số bảo hiểm xã hội của người lao động {number}", {"social_insurance"}
    yield f"BHXH:{number}", {"social_insurance"}
    card = seeds.health(draw)
    card = draw.choice((card, f"{card[:2]} {card[2]} {card[3:5]} {card[5:]}", f"{card[:3]} {card[3:]}", f"{card[:2]}-{card[2]}-{card[3:5]}-{card[5:7]}-{card[7:10]}-{card[10:]}",
                        f"{card[:2]}.{card[2]}.{card[3:5]}.{card[5:]}", card.lower()))  # fmt: skip
    yield f"BHYT {card}", {"health_insurance"}
    yield f"Thẻ BHYT số {card} giá trị đến 31/12/2025", {"health_insurance"}
    yield f"{who} | {card} | KCB ban đầu: TTYT Cao Lộc", {"health_insurance"}
    yield f"mã thẻ bảo hiểm y tế mới: {number}", {"health_insurance"}


def _travel(draw: Random, who: str) -> Iterator[Seed]:
    number = seeds.passport(draw)
    yield f"{who}, hộ chiếu {number}", {"passport"}
    yield f"Số hộ chiếu: {number}; quốc tịch Việt Nam", {"passport"}
    yield f"Passport No: {number}", {"passport"}


_WAYS = (_citizens, _citizens, _cards, _phones, _phones, _homes, _mails, _taxes, _banks, _insured, _travel)
_OTHER = {"O": "0O", "o": "0o", "l": "1l", "I": "1I"}


def _blurred(draw: Random, text: str) -> str:
    """Some digits written with other signs, or with signs of no width between them."""
    digits = [at for at, c in enumerate(text) if c.isdigit() and 0 < at < len(text) - 1]
    if len(digits) < 7:
        return text
    match draw.randrange(5):
        case 0:
            swap = dict(
                zip(
                    "0123456789",
                    draw.choice(("０１２３４５６７８９", "𝟬𝟭𝟮𝟯𝟰𝟱𝟲𝟳𝟴𝟵", "⁰¹²³⁴⁵⁶⁷⁸⁹", "①①②③④⑤⑥⑦⑧⑨")),
                    strict=True,
                )
            )
            return "".join(swap.get(c, c) for c in text) if "①" not in swap.values() else text
        case 1:
            for at in reversed(digits[2:-2:2]):
                text = text[:at] + draw.choice("\u200b\u2060\ufeff\u200d") + text[at:]
        case 2:
            digit, letter = draw.choice(list(_OTHER.values()))
            swapped = [at for at in digits if text[at] == digit][:3]
            text = "".join(letter if at in swapped else c for at, c in enumerate(text))
        case 3:
            middle = [at for at in digits if text[at - 1].isdigit()]
            if middle:
                at = middle[len(middle) // 2]
                text = text[:at] + draw.choice(("\n", "-\n", "\r\n")) + text[at:]
    return text


def notes(count: int, number: int) -> list[Seed]:
    """`count` texts with the names under which what stands in them may be found."""
    draw, made = Random(number), []
    while len(made) < count:
        way = draw.choice(_WAYS)
        text, names = draw.choice(list(way(draw, draw.choice(_PEOPLE))))
        if way not in (_mails, _travel) and draw.random() < 0.15:
            text = _blurred(draw, text)
        if draw.random() < 0.25:
            text = f"Công văn 130/STP-HCTP ngày 05/4/2025. {text}. Hạn trả lời: 20/4/2025, mã hồ sơ H37.10-250405-0031."
        made.append((text.upper() if draw.random() < 0.08 else text, names))
    return made
