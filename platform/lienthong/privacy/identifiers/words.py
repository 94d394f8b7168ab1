"""The words beside a number that tell what it is; folded: lower case, no tone marks."""

import re
from collections.abc import Iterator
from functools import lru_cache

from lienthong.privacy.identifiers.numbers import without_dates

# Whose a number can be: a person, told by kinship, by title, by what the law calls one.
_OWNER = (
    r"ca nhan|ca the|cn|tncn|thu nhap ca nhan|hkd|ho kinh doanh|ho kd|ho ca the|chu ho|npt|nguoi phu thuoc|nld|"
    r"nguoi (?:lao dong|thue|duoc|nhan)|nhan vien|(?:ong|ba|anh|chi(?! (?:nhanh|cuc|hoi|doan|bo))|em|"
    r"co(?! (?:quan|so|phan|khi|dien))|chu(?! (?:dau tu|so huu|quan))|chau|vo|chong|con|toi|minh)(?=[ :])"
)
# TK 1121, TK 642: a ledger's, and what follows is an amount.
_NO_LEDGER = r"(?! ?[1-9]\d{2,3}(?! ?(?:[\d.,\-]|/ ?\d)|\w))"
_KINDS: dict[str, str] = {
    "personal_tax": (
        rf"(?:ma so thue|ma thue|ms thue|mst) ?[(\-]?(?:cua |cho )?(?:{_OWNER})|thue tncn|thue thu nhap ca nhan|"
        r"(?:personal|individual|employee'?s?) (?:tax(?:payer)?(?: code| id| number| no)?|tin)|"
        r"tax(?:payer)?(?: code| id| no| number)? ?\(?(?:individual|of (?:mr|ms|mrs))|(?:her|his|my) tax(?: code| id)?|"
        r"pit(?: tax)?(?: code| number| no)?|"
        r"(?:la|cua) ca nhan(?: [a-z]{1,8}){0,5} ?,? ?(?:co )?(?:mst|ma so thue)"
    ),
    "identity": (
        r"so cccd|cccd|c\.c\.c\.d|c\.? ?cuoc|can cuoc(?: cong dan)?|the cc|[sg]?cmnd|cmtnd|g?cmt|"
        r"c/m nhan dan|c/m(?: so)?(?= ?[:=]? ?\d)|so cm(?! (?:vuong|khoi))|c\.m\.n\.d|cm so|cm cu|"
        r"chung minh(?: thu| nhan dan)?|c(?:m|c|cgc)(?= ?[:=\-]? ?(?:\d|\Z))|cc gan chip|vneid|"
        r"(?:so|ma so|ma) (?:dinh danh|cong dan)(?! (?:dien tu|co quan|don vi|to chuc|bhxh))(?: ca nhan)?|"
        r"dinh danh ca nhan|s?dd?cn|(?:so|ma) dd|giay to tuy than|so giay to|gttt|"
        r"id card|identity(?: card| no| number)?|identification (?:no|number|code)|(?:citizen|people|national|holder)"
        r"(?:'?s)? id|id (?:no|number)|(?:so|personal) id|so cc|cc so|the cong dan|ma so ca nhan"
    ),
    "social": (
        r"[a-z]{0,3}bhxh|bh ?xh|bao hiem (?:xa hoi|xh)|so so bao hiem|so so(?! (?:do|hong|cap|vao|luong))|"
        r"so bao hiem|ma so bao hiem|ma so bh|so bh|"
        r"dong bao hiem|bao hiem tu nguyen|social (?:insurance|security)|ssn|si (?:book|no|number|code)|vss ?id|"
        r"bhtn|bao hiem that nghiep|chot so(?= (?:cho |cua )?(?:ong|ba|anh|chi|em|co|chu|nld|nguoi|nhan vien) )|"
        r"(?:tang|giam) (?:lao dong|nld)(?= ?:)"
    ),
    "health": r"[a-z]{0,3}bhyt|bao hiem yt|bao hiem y te|bh y ?te|bh ?yt|insurance card|hi card|health card|"
    r"medical insurance|the (?:bao hiem|tre em)|the bh|ma the(?! (?:atm|ngan|tin|cao|"
    r"nap))|health insurance",
    "licence": r"gp ?lx|(?:giay phep|g\.?phep|gp) (?:lai xe|lai|lx|dieu khien)|bang (?:o ?to|xe may|mo ?to)|"
    r"(?:bang|b\.?) ?lai(?: xe)?|blx|bang(?: lai)?(?: xe)?(?: hang)? (?:a1?|a2|b(?:1|2|11|12)?|(?:c|d|d2)1?e?|e|be|ce|"
    r"f[b-e])(?![a-z0-9])|(?:doi|mat|giu|cap lai|thu hoi|tuoc) bang|"
    r"driv(?:ing|er'?s?|ers) (?:licen[cs]e|permit)|licen[cs]e (?:no|number)[ .]{0,2}\(?driver|"
    r"d/?l(?: no| number|(?= ?[:#]))",
    "passport": r"ho ?chieu|h\.? ?chieu|hc(?:pt|cv|ng)?(?: so)?|so hc|pass|pas+e?port|travel doc(?:ument)?|"
    r"(?:giay|so) thong hanh|ppt?",
    "plate": (
        r"bien so(?: xe)?|bien kiem soat|bks|bsx|phat nguoi|camera|bs(?: xe)?|(?:number |"
        r"licen[cs]e )?plate(?: no)?|dang ky xe|so xe|vehicle no|bien(?! (?:ban|gioi|phong|tap|do|lai|nhan|che|"
        r"ban))|dau keo|o to|xe may|xe o to|xe|b/s|motor ?(?:bike|cycle)|scooter|car|truck|taxi|"
        r"(?:vehicle )?reg(?:istration)?(?: plate| no| number)?|vehicle|mo to|moto|chiec|phuong tien|"
        r"(?:xe |phuong tien )?(?:o ?to|xe) (?:con|tai|khach|ban tai|dau keo)"
    ),
    "card": (
        r"so the|(?:tu|bang|mat|khoa|quet) the|the tin dung|the ghi no|the atm|visa|master ?card|napas|jcb|"
        r"amex|credit card|"
        r"debit card|card(?: no)?"
    ),
    # A wallet's account is a telephone.
    "wallet": r"(?:vi )?(?:momo|zalo ?pay|viettel ?(?:money|pay)|vnpt ?money|shopee ?pay)",
    "bank": (
        rf"s\.?t\.?k|ct tu|so tk|tk{_NO_LEDGER}|so tai khoan|(?<!dinh )(?<!theo )tai khoan{_NO_LEDGER}(?: so)?|"
        r"account(?: no| number)?|acc(?:t)?|a/c|chuyen khoan|"
        r"ngan hang|bank|vietcombank|vcb|bidv|agribank|techcombank|tcb|vietinbank|ctg|mb ?bank|mb|acb|vp ?bank|"
        r"tp ?bank|sacombank|stb|shb|hd ?bank|vib|ocb|sea ?bank|msb|exim ?bank|lp ?bank|lienvietpostbank|pvcombank|"
        r"nam a ?bank|ab ?bank|bac a ?bank|scb|kienlongbank|viet ?capital|timo|cake|iban|"
        r"thu huong|beneficiary|cimb|pg ?bank|gp ?bank|bao ?viet ?bank|nam ?a ?bank"
    ),
    "phone": (
        r"sdt|s\.d\.t|mob|so dt|d\.? ?thoai|dtcd|landline|dtdd|dien thoai(?: di dong| lien he)?|dt|d/t|phone|"
        r"tel|mobile|cell(?:phone)?|"
        r"di dong|dd|"
        r"zalo|viber|whats ?app|telegram|hotline|lien he|lien lac|lh|goi|call|contact|alo|"
        r"so may(?! ?:? ?[a-np-z]\d)|nhan tin|sms|fax|may ban|thue bao|dtlh|dtlac|sdtlh|nr|dtnr|dt ban(?: nha)?|sim|"
        r"messenger|viettel|mobi(?:fone)?|vina(?:phone)?|may (?:cua )?(?:toi|minh|em|chau|con|me|bo|vo|chong|anh|chi)"
    ),
    "tax": r"mst|ma so thue|ma thue|tax code|tax|nnt|nguoi nop thue|thue(?= ?[:#])|msthue|"
    r"vat(?= (?:code|no|number|id)| ?[:#])",
    "business": (
        r"msdn|ma so doanh nghiep|dang ky (?:kinh doanh|doanh nghiep)|ma dn|doanh nghiep|(?:cn)?dkkd|dkdn|gpkd|"
        r"gcndk\w*|giay chung nhan|giay phep|gcn|"
        r"ma chi nhanh|chi nhanh|cong ty|dntn|nha thau|htx|hop tac xa|(?:company|business|enterprise) (?:registration|"
        r"licen[cs]e|code|id|no|number)"
    ),
    "other": (
        r"ho so|quyet dinh|cong van|van ban|thong bao|tthc|thu tuc|hop dong|hoa don|ma vach|isbn|issn|"
        r"thua dat|to ban do|ma don|don hang|van don|phieu|barcode|imei|tai san|nghi dinh|thong tu|so hieu|ky hieu|"
        r"toa do|gtin|sku|kinh do|vi do|dien tich|so lo|lo hang|ma kh|ma khach hang|so tham chieu|"
        r"cong to|ma hang|danh muc|(?<!vay )von|von dieu le|(?:don|tri) gia|gia(?: (?:tri|ban|thue|goi|trung|"
        r"khoi)(?![a-z])| ?[:=]| (?=\d))|so tien|tong|doanh thu|kinh phi|tong dai|duong day nong|hai quan|"
        r"(?:ma )?dv ?qhns|quan he ngan sach"
    ),
    "number": r"ma so|serial|se-?ri",  # of what was named before; of nobody where nothing was
}
_ANY = re.compile("|".join(rf"(?P<{kind}>(?<![a-z0-9])(?:{words})(?![a-z]))" for kind, words in _KINDS.items()))
_SURNAME = (
    r"nguyen|tran|le|pham|hoang|huynh|(?<!nhan )(?<!kien )(?<!moi )phan|(?<!chuc )(?<!dich )(?<!phuc )(?<!nhiem )"
    r"(?<!nghiep )(?<!nghia )(?<!noi )vu|vo|dang(?! ky)|bui|do|ho|ngo|duong|ly|dao|doan|vuong|"
    r"trinh|truong|(?<!co )dinh|lam|mai|to(?! chuc)|ta|ha|cao|luong|luu|thai|"
    r"chu(?! (?:dau tu|tich|nhiem))|nong|trieu|(?<!don )vi|hua|be|"
    r"ma(?= (?:thi|van|hoang|duc))|quach|tang|la|lo|sung|giang|vang|thao|phung|"
    r"ton|kieu|nghiem"
)
# "mã số thuế" is not Mr Mã.
_NO_NAME = r"(?:so|ma|thue|dien|thoai|tai|khoan|dong|nam|ngay|thang|trong|va|cua|den|vung|chuong)(?![a-z])"
# A title, or a name that begins with a family name, right before the number.
_PERSON = re.compile(
    rf"(?:(?<![a-z])(?:ong|ba|(?<!phan )anh|chi(?! (?:so|tra|tieu|phi|cuc|nhanh|tiet))|chu ho|"
    rf"co(?! (?:quan|so|dinh|ma|mst|tai khoan|the|dien thoai|dau|dang ky|tong))|"
    rf"chau|em|ho ten|ho va ten|"
    rf"mr|mrs|ms|nguoi dai dien|(?<!vp )(?<!phong )dai dien|nguoi nop)[ :.][a-z .]{{0,40}}|"
    rf"(?<![a-z])(?:{_SURNAME})(?: (?!{_NO_NAME})[a-z]{{1,8}}){{1,4}})"
    r"[\s,:;()\-–|/+]{0,5}(?:so[ :]*)?\Z"
)
_PRIVATE = re.compile(
    r"(?<![a-z])(?:nha rieng|ca nhan|chu ho|(?:gap|cua|lien he|goi(?: cho)?) (?:ong|ba|anh|"
    r"chi|chu(?! dau tu)|co|em)|(?<!phu )rieng|(?:s?dt|d\.? ?thoai|dien thoai|may|tel|co dinh)[ .(]{1,3}(?:o )?nha|"
    r"(?:o|tai|ve) nha|(?:so )?may ban(?! cua (?:co quan|phong|so|ubnd))|nha (?:ong|ba)|gia dinh|tu gia|(?:dt)?nr|"
    r"dt ban nha|home|residence|house (?:phone|tel))(?![a-z])"
)
# A telephone that stands on a desk: a home's, unless an office is named.
_DESK = re.compile(
    r"(?<![a-z])(?:(?:so|s?dt|d\.? ?thoai|dien thoai|may|tel|phone)[ .(]{1,3}(?:so )?(?:ban|co dinh)|dtcd|land ?line|"
    r"fixed (?:line|phone))(?![a-z])|[:,;(\-] ?ban[ :]{0,2}\Z"
)
_OFFICES = re.compile(
    r"(?<![a-z])(?:uy ban|van phong|trung tam|benh vien|tram y te|cong an|ban quan ly|mot cua|kho bac|buu dien|toa an|"
    r"chi cuc)"
)
_SPEAKER = re.compile(r"(?<![a-z])(?:toi|ong|ba|anh|chi|em|cu|chau|chu ho)(?= )")
# What separates a word from a number further on: a number of its own or the end of a part, then other words or none.
_CLAUSE = re.compile(r"(?:[.;] |[\n|]).*[a-z]|\d[^a-z]{0,12}[.;|] ", re.DOTALL)
_STANDS_ON = re.compile(r"(?<![a-z])(?:ghi|in|the hien|co|khai) (?:tren|trong|o|tai) (?:cac |to |so )?\Z")
_AGAINST = frozenset({"tax", "business", "other"})
# Offices and firms. "so" alone is "số" (number) far more often than "Sở" (department).
_COMPANY = re.compile(
    r"(?<![a-z])(?:cong ty|tnhh|co phan|co quan|doanh nghiep|dntn|htx|hop tac xa|chi nhanh|"
    r"(?<!to )(?<!thon )(?<!ap )(?<!xom )(?<!doi )(?<!nhom )truong(?! (?:thon|ban|"
    r"khoi|xom|nhom))|"
    r"ubnd|phong|so (?:y te|giao duc|tu phap|noi vu|tai chinh|ke hoach|xay dung|nong nghiep|cong thuong|tai nguyen|"
    r"van hoa|khoa hoc|thong tin|lao dong|giao thong|ngoai vu|du lich))(?![a-z])"
)
_TREASURY = re.compile(r"kho bac|kbnn|ngan sach")
_MONEY = re.compile(
    r"^ ?(?:dong|d(?![a-z]|/c)|vnd|usd|eur|doi tuong|truong hop|giao dich|khach|lao dong|hoc sinh|"
    r"thue bao|trieu|ty(?![a-z])|nghin|ngan(?! hang)|m2|m3|"
    r"ha(?![a-z])|kg|tan(?![a-z])|km|%|nguoi|luot|ho(?![a-z])|kwh|ms(?![a-z])|bytes?(?![a-z])|lit(?![a-z]))"
)
_COINS = re.compile(r"^ ?(?:dong|d(?![a-z]|/c)|vnd|usd|eur)")
_BANK_AFTER = re.compile(
    r"^[\"'`)\]]{0,2}[ ,(\-:/]{0,4}(?:tai |at |o |nh |ngan hang |thuoc |mo tai )*(?:tmcp )?(?:ngan hang|"
    r"vietcombank|vcb|bidv|agribank|techcombank|"
    r"tcb|vietinbank|mb ?bank|mb(?![a-z])|acb|vp ?bank|tp ?bank|sacombank|shb|hd ?bank|vib|"
    r"ocb|sea ?bank|msb|exim ?bank|lp ?bank|"
    r"pvcombank|nam a|ab ?bank|bac a|scb|kienlongbank)"
)
_ACCOUNT = re.compile(
    r"(?<![a-z])(?:s\.?t\.?k|tk|tai khoan|a/c|account)(?: (?:no|number|so|ngan hang|ca nhan|moi|cu|nhan|rieng|"
    r"[a-z]{0,9}bank|"
    r"bidv|acb|mb|vcb|cua [a-z]{1,8}|vo|chong|toi|em|ong|ba|anh|chi)){0,4}[ .:#=\-–→]{0,4}(?:so[ :]*)?$"
)
# 012345678901 (căn cước của …), 8765432109 - mst cá nhân, 0912… là số của tôi; the end of the words or a name after it.
_OPENING = re.compile(
    r"[\"'`)\]]{0,2} ?(?:(?:<-|[(\[<←|]) ?|- |"
    r", (?=giay (?:chung minh|cmnd|cmt))|(?:chinh )?la |cua (?:co quan )?(?=bhxh|bao hiem)| (?=(?:bhxh|bhyt|cccd|cmnd|"
    r"gplx)(?![a-z])))"
)
# 012345678, chứng minh thư của bà Ba; 9123456789: số sổ BHXH
_TOLD_AFTER = re.compile(r"[\"'`)\]]{0,2} ?[,:] ")
_TOLD_TO_ITS_END = re.compile(r"(?: [a-z]{1,8}){0,3}? ?(?:\Z|\n| - |;|/|cua |cap )")
_FILLING = re.compile(r"(?:so|ma|the|giay|cua|tren) ")
# Words for a telephone with a home in them: máy bàn ở nhà, điện thoại cố định nhà riêng, ĐT gia đình.
_HOME = re.compile(
    r"(?:so |dt|sdt|dien thoai|may|tel|phone|home|telephone)(?:[ .(]{0,3}[a-z]+){0,3}?[ .(]{0,3}"
    r"(?:nha|gia dinh|rieng|home|residence)(?![a-z])|home (?:phone|tel)|nha rieng(?![a-z])|(?:nr|nha)(?= ?[).,;])"
)
# CA Lạng Sơn cấp ngày 01/02/2003 (chứng minh nhân dân)
_CARD_FURTHER_ON = re.compile(
    r"(?:(?!ho so|bien lai|phieu|giay phep|thu tuc|le phi)[^\d\n|;]){0,70}?"
    r"(?<![a-z])(?:[sg]?cmnd|cmt|chung minh (?:thu|nhan dan))(?![a-z])(?! ?(?:so)?[ :]{0,3}\d)"
)
_CALL_CENTRE = re.compile(r"(?<![a-z])(?:tong dai|hotline|duong day nong|call cent(?:er|re))(?![a-z])")
_TRANSFER_AFTER = re.compile(r"^(?: [a-z]{2,8}){2,5} (?:chuyen tien|chuyen khoan|ck)(?![a-z])")


