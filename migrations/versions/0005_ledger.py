"""The sealed ledger"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What was sealed stays, for its owner too: whoever must change it switches this trigger off, which is seen.
KEPT = """
create function platform.ledger_kept() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'the ledger is append only: % on % refused', tg_op, tg_table_name using errcode = '42501';
end $$;
create trigger kept before update or delete or truncate on platform.ledger_log
  for each statement execute function platform.ledger_kept();
create trigger kept before update or delete or truncate on platform.ledger_checkpoint
  for each statement execute function platform.ledger_kept();
create trigger kept before update or truncate on platform.ledger
  for each statement execute function platform.ledger_kept();
"""
# Entries leave the inbox only in a transaction that says so.
MOVED = """
create function platform.ledger_moved() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if coalesce(current_setting('lienthong.sealing', true), '') <> 'on' then
    raise exception 'the ledger is append only: DELETE on % refused', tg_table_name using errcode = '42501';
  end if;
  return null;
end $$;
create trigger moved before delete on platform.ledger
  for each statement execute function platform.ledger_moved();
"""


def upgrade() -> None:
    op.create_table(
        "ledger_log",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receipt", sa.Uuid(), nullable=False),
        sa.Column("writer", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("role", sa.String()),
        sa.Column("agency", sa.String()),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("fields", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("condition", postgresql.JSONB),
        sa.Column("keys", sa.ARRAY(sa.BigInteger())),
        sa.Column("rows", sa.Integer()),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("agreement", sa.String()),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("context", postgresql.JSONB),
        sa.Column("leaf", postgresql.BYTEA, nullable=False),
        schema="platform",
    )
    op.create_index("ledger_log_at", "ledger_log", ["at"], schema="platform")
    op.create_index("ledger_log_writer", "ledger_log", ["writer", "sequence"], schema="platform")
    op.create_index("ledger_log_receipt", "ledger_log", ["receipt"], schema="platform")
    op.create_index("ledger_log_dataset", "ledger_log", ["dataset", "at"], schema="platform")
    op.create_index("ledger_log_keys", "ledger_log", ["keys"], schema="platform", postgresql_using="gin")
    op.create_table(
        "ledger_tile",
        sa.Column("level", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hashes", postgresql.BYTEA, nullable=False),
        schema="platform",
    )
    op.create_table(
        "ledger_checkpoint",
        sa.Column("size", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("root", postgresql.BYTEA, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        schema="platform",
    )
    op.drop_index("ledger_at", table_name="ledger", schema="platform")  # the inbox is short and must be quick
    for statement in (KEPT, MOVED):
        op.execute(statement)
