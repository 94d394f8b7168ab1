"""What is personal never leaves by an open address (programme A02, thin: values of the example as canaries)."""

import httpx
import pytest

from lienthong.store import owner
from tests.conftest import Platform

# Numbers that belong to one person; a business's tax code (10 digits) is public by law, telephones of offices too.
PERSONAL = (("civil_servants", "citizen_id"), ("dossiers", "applicant_id"), ("enterprises", "legal_rep_id"))


@pytest.fixture(scope="module")
def canaries(platform: Platform) -> set[str]:
    found: set[str] = set()
    with owner.connect(platform.settings) as connection:
        for table, column in PERSONAL:
            query = f"select {column} from governed.{table} where {column} is not null limit 300"
            found |= {str(row[0]) for row in connection.execute(query).fetchall()}  # type: ignore[call-overload]
    assert len(found) > 200
    return {value for value in found if len(value) == 12}


def addresses(client: httpx.Client) -> list[str]:
    names = [d["name"] for d in client.get("/api/v1/datasets").json()["data"]]
    open_names = [n for n in names if client.get(f"/api/v1/datasets/{n}/rows?limit=1").status_code == 200]
    found = [f"/api/v1/datasets/{n}/rows?limit=10000" for n in open_names]
    found += [f"/api/v1/datasets/{n}/download.{e}" for n in open_names for e in ("csv", "jsonl")]
    found += [f"/api/3/action/datastore_search?resource_id={n}&limit=5000" for n in open_names]
    found += [f"/datasets/{n}" for n in names] + ["/reports", "/", "/ogc/collections/organizations/items?limit=10000"]
    return found


def test_no_open_address_shows_a_personal_value(anonymous: httpx.Client, canaries: set[str]) -> None:
    for address in addresses(anonymous):
        text = anonymous.get(address, follow_redirects=True).text
        words = set(text.replace('"', " ").replace(",", " ").replace("<", " ").replace(">", " ").split())
        assert not canaries & words, (address, sorted(canaries & words)[:3])
