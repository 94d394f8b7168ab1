"""Change feed and webhooks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

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
    _webhooks()


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agency", sa.String(), sa.ForeignKey("platform.agency.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("created_by", "url")),
        sa.Column("dataset", sa.String(63), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("purpose", sa.String()),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("secret", "cursor")),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason", postgresql.JSONB),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        schema=P,
    )
    op.create_index("webhook_agency", "webhook", ["agency"], schema=P)
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("webhook", sa.Uuid(), sa.ForeignKey("platform.webhook.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("since", "next")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("count", "attempts")),
        sa.Column("status", sa.Integer()),
        *(sa.Column(name, sa.String()) for name in ("error", "receipt")),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        schema=P,
    )
    op.create_index("webhook_message_sent", "webhook_message", ["webhook", "sent_at"], schema=P)
