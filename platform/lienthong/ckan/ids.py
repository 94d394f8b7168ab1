"""Identifiers that CKAN's clients keep: made from our own names, so that they never change, whatever is released."""

from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID, uuid5

_SPACE = UUID("6f0e9f5c-1d5b-5b0e-9a53-5f4a0c2b7d11")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def package_id(dataset: str) -> str:
    """The id of a dataset."""
    return str(uuid5(_SPACE, f"dataset:{dataset}"))


@lru_cache(maxsize=4096)
def resource_id(dataset: str, format: str) -> str:
    """The id of the file of a dataset in a format; the CSV's is the id of the rows in the DataStore, too."""
    return str(uuid5(_SPACE, f"resource:{dataset}:{format.lower()}"))


def organization_id(agency: str) -> str:
    """The id of an agency."""
    return str(uuid5(_SPACE, f"organization:{agency}"))


def tag_id(name: str) -> str:
    """The id of a keyword."""
    return str(uuid5(_SPACE, f"tag:{name}"))


def stamp(moment: datetime | None) -> str:
    """A moment as CKAN writes it: UTC without a zone, with microseconds."""
    return (moment or _NEVER).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
