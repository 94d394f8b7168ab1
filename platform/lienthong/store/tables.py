"""What the platform's own tables (schema `platform`) have in common."""

from typing import Any

from sqlalchemy import Column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import MetaData, SQLModel

METADATA = MetaData(schema="platform")


class PlatformTable(SQLModel):
    """The base of every table of the platform."""

    metadata = METADATA


def json_column(default: str = "{}") -> Any:
    """A JSONB column that is never null."""
    return Column(JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))
