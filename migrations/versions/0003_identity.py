"""People, tokens and their credentials"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def at(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def text(name: str, length: int | None = None, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable)


def person() -> list[sa.schema.SchemaItem]:
    return [text("username"), sa.ForeignKeyConstraint(["username"], ["platform.person.username"])]


def table(name: str, key: list[str], *parts: sa.schema.SchemaItem, index: str | None = None) -> None:
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*key), schema="platform")
    if index:
        op.create_index(f"ix_platform_{name}_{index}", name, [index], schema="platform")


def upgrade() -> None:
    op.add_column("person", at("deactivated_at", True), schema="platform")
    table("session", ["id"], text("id", 64), *person(), text("state", 7), text("method", 31), text("address"), text("agent"),
          at("created_at"), at("seen_at"), at("expires_at"), at("ended_at", True), index="username")  # fmt: skip
    table("totp", ["username"], *person(), text("secret"), at("created_at"), at("confirmed_at", True),
          sa.Column("last_step", sa.BigInteger(), nullable=False))  # fmt: skip
    table("recovery_code", ["hash"], text("hash", 64), *person(), at("used_at", True), index="username")
    table("passkey", ["id"], text("id"), *person(), text("name"), sa.Column("public_key", sa.LargeBinary(), nullable=False),
          sa.Column("sign_count", sa.BigInteger(), nullable=False), at("created_at"), at("last_used_at", True),
          at("removed_at", True), index="username")  # fmt: skip
    table("oidc_link", ["issuer", "subject"], text("issuer"), text("subject", 255), *person(), at("created_at"),
          at("removed_at", True), index="username")  # fmt: skip
    table("oauth_client", ["id"], text("id", 63), text("name"), text("agency_id"),
          sa.ForeignKeyConstraint(["agency_id"], ["platform.agency.id"]), text("secret_sha256", 64, True),
          sa.Column("jwks", postgresql.JSONB, nullable=True), sa.Column("scopes", sa.ARRAY(sa.String()), nullable=False),
          at("created_at"), text("created_by"), at("deactivated_at", True), index="agency_id")  # fmt: skip
    table("used_once", ["value"], text("value", 64), at("expires_at"))
    table(
        "attempt",
        ["key"],
        text("key", 64),
        sa.Column("failures", sa.Integer(), nullable=False),
        at("since"),
        at("until", True),
    )
    table("identity_event", ["id"], sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False), at("at"),
          text("who"), text("what"), text("about"))  # fmt: skip
    op.create_index("identity_event_at", "identity_event", ["at"], schema="platform")
    op.add_column("token", sa.Column("scopes", sa.ARRAY(sa.String()), nullable=True), schema="platform")
    op.add_column("token", text("client_id", None, True), schema="platform")
    op.create_foreign_key("token_client_id_fkey", "token", "oauth_client", ["client_id"], ["id"],
                          source_schema="platform", referent_schema="platform")  # fmt: skip
    op.add_column("token", at("last_used_at", True), schema="platform")
