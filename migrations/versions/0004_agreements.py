"""Agreements and their history"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
EMPTY, BLANK = sa.text("'{}'"), sa.text("''")

# The API's own login may ask, answer and end; what an agreement says never changes, and only the owner makes it active.
GUARD = """
create function platform.agreement_guard() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if current_user <> 'lienthong_app' then return new; end if;
  if tg_op = 'INSERT' then
    if new.state <> 'requested' or new.applied is not null then
      raise insufficient_privilege using message = 'an agreement begins as a request';
    end if;
    return new;
  end if;
  if new.state = 'active' and old.state <> 'active' then
    raise insufficient_privilege using message = 'only the owner makes an agreement active';
  end if;
  if (new.id, new.provider, new.consumer, new.dataset, new.fields, new.clear, new.condition, new.purpose, new.legal_basis,
      new.quota, new.valid_from, new.expires, new.renews, new.clauses, new.requested_at, new.requested_by, new.answer_due,
      new.applied)
     is distinct from
     (old.id, old.provider, old.consumer, old.dataset, old.fields, old.clear, old.condition, old.purpose, old.legal_basis,
      old.quota, old.valid_from, old.expires, old.renews, old.clauses, old.requested_at, old.requested_by, old.answer_due,
      old.applied) then
    raise insufficient_privilege using message = 'the terms of an agreement are fixed';
  end if;
  return new;
end $$;
create trigger agreement_guard before insert or update on platform.agreement
  for each row execute function platform.agreement_guard();
create function platform.agreement_event_fixed() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  raise insufficient_privilege using message = 'the history of agreements is append only';
end $$;
create trigger agreement_event_fixed before update or delete or truncate on platform.agreement_event
  for each statement execute function platform.agreement_event_fixed();
create sequence platform.agreement_number;
"""


def upgrade() -> None:
    for column in (
        sa.Column("clear", sa.ARRAY(sa.String()), server_default=EMPTY, nullable=False),
        sa.Column("application", sa.String(), server_default=BLANK, nullable=False),
        sa.Column("frequency", sa.String(), server_default=BLANK, nullable=False),
        sa.Column("clauses", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("renews", sa.String(63), sa.ForeignKey("platform.agreement.id"), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("requested_by", sa.String(), server_default=BLANK, nullable=False),
        sa.Column("answer_due", sa.Date(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspend_from", sa.Date(), nullable=True),
        sa.Column("suspend_until", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("applied", sa.String(), nullable=True),
    ):
        op.add_column("agreement", column, schema="platform")
    op.execute("update platform.agreement set condition = null where condition = 'null'::jsonb")
    op.create_index("agreement_provider", "agreement", ["provider"], schema="platform")
    op.create_index("agreement_one_active", "agreement", ["consumer", "dataset", "purpose"], unique=True, schema="platform",
                    postgresql_where=sa.text("state = 'active'"))  # fmt: skip
    op.create_table(
        "agreement_event",
        sa.Column("id", sa.BigInteger(), autoincrement=True, primary_key=True),
        sa.Column("agreement", sa.String(63), sa.ForeignKey("platform.agreement.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), server_default=BLANK, nullable=False),
        schema="platform",
    )
    op.create_index("agreement_event_agreement", "agreement_event", ["agreement", "id"], schema="platform")
    op.execute(GUARD)
