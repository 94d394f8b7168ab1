"""Labels, sentences and names of the papers of wards: what `wards` puts together."""

WORDS = {"given": "an binh chi dung giang ha hanh hoa hung huong khanh lan linh long mai minh nam nga ngoc nhung phuc phuong quan son tam thao thu trang tuan tung van vinh yen"}  # fmt: skip
NAMES = (
    "bà Lò Thị Phượng", "ông Nguyễn Hữu Thắng", "chị Trần Khánh Vy", "anh Y Bhăm Niê", "Đặng Thị Ngọc Ánh", "ông Thạch Sa Rây",
    "bà Hoàng Thị Én", "em Phạm Gia Bảo", "cụ Vũ Văn Khoát", "cô Đinh Thị Mỹ Lệ", "Lê Quang Đạo", "bà Ka' Hương",
)  # fmt: skip
PLACES = (
    "thôn 3, xã Ea Tul, Đắk Lắk", "tổ 12, P. Láng Thượng, HN", "ấp Phú Lợi, TX. Tân Châu, AG", "KP4, P. Hiệp Bình, TP.HCM", "bản Nà Phặc, Bắc Kạn",
    "số 7 ngõ 31 Cầu Giấy, Hà Nội", "khu phố 2, phường Ba Đình, BR-VT", "xóm Đông, xã Nghi Kim, NA", "TDP số 5, phường Vĩnh Hải, KH",
)  # fmt: skip

LABELS: dict[str, tuple[str, ...]] = {
    "citizen_id": ("CCCD", "Căn cước công dân", "Căn cước", "Thẻ căn cước", "Số định danh", "Mã định danh cá nhân", "Số ĐDCN", "CCCD/CMND", "CC gắn chip", "Số giấy tờ tùy thân", "Số CC", "ĐDCN"),
    "old_identity_card": ("CMND", "Chứng minh nhân dân", "CMT", "Chứng minh thư", "Giấy CMND", "Số CMND cũ", "CMTND", "CM số", "GCMND", "CMND (9 số)", "Chứng minh"),
    "mobile_phone": ("SĐT", "ĐT", "Điện thoại", "Di động", "Zalo", "Liên hệ", "ĐTDĐ", "Số máy", "Alo", "Viber", "Hotline riêng", "đt", "Gọi", "Tel", "Phone", "SĐT người nhà"),
    "home_phone": ("ĐT nhà", "ĐT bàn", "Điện thoại nhà riêng", "Điện thoại cố định", "Máy bàn", "ĐT cố định", "SĐT bàn", "Số nhà riêng", "Điện thoại bàn ở nhà", "Số cố định gia đình", "ĐTCĐ", "ĐTNR", "Đt nhà riêng", "Máy bàn nhà"),
    "email": ("Email", "E-mail", "Mail", "Thư điện tử", "Hòm thư", "Gmail", "Địa chỉ thư", "Hộp thư cá nhân", "Địa chỉ email", "gửi về"),
    "personal_tax_code": ("MST cá nhân", "MST TNCN", "Mã số thuế cá nhân", "MST của bà", "MST người nộp thuế", "Mã số thuế hộ kinh doanh", "MSTCN", "MST NPT", "Mã số thuế người phụ thuộc", "MST HKD", "Mã thuế TNCN", "MST chủ hộ", "MST người bán", "MST NLĐ"),
    "bank_account": ("STK", "Số tài khoản", "TK", "Tài khoản ngân hàng", "STK VCB", "STK Agribank", "TK BIDV", "Số TK MB Bank", "Tài khoản Vietinbank", "Chuyển khoản vào", "TK nhận tiền", "STK Techcombank", "A/C", "tài khoản ATM", "TK hưởng"),
    "bank_card": ("Số thẻ", "Thẻ ATM", "Thẻ ngân hàng", "Thẻ tín dụng", "Thẻ ghi nợ", "Thẻ Visa", "Thẻ Napas", "Thẻ Mastercard", "Số thẻ ATM", "thẻ JCB", "thẻ thanh toán"),
    "social_insurance": ("BHXH", "Số sổ BHXH", "Mã số BHXH", "Sổ bảo hiểm xã hội", "Mã BHXH", "Sổ BH", "Mã số bảo hiểm", "Số BHXH", "MSBHXH", "Sổ BHXH cũ", "Bảo hiểm xã hội", "mã sổ bảo hiểm", "Mã định danh BHXH"),
    "health_insurance": ("BHYT", "Thẻ BHYT", "Số thẻ BHYT", "Mã thẻ BHYT", "Thẻ bảo hiểm y tế", "Mã số thẻ", "Số BHYT", "thẻ BH", "Bảo hiểm y tế", "Mã thẻ"),
    "passport": ("Hộ chiếu", "HC", "Số hộ chiếu", "Passport", "HCPT", "Hộ chiếu phổ thông", "PP", "Số HC", "Pass", "Hộ chiếu VN", "Giấy thông hành/hộ chiếu", "HC phổ thông", "Sổ hộ chiếu", "Passport No", "Hộ chiếu công vụ"),
    "driving_licence": ("GPLX", "Giấy phép lái xe", "Bằng lái", "Số GPLX", "Bằng lái xe", "GPLX hạng B2", "Bằng lái hạng C", "Bằng B1", "GPLX ô tô", "GPLX hạng A1", "Giấy phép lái xe hạng D", "Bằng xe máy", "Bằng lái ô tô", "Giấy phép LX"),
    "vehicle_plate": ("BKS", "Biển số", "Biển kiểm soát", "BSX", "Xe", "Xe máy", "Biển số xe", "Ô tô biển", "xe mang BKS", "Phương tiện BKS", "Xe máy biển kiểm soát", "B/S", "biển đăng ký", "Xe con BS"),
}  # fmt: skip

