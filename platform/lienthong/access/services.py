"""What every surface is given: one object, made once by the composition root."""

from dataclasses import dataclass

from lienthong.access.door import Door
from lienthong.catalog.snapshot import Catalog
from lienthong.contract.registry import Registry
from lienthong.governance.directory import Directory
from lienthong.kernel.settings import Settings

HOT = "hot"
"""The name of routes that are asked most: plain Starlette routes, answered before FastAPI looks at the address."""


@dataclass(frozen=True)
class Services:
    """The registry of contracts, the door to rows, the catalogue, the directory of callers, the settings."""

    registry: Registry
    door: Door
    catalog: Catalog
    directory: Directory
    settings: Settings
