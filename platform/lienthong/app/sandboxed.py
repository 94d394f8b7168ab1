"""A duty of the keeper: what is not public any more leaves the sandbox, whether anybody asks for it or not."""

import time

import psycopg

from lienthong.ckan.ids import resource_id
from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings
from lienthong.store import sandbox_copies
from lienthong.store.sandbox import Place

SECONDS = 5.0
_RELEASED = "select distinct dataset from platform.release where state = 'published' and number > 0"
_HOSTED = (
    "select t.resource_id from platform.hosted_table t join platform.hosted_resource r on r.id = t.resource_id "
    "join platform.hosted_package p on p.id = r.package_id "
    "where r.state = 'active' and p.state = 'active' and not p.private"
)


class Sandboxed:
    """Looks now and then."""

    def __init__(self) -> None:
        self._looked = 0.0

    def __call__(self, settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
        """How many copies were dropped."""
        if time.monotonic() - self._looked < SECONDS:
            return 0
        self._looked = time.monotonic()
        place = Place(settings.home, settings.sandbox_url.get_secret_value() if settings.sandbox_url else None)
        if not place.running:
            return 0
        public = {
            resource_id(dataset, "csv") for (dataset,) in connection.execute(_RELEASED) if dataset in registry.contracts
        }
        public |= {number for (number,) in connection.execute(_HOSTED)}
        return sandbox_copies.keep_only(place.owner_url, public)
