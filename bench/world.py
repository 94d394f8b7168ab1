"""The world of a comparison: enterprises, dossiers, communes and provinces, put straight into the contracts' tables."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bench.place import Place
from lienthong.contract.loader import load_all
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.credentials import token_hash
from lienthong.kernel.content import content
from lienthong.store import owner, release, rights, schema, served
from lienthong.store.condition import condition
from lienthong.store.release_fill import fill_rows

CONSUMER, PURPOSE = "tax_department", "tax_administration"
TOKEN, PROVIDER_TOKEN = "bench-consumer", "bench-provider"
SHARED = ["dossier_code", "procedure_code", "org_code", "applicant_type", "applicant_id", "channel", "received_at",
          "due_at", "released_at", "status", "on_time_class", "processing_days", "synthetic"]  # fmt: skip
CLEAR = ["applicant_id"]
Say = Callable[[str], None]
TABLES = ("administrative_units", "enterprises", "dossiers")
OPEN = ("administrative_units", "enterprises")


def build(place: Place, enterprises: int, say: Say) -> Registry:
    """The world in the cluster of `place`, which runs; made anew when it has another size."""
    registry = load_all(content("datasets"))
    with owner.connect(place.settings) as connection:
        if _size(connection) != enterprises:
            say(f"rows: {enterprises:,} enterprises, {3 * enterprises:,} dossiers")
            _fill(connection, registry, enterprises)
            for name in TABLES:
                connection.execute(sql.SQL("vacuum analyze {}").format(schema.table("governed", name)))
        for name in OPEN:
            _release(connection, registry, registry.get(name), say)
    served.ensure_served(place.settings, registry)
    return registry


def agree(place: Place, registry: Registry) -> None:
    """An agency reads the dossiers of businesses under an agreement, with a token that is known."""
    contract = registry.get("dossiers")
    where = {"applicant_type": {"eq": "business"}}
    with owner.connect(place.settings) as connection, connection.transaction():
        connection.execute(
            "insert into platform.agency (id, name_vi, name_en) values (%s, 'Thuế', 'Tax') on conflict do nothing",
            (CONSUMER,),
        )
        connection.execute(
            "insert into platform.agreement (id, provider, consumer, dataset, fields, clear, condition, purpose, "
            "legal_basis, valid_from, expires, state) values ('BENCH-1', %s, %s, %s, %s, %s, %s, %s, 'bench', "
            "'2026-01-01', '2099-12-31', 'active') on conflict (id) do nothing",
            (contract.agency, CONSUMER, contract.id, SHARED, CLEAR, Jsonb(where), PURPOSE),
        )
        found = condition(registry, contract, where)
        rights.apply(
            connection, rights.Grant("BENCH-1", CONSUMER, PURPOSE, contract, tuple(SHARED), found, frozenset(CLEAR))
        )
        for token, agency in ((TOKEN, CONSUMER), (PROVIDER_TOKEN, contract.agency)):
            connection.execute(
                "insert into platform.token (id, sha256, label, agency_id, created_at) "
                "values (gen_random_uuid(), %s, 'bench', %s, now()) on conflict (sha256) do nothing",
                (token_hash(token), agency),
            )


def _size(connection: psycopg.Connection) -> int:
    row = connection.execute("select rows from platform.dataset where id = 'enterprises'").fetchone()
    return int(row[0]) if row else 0


def _fill(connection: psycopg.Connection, registry: Registry, enterprises: int) -> None:
    run = uuid4()
    with connection.transaction():
        connection.execute("set local maintenance_work_mem = '512MB'")
        connection.execute("set local synchronous_commit = off")
        for name in TABLES:
            relation = schema.table("governed", name)
            connection.execute(sql.SQL("truncate {}").format(relation))
            _drop_indexes(connection, name)
        for statement in _statements(enterprises, run):
            connection.execute(statement.encode())
        for name in TABLES:
            _index(connection, registry, registry.get(name))
            _loaded(connection, name, run)


def _statements(enterprises: int, run: UUID) -> list[str]:
    text = Path(__file__).with_name("world.sql").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    filled = "\n".join(lines).replace(":enterprises", str(enterprises)).replace(":'run'", f"'{run}'")
    return [part for part in filled.split(";\n") if part.strip()]


def _drop_indexes(connection: psycopg.Connection, name: str) -> None:
    rows = connection.execute(
        "select i.indexrelid::regclass::text from pg_index i where i.indrelid = %s::regclass and not i.indisprimary",
        (f"governed.{name}",),
    ).fetchall()
    for (index,) in rows:
        connection.execute(f"drop index {index}".encode())


def _index(connection: psycopg.Connection, registry: Registry, contract: Contract) -> None:
    relation = schema.table("governed", contract.id)
    schema.create_indexes(connection, contract, contract.fields, relation, contract.id)
    near = {near for r in registry.relations(contract.id).values() if not r.many for near, _ in r.on[:1]}
    schema.foreign_key_indexes(connection, contract, sorted(near - {contract.primary_key[0]}), relation, contract.id)


def _loaded(connection: psycopg.Connection, name: str, run: UUID) -> None:
    connection.execute(
        "insert into platform.run (id, dataset, state, step, started_at, finished_at, contract_version, fingerprint) "
        "values (%s, %s, 'done', 'done', now(), now(), '1.0.0', '') on conflict (id) do nothing",
        (run, name),
    )
    counted = sql.SQL(
        "update platform.dataset set rows = (select count(*) from {}), loaded_run = %s, loaded_at = now() where id = %s"
    ).format(schema.table("governed", name))
    connection.execute(counted, (run, name))


def _release(connection: psycopg.Connection, registry: Registry, contract: Contract, say: Say) -> None:
    """Release 1 of the open rows, without files."""
    row = connection.execute(
        "select r.rows = (select rows from platform.dataset where id = %s), r.fingerprint = %s from platform.release r "
        "where dataset = %s and number = 1", (contract.id, contract.fingerprint, contract.id),
    ).fetchone()  # fmt: skip
    if row == (True, True):
        return
    say(f"release of {contract.id}")
    name = release.release_name(contract.id, 1)
    with connection.transaction():
        connection.execute("set local maintenance_work_mem = '512MB'")
        for (view,) in connection.execute(
            "select relname from pg_class where relnamespace = 'open'::regnamespace and relkind = 'v' "
            "and (relname = %(id)s or starts_with(relname, %(id)s || '_'))", {"id": contract.id},
        ).fetchall():  # fmt: skip
            connection.execute(sql.SQL("drop view {}").format(schema.table("open", view)))
        release.drop(connection, contract.id, 1)
        schema.create_release(connection, contract, contract.open_fields, name)
        fill_rows(connection, registry, contract, name)
        release.index_release(connection, registry, contract, name)
        release.swap(connection, contract, name)
        connection.execute(
            "insert into platform.release (id, dataset, number, state, published_at, contract_version, fingerprint, "
            "rows) select %s, %s, 1, 'published', %s, %s, %s, rows from platform.dataset where id = %s "
            "on conflict (dataset, number) do update set rows = excluded.rows, fingerprint = excluded.fingerprint",
            (uuid4(), contract.id, datetime.now(UTC), contract.version, contract.fingerprint, contract.id),
        )
    connection.execute(sql.SQL("vacuum analyze {}").format(schema.table("release", name)))
