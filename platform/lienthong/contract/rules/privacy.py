"""Rules about persons: masks that fit their field, a subject that is a field, purposes that are known."""

from lienthong.contract import vocabulary
from lienthong.contract.document import Document
from lienthong.contract.finding import nearest
from lienthong.contract.model import MASKS, Contract
from lienthong.kernel.text import both

PURPOSES = "purpose"
"""The code list of purposes."""


def masks(contract: Contract, document: Document) -> None:
    """A mask is made for certain kinds of value; the key and the search text cannot be hidden behind one."""
    for at, field in enumerate(contract.fields):
        if field.mask is None:
            continue
        kinds, key = MASKS[field.mask.method], ("fields", at, "mask")
        if kinds is not None and field.logical_type not in kinds:
            detail = both(
                f"mask {field.mask.method} không dùng cho kiểu {field.logical_type}",
                f"the mask {field.mask.method} is not made for {field.logical_type}",
            )
            fits = sorted(m for m, k in MASKS.items() if k is None or field.logical_type in k)
            document.error(key, detail, both(f"chọn: {', '.join(fits)}", f"choose: {', '.join(fits)}"))
        if field.name in contract.primary_key or not field.is_personal and field.is_open:
            detail = both("khóa chính và trường mở không che được", "neither keys nor open fields can be masked")
            document.error(key, detail, both("bỏ mask", "leave the mask out"))


def subject(contract: Contract, document: Document) -> None:
    """The field that names the person exists."""
    given = contract.privacy.subject
    if given and given.field not in contract.by_name:
        detail = both(f"không có trường '{given.field}'", f"there is no field '{given.field}'")
        document.error(("privacy", "subject", "field"), detail, nearest(given.field, contract.by_name))


def purposes(contract: Contract, document: Document) -> None:
    """Purposes of sharing are in the list of purposes, where there is one."""
    known = vocabulary.current().get(PURPOSES)
    for at, name in enumerate(contract.access.shared.purposes if contract.access.shared else ()):
        if known and name not in known.by_code:
            detail = both(f"không có mục đích '{name}'", f"there is no purpose '{name}'")
            document.error(("access", "shared", "purposes", at), detail, nearest(name, known.by_code))


RULES = (masks, subject, purposes)
