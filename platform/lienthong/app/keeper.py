"""The keeper: one light process beside the server that does what needs the owner's rights, again and again.

A duty is done in steps and may be repeated: what is left to do stands in the database, so a keeper that dies loses
nothing.
"""

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

import psycopg

from lienthong.app.delivering import Delivering
from lienthong.app.releasing import keep_releases
from lienthong.app.sandboxed import Sandboxed
from lienthong.contract.registry import Registry
from lienthong.governance.agreements.duty import apply_rights
from lienthong.governance.identity.duty import sweep
from lienthong.governance.ledger.seal import seal
from lienthong.kernel.problem import Unavailable
from lienthong.kernel.settings import Settings
from lienthong.store import owner

log = logging.getLogger("lienthong.keeper")
Duty = Callable[[Settings, Registry, psycopg.Connection], int]
DUTIES: dict[str, Duty] = {
    "seal": seal,
    "agreements": apply_rights,
    "identity": sweep,
    "webhooks": Delivering(),
    "releases": keep_releases,
    "sandbox": Sandboxed(),
}
IDLE_SECONDS = 0.5


class Keeper:
    """Does every duty in turn until it is told to stop."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings, self._registry = settings, registry
        self._connection: psycopg.Connection | None = None
        self._going = True

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while self._going:
            if not self.step():
                time.sleep(IDLE_SECONDS)
        if self._connection:
            self._connection.close()

    def step(self) -> int:
        """Every duty once; how many things were done."""
        return sum(self._do(name, duty) for name, duty in DUTIES.items())

    def _do(self, name: str, duty: Duty) -> int:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = owner.connect(self._settings)
            return duty(self._settings, self._registry, self._connection)
        except (psycopg.OperationalError, Unavailable) as error:
            log.warning("%s: the database does not answer (%s)", name, type(error).__name__)
            self._connection = None
        except Exception:
            log.exception("%s failed", name)  # tried again in the next step
        return 0

    def _stop(self, _: int, __: FrameType | None) -> None:
        self._going = False
