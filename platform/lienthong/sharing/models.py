"""What the endpoints of agreements answer with; also the schemas of the OpenAPI document."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lienthong.governance.agreements.states import Action, State
from lienthong.kernel.text import Bilingual


class Model(BaseModel):
    """The base of all of them."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Party(Model):
    """Một bên của thỏa thuận / A side of an agreement."""

    id: str
    name: Bilingual


class SharedDataset(Model):
    """Bộ dữ liệu được chia sẻ / The dataset that is shared."""

    name: str
    title: Bilingual


class SharedField(Model):
    """Một mục tin được chia sẻ / A field that is shared."""

    name: str
    title: Bilingual
    classification: str
    mask: str | None = Field(description="cách che; null: giá trị thật / the mask; null: the value itself")


class Purpose(Model):
    """Mục đích / A purpose."""

    code: str
    title: Bilingual


class Item(Model):
    """Một mục của Điều 38 / An item of Article 38."""

    number: int = Field(ge=1, le=12)
    title: Bilingual
    text: Bilingual


class Event(Model):
    """Một bước / A step."""

    at: datetime
    who: str
    agency: str | None
    what: str
    state: str
    reason: str | None
    note: str


class AgreementLinks(Model):
    """Các địa chỉ / Addresses."""

    self: str
    odrl: str
    page: str


class AgreementSummary(Model):
    """Một thỏa thuận / An agreement."""

    id: str
    state: State
    version: int = Field(description="gửi lại trong If-Match / send it back in If-Match")
    provider: Party
    consumer: Party
    dataset: SharedDataset
    purpose: Purpose
    valid_from: date
    expires: date
    requested_at: datetime
    answer_due: date | None = Field(description="hạn trả lời, theo ngày làm việc / answer due, by working days")
    answer_due_note: Bilingual | None = Field(
        description="vì sao hạn còn có thể đổi: lịch nghỉ dự kiến / why the day may still move: provisional days off"
    )
    answered_at: datetime | None
    answered_in_time: bool | None
    overdue: bool = Field(description="quá hạn mà chưa trả lời / waiting past its day")
    suspend_from: date | None
    suspend_until: date | None
    actions: list[Action] = Field(description="bạn có thể làm gì lúc này / what you may do now")
    links: AgreementLinks


class AgreementDetail(AgreementSummary):
    """Một thỏa thuận với mọi nội dung và lịch sử / An agreement with all its contents and its history."""

    fields: list[SharedField]
    where: dict[str, Any] | None
    legal_basis: str
    quota: int | None = Field(description="số dòng mỗi ngày; null: không giới hạn / rows a day; null: no limit")
    application: str
    frequency: str
    renews: str | None
    requested_by: str
    items: list[Item] = Field(description="12 mục của NĐ 47/2020 Điều 38 / the 12 items of Article 38")
    history: list[Event]


class TimelinessModel(Model):
    """Chỉ tiêu trả lời đúng hạn / Requests answered in time."""

    answered: int
    in_time: int
    share: float | None = Field(description="0 đến 1 / 0 to 1")
    waiting: int
    overdue: int


class AgreementList(Model):
    """Các thỏa thuận của bạn, mới nhất trước / Your agreements, the latest first."""

    data: list[AgreementSummary]
    count: int
    timeliness: TimelinessModel
