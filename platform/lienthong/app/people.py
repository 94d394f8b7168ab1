"""The people, the consumer agency and the agreement of the example, and their credentials.

Definitions are data (datasets/_demo/demo.yaml); passwords and tokens are random, kept in the home folder, 0600.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import yaml

from lienthong.contract.registry import Registry
from lienthong.governance.agreements import seeded
from lienthong.governance.agreements.asked import Asked, fits
from lienthong.governance.agreements.duty import apply_rights
from lienthong.governance.credentials import new_token, password_hash, token_hash
from lienthong.kernel.clock import today
from lienthong.kernel.problem import NotFound
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both
from lienthong.store import owner, roles

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
        apply_rights(settings, registry, connection)
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
        "on conflict (username) do update set "  # what an administrator changed since stays
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
    """An agreement of the example, as if it had been asked for and signed; the keeper's duty gives it its rights.

    One that is there already is left as people have made it, but for terms that were edited in the definition.
    """
    asked = Asked.model_validate(
        {
            "dataset": given["dataset"],
            "fields": given["fields"],
            "clear": given.get("clear", []),
            "where": given.get("where"),
            "purpose": given["purpose"],
            "legal_basis": given["legalBasis"],
            "quota": given.get("quota"),
            "valid_from": given.get("validFrom") or today(),
            "expires": given["expires"],
        }
    )
    fits(registry, asked, given["consumer"])
    seeded.ensure(connection, registry, given["id"], given["consumer"], asked)


def _file(settings: Settings) -> Path:
    return settings.home / "credentials.json"


def _write(path: Path, known: Mapping[str, Any]) -> None:
    """Replace the file at once, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(known, file, ensure_ascii=False, indent=2)
    temporary.replace(path)
