"""Releases: approval, schedule, review, withdrawal; and every step in their lives"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column("drafted_by", sa.String(), nullable=False, server_default=""),
    sa.Column("approved_by", sa.String()),
    sa.Column("approved_at", sa.DateTime(timezone=True)),
    sa.Column("publish_at", sa.DateTime(timezone=True)),
    sa.Column("review_due", sa.Date()),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
    sa.Column("withdrawn_reason", JSONB()),
    sa.Column("successor", sa.Integer()),
    sa.Column("problem", JSONB()),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("release", column, schema="platform")
    # What was published before has its review six months after.
    op.execute(
        "update platform.release set review_due = (published_at + interval '6 months')::date where state = 'published'"
    )
    op.create_table(
        "release_step",
        sa.Column("id", UUID(as_uuid=True), primary_key=True),
        sa.Column("dataset", sa.String(63), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("problem", JSONB()),
        schema="platform",
    )
    op.create_index("release_step_dataset", "release_step", ["dataset", "asked_at"], schema="platform")
    op.create_index(
        "release_step_waiting",
        "release_step",
        ["asked_at"],
        schema="platform",
        postgresql_where=sa.text("state = 'asked'"),
    )
