"""Texts of genres unlike those of the other corpora, each with one number of a person: the fourth blind corpus.

Written before the scanner was mended for the third one, read once after that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.security.identifiers.genres import MAKERS, filled

LABELS = {
    "citizen_id": "số căn cước|CCCD mới|thẻ CCCD|ID công dân|số thẻ căn cước|personal ID|căn cước điện tử|CCCD của chồng|so dinh danh",
    "old_identity_card": "CMND 9 số|chứng minh thư nhân dân|số CMTND|giấy chứng minh nhân dân|CMND hết hạn|old ID card|c.m.n.d|so chung minh thu",
    "mobile_phone": "số đt|fone|số phone|liên lạc|gọi|Zalo/Viber|contact|điện thoại của con gái|whatsapp|đ/t|số di động|nhắn tin",
    "home_phone": "điện thoại nhà|số máy bàn nhà riêng|đt bàn nhà tôi|ĐT nhà|telephone (residence)|điện thoại tại nhà|dien thoai nha rieng",
    "email": "Email|thư|mail của em|liên hệ qua|địa chỉ email|contact|nick mail",
    "personal_tax_code": "MST TNCN|mã số thuế của cá nhân|mã số thuế thu nhập cá nhân|PIT code|MST của tôi|ma so thue ca nhan|mã số NNT",
    "bank_account": "stk|số tài khoản của vợ|tài khoản Vietinbank|TK Techcombank|acc no|A/C|nhận tiền qua tài khoản|so tk|tài khoản cá nhân|STK ACB",
    "bank_card": "thẻ visa debit|số in trên thẻ|thẻ ATM Agribank|card no|so the ATM|thẻ ngân hàng số|thẻ JCB",
    "social_insurance": "mã số BHXH|sổ BHXH cũ|số BHXH|bảo hiểm xã hội|SI book no.|so so BHXH|mã sổ bảo hiểm xã hội|mã số sổ BHXH",
    "health_insurance": "thẻ BHYT hộ gia đình|thẻ bảo hiểm|BHYT học sinh|số thẻ BHYT|HI card|ma the BHYT|mã thẻ",
    "passport": "passport number|số hộ chiếu|hộ chiếu cũ|ppt|HC|hộ chiếu hết hạn|so ho chieu",
    "driving_licence": "bằng lái xe|GPLX số|bằng B2|giấy phép lái xe ô tô|driver licence|so GPLX|bằng lái xe máy A1",
    "vehicle_plate": "biển số đăng ký|BS|biển kiểm soát|xe tải biển|number plate|bks|bien so xe|đầu kéo BKS",
}
FORMS = [
    "Bài dự thi 'Kỷ niệm với dòng sông' của {n}, {v}. {L}: {N}. Xin ban tổ chức giữ kín.",
    "Giấy khen ghi sai tên, đề nghị sửa thành {n} ({L} {N}), lớp 9B",
    "Menu đám cưới bàn 12: {n} đặt cọc {a}; {L} {N}; tiệc ngày {d}",
    "Đánh giá 1 sao: mua phân bón về cây chết hết, shop không đổi. {n}, {L} {N}, shop liên lạc lại gấp",
    "Nhật ký nông hộ: {d} bón thúc lần 2; giống ST25; thuê {n} gặt, trả qua {L} {N}",
    "Kịch bản chương trình văn nghệ: tiết mục 4 – múa xoè – {n} ({L}: {N}) phụ trách trang phục",
    "Biên lai giữ đồ: túi vải, chìa khoá, ví nam. Người gửi {n} - {L} = {N}",
    "Sơ đồ chỗ ngồi tàu SE3 toa 7 giường 21: {M} / {L} / {V}",
    "Phả hệ họ {n2}: đời thứ 12, con trai trưởng {n}, nay ở {v}; {L} {N}; có hai con",
    "Q: How do I change the name? A: Please send a copy. My case: {b}; {L} is {N}; filed {d}.",
    "config:\n  owner: {b}\n  note: '{L} {V}'\n  enabled: true",
    "UPDATE ho_so SET ghi_chu = '{L} {V}' WHERE ten = '{b}';",
    "BEGIN:VCARD\nFN:{b}\nNOTE:{L} {V}\nEND:VCARD",
    "\\item {b}, {L}~{V}, {v}",
    "Giấy ra viện. Chẩn đoán: J18.9 viêm phổi. Người nhà {n}, {L}…{N}… Bác sĩ điều trị ký tên",
    'Phiếu bầu trưởng thôn bị loại vì ghi thêm chữ: "{n} {L} {N}"',
    "Bút tích trên lề trang 3: hỏi lại {n2}; {n}, {L} {N} (chữ mờ)",
    "Lịch trực bảo vệ rừng tháng 8 – tổ 2: {n} * {L} * {N} * chốt suối Cạn",
    "Đơn xin nghỉ học: cháu {n} bị sốt xuất huyết. Phụ huynh ký. {L} :{N}",
    "Trại giam cho thăm gặp: {n2} thăm {n}; {L}「{N}」; 30 phút",
    "💥 PASS LẠI phòng trọ {v} giá {a} 💥 full đồ 👉 {L} 👉 {N} ({b})",
    "Thư viện huyện – thẻ bạn đọc {n}: nợ 2 sách, {L} đăng ký: {N}",
    "Gia đình bị bão cuốn mái: {n}, 5 khẩu, thiệt hại {a}. {L} để nhận hỗ trợ là {N}.",
    "Cam kết của tài xế: tôi {n} nhận chở 3 chuyến; giấy tờ: {L}, số {N}; đã đọc nội quy",
    "TO TRINH: DE NGHI KHEN THUONG {M} VI CUU NGUOI DUOI NUOC ({L} {N})",
]


def strangers(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """So many (kind, text), all kinds evenly."""
    chance = random.Random(seed)
    kinds = list(MAKERS)
    for turn in range(count):
        kind = kinds[turn % len(kinds)]
        yield kind, filled(chance, chance.choice(FORMS), kind, LABELS)