@lru_cache(maxsize=32)  # each reading of one run of digits asks for it
def before(folded: str, start: int, last: int) -> tuple[str, ...]:
    """The kinds that words before `start` name, the nearest first, back to `last`, the end of the number before.

    A word that says that the number is nobody's is the last one, and none beyond the end of its clause. "number" is
    there where nothing but the word for one is.
    """
    reach = max(0, last, start - 60)
    edge = max(0, reach - 1)
    text = folded[edge:start].replace("_", " ").replace("\n", " ")  # a name of two words may stand on two lines
    told: list[str] = []
    paper, end = "", 0
    for match in reversed(list(_ANY.finditer(text, reach - edge))):
        kind, end = match.lastgroup or "", edge + match.end()
        if kind in _AGAINST and not told and _STANDS_ON.search(text, 0, match.start()):
            paper = kind  # the number of a card that stands on a paper, unless nothing else is named
        elif kind in _AGAINST:
            return tuple(told) if _CLAUSE.search(folded, end, start) else (*told, kind)
        else:
            told.append(kind)
    if paper and not told:
        return (paper,)
    if told == ["number"]:
        return () if _CLAUSE.search(folded, end, start) else ("number",)
    return tuple(kind for kind in told if kind != "number")


def names(folded: str, start: int) -> bool:
    """Does the nearest word before `start`, with no digit between, name something that is a person's?"""
    text = folded[max(0, start - 30) : start]
    told = before(text, len(text), max((n + 1 for n, sign in enumerate(text) if sign.isdigit()), default=0))
    return bool(told) and told[0] not in (*_AGAINST, "number")


