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
    op.add_column("person", sa.Column("identifiers", postgresql.JSONB, nullable=False, server_default=EMPTY), schema="platform")
