"""The tables of the hosted catalogue (schema `platform`).

Whatever is shown in a package has a number, `change`, that triggers raise with every change (migration 0009): a reader
fetches only packages with a greater one. Write inside `lienthong.catalog.hosted.writing.writing`.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Sequence, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from lienthong.kernel.clock import now
from lienthong.store.tables import METADATA, PlatformTable, json_column

CHANGE = Sequence("hosted_change", metadata=METADATA, schema="platform")
APP: dict[str, Any] = {"info": {"app": "select, insert, update, delete"}}
ACTIVE, DELETED, DRAFT = "active", "deleted", "draft"


def new_id() -> str:
    """A new id, as CKAN makes them."""
    return str(uuid.uuid4())


def moment() -> Any:
    """A column that holds a moment."""
    return Column(DateTime(timezone=True), nullable=False)


def changed(*, index: bool = False) -> Any:
    """The number of the last change; set by a trigger."""
    return Column(BigInteger, nullable=False, server_default=text("0"), index=index)


def numbered() -> Any:
    """The order in which the rows were put in."""
    return Column(BigInteger, Identity(), nullable=False)


def owned(target: str, *, primary: bool = False, index: bool = True) -> Any:
    """A column that names the row without which this one is not."""
    key = ForeignKey(f"platform.{target}.id", ondelete="CASCADE")
    return Column(Text, key, primary_key=primary, nullable=False, index=index and not primary)


class HostedPackage(PlatformTable, table=True):
    """A dataset that has no contract. `body`: its other CKAN fields; `tags` with ids, `extras` in the given order.

    Its groups stand in `hosted_member` (table_name package), its organization only in `owner_org`.
    """

    __tablename__ = "hosted_package"
    __table_args__ = (
        Index("hosted_package_name", "name", unique=True, postgresql_where=text("state <> 'deleted'")),
        APP,
    )

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    name: str = Field(sa_type=Text)
    state: str = Field(default=ACTIVE, sa_type=Text)
    private: bool = False
    owner_org: str | None = Field(default=None, index=True, sa_type=Text)
    creator: str | None = Field(default=None, index=True, sa_type=Text)
    type: str = Field(default="dataset", sa_type=Text)
    created: datetime = Field(default_factory=now, sa_column=moment())
    modified: datetime = Field(default_factory=now, sa_column=moment())
    body: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    plugin_data: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    change: int = Field(default=0, sa_column=changed(index=True))


class HostedResource(PlatformTable, table=True):
    """A file or link of a package; a deleted one stays, out of sight. The upload, if any, is a content of our own."""

    __tablename__ = "hosted_resource"
    __table_args__ = APP

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    package_id: str = Field(sa_column=owned("hosted_package"))
    position: int = 0
    state: str = Field(default=ACTIVE, sa_type=Text)
    body: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    upload_sha256: str | None = Field(default=None, index=True, max_length=64)
    upload_name: str | None = Field(default=None, sa_type=Text)
    change: int = Field(default=0, sa_column=changed())


class HostedUpload(PlatformTable, table=True):
    """A content that was uploaded, once, whoever refers to it; `owner` (an organization, or a user) bears its quota."""

    __tablename__ = "hosted_upload"
    __table_args__ = APP

    sha256: str = Field(primary_key=True, max_length=64)
    owner: str = Field(default="", primary_key=True, sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    media_type: str = Field(sa_type=Text)
    created: datetime = Field(default_factory=now, sa_column=moment())


class HostedView(PlatformTable, table=True):
    """How a resource is shown; `body` holds title, description, view_type and the settings of the view."""

    __tablename__ = "hosted_view"
    __table_args__ = APP

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    resource_id: str = Field(sa_column=owned("hosted_resource"))
    position: int = 0
    body: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class HostedGroup(PlatformTable, table=True):
    """A group or an organization that has no contract; `body`: its other CKAN fields."""

    __tablename__ = "hosted_group"
    __table_args__ = APP

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    name: str = Field(unique=True, sa_type=Text)
    kind: str = Field(default="group", sa_type=Text)  # organization | group
    state: str = Field(default=ACTIVE, sa_type=Text)
    created: datetime = Field(default_factory=now, sa_column=moment())
    body: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    change: int = Field(default=0, sa_column=changed(index=True))


class HostedMember(PlatformTable, table=True):
    """Who or what belongs to a group. A package's organization is no member row: it is the package's `owner_org`."""

    __tablename__ = "hosted_member"
    __table_args__ = (
        UniqueConstraint("group_id", "table_name", "table_id"),
        Index("hosted_member_table", "table_name", "table_id"),
        APP,
    )

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    group_id: str = Field(sa_type=Text)  # no foreign key: people can be members of an agency's organization
    table_name: str = Field(sa_type=Text)  # user | package | group
    table_id: str = Field(sa_type=Text)
    capacity: str = Field(default="public", sa_type=Text)
    state: str = Field(default=ACTIVE, sa_type=Text)
    number: int | None = Field(default=None, sa_column=numbered())


class HostedUser(PlatformTable, table=True):
    """A user of the Action API."""

    __tablename__ = "hosted_user"
    __table_args__ = APP

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    name: str = Field(unique=True, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    state: str = Field(default=ACTIVE, sa_type=Text)
    sysadmin: bool = False
    password_hash: str | None = Field(default=None, sa_type=Text)
    person_id: str | None = Field(default=None, unique=True, sa_type=Text)  # username of a person of the portal
    created: datetime = Field(default_factory=now, sa_column=moment())
    last_active: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    body: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class HostedToken(PlatformTable, table=True):
    """A token of a user: only its hash is kept."""

    __tablename__ = "hosted_token"
    __table_args__ = APP

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)  # CKAN's jti
    user_id: str = Field(sa_column=owned("hosted_user"))
    name: str = Field(sa_type=Text)
    sha256: str = Field(unique=True, max_length=64)
    created_at: datetime = Field(default_factory=now, sa_column=moment())
    last_access: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    revoked: bool = False


class HostedVocabulary(PlatformTable, table=True):
    """A list of tags with a name."""

    __tablename__ = "hosted_vocabulary"
    __table_args__ = APP

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    name: str = Field(unique=True, sa_type=Text)


class HostedTag(PlatformTable, table=True):
    """A tag: free, or of a vocabulary."""

    __tablename__ = "hosted_tag"
    __table_args__ = (
        Index("hosted_tag_name", "name", "vocabulary_id", unique=True, postgresql_nulls_not_distinct=True),
        APP,
    )

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    name: str = Field(sa_type=Text)
    vocabulary_id: str | None = Field(
        default=None, sa_column=Column(Text, ForeignKey("platform.hosted_vocabulary.id", ondelete="CASCADE"))
    )
    number: int | None = Field(default=None, sa_column=numbered())


class HostedFollow(PlatformTable, table=True):
    """A user follows a dataset, a group or a user."""

    __tablename__ = "hosted_follow"
    __table_args__ = (Index("hosted_follow_object", "object_type", "object_id"), APP)

    follower_id: str = Field(primary_key=True, sa_type=Text)
    object_type: str = Field(primary_key=True, sa_type=Text)  # dataset | group | user
    object_id: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(default_factory=now, sa_column=moment())


class HostedActivity(PlatformTable, table=True):
    """What somebody did. `number` keeps the order of rows of one moment.

    `permission_labels`: who may see it, when it is about a package: `public`, or the members of an organization.
    """

    __tablename__ = "hosted_activity"
    __table_args__ = (
        Index("hosted_activity_object", "object_id", "number"),
        Index("hosted_activity_user", "user_id", "number"),
        APP,
    )

    number: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    id: str = Field(default_factory=new_id, unique=True, sa_type=Text)
    timestamp: datetime = Field(default_factory=now, sa_column=moment())
    user_id: str = Field(sa_type=Text)
    object_id: str = Field(sa_type=Text)
    activity_type: str = Field(sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    permission_labels: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))


class HostedSetting(PlatformTable, table=True):
    """A value that an action keeps by name: config | task | translation."""

    __tablename__ = "hosted_setting"
    __table_args__ = APP

    kind: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    body: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class HostedRelationship(PlatformTable, table=True):
    """A package depends on, is derived from, links to or is part of another."""

    __tablename__ = "hosted_relationship"
    __table_args__ = (UniqueConstraint("subject_id", "object_id", "type"), APP)

    id: str = Field(primary_key=True, default_factory=new_id, sa_type=Text)
    subject_id: str = Field(sa_column=owned("hosted_package"))
    object_id: str = Field(sa_column=owned("hosted_package"))
    type: str = Field(sa_type=Text)
    comment: str | None = Field(default=None, sa_type=Text)
    number: int | None = Field(default=None, sa_column=numbered())


class HostedCollaborator(PlatformTable, table=True):
    """A user who may see or change one package."""

    __tablename__ = "hosted_collaborator"
    __table_args__ = APP

    package_id: str = Field(sa_column=owned("hosted_package", primary=True))
    user_id: str = Field(primary_key=True, index=True, sa_type=Text)
    capacity: str = Field(sa_type=Text)  # admin | editor | member
    modified: datetime = Field(default_factory=now, sa_column=moment())


class HostedTable(PlatformTable, table=True):
    """The rows of a resource in the DataStore: a table of the schema `hosted`."""

    __tablename__ = "hosted_table"
    __table_args__ = (Index("hosted_table_aliases", "aliases", postgresql_using="gin"), APP)

    resource_id: str = Field(sa_column=owned("hosted_resource", primary=True))
    fields: list[Any] = Field(default_factory=list, sa_column=json_column("[]"))
    primary_key: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'"))
    )
    indexes: list[Any] = Field(default_factory=list, sa_column=json_column("[]"))
    aliases: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'"))
    )
    triggers: list[Any] = Field(default_factory=list, sa_column=json_column("[]"))
    rows: int = Field(default=0, sa_type=BigInteger)
    change: int = Field(default=0, sa_column=changed(index=True))


class HostedGone(PlatformTable, table=True):
    """What is not there any more, for readers that keep a copy: written by triggers."""

    __tablename__ = "hosted_gone"
    __table_args__ = APP

    change: int = Field(sa_column=Column(BigInteger, primary_key=True))
    object_type: str = Field(sa_type=Text)  # package | group | table
    object_id: str = Field(sa_type=Text)
