"""The twins that are served: of what they were made, and which rules they do not keep."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from lienthong.kernel.clock import now
from lienthong.store.tables import PlatformTable, json_column


class Twin(PlatformTable, table=True):
    """The synthetic twin of a dataset. `statistics` are the only figures that it was made from."""

    dataset: str = Field(primary_key=True, max_length=63)
    version: str
    fingerprint: str  # of contract, aggregates and the rows pointed to: the same one twice is not built again
    built_at: datetime = Field(default_factory=now)
    rows: int
    statistics: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    unmet: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())  # rule -> share of rows that fail it
