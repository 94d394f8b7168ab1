"""Change feed and webhooks"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
P = "platform"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("row_id", sa.BigInteger), schema=P)
    op.drop_index("ix_platform_outbox_dataset", table_name="outbox", schema=P)
    op.create_index("outbox_dataset_id", "outbox", ["dataset", "id"], schema=P)
    # A follower reads as its agency's role: which rows changed and when, never their keys.
    op.execute("grant select (id, dataset, op, at, row_id) on platform.outbox to lienthong_agency")
