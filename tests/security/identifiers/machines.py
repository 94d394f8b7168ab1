"""Texts that programs and phones leave behind, each with one number of a person: file names, links, JSON, logs, QR codes, machine lines, transfers.

The second blind corpus: written before the scanner was looked at, run after it was mended for the first one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.security.identifiers.desks import FAMILY, GIVEN, MAKERS, MIDDLE, _bare, _email
from tests.security.identifiers.ways import groups, write

FORMS: dict[str, tuple[str, ...]] = {
    "citizen_id": (
        "CCCD_{N}_mat_truoc.jpg",
        '{"hoTen": "{p}", "soCccd": "{N}"}',
        "<SoDinhDanh>{N}</SoDinhDanh>",
        "{N}|{o}|{p}|{c}|Nam|{a}|{c}",
        "id_number={N}&full_name={w}",
        "scan {N}.pdf",
        "{p} | {N} | đã ký",
        "soDDCN:{n}",
        "{n} là số căn cước của {p}",
        "Mã ĐDCN của trẻ: {n}",
        "IDVNM{o}1{N}<<6",
        "ký bởi {p} (UID CCCD:{N})",
        "thí sinh {p}, số báo danh {k}, CCCD/ĐDCN {n}",
        "Số giấy tờ pháp lý (CCCD): {n}",
        "Loại giấy tờ: CCCD; Số giấy tờ: {n}",
        "khai sinh, mã số định danh cá nhân {n}",
    ),
    "old_identity_card": (
        "cmnd{N}.jpg",
        '{"loaiGiayTo":"CMND","so":"{N}"}',
        "<SoCMND>{N}</SoCMND>",
        "cmnd={N};ngaycap={d}",
        "{n} (cmnd của {p})",
        "Loại giấy tờ: CMND - Số: {n}",
        "số cmnd trên sổ đỏ là {n}, giờ đổi thành căn cước",
        "ID: CMND {n}",
        "Chứng minh nhân dân của cha: {n}",
        "Số giấy CMND/Hộ chiếu: {n}",
    ),
    "mobile_phone": (
        "https://zalo.me/{N}",
        "wa.me/84{S}",
        "tel:{N}",
        '{"phone":"{N}","otp":null}',
        "sms to {N} ok",
        "IMG_zalo_{N}.png",
        "from=+84{S} dur=33s",
        "{n} ← zalo mình nha",
        "cuộc gọi nhỡ: {n} (3)",
        "{p} {N}",
        "ship: {p}, {a}, {n}, thu hộ {m}",
        "lh {n} (c {g})",
        "whatsapp +84{S}",
        "số đẹp {n} của tôi bị khóa",
        "KH: {p}; Mobile={n}; Note: giao giờ HC",
        "phone1:{N}",
        "inbox hoặc call {n}",
        "gọi cho ba bé: {n}",
    ),
    "home_phone": (
        "đt bàn nhà: {n}",
        "home_tel={N} ({p})",
        '{"dienThoaiNha":"{N}"}',
        "số nhà (máy bàn) của ông {p}: {n}",
        "ĐTNR {n}",
        "phone (home): {n}",
        "máy để bàn ở nhà {n}",
        "điện thoại nhà {n}",
    ),
    "email": (
        "mailto:{N}",
        '{"email":"{N}"}',
        "user={N} login ok",
        "{p} <{N}>",
        "Reply-To: {N}",
        "[{N}] đã bình luận",
        "https://x.vn/u?mail={N}",
        "{N};{N2}",
        "cc: {N}",
        "tài khoản {N} bị khóa",
    ),
    "personal_tax_code": (
        '{"mstCaNhan":"{N}"}',
        "MST_ca_nhan: {n}",
        "TNCN/{N}/2025 {p}",
        "mã số thuế của tôi (cá nhân) {n}",
        "{p} - {n} - mst cá nhân",
        "<MSTCN>{N}</MSTCN>",
        "Personal tax code: {n}",
        "QT thuế TNCN {p} MST {n}",
    ),
    "bank_account": (
        "MBVCB.{k}.CT tu {N} {P} toi TK cong ty",
        "{N} {P} chuyen tien",
        '{"soTaiKhoan":"{N}","nganHang":"VCB"}',
        "SD TK {N} +{m} luc {t}",
        "TK {N} |GD: -{m}| ND: {P}",
        "VietQR {N} BIDV {P}",
        "acc_no={N} bank=TCB",
        "số tài khoản nhận hỗ trợ: {n} - NH CSXH",
        "chuyển vào {n} (VCB, {P})",
        "STK nhận: {n} (momo không nhận)",
        "stk {n} {P} agri",
    ),
    "bank_card": (
        "PAN={N}",
        '{"cardNo":"{N}"}',
        "the ATM {n} bi khoa",
        "thẻ {n} exp 11/27 cvv ***",
        "GD the {N} tai POS",
        "Số thẻ tín dụng/ghi nợ: {n}",
        "Mastercard: {n}",
        "card_{N}.txt",
    ),
    "social_insurance": (
        '{"soBHXH":"{N}"}',
        "<MaSoBHXH>{N}</MaSoBHXH>",
        "VssID {N}",
        "bhxh={N}",
        "tra cứu mã bhxh {n} ra {p}",
        "{n} (số BHXH của {p})",
        "TS {P} {N} BHXH",
        "Sổ BHXH số: {n}",
        "mã định danh BHXH: {n}",
    ),
    "health_insurance": (
        '{"maTheBHYT":"{N}"}',
        "BHYT_{N}.pdf",
        "<MA_THE>{N}</MA_THE>",
        "{N}|{p}|{d}|1|80",
        "the bhyt so {n}",
        "KCB BHYT {n} - trái tuyến",
        "{n} là thẻ bảo hiểm y tế của {p}",
    ),
    "passport": (
        "passport_{N}.jpg",
        '{"passportNo":"{N}"}',
        "P<VNM{W}\n{N}<8VNM9001011M3001012",
        "HC: {n} / visa E-visa",
        "Passport #{n}",
        "{p}, {n} (hộ chiếu)",
        "PNR ABC123 DOCS P/VNM/{N}/VNM",
        "Hộ chiếu phổ thông {n}",
    ),
    "driving_licence": (
        '{"soGPLX":"{N}"}',
        "GPLX_{N}.png",
        "gplx={N} hang=B2",
        "giấy phép lái xe ({p}): {n}",
        "số bằng lái: {n}",
        "DL No {n}",
        "tước GPLX {n} 02 tháng",
        "{n} - bằng lái A1 của {p}",
    ),
    "vehicle_plate": (
        '{"bienSo":"{N}"}',
        "camera {N} {t} tốc độ 78",
        "xe_{N}_{k}.jpg",
        "biển kiểm soát {n} quá tải",
        "phat nguoi {N}",
        "xe con {n}",
        "bien so xe {n} mau trang",
        "BSX {n}",
        "Chủ xe {p}, ô tô {n}",
    ),
}


def seeds(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Kind and text, evenly over the kinds."""
    chance = random.Random(seed)
    kinds = tuple(FORMS)
    for at in range(count):
        kind = kinds[at % len(kinds)]
        yield kind, _filled(chance.choice(FORMS[kind]), kind, chance)


