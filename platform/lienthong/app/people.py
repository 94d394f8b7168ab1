"""The people, the consumer agency and the agreement of the example, and their credentials.

Definitions are data (datasets/_demo/demo.yaml); passwords and tokens are random, kept in the home folder, 0600.
"""

import json
import os
import secrets
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import yaml

from lienthong.contract.registry import Registry
from lienthong.governance.credentials import new_token, password_hash, token_hash
from lienthong.kernel.clock import today
from lienthong.kernel.problem import NotFound
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store import owner, rights, roles
from lienthong.store.condition import condition

ADMIN = {"username": "admin", "name": "Quản trị / Administrator", "role": "administrator", "agency": None}


def definitions(registry_folder: Path) -> dict[str, Any]:
    """The example's people, agencies, agreements and tokens; nothing when the folder has none."""
    path = registry_folder / "_demo" / "demo.yaml"
    return dict(yaml.safe_load(path.read_text("utf-8"))) if path.exists() else {}


def credentials(settings: Settings) -> dict[str, Any]:
    """What `seed` made. Raises NotFound before the first start."""
    path = _file(settings)
    if not path.exists():
        raise NotFound(
            both("Chưa có mã truy cập", "There are no credentials yet"),
            place=str(path),
            fix=both("Chạy: make run", "Run: make run"),
        )
    return dict(json.loads(path.read_text("utf-8")))


def seed(settings: Settings, registry: Registry, given: Mapping[str, Any]) -> dict[str, Any]:
    """Make people, agencies, agreements and tokens that are not there; the credentials. Safe to repeat."""
    known = credentials(settings) if _file(settings).exists() else {}
    with owner.connect(settings) as connection, connection.transaction():
        for agency in given.get("agencies", ()):
            _agency(connection, agency)
        for person in (ADMIN, *(p for p in given.get("people", ()) if p["username"] != "admin")):
            known[person["role"]] = _person(connection, person, known.get(person["role"]))
        for agreement in given.get("agreements", ()):
            _agreement(connection, registry, agreement)
        for token in given.get("tokens", ()):
            known["agency"] = _agency_token(connection, token, known.get("agency"))
        if settings.admin_token:
            known["administrator"]["token"] = settings.admin_token.get_secret_value()
    _write(_file(settings), known)
    return known


def _agency(connection: psycopg.Connection, agency: Mapping[str, Any]) -> None:
    connection.execute(
        "insert into platform.agency (id, name_vi, name_en, org_code) values (%s, %s, %s, %s) on conflict do nothing",
        (agency["id"], agency["name"]["vi"], agency["name"]["en"], agency.get("orgCode")),
    )
    roles.ensure_agency(connection, agency["id"])


def _person(
    connection: psycopg.Connection, person: Mapping[str, Any], known: Mapping[str, str] | None
) -> dict[str, str]:
    made = dict(known or {"username": person["username"], "password": secrets.token_urlsafe(12), "token": new_token()})
    hashed = None if known else password_hash(made["password"])  # made slow on purpose: not at every start
    connection.execute(
        "insert into platform.person (username, name, role, agency_id, password_hash) values (%s, %s, %s, %s, %s) "
        "on conflict (username) do update set role = excluded.role, agency_id = excluded.agency_id, "
        "password_hash = coalesce(excluded.password_hash, platform.person.password_hash)",
        (made["username"], person["name"], person["role"], person["agency"], hashed),
    )
    connection.execute(
        "insert into platform.token (id, sha256, label, username, created_at) "
        "values (gen_random_uuid(), %s, %s, %s, now()) on conflict (sha256) do nothing",
        (token_hash(made["token"]), person["role"], made["username"]),
    )
    return made


def _agency_token(
    connection: psycopg.Connection, token: Mapping[str, Any], known: Mapping[str, str] | None
) -> dict[str, str]:
    made = dict(known or {"id": token["agency"], "token": new_token()})
    connection.execute(
        "insert into platform.token (id, sha256, label, agency_id, created_at) "
        "values (gen_random_uuid(), %s, %s, %s, now()) on conflict (sha256) do nothing",
        (token_hash(made["token"]), token["label"], token["agency"]),
    )
    return made


def _agreement(connection: psycopg.Connection, registry: Registry, given: Mapping[str, Any]) -> None:
    contract = registry.get(given["dataset"])
    unknown = [name for name in given["fields"] if name not in contract.by_name]
    if unknown:
        raise NotFound(both(f"Thỏa thuận nêu trường lạ: {unknown}", f"The agreement names unknown fields: {unknown}"))
    where = condition(registry, contract, given["where"]) if given.get("where") else None
    valid_from, expires = given.get("validFrom") or today(), date.fromisoformat(str(given["expires"]))
    connection.execute(
        "insert into platform.agreement (id, provider, consumer, dataset, fields, condition, purpose, legal_basis,"
        " quota, valid_from, expires, state) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'active') "
        "on conflict (id) do update set fields = excluded.fields, condition = excluded.condition, "
        "expires = excluded.expires",
        (given["id"], given["provider"], given["consumer"], contract.id, list(given["fields"]),
         json.dumps(given.get("where")) if given.get("where") else None, given["purpose"], given["legalBasis"],
         given.get("quota"), valid_from, expires),
    )  # fmt: skip
    fields, clear = tuple(given["fields"]), frozenset(given.get("clear", ()))
    rights.apply(
        connection,
        rights.Grant(given["id"], given["consumer"], given["purpose"], contract, fields, where, clear),
    )


def _file(settings: Settings) -> Path:
    return settings.home / "credentials.json"


def _write(path: Path, known: Mapping[str, Any]) -> None:
    """Replace the file at once, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(known, file, ensure_ascii=False, indent=2)
    temporary.replace(path)
