"""What people and programs may say about an agreement, and whether the contract allows it.

Every member is known, every name is checked against the contract with the nearest right one, and nothing that the
platform decides (number, sides, state, dates of steps) can be given from outside.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from lienthong.contract.finding import nearest
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.problem import Invalid, NotPermitted, Problem, QueryInvalid
from lienthong.kernel.text import both, nfc
from lienthong.store.condition import condition
from lienthong.store.query import Related, Text, walk

MOST_FIELDS = 1000
Suspension = Literal["maintenance", "violation", "security"]
Ending = Literal["purpose_changed", "violation", "impossible", "authority", "no_need"]


def _clean(given: str) -> str:
    if any(ord(c) < 32 and c not in "\n\t" or 0xD800 <= ord(c) <= 0xDFFF for c in given):
        raise ValueError("it holds an invalid character")
    return nfc(given)


def _line(least: int, most: int) -> Any:
    return (StringConstraints(strip_whitespace=True, min_length=least, max_length=most), AfterValidator(_clean))


Name = Annotated[str, *_line(1, 63)]
Line = Annotated[str, *_line(1, 500)]
Maybe = Annotated[str, *_line(0, 500)]
Note = Annotated[str, *_line(0, 2000)]
Reason = Annotated[str, *_line(1, 2000)]
Quota = Annotated[int | None, Field(strict=True, ge=1, le=2_000_000_000)]


class Given(BaseModel):
    """The base of bodies: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Clauses(Given):
    """Items 3, 5, 6 and 8 to 12 of NĐ 47/2020 Điều 38; what is left out is the standard text."""

    place: Note | None = Field(default=None, description="Điều 38.3: địa điểm chia sẻ và sử dụng / where")
    method: Note | None = Field(default=None, description="Điều 38.5: phương thức chia sẻ / ways of sharing")
    processing: Note | None = Field(default=None, description="Điều 38.6, 35.2c: xử lý sau khi nhận / processing")
    limits: Note | None = Field(default=None, description="Điều 38.7: điều kiện, giới hạn khác / further limits")
    commitment: Note | None = Field(default=None, description="Điều 38.8: cam kết / commitment")
    security: Note | None = Field(default=None, description="Điều 38.9: bảo mật, xác thực / security")
    storage: Note | None = Field(default=None, description="Điều 38.10: lưu trữ / storage")
    deletion: Note | None = Field(default=None, description="Điều 38.11: xóa, hủy / deletion")
    other: Note | None = Field(default=None, description="Điều 38.12: vấn đề khác / other matters")


class Asked(Given):
    """Một yêu cầu khai thác dữ liệu (NĐ 47/2020 Điều 35.2) / A request for data."""

    dataset: Name = Field(description="bộ dữ liệu / the dataset")
    fields: list[Name] = Field(min_length=1, max_length=MOST_FIELDS, description="từng mục tin / every field asked for")
    clear: list[Name] = Field(
        default_factory=list,
        max_length=MOST_FIELDS,
        description="trường cần giá trị thật, không che / fields wanted without their mask",
    )
    where: dict[str, Any] | None = Field(default=None, description="lọc dòng / row filter, as in contracts")
    purpose: Name = Field(description="mục đích, thuộc access.shared.purposes của hợp đồng / one of the contract's")
    legal_basis: Line = Field(description="căn cứ pháp lý / legal basis")
    quota: int | None = Field(
        default=None, strict=True, ge=1, le=2_000_000_000, description="số dòng mỗi ngày / rows a day"
    )
    valid_from: date | None = Field(default=None, description="từ ngày; mặc định hôm nay / first day; default today")
    expires: date = Field(description="đến hết ngày / last day")
    application: Maybe = Field(default="", description="ứng dụng kết nối (Điều 35.2b) / the application")
    frequency: Maybe = Field(default="", description="tần suất khai thác (Điều 35.2e) / how often")
    clauses: Clauses = Clauses()
    note: Note = ""


class Commented(Given):
    """Ghi chú / A note."""

    note: Note = ""


class Rejected(Given):
    """Từ chối, nêu rõ lý do (Điều 35.3) / A refusal with its reason."""

    note: Reason = Field(description="lý do / the reason")


class Suspended(Given):
    """Tạm ngừng (Điều 43) / A suspension."""

    reason: Suspension = Field(description="security: ngay lập tức / at once; khác / others: báo trước / announced")
    note: Reason = Field(description="nội dung thông báo / what the consumer is told")
    from_: date | None = Field(default=None, alias="from", description="từ ngày / first day")
    until: date | None = Field(default=None, description="dự kiến phục hồi / when it is expected to be back")


class Revoked(Given):
    """Chấm dứt (Điều 44) / An end."""

    reason: Ending = Field(description="Điều 44.1")
    note: Reason = Field(description="nội dung thông báo / what the consumer is told")


