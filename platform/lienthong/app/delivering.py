"""The keeper's duty to deliver webhooks: claim what is due, and hand it to a courier that nobody waits for."""

from typing import TYPE_CHECKING

import psycopg

from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings

if TYPE_CHECKING:
    from lienthong.feed.courier import Courier

CLAIMED_SECONDS = 60  # longer than a delivery takes; what a courier that died had begun is taken up after it
MOST = 16
# `head` is what has happened to a dataset so far, in one number that only grows.
_DUE = """
update platform.webhook w set claimed_until = now() + make_interval(secs => %(claimed)s)
from (
  select id, head from platform.webhook v cross join lateral (
    select coalesce((select max(id) from platform.outbox o where o.dataset = v.dataset), 0)
         + coalesce((select max(number) from platform.release r where r.dataset = v.dataset), 0) as head
  ) h
  where active and next_at <= now() and (claimed_until is null or claimed_until <= now())
    and (head <> seen or attempts > 0)
  order by next_at limit %(most)s for update of v skip locked
) due
where w.id = due.id returning w.id, due.head
"""


class Delivering:
    """The duty. The courier, and all that it reads by, is not even imported before there is something to deliver."""

    def __init__(self) -> None:
        self._courier: Courier | None = None

    def __call__(self, settings: Settings, registry: Registry, connection: psycopg.Connection) -> int:
        """Claim what is due and hand it over; how many that were."""
        room = self._courier.free if self._courier else MOST
        due = connection.execute(_DUE, {"claimed": CLAIMED_SECONDS, "most": room}).fetchall() if room else []
        if due and self._courier is None:
            self._courier = self.courier(settings)
        for id, head in due:
            assert self._courier
            self._courier.take(id, head)
        return len(due)

    def courier(self, settings: Settings) -> "Courier":
        """A courier over the services that the server has too."""
        from lienthong.app.asgi import services
        from lienthong.feed.courier import Courier

        return Courier(*services(settings))
