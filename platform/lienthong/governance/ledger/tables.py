"""The sealed part of the ledger (schema `platform`). Rows come from the sealer alone and stay as they are."""

import uuid
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Column, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlmodel import Field

from lienthong.store.tables import PlatformTable


class LedgerLog(PlatformTable, table=True):
    """A sealed entry: leaf `number` of the tree, counted from 0.

    `kind`: read; gap (`rows` entries of the writer up to `sequence` vanished before they were sealed); stray (an entry
    that its writer cannot have written: its sequence was used or passed). `leaf` is the hash of the canonical bytes.
    """

    __tablename__ = "ledger_log"
    __table_args__ = (
        Index("ledger_log_at", "at"),
        Index("ledger_log_writer", "writer", "sequence"),
        Index("ledger_log_receipt", "receipt"),
        Index("ledger_log_dataset", "dataset", "at"),
        Index("ledger_log_keys", "keys", postgresql_using="gin"),
    )

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    at: datetime
    receipt: uuid.UUID
    writer: uuid.UUID
    sequence: int = Field(sa_type=BigInteger)
    subject: str
    role: str | None = None
    agency: str | None = None
    dataset: str
    fields: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    condition: dict[str, object] | None = Field(default=None, sa_column=Column(JSONB))
    keys: list[int] | None = Field(default=None, sa_column=Column(ARRAY(BigInteger)))
    rows: int | None = None
    purpose: str
    agreement: str | None = None
    surface: str
    state: str
    context: dict[str, str] | None = Field(default=None, sa_column=Column(JSONB))
    leaf: bytes = Field(sa_column=Column(BYTEA, nullable=False))


class LedgerTile(PlatformTable, table=True):
    """Up to 256 hashes of one level of the tree, so that a proof reads a few rows. Made of leaves, never trusted."""

    __tablename__ = "ledger_tile"

    level: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hashes: bytes = Field(sa_column=Column(BYTEA, nullable=False))


class LedgerCheckpoint(PlatformTable, table=True):
    """The signed root over the first `size` entries. `note` is what was signed, with the signature and the key's id."""

    __tablename__ = "ledger_checkpoint"

    size: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    root: bytes = Field(sa_column=Column(BYTEA, nullable=False))
    at: datetime
    previous: int = Field(sa_type=BigInteger)
    note: str