def _openings(beside: str, opening: re.Pattern[str] = _OPENING) -> Iterator[int]:
    """Where the name of what stands before can begin: after a bracket or "is", and after "số", "mã", "thẻ"."""
    found = opening.match(beside)
    while found:
        yield found.end()
        found = _FILLING.match(beside, found.end())


def after(text: str, end: int) -> str | None:
    """The kind that words right after a number name: `(zalo)`, `tại Vietcombank`."""
    beside = text[end : end + 60]
    if _BANK_AFTER.match(beside) or _TRANSFER_AFTER.match(beside):
        return "bank"
    for mark in reversed(list(_openings(beside))):
        match = _ANY.match(beside, mark)
        if match and not re.match(r"[^a-z]{0,6}\d|.{0,14}?\d{5}", beside[match.end() :]):
            return match.lastgroup
    for mark in _openings(beside, _TOLD_AFTER):
        match = _ANY.match(beside, mark)
        if match and _TOLD_TO_ITS_END.match(beside, match.end()) and not re.search(r"\d{5}", beside[match.end() :]):
            return match.lastgroup
    return None


def of_card(text: str, start: int) -> bool:
    """Does the word for a card stand right before?"""
    return text[max(0, start - 8) : start].rstrip(" :,-").endswith("the")


def of_call_centre(text: str, start: int) -> bool:
    """Is it a number that whoever calls an office dials?"""
    return bool(_CALL_CENTRE.search(text, max(0, start - 40), start))


