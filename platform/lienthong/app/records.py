"""Ties people of the example to a record of their own, so that they can see who has read it."""

from collections.abc import Mapping
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings
from lienthong.store import owner
from lienthong.store.schema import table


def link(settings: Settings, registry: Registry, given: Mapping[str, Any]) -> None:
    """Whoever has a `record` (a dataset) becomes the person of its first row. What an administrator set stays."""
    with owner.connect(settings) as connection:
        for person in given.get("people", ()):
            if "record" not in person:
                continue
            contract = registry.get(person["record"])
            about = contract.privacy.subject
            assert about, contract.id
            query = sql.SQL("select {field} from {rows} where {field} is not null order by {key} limit 1").format(
                field=sql.Identifier(about.field),
                rows=table("governed", contract.id),
                key=sql.SQL(", ").join(map(sql.Identifier, contract.primary_key)),
            )
            if found := connection.execute(query).fetchone():
                connection.execute(
                    "update platform.person set identifiers = %s where username = %s and identifiers = '{}'::jsonb",
                    (Jsonb({about.identifier: str(found[0])}), person["username"]),
                )
