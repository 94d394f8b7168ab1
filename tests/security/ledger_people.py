"""People of the small world whom the ledger concerns, and what is in it."""

import json
import uuid
from typing import Any

from lienthong.governance.credentials import token_hash
from lienthong.governance.ledger.seal import seal
from lienthong.store import owner
from tests.surface.small import Client, World

PEOPLE = {
    "concerned": ("analyst", None, {"person_name": "Người thứ 7"}),
    "another": ("analyst", None, {"person_name": "Người thứ 9"}),
    "nobody": ("analyst", None, {}),
    "officer": ("data_protection_officer", None, {}),
    "steward": ("steward", "registry_office", {}),
}
ROWS = "/api/v1/datasets/cases/rows"


def people(world: World) -> None:
    """Persons with a token each; safe to repeat."""
    with owner.connect(world.settings) as connection:
        for name, (role, agency, identifiers) in PEOPLE.items():
            connection.execute(
                "insert into platform.person (username, name, role, agency_id, identifiers) values (%s, %s, %s, %s, %s) on conflict do nothing",
                (name, name, role, agency, json.dumps(identifiers)),
            )
            connection.execute(
                "insert into platform.token (id, sha256, label, username, created_at) values (%s, %s, '', %s, now()) on conflict do nothing",
                (uuid.uuid4(), token_hash("token-of-" + name), name),
            )


def person(world: World, name: str) -> Client:
    """Somebody with a token."""
    return world.client("token-of-" + name)


def sealed(world: World) -> int:
    """One step of the keeper."""
    with owner.connect(world.settings) as connection:
        return seal(world.settings, world.registry, connection)


def everything(world: World) -> list[dict[str, Any]]:
    """Every entry, sealed or not, of reads."""
    columns = "receipt, subject, agency, dataset, fields, keys, rows, purpose, surface, state, context, condition, writer, sequence"
    query = f"select to_jsonb(e) from (select {columns} from platform.ledger union all select {columns} from platform.ledger_log where kind = 'read') e"
    return [row[0] for row in world.owner(query)]
