"""Alembic: the platform's own tables. Dataset tables are compiled from contracts and are not here."""

import sqlalchemy as sa
from alembic import context

import lienthong.catalog.hosted.tables
import lienthong.catalog.tables
import lienthong.catalog.twins
import lienthong.catalog.usage
import lienthong.catalog.voices
import lienthong.catalog.writes
import lienthong.governance.ledger.tables
import lienthong.governance.tables
import lienthong.governance.webhooks  # noqa: F401  (so do these)
from lienthong.store.tables import METADATA


def ours(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
    """Only the schema `platform` is Alembic's."""
    return kind != "schema" or name == "platform"


engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=sa.NullPool)
with engine.connect() as connection:
    connection.execute(sa.text("set lock_timeout = '5s'"))
    connection.execute(sa.text("create schema if not exists platform"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        include_schemas=True,
        include_name=ours,
        version_table_schema="platform",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
