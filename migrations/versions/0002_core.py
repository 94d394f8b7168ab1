"""Purposes, masks and the ledger's columns"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
EMPTY = sa.text("'{}'::jsonb")


def upgrade() -> None:
    op.add_column(
        "person", sa.Column("identifiers", postgresql.JSONB, nullable=False, server_default=EMPTY), schema="platform"
    )
    op.alter_column(
        "ledger",
        "request_id",
        new_column_name="receipt",
        type_=sa.Uuid(),
        postgresql_using="request_id::uuid",
        schema="platform",
    )
    op.alter_column("ledger", "at", server_default=sa.text("clock_timestamp()"), schema="platform")
    op.alter_column(
        "ledger", "condition", type_=postgresql.JSONB, nullable=True, postgresql_using="null::jsonb", schema="platform"
    )
    for column in (
        sa.Column(
            "writer", sa.Uuid(), nullable=False, server_default=sa.text("'00000000-0000-0000-0000-000000000000'")
        ),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("keys", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("state", sa.String(), nullable=False, server_default="current"),
        sa.Column("context", postgresql.JSONB, nullable=True),
    ):
        op.add_column("ledger", column, schema="platform")
    op.execute("update platform.ledger set sequence = id")
    op.alter_column("ledger", "sequence", nullable=False, schema="platform")
    op.alter_column("ledger", "writer", server_default=None, schema="platform")
    op.create_index("ledger_writer_sequence", "ledger", ["writer", "sequence"], unique=True, schema="platform")
