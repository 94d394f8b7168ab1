"""The order in which members, tags and relationships were put in"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
TABLES = ("hosted_member", "hosted_tag", "hosted_relationship")


def upgrade() -> None:
    """Where a row lies in its table tells the order only until PostgreSQL uses its place again."""
    for table in TABLES:
        op.add_column(table, sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False), schema="platform")


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "number", schema="platform")