class Renewed(Given):
    """Đề nghị gia hạn; nội dung khác giữ nguyên nếu không nêu / A renewal; what is not given stays."""

    expires: date
    valid_from: date | None = None
    fields: list[Name] | None = Field(default=None, min_length=1, max_length=MOST_FIELDS)
    quota: Quota = None
    note: Note = ""


def check(registry: Registry, asked: Asked, consumer: str, today: date) -> Contract:
    """The contract that a new request is about. Raises NotFound, NotPermitted or Invalid naming field and clause."""
    contract = fits(registry, asked, consumer)
    if asked.valid_from and asked.valid_from < today:
        raise Invalid(both("Ngày bắt đầu đã qua", "The first day has passed"), place="valid_from")
    if asked.expires < (asked.valid_from or today):
        detail = both("Ngày hết hạn trước ngày bắt đầu", "The last day is before the first")
        raise Invalid(detail, place="expires", fix=both("chọn ngày sau", "choose a later day"))
    return contract


def fits(registry: Registry, asked: Asked, consumer: str) -> Contract:
    """The contract whose sharing covers what is asked, whatever the days. Raises as `check` does."""
    contract = registry.get(asked.dataset)
    _may_be_asked_for(contract, consumer)
    for place, names, known in (
        ("fields", asked.fields, contract.by_name),
        ("clear", asked.clear, {n: 1 for n in asked.fields if n in contract.by_name and contract.by_name[n].mask}),
    ):
        _known(place, names, known)
    _purpose(contract, asked.purpose)
    if asked.where is not None:
        _filter(registry, contract, asked.where)
    return contract


def _may_be_asked_for(contract: Contract, consumer: str) -> None:
    """Only what the contract shares, and not with the agency that has it already."""
    if contract.agency == consumer:
        raise Invalid(
            both(
                "Dữ liệu của chính cơ quan bạn: không cần thỏa thuận", "Your own agency's data: no agreement is needed"
            ),
            place="dataset",
        )
    clause = None
    if contract.catalogue.data_class == "private":
        clause = ("catalogue.dataClass: private", both("là dữ liệu dùng riêng", "is private"))
    elif contract.access.shared is None or contract.derived_from:
        clause = ("access.shared", both("không được chia sẻ theo thỏa thuận", "is not shared by agreement"))
    if clause:
        raise NotPermitted(
            both(f"Bộ dữ liệu {contract.slug} {clause[1].vi}", f"The dataset {contract.slug} {clause[1].en}"),
            place="dataset",
            field="dataset",
            clause=clause[0],
        )


def _known(place: str, names: Iterable[str], known: Iterable[str]) -> None:
    choice, seen = list(known), set[str]()
    for name in names:
        if name not in choice:
            raise Invalid(both(f"Không có trường “{name}”", f"Unknown field “{name}”"), place=place, field=name,
                          fix=nearest(name, choice))  # fmt: skip
        if name in seen:
            raise Invalid(both(f"Trường {name} lặp lại", f"The field {name} stands twice"), place=place, field=name)
        seen.add(name)


def _purpose(contract: Contract, purpose: str) -> None:
    shared = contract.access.shared
    if shared and purpose not in shared.purposes:
        raise Invalid(
            both(f"{contract.slug} không chia sẻ cho mục đích “{purpose}”",
                 f"{contract.slug} is not shared for the purpose “{purpose}”"),
            place="purpose",
            fix=nearest(purpose, shared.purposes),
            field="purpose",
            clause="access.shared.purposes",
        )  # fmt: skip


def _filter(registry: Registry, contract: Contract, given: Mapping[str, Any]) -> None:
    """The filter names fields of this very dataset: the database's own policy must be able to hold it."""
    try:
        found = condition(registry, contract, given)
    except QueryInvalid as problem:
        raise _in_where(problem) from problem
    if not walk(found) or _empty(given):
        detail = both("Bộ lọc trống, hoặc có giá trị null", "The filter is empty, or holds null")
        raise Invalid(detail, place="where", fix=both("bỏ đi; is_null để tìm ô trống", "leave it out; use is_null"))
    if any(isinstance(leaf, Related | Text) for leaf in walk(found)):
        detail = both("Bộ lọc chỉ nêu trường của chính bộ dữ liệu", "A filter names fields of this dataset only")
        raise Invalid(detail, place="where")


def _empty(given: Any) -> bool:
    """Is there a null in it, which would be no comparison at all?"""
    if isinstance(given, Mapping | list):
        return any(_empty(part) for part in (given.values() if isinstance(given, Mapping) else given))
    return given is None


def _in_where(problem: Problem) -> Invalid:
    place = f"where.{problem.place}" if problem.place else "where"
    return Invalid(problem.detail, place=place, fix=problem.fix)