FRAMES = (
    "{ten}, trú tại {noi}, {x}, đề nghị giải quyết hồ sơ.", "Đã liên hệ công dân bổ sung giấy tờ ({x}).", "{x}",
    "Biên bản làm việc với {ten}; {x}; thường trú {noi}", "Người nộp thay: {ten}. {x}. Hẹn trả ngày 12/8.",
    "Kính gửi UBND phường, tôi là {ten}, {x}, xin trình bày sự việc như sau", "Hồ sơ trùng, xem {x} - {noi}",
    "- {ten} - {x}", "{so}. {ten} | {noi} | {x} | đã ký nhận", "Ghi chú của cán bộ: {x}, người dân chưa đồng ý với biên bản",
    "Đơn khiếu nại của {ten} ({noi}), {x}, về việc thu hồi đất", "Ủy quyền cho {ten}, {x}, nhận kết quả thay",
    "{noi}. {x}. Chủ hộ {ten}", "(Bên B) {ten}; {x}; sinh năm 1975", "Theo phản ánh, {ten} - {x} - chưa nhận được tiền hỗ trợ",
    "Trả hồ sơ vì {x} không khớp với cơ sở dữ liệu", "Nhờ anh chị kiểm tra giúp {x} ạ", "Người giám hộ: {ten} <{x}>",
    "Tiếp dân ngày 03/02: {ten}, {noi}, {x}, xin vay vốn", "Xác minh {x}: đúng người, đúng việc",
)  # fmt: skip

