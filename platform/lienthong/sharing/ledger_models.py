"""What the endpoints of the ledger answer with; also the schemas of the OpenAPI document."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from lienthong.kernel.text import Bilingual
from lienthong.sharing.models import Model

PRINTED = r"^[^\x00-\x1f]+$"


class Published(Model):
    """Điểm niêm phong mới nhất và khóa để kiểm tra / The newest checkpoint, and the key to check it with."""

    origin: str
    size: int = Field(description="số mục đã niêm phong / number of sealed entries")
    root: str = Field(description="gốc cây Merkle, base64 / root of the Merkle tree, base64")
    at: str
    key: str = Field(description="C2SP signed-note: tên+mã+khóa / name+id+key")
    note: str = Field(description="C2SP tlog-checkpoint, đã ký / signed")


class CheckpointInfo(Model):
    """Một điểm niêm phong / A checkpoint."""

    size: int
    root: str
    at: str
    note: str


class CheckpointList(Model):
    """Các điểm niêm phong / Checkpoints."""

    data: list[CheckpointInfo]
    next: int | None = Field(description="gửi lại trong after / send it back in after")


class Growth(Model):
    """Bằng chứng sổ chỉ thêm, RFC 9162 / That the ledger only grew."""

    old: CheckpointInfo
    new: CheckpointInfo
    path: list[str]


class EntryProof(Model):
    """Một mục nằm trong cây / That an entry is in the tree."""

    number: int
    line: str = Field(
        description="byte chuẩn của mục; lá = SHA-256(0x00 + UTF-8) / canonical bytes; the leaf's preimage"
    )
    leaf: str
    path: list[str]


class ReceiptProof(Model):
    """Bằng chứng của một biên nhận, RFC 9162 / The proof of a receipt."""

    receipt: uuid.UUID
    size: int
    root: str
    note: str
    key: str
    entries: list[EntryProof]


class LedgerItem(Model):
    """Một lần đọc / An access."""

    at: datetime
    receipt: uuid.UUID
    subject: str
    role: str | None
    agency: str | None
    dataset: str
    fields: list[str]
    condition: dict[str, Any] | None
    rows: int | None
    purpose: str
    agreement: str | None
    surface: str
    state: str
    context: dict[str, str] | None
    number: int | None = Field(description="null: chờ niêm phong / waits for its seal")


class LedgerItems(Model):
    """Các lần đọc, mới nhất trước / Accesses, newest first."""

    data: list[LedgerItem]
    next: str | None = Field(description="gửi lại trong cursor / send it back in cursor")


class ReceiverInfo(Model):
    """Cơ quan đã đọc / The agency that read."""

    id: str | None
    name: Bilingual


class PersonalAccess(Model):
    """Một lần truy cập dữ liệu của một người / An access to a person's data."""

    at: datetime
    action: str = Field(description="read | look_up")
    dataset: str
    title: Bilingual
    fields: list[str]
    agency: ReceiverInfo
    purpose: str
    purpose_title: Bilingual
    agreement: str | None
    legal_basis: str | None
    receipt: uuid.UUID
    sealed: bool


class PersonalAccesses(Model):
    """Ai đã đọc dữ liệu / Who has read the data."""

    data: list[PersonalAccess]
    datasets: list[str] = Field(description="các bộ dữ liệu đã tìm / the datasets that were looked in")
    records: int = Field(description="số bản ghi của người đó, cả lịch sử / records of the person, past ones too")
    next: str | None
    receipt: uuid.UUID | None = Field(description="biên nhận của chính lần tra cứu / receipt of the look-up itself")


class LookUp(Model):
    """Tra cứu thay một người / A look-up for somebody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identifier: str = Field(min_length=1, max_length=63)
    value: str = Field(min_length=1, max_length=100, pattern=PRINTED)
    reason: str = Field(min_length=10, max_length=500, pattern=PRINTED)
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=200)
