"""What is sent and answered. Members that are not here are refused, never stored."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from lienthong.governance.identity.clients import ClientInfo
from lienthong.governance.identity.people import LONGEST_PASSWORD, SHORTEST_PASSWORD, USERNAME, PersonInfo
from lienthong.governance.identity.tokens import DAYS, MOST_DAYS, TokenInfo
from lienthong.governance.subject import Role
from lienthong.kernel.text import nfc

Line = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(nfc)
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9_.-]+$")]
Scope = Annotated[str, StringConstraints(max_length=80, pattern=r"^[a-z]+(:[a-z0-9*-]+)?$")]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=100, examples=[["read:*"]])]
Password = Annotated[str, StringConstraints(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]
Identifiers = Annotated[dict[Name, Line], Field(max_length=10)]


class Given(BaseModel):
    """A body that is sent to us."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewToken(Given):
    """A token to be made."""

    label: Line = Field(description="để nhận ra / to tell it from others", examples=["Máy chủ tra cứu"])
    scopes: Scopes = Field(description="read:<dataset>, read:*, write:<dataset>, write:*, agreements, tokens, admin")
    days: int = Field(default=DAYS, ge=1, le=MOST_DAYS, description="hết hạn sau số ngày / expires after so many days")
    agency: Name | None = Field(
        default=None, description="mã của cơ quan, chỉ quản trị / of an agency, administrators only"
    )


class NewPerson(Given):
    """A person to be made."""

    username: Annotated[str, StringConstraints(pattern=USERNAME)] = Field(examples=["lan.nguyen"])
    name: Line = Field(examples=["Nguyễn Thị Lan"])
    role: Role
    agency: Name | None = None
    password: Password | None = Field(
        default=None, description="không gửi: tạo mật khẩu ngẫu nhiên, trả về một lần / absent: one is made, told once"
    )
    identifiers: Identifiers = Field(
        default_factory=dict, description="số nhận biết trong các bộ dữ liệu / numbers that datasets know the person by"
    )


class PersonChange(Given):
    """What is to be changed of a person."""

    name: Line | None = None
    role: Role | None = None
    agency: Name | None = None
    active: bool | None = Field(default=None, description="false: không đăng nhập được nữa / may not come in any more")
    identifiers: Identifiers | None = None


class NewClient(Given):
    """An OAuth client to be made."""

    name: Line = Field(examples=["Hệ thống một cửa"])
    agency: Name
    scopes: Scopes
    jwks: dict[str, Any] | None = Field(
        default=None, description="khóa công khai (RFC 7517); không gửi: tạo bí mật / public keys; absent: a secret"
    )


class ClientKeys(Given):
    """Other public keys of a client."""

    jwks: dict[str, Any] = Field(description="khóa công khai (RFC 7517) / public keys", examples=[{"keys": []}])


class TokenModel(BaseModel):
    """A token; never the token itself."""

    id: uuid.UUID
    label: str
    username: str | None
    agency: str | None
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenAnswer(BaseModel):
    """One token."""

    data: TokenModel


class TokenMade(TokenAnswer):
    """A token that was just made."""

    token: str = Field(description="hiện một lần / told once")


class TokenList(BaseModel):
    """The caller's tokens."""

    data: list[TokenModel]
    count: int


class PersonModel(BaseModel):
    """A person."""

    username: str
    name: str
    role: str
    agency: str | None
    identified_by: list[str]
    active: bool


class PersonAnswer(BaseModel):
    """One person."""

    data: PersonModel


class PersonMade(PersonAnswer):
    """A person that was just made."""

    password: str | None = Field(description="hiện một lần, khi được tạo ở đây / told once, when it was made here")


class PersonList(BaseModel):
    """Everybody."""

    data: list[PersonModel]
    count: int


class ClientModel(BaseModel):
    """An OAuth client."""

    id: str
    name: str
    agency: str
    method: str
    keys: list[str] = Field(description="kid của các khóa công khai / of its public keys")
    scopes: list[str]
    created_at: datetime
    created_by: str
    active: bool


class ClientAnswer(BaseModel):
    """One client."""

    data: ClientModel


class ClientMade(ClientAnswer):
    """A client that was just made."""

    secret: str | None = Field(description="hiện một lần; null: dùng khóa công khai / told once; null: public keys")
    old_until: datetime | None = Field(
        default=None, description="bí mật cũ còn dùng được đến lúc này / until when the old secret is taken"
    )


class ClientList(BaseModel):
    """Every client."""

    data: list[ClientModel]
    count: int


def token(found: TokenInfo) -> TokenModel:
    """What is told of a token."""
    return TokenModel.model_validate(found, from_attributes=True, strict=False)


def person(found: PersonInfo) -> PersonModel:
    """What is told of a person."""
    return PersonModel(
        username=found.username,
        name=found.name,
        role=found.role,
        agency=found.agency,
        identified_by=list(found.identified_by),
        active=found.deactivated_at is None,
    )


def client(found: ClientInfo) -> ClientModel:
    """What is told of a client."""
    return ClientModel(
        id=found.id,
        name=found.name,
        agency=found.agency,
        method=found.method,
        keys=list(found.keys),
        scopes=list(found.scopes),
        created_at=found.created_at,
        created_by=found.created_by,
        active=found.deactivated_at is None,
    )