OWN: dict[str, tuple[str, ...]] = {
    "citizen_id": ("Số {n} do Cục CSQLHC về TTXH cấp ngày 10/05/2021", "{ten} ({n}) xin trích lục khai sinh", "Căn cước của con tôi là {n}, nhà trường nhập sai", "Quét QR thẻ: {n}|{ten}|Nam|{noi}", "Bố mất, số định danh của bố {n}, nhờ phường khai tử", "CC {n} cấp 15/3/2022", "Tra VNeID ra {n}"),
    "old_identity_card": ("CMND {n} do CA Nghệ An cấp 2009", "Chứng minh cũ của mẹ tôi {n} nay đã mất", "Đổi từ CMND số {n} sang căn cước", "Giấy CMND của {ten} là {n}, hết hạn", "CMND số: {n}, nơi cấp: Công an tỉnh BR-VT", "Xác nhận số chứng minh {n} và CCCD là một người", "cmt {n} ca hải dương"),
    "mobile_phone": ("Gọi cho {ten} theo số {n} trước khi đến", "zalo {n} gửi ảnh sổ đỏ", "{ten} {n}", "Người dân để lại số {n}, hẹn chiều gọi lại", "Nhắn {n} không trả lời", "{noi}, {n}", "Ai nhặt được giấy tờ xin gọi {n}, hậu tạ", "Con trai ông cụ: {n}", "ship tới {noi}, {n}, gọi trước 15p"),
    "home_phone": ("Nhà có máy bàn {n}", "Gọi số bàn {n} gặp vợ ông", "{ten}, nhà riêng: {n}", "Không có di động, chỉ có máy bàn {n}", "Điện thoại nhà {n}, tối mới có người", "đt nhà {n}", "Điện thoại (nhà riêng): {n}", "NR: {n}", "Số điện thoại bàn của gia đình {n}"),
    "email": ("Scan rồi gửi vào {n} giúp tôi", "{ten} - {n}", "Trả kết quả qua {n}", "Biên lai gửi {n} không thấy tới", "Liên lạc: {n}", "Tài khoản dịch vụ công đăng ký bằng {n}", "mail e là {n}"),
    "personal_tax_code": ("Cá nhân kinh doanh {ten}, MST {n}, nợ thuế 3 quý", "Mã số thuế thu nhập cá nhân {n} của {ten}", "Quyết toán thuế TNCN cho MST {n} ({ten})", "Hộ kinh doanh {ten}, mã số thuế: {n}", "Người nộp thuế {ten} (MST {n}) xin gia hạn", "Mã số NNT {n}, cá nhân", "Giảm trừ gia cảnh, MST NPT {n}"),
    "bank_account": ("Chuyển tiền đền bù vào tài khoản {n} mở tại Agribank CN Krông Pắc", "STK {n} VCB {ten}", "Chủ TK {ten}, số {n}, NH Sacombank", "Nhận trợ cấp qua tk {n}", "ck {n} mb {ten}", "Vietcombank {n} {ten}", "Tiền hỗ trợ bão chuyển TK số {n} (BIDV Quảng Ngãi)", "Tài khoản của tôi bị khóa: {n} - TPBank"),
    "bank_card": ("Thẻ {n} bị nuốt tại cây ATM xã", "Mất thẻ ngân hàng, số in trên thẻ {n}", "Đóng phí bằng thẻ {n} hết hạn 09/27", "Thẻ lương {n}", "thanh toán không thành công thẻ {n}"),
    "social_insurance": ("Chốt sổ BHXH {n} cho {ten}", "Sổ {n} của cơ quan bảo hiểm xã hội huyện", "Mã số BHXH {n} đóng thiếu 4 tháng", "Gộp sổ bảo hiểm: {n} và một sổ cũ", "Tra VssID mã {n}", "{ten} tham gia BHXH tự nguyện, mã {n}", "BHXH một lần, sổ số {n}"),
    "health_insurance": ("Thẻ BHYT {n} hết hạn 31/12", "Bảo hiểm y tế của cháu {n} sai ngày sinh", "KCB tại trạm y tế, thẻ {n}", "Xin cấp lại thẻ bảo hiểm {n}", "Bệnh nhân {ten}, thẻ BHYT: {n}", "{n} - nơi ĐKKCB ban đầu: BVĐK huyện"),
    "passport": ("Hộ chiếu {n} cấp tại Cục QLXNC", "{ten} xuất cảnh bằng hộ chiếu số {n}", "Khai báo tạm trú: khách, passport {n}", "Mất hộ chiếu số {n} tại sân bay", "HC số {n} còn hạn đến 2029", "Công dân về nước mang hộ chiếu {n}, cách ly tại {noi}", "Người nước ngoài, số hộ chiếu {n}, quốc tịch Lào"),
    "driving_licence": ("Tạm giữ giấy phép lái xe số {n} của {ten}", "Tước GPLX {n} 2 tháng", "Đổi bằng lái xe số {n} sang thẻ PET", "GPLX số {n} hạng C do Sở GTVT cấp", "Bằng lái {n} quá hạn", "Lái xe {ten}, bằng D số {n}", "Xuất trình GPLX: {n}, đăng ký xe"),
    "vehicle_plate": ("Xe mô tô BKS {n} gây tai nạn rồi bỏ chạy", "Chiếc Wave {n} đậu trước cửa nhà tôi", "{n} lấn làn trên QL1A", "Xe tải {n} chở đất rơi vãi", "Biển {n} chủ xe {ten}", "Camera ghi được {n} lúc 22h", "Đăng ký xe: {n}, Honda Vision", "Mất xe máy {n} tại {noi}"),
}  # fmt: skip

ENGLISH: dict[str, tuple[str, ...]] = {
    "citizen_id": ("Citizen ID", "ID card no.", "National ID:", "CCCD", "Identity number", "Personal identification number", "ID No:"),
    "old_identity_card": ("ID card no.", "old ID card", "identity card number", "People's ID:", "ID number (9 digits):"),
    "mobile_phone": ("Mobile:", "cell", "phone", "Tel.", "WhatsApp", "call me at", "contact no.", "M:", "mobile phone number"),
    "home_phone": ("home phone", "landline:", "Home tel.", "telephone (home):", "house phone", "home number", "residence phone"),
    "email": ("email", "E-mail:", "write to", "mail:", "reach me at"),
    "personal_tax_code": ("personal tax code", "PIT code", "individual tax code:", "taxpayer (individual) no.", "personal TIN:", "her tax ID", "PIT tax number"),
    "bank_account": ("account no.", "bank account", "A/C No.", "Account number:", "acct", "VCB account", "beneficiary account"),
    "bank_card": ("card number", "credit card", "debit card", "Visa card", "card no."),
    "social_insurance": ("social insurance no.", "SI number", "Social insurance book", "social insurance code:", "social security number", "SI book no."),
    "health_insurance": ("health insurance card", "HI card no.", "health card:", "medical insurance number", "health insurance no."),
    "passport": ("passport", "Passport No.", "PP no.", "passport number:", "travel document no.", "holder of passport", "ppt no."),
    "driving_licence": ("driving licence", "driver's license no.", "DL no.", "driving license number:", "driver licence", "licence number (driver):"),
    "vehicle_plate": ("number plate", "license plate", "plate no.", "vehicle reg.", "car", "motorbike", "registration plate:"),
}  # fmt: skip
ENGLISH_FRAMES = (
    "Applicant {ten}, {x}, temporary residence at {noi}", "{x}", "Please update my record: {x}.", "Complaint by a resident ({x}) about noise",
    "Translated from Vietnamese: {ten}; {x}; valid.", "Remarks: {x} / verified by officer", "Guest list - {ten} - {x} - room {so}",
    "Dear Sir, I am {ten}, {x}, and I have not received my result.",
)  # fmt: skip
