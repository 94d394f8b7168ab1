"""What the catalogue's endpoints answer with; also the schemas of the OpenAPI document."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lienthong.kernel.text import Bilingual

Reach = Literal["open", "aggregate", "agreement", "closed"]


class Model(BaseModel):
    """The base of all of them."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class AgencyRef(Model):
    """Cơ quan cung cấp / The agency that provides the data."""

    id: str
    name: Bilingual


class Distribution(Model):
    """Một tệp của bản phát hành / One file of a release."""

    format: str = Field(examples=["csv"])
    media_type: str = Field(examples=["text/csv; charset=utf-8"])
    size: int = Field(description="byte")
    sha256: str
    href: str


class Release(Model):
    """Một bản phát hành, không bao giờ thay đổi / One publication, never changed."""

    number: int
    state: str = Field(description="published | superseded | withdrawn")
    published_at: datetime
    contract_version: str
    rows: int
    distributions: list[Distribution]
    page: str = Field(default="", description="trang của bản / its page, with its permanent addresses")
    manifest: str | None = Field(default=None, description="bản kê có chữ ký / the signed manifest")
    changes: dict[str, int] | None = Field(
        default=None, description="so với bản trước, theo khóa / since the release before, by key"
    )
    changed_keys: str | None = Field(default=None, description="tệp các khóa đã đổi / the file of changed keys")
    review_due: date | None = None
    withdrawn_at: datetime | None = None
    reason: Bilingual | None = Field(default=None, description="vì sao thu hồi / why it was withdrawn")
    successor: int | None = Field(default=None, description="bản thay thế / the release to use in its place")


class ReleaseStepModel(Model):
    """Một bước của bản công bố / A step in the life of a release."""

    id: str
    action: str
    number: int | None
    actor: str
    role: str
    asked_at: datetime
    state: str = Field(description="asked | queued | done | refused")
    done_at: datetime | None
    details: dict[str, Any]
    problem: dict[str, Any] | None


class WaitingRelease(Model):
    """Bản công bố như cán bộ đầu mối thấy / A release as its stewards see it."""

    dataset: str
    number: int
    state: str = Field(description="draft | checked | approved | published | superseded | withdrawn")
    rows: int
    contract_version: str
    drafted_by: str
    approved_by: str | None
    approved_at: datetime | None
    publish_at: datetime | None
    review_due: date | None
    problem: dict[str, Any] | None = Field(description="vì sao không đạt / why it did not pass")
    manifest: dict[str, Any]
    possible: list[str] = Field(description="các bước có thể làm / the steps that you can take")
    steps: list[ReleaseStepModel]


class Review(Model):
    """Bản đến kỳ rà soát / A release whose review comes."""

    dataset: str
    number: int
    review_due: date
    overdue: bool


class Work(Model):
    """Việc công bố cần làm / What waits for a steward."""

    waiting: list[WaitingRelease]
    reviews: list[Review]


class Links(Model):
    """Các địa chỉ liên quan / Related addresses."""

    self: str
    rows: str
    releases: str
    page: str


class Summary(Model):
    """Một bộ dữ liệu trong danh mục / A dataset in the catalogue."""

    name: str
    title: Bilingual
    description: Bilingual
    agency: AgencyRef
    theme: str
    keywords: list[Bilingual]
    licence: str
    access: Reach = Field(
        description="open: mở theo dòng / open row by row; aggregate: chỉ mở thống kê / only statistics are open; "
        "agreement: cần thỏa thuận / by agreement; closed: không chia sẻ / not shared"
    )
    open_view: str | None = Field(description="bộ dữ liệu mở tương ứng / the open dataset that stands for it")
    release: Release | None
    links: Links


class FieldModel(Model):
    """Một trường / A field."""

    name: str
    title: Bilingual
    description: Bilingual | None
    type: str
    options: dict[str, Any]
    required: bool
    classification: str
    open: bool = Field(description="có trong dữ liệu mở / part of the open data")
    search: bool
    operators: list[str]
    sortable: bool
    examples: list[Any]


class RelationModel(Model):
    """Một quan hệ tới bộ dữ liệu khác / A relation to another dataset."""

    name: str
    title: Bilingual
    dataset: str
    on: list[list[str]]
    many: bool


class Quality(Model):
    """Lần kiểm tra chất lượng gần nhất / The last validation."""

    success: bool
    score: float
    at: datetime


class Description(Summary):
    """Bộ dữ liệu với mọi trường, quan hệ và bản phát hành / A dataset with all its fields, relations and releases."""

    limitations: Bilingual | None
    usage: Bilingual | None
    version: str
    primary_key: list[str]
    validity: list[str] | None = Field(description="trường từ ngày, đến ngày / fields of the first and the last day")
    update_frequency: str
    data_class: str
    legal_basis: list[str]
    contact: dict[str, Any]
    derived_from: str | None
    fields: list[FieldModel]
    relations: list[RelationModel]
    quality: Quality | None
    releases: list[Release]


class SummaryList(Model):
    """Danh mục / The catalogue."""

    data: list[Summary]
    count: int


class ReleaseList(Model):
    """Các bản phát hành, mới nhất trước / Releases, the latest first."""

    data: list[Release]
    count: int


class Version(Model):
    """Một phiên bản của hợp đồng dữ liệu / A version of a contract."""

    version: str
    served: bool = Field(description="đang được phục vụ / it is the one that is served")
    releases: list[int]
    deprecated_since: date | None = None
    sunset: date | None = None
    successor: str | None = None


class VersionList(Model):
    """Các phiên bản / Versions."""

    data: list[Version]
    count: int


class ProblemKind(Model):
    """Một loại lỗi / A kind of problem."""

    slug: str
    status: int
    code: str
    title: Bilingual
    href: str


class ProblemList(Model):
    """Các loại lỗi / Kinds of problems."""

    data: list[ProblemKind]
    count: int


class ProblemModel(Model):
    """Lỗi theo RFC 9457 / A problem as RFC 9457 has it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/docs/problems/query-invalid"])
    title: str
    status: int
    detail: str
    code: str
    place: str | None = Field(None, description="tham số, trường hay dòng gây lỗi / the parameter, field or line")
    fix: str | None = Field(None, description="cách sửa / what to do")
    instance: str | None = None
