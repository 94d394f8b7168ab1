"""Rules about what catalogues say."""

import re

from lienthong.contract import vocabulary
from lienthong.contract.document import Document
from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract
from lienthong.contract.types import TYPES, ParseError
from lienthong.kernel.text import both

# EU authority table data-theme, as DCAT-AP 3 uses it.
THEMES = frozenset(
    [
        "AGRI",
        "ECON",
        "EDUC",
        "ENER",
        "ENVI",
        "GOVE",
        "HEAL",
        "INTR",
        "JUST",
        "OP_DATPRO",
        "REGI",
        "SOCI",
        "TECH",
        "TRAN",
    ]
)
_DURATION = r"P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?"


def catalogue(contract: Contract, document: Document) -> None:
    """Theme, licence, update frequency, place and contact are of the lists and forms that catalogues know."""
    entry = contract.catalogue
    if entry.theme not in THEMES:
        detail = both(f"chủ đề lạ '{entry.theme}'", f"unknown theme '{entry.theme}'")
        document.error(("catalogue", "theme"), detail, nearest(entry.theme, THEMES))
    licences = vocabulary.current().get("licence")
    if licences and entry.licence not in licences.by_code:
        detail = both(f"giấy phép lạ '{entry.licence}'", f"unknown licence '{entry.licence}'")
        document.error(("catalogue", "licence"), detail, nearest(entry.licence, licences.by_code))
    _duration(entry.update_frequency, ("catalogue", "updateFrequency"), document)
    if contract.privacy.retention:
        _duration(contract.privacy.retention, ("privacy", "retention"), document)
    if not re.fullmatch(r"VN|[0-9]{2}|[0-9]{5}", entry.spatial):
        fix = both("VN hoặc mã đơn vị hành chính", "VN or the code of an administrative unit")
        document.error(("catalogue", "spatial"), both("phạm vi sai", "wrong coverage"), fix)
    try:
        TYPES["email"].parse(entry.contact.email, {})
    except ParseError as error:
        fix = both("ví dụ: lienhe@langson.gov.vn", "for example: lienhe@langson.gov.vn")
        document.error(("catalogue", "contact", "email"), error.reason, fix)


def data_class(contract: Contract, document: Document) -> None:
    """The class of the data agrees with what is opened and shared (NĐ 47/2020 Điều 11)."""
    kind = contract.catalogue.data_class
    key = ("catalogue", "dataClass")
    if kind == "open" and contract.open_view is None:
        fix = both("thêm openView hoặc đổi dataClass", "add openView or change dataClass")
        document.error(key, both("dataClass open mà không có openView", "dataClass is open without an openView"), fix)
    if kind == "private" and (contract.open_view is not None or contract.access.shared is not None):
        fix = both("đổi dataClass", "change dataClass")
        document.error(
            key,
            both("dataClass private mà lại mở hoặc chia sẻ", "dataClass is private, yet opened or shared"),
            fix,
        )


def _duration(given: str, key: tuple[str, ...], document: Document) -> None:
    if not re.fullmatch(_DURATION, given):
        fix = both("khoảng thời gian ISO 8601, ví dụ P1D, P1M, P1Y", "an ISO 8601 duration, such as P1D, P1M, P1Y")
        document.error(key, both(f"'{given}' không phải khoảng thời gian", f"'{given}' is no duration"), fix)


def public_service(contract: Contract, document: Document) -> None:
    """What is said of a public service are open fields (CPSV-AP)."""
    told = contract.catalogue.public_service
    for name, field in told.named.items() if told else ():
        if field not in {f.name for f in contract.open_fields}:
            key = ("catalogue", "publicService", name)
            fix = both("tên một trường được công bố", "the name of an open field")
            document.error(key, both(f"'{field}' không phải trường mở", f"'{field}' is no open field"), fix)


RULES = (catalogue, data_class, public_service)
