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
    _writes()


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


def _writes() -> None:
    op.add_column("run", sa.Column("kind", sa.String(), nullable=False, server_default="delivery"), schema="platform")
    op.create_table(
        "writing",
        sa.Column("run", sa.Uuid(), sa.ForeignKey("platform.run.id"), primary_key=True),
        sa.Column("dataset", sa.String(63), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("agency", sa.String()),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("key", postgresql.JSONB),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("if_match", sa.String()),
        sa.Column("if_none_match", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String()),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("context", postgresql.JSONB, nullable=False, server_default=EMPTY),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.String()),
        sa.UniqueConstraint("subject", "idempotency_key"),
        schema="platform",
    )
    # The API may ask for a write, and nothing else of the queue: the trigger puts it there, in the same transaction.
    op.execute(
        """
        create function platform.queue_write() returns trigger
        language plpgsql security definer set search_path = jobs, pg_temp as $$
        begin
          if to_regclass('jobs.procrastinate_jobs') is not null then
            insert into jobs.procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args) values
              ('data', 'write', 10, 'write:' || new.run, jsonb_build_object('dataset', new.dataset, 'run', new.run));
          end if;
          return new;
        end $$
        """
    )
    op.execute("revoke all on function platform.queue_write() from public")
    op.execute(
        "create trigger queued after insert on platform.writing for each row execute function platform.queue_write()"
    )
