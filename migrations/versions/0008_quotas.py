"""Rows read under each agreement and day"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Sealing counts: an entry is in the inbox or in here, never in both and never in neither.
COUNTED = """
create function platform.ledger_counted() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  insert into platform.agreement_use (agreement, day, rows)
  select a.id, (e.at at time zone 'Asia/Ho_Chi_Minh')::date, sum(e.rows)
  from added e join platform.agreement a on a.id = e.agreement
  where e.kind = 'read' and e.rows > 0 group by 1, 2
  on conflict (agreement, day) do update set rows = platform.agreement_use.rows + excluded.rows;
  return null;
end $$;
create trigger counted after insert on platform.ledger_log referencing new table as added
  for each statement execute function platform.ledger_counted();
"""


def upgrade() -> None:
    op.create_table(
        "agreement_use",
        sa.Column("agreement", sa.String(63), sa.ForeignKey("platform.agreement.id"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agreement", "day"),
        schema="platform",
    )
    op.execute(COUNTED)