def _filled(form: str, kind: str, chance: random.Random) -> str:
    plain = _email(chance).replace("\n", "") if kind == "email" else MAKERS[kind](chance)
    hand = plain if kind in ("email", "vehicle_plate", "passport", "health_insurance") else write(plain, chance)
    if kind in ("vehicle_plate", "passport", "health_insurance"):
        bare = "".join(sign for sign in plain if sign.isalnum())
        hand = chance.choice((plain, bare, bare.lower(), groups(bare, " ", (3,)), groups(bare, "-", (3,))))
        plain = chance.choice((plain.replace(" ", ""), bare))
    who = f"{chance.choice(FAMILY)} {chance.choice(MIDDLE)} {chance.choice(GIVEN)}"
    values = {
        "N": plain,
        "N2": _email(chance),
        "S": plain[1:],
        "n": hand,
        "p": who,
        "P": _bare(who).upper(),
        "w": _bare(who).replace(" ", "+"),
        "W": _bare(who).upper().replace(" ", "<") + "<<<<",
        "o": f"{chance.randint(100_000_000, 399_999_999)}" if kind != "citizen_id" else "079203001",
        "c": f"{chance.randint(1, 28):02d}{chance.randint(1, 12):02d}{chance.randint(1950, 2020)}",
        "d": f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/2025",
        "t": "09:41",
        "m": f"{chance.randint(1, 90)}0,000VND",
        "g": chance.choice(GIVEN),
        "k": str(chance.randint(100, 999)),
        "a": f"ấp {chance.randint(1, 9)} xã Tân Hòa",
    }
    for mark, value in values.items():
        form = form.replace("{" + mark + "}", value)
    return form