def is_card_further_on(text: str, end: int) -> bool:
    """Do words of the same line, with no other number between, name an old identity card and no paper?"""
    return bool(_CARD_FURTHER_ON.match(without_dates(text[end : end + 90])))


def of_person(text: str, start: int) -> bool:
    """Does a title or a person's name stand right before?"""
    beside = text[max(0, start - 60) : start]
    return bool(_PERSON.search(beside)) and not _COMPANY.search(beside)


def of_office(text: str, start: int) -> bool:
    """Is an office named before?"""
    return bool(_OFFICES.search(text, max(0, start - 60), start))


def is_private(text: str, start: int, since: int = 0) -> bool:
    """Do words before say that the number is somebody's own, and nearer than they name an office?"""
    found = None
    text = text[max(since, start - 51) : start].replace("\n", " ")
    for found in _PRIVATE.finditer(text, min(1, max(0, start - 50))):  # noqa: B007 - the last one
        pass
    return found is not None and not _COMPANY.search(text, found.end())


def is_of_home(text: str, start: int, end: int, since: int = 0) -> bool:
    """Do words before, from `since` on, or right after say that the telephone is one of a home?"""
    if is_private(text, start, since) or _is_on_a_desk(text, start, since):
        return True
    beside = text[end : end + 60]
    return any(_HOME.match(beside, mark) for mark in _openings(beside))


def _is_on_a_desk(text: str, start: int, since: int) -> bool:
    """Is it told to be a telephone that does not move, and no office's?"""
    if not _DESK.search(text[max(since, start - 30) : start].replace("\n", " ")):
        return False
    whose = max((m.end() for m in _SPEAKER.finditer(text, 0, start)), default=0)
    return not _COMPANY.search(text, whose) and not _OFFICES.search(text, whose)


def is_amount(text: str, end: int, any_unit: bool = True) -> bool:
    """Does a unit follow: money, and with `any_unit` multiples, area, weight, people?"""
    return bool((_MONEY if any_unit else _COINS).match(text[end : end + 16]))


def of_treasury(text: str, start: int, end: int) -> bool:
    """Is it the account of a state treasury?"""
    return bool(_TREASURY.search(text, max(0, start - 80), end + 80))


def is_account(text: str, start: int) -> bool:
    """Does the word for an account stand right before, so that no amount is meant?"""
    return bool(_ACCOUNT.search(text[max(0, start - 30) : start]))
