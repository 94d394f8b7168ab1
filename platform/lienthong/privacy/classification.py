"""What a classification allows (Luật Bảo vệ dữ liệu cá nhân 2025; NĐ 356/2025/NĐ-CP; NĐ 47/2020/NĐ-CP Điều 17)."""

from collections.abc import Iterator

from lienthong.contract.model import Contract, FieldContract
from lienthong.kernel.text import Bilingual, both

# Types whose values stand for one person: never published, nor grouped by, as they are.
PERSON_TYPES = frozenset({"citizen_id"})


def is_about_people(field: FieldContract) -> bool:
    """Does the field tell something of a person?"""
    return field.classification in ("personal", "sensitive")


def published(contract: Contract) -> tuple[FieldContract, ...]:
    """The fields that a release of the contract carries: those whitelisted, no others."""
    return contract.open_fields


def withheld(contract: Contract) -> tuple[FieldContract, ...]:
    """The fields that stay inside."""
    return tuple(field for field in contract.fields if field not in contract.open_fields)


def faults(contract: Contract) -> Iterator[Bilingual]:
    """Why a release of the contract must not be made, whatever its rows hold."""
    for field in published(contract):
        if field.logical_type in PERSON_TYPES:
            yield both(f"{field.name}: số định danh cá nhân", f"{field.name}: the number of a person")
        elif is_about_people(field) and not contract.derived_from:
            yield both(
                f"{field.name}: phân loại {field.classification} mà công bố theo dòng",
                f"{field.name}: {field.classification}, yet published row by row",
            )
    for name in contract.primary_key:
        if name not in {field.name for field in published(contract)}:
            yield both(f"{name}: khóa không được công bố", f"{name}: the key is not published")
