"""The hosted catalogue: datasets, groups and people written through the Action API"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
P = "platform"

# One order of changes: whoever changes the catalogue waits for the one before, so that a number that is seen means
# that every smaller one is seen, too.
CHANGED = """
create sequence platform.hosted_change;
create function platform.hosted_changed() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  perform pg_advisory_xact_lock(hashtext('lienthong.hosted'));
  new.change := nextval('platform.hosted_change');
  return new;
end $$;
create function platform.hosted_gone() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  perform pg_advisory_xact_lock(hashtext('lienthong.hosted'));
  insert into platform.hosted_gone (change, object_type, object_id)
  values (nextval('platform.hosted_change'), tg_argv[0], to_jsonb(old) ->> tg_argv[1]);
  return null;
end $$;
"""
# What is shown in a package changes the package.
TOUCH = {
    "hosted_resource": "p.id in (select package_id from rows)",
    "hosted_table": "p.id in (select r.package_id from platform.hosted_resource r join rows on r.id = rows.resource_id)",
    "hosted_group": "p.owner_org in (select id from rows) or p.id in (select m.table_id from platform.hosted_member m "
    "join rows on rows.id = m.group_id where m.table_name = 'package')",
    "hosted_member": "p.id in (select table_id from rows where table_name = 'package')",
    "hosted_relationship": "p.id in (select subject_id from rows union all select object_id from rows)",
}
EVENTS = {"insert": "new", "update": "new", "delete": "old"}


def upgrade() -> None:
    _packages()
    _groups()
    _users()
    _rest()
    op.execute(CHANGED)
    for table in ("package", "resource", "group", "table"):
        op.execute(
            f"create trigger changed before insert or update on platform.hosted_{table} "
            "for each row execute function platform.hosted_changed()"
        )
    for table, key in {"package": "id", "group": "id", "table": "resource_id"}.items():
        op.execute(
            f"create trigger gone after delete on platform.hosted_{table} "
            f"for each row execute function platform.hosted_gone('{table}', '{key}')"
        )
    for table, condition in TOUCH.items():
        _touch(table, condition)


def _touch(table: str, condition: str) -> None:
    op.execute(
        f"create function platform.{table}_touch() returns trigger language plpgsql set search_path = pg_catalog as $$ "
        f"begin update platform.hosted_package p set change = 0 where {condition}; return null; end $$"
    )
    # The number of its rows is not shown in a package.
    for event in EVENTS if table != "hosted_table" else ("insert", "delete"):
        op.execute(
            f"create trigger touch_{event} after {event} on platform.{table} "
            f"referencing {EVENTS[event]} table as rows for each statement execute function platform.{table}_touch()"
        )


def text(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def key(name: str = "id") -> sa.Column:
    return sa.Column(name, sa.Text(), primary_key=True)


def owned(name: str, target: str, primary: bool = False) -> sa.Column:
    return sa.Column(
        name, sa.Text(), sa.ForeignKey(f"platform.{target}.id", ondelete="CASCADE"), primary_key=primary, nullable=False
    )


def at(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def body(name: str = "body", default: str = "{}") -> sa.Column:
    return sa.Column(name, postgresql.JSONB, nullable=False, server_default=sa.text(f"'{default}'::jsonb"))


def texts(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"))


def changing() -> sa.Column:
    return sa.Column("change", sa.BigInteger(), nullable=False, server_default="0")


def whole(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def table(name: str, *parts: sa.schema.SchemaItem, indexed: tuple[str, ...] = ()) -> None:
    op.create_table(name, *parts, schema=P)
    for column in indexed:
        op.create_index(f"ix_platform_{name}_{column}", name, [column], schema=P)


def _packages() -> None:
    table("hosted_package", key(), text("name"), text("state"), sa.Column("private", sa.Boolean(), nullable=False),
          text("owner_org", True), text("creator", True), text("type"), at("created"), at("modified"), body(),
          body("plugin_data"), changing(), indexed=("owner_org", "creator", "change"))  # fmt: skip
    # The name of a deleted dataset is free.
    op.create_index("hosted_package_name", "hosted_package", ["name"], unique=True, schema=P,
                    postgresql_where=sa.text("state <> 'deleted'"))  # fmt: skip
    table("hosted_resource", key(), owned("package_id", "hosted_package"), sa.Column("position", sa.Integer(), nullable=False),
          text("state"), body(), sa.Column("upload_sha256", sa.String(64)), text("upload_name", True), changing(),
          indexed=("package_id", "upload_sha256"))  # fmt: skip
    table("hosted_upload", sa.Column("sha256", sa.String(64), primary_key=True), key("owner"), whole("size"),
          text("media_type"), at("created"))  # fmt: skip
    table("hosted_view", key(), owned("resource_id", "hosted_resource"), sa.Column("position", sa.Integer(), nullable=False),
          body(), indexed=("resource_id",))  # fmt: skip
    table("hosted_relationship", key(), owned("subject_id", "hosted_package"), owned("object_id", "hosted_package"),
          text("type"), text("comment", True), sa.UniqueConstraint("subject_id", "object_id", "type"),
          indexed=("subject_id", "object_id"))  # fmt: skip
    table("hosted_collaborator", owned("package_id", "hosted_package", primary=True), key("user_id"), text("capacity"),
          at("modified"), indexed=("user_id",))  # fmt: skip
    table("hosted_table", owned("resource_id", "hosted_resource", primary=True), body("fields", "[]"), texts("primary_key"),
          body("indexes", "[]"), texts("aliases"), body("triggers", "[]"), whole("rows"), changing(),
          indexed=("change",))  # fmt: skip
    op.create_index("hosted_table_aliases", "hosted_table", ["aliases"], schema=P, postgresql_using="gin")
    table("hosted_gone", sa.Column("change", sa.BigInteger(), primary_key=True, autoincrement=False), text("object_type"),
          text("object_id"))  # fmt: skip


def _groups() -> None:
    table("hosted_group", key(), text("name"), text("kind"), text("state"), at("created"), body(), changing(),
          sa.UniqueConstraint("name"), indexed=("change",))  # fmt: skip
    table("hosted_member", key(), text("group_id"), text("table_name"), text("table_id"), text("capacity"), text("state"),
          sa.UniqueConstraint("group_id", "table_name", "table_id"))  # fmt: skip
    op.create_index("hosted_member_table", "hosted_member", ["table_name", "table_id"], schema=P)


def _users() -> None:
    table("hosted_user", key(), text("name"), text("email", True), text("state"),
          sa.Column("sysadmin", sa.Boolean(), nullable=False), text("password_hash", True), text("person_id", True),
          at("created"), at("last_active", True), body(), sa.UniqueConstraint("name"), sa.UniqueConstraint("person_id"))  # fmt: skip
    table("hosted_token", key(), owned("user_id", "hosted_user"), text("name"), sa.Column("sha256", sa.String(64), nullable=False),
          at("created_at"), at("last_access", True), sa.Column("revoked", sa.Boolean(), nullable=False),
          sa.UniqueConstraint("sha256"), indexed=("user_id",))  # fmt: skip
    table("hosted_follow", key("follower_id"), key("object_type"), key("object_id"), at("at"))
    op.create_index("hosted_follow_object", "hosted_follow", ["object_type", "object_id"], schema=P)
    table("hosted_activity", sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=True), text("id"),
          at("timestamp"), text("user_id"), text("object_id"), text("activity_type"), body("data"),
          sa.Column("permission_labels", postgresql.ARRAY(sa.Text())), sa.UniqueConstraint("id"))  # fmt: skip
    op.create_index("hosted_activity_object", "hosted_activity", ["object_id", "number"], schema=P)
    op.create_index("hosted_activity_user", "hosted_activity", ["user_id", "number"], schema=P)


def _rest() -> None:
    table("hosted_vocabulary", key(), text("name"), sa.UniqueConstraint("name"))
    vocabulary = sa.ForeignKey("platform.hosted_vocabulary.id", ondelete="CASCADE")
    table("hosted_tag", key(), text("name"), sa.Column("vocabulary_id", sa.Text(), vocabulary))
    op.create_index("hosted_tag_name", "hosted_tag", ["name", "vocabulary_id"], unique=True, schema=P,
                    postgresql_nulls_not_distinct=True)  # fmt: skip
    table("hosted_setting", key("kind"), key("key"), body())
