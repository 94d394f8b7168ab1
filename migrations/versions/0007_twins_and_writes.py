"""Synthetic twins and writes"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
EMPTY = sa.text("'{}'::jsonb")


def upgrade() -> None:
    _twins()


def _twins() -> None:
    op.create_table(
        "twin",
        sa.Column("dataset", sa.String(63), primary_key=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("statistics", postgresql.JSONB, nullable=False, server_default=EMPTY),
        sa.Column("unmet", postgresql.JSONB, nullable=False, server_default=EMPTY),
        schema="platform",
    )
