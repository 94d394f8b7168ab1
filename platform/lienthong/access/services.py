"""What every surface is given: one object, made once by the composition root."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from lienthong.access.door import Door
from lienthong.access.kept import Kept
from lienthong.catalog.ahead import Watched
from lienthong.catalog.listing import Listings
from lienthong.catalog.snapshot import Catalog
from lienthong.contract.registry import Registry
from lienthong.governance.directory import Directory
from lienthong.governance.subject import Subject
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import Language

HOT = "hot"
"""The name of routes that are asked most: plain Starlette routes, answered before FastAPI looks at the address."""

ShortWay = Callable[[Any, Any, Any], Awaitable[tuple[bool, Any]]]
"""Answers an ASGI request like one before, or tells that it did not, with the way to read the body again."""

Act = Callable[[Subject, Language, str, dict[str, Any]], Awaitable[Any]]
"""Does an action for a caller, titles in a language. Raises Problem."""


@dataclass(frozen=True)
class Services:
    """The registry of contracts, the door to rows, the catalogue, the directory of callers, the settings.

    `short`: the short ways of surfaces, by the beginning of the addresses that they answer. `acts`: actions of a
    surface that others may use: (caller, language, action, parameters) -> its result. `listed`: by the surface that
    keeps it, the catalogue as one list. `kept`: answers about open releases as they went out. `watched`: what is
    looked at before it is too old.
    """

    registry: Registry
    door: Door
    catalog: Catalog
    directory: Directory
    settings: Settings
    short: dict[str, ShortWay] = field(default_factory=dict)
    acts: dict[str, Act] = field(default_factory=dict)
    listed: dict[str, Listings] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    watched: list[Watched] = field(default_factory=list)
