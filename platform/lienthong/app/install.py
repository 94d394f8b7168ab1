"""Migrate: platform tables by Alembic, dataset tables from contracts, roles, people, agreements."""

import json

import psycopg
from psycopg import errors, sql

from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.kernel.settings import Settings
from lienthong.store import links, mask, owner, rights, roles, schema, twin
from lienthong.store.condition import condition
from lienthong.store.roles import ADMINISTRATOR

LAYOUT = 3  # raised when store.schema or store.roles make tables and rights in another way
_INSTALLED = (
    "select id, fingerprint || ' ' || obj_description(to_regclass('governed.' || quote_ident(id)), 'pg_class') "
    "from platform.dataset"
)


def migrate(settings: Settings, registry: Registry) -> None:
    """Bring the database to what this version and these contracts need. Safe to repeat."""
    with owner.connect(settings) as connection:
        roles.bootstrap(connection)
    _upgrade(settings)
    with owner.connect(settings) as connection:
        connection.execute("select pg_advisory_lock(hashtext('lienthong.migrate'))")
        mask.prepare(connection)
        rights.prepare(connection)
        _units(connection, registry)
        roles.ensure_app(connection, owner.app_password(settings))
        twin.prepare(connection, roles.APP)
        for agency in registry.agencies.values():
            _agency(connection, agency.id, agency.name.vi, agency.name.en, agency.org_code)
        installed: dict[str, str] = dict(connection.execute(_INSTALLED).fetchall())
        for contract in registry.contracts.values():
            if not contract.derived_from and installed.get(contract.id) != f"{contract.fingerprint} {LAYOUT}":
                install(connection, registry, contract)


def _units(connection: psycopg.Connection, registry: Registry) -> None:
    """How a unit's province is found, for masks that show no more than it."""
    for contract in registry.contracts.values():
        for link in links.unit_links(registry, contract):
            up = next((r for r in link.target.relationships if r.name == "province"), None)
            if up:
                return mask.prepare_units(connection, link.target, link.code, next(iter(up.on)))
    return None


def _upgrade(settings: Settings) -> None:
    """Platform tables to the newest revision; Alembic is not even imported when they are there already."""
    newest = sorted((content("migrations") / "versions").glob("[0-9]*.py"))[-1].name.partition("_")[0]
    with owner.connect(settings) as connection:
        try:
            if connection.execute("select version_num from platform.alembic_version").fetchone() == (newest,):
                return
        except errors.UndefinedTable:
            pass
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(content("migrations")))
    config.set_main_option("sqlalchemy.url", owner.sqlalchemy_url(owner.owner_url(settings)).replace("%", "%%"))
    command.upgrade(config, "head")


def install(connection: psycopg.Connection, registry: Registry, contract: Contract) -> None:
    """Create a dataset's tables and rights; record the contract."""
    with connection.transaction():
        schema.create_governed(connection, contract)
        twin.drop(connection, contract.id)
        relation = schema.table("governed", contract.id)
        connection.execute(sql.SQL("comment on table {} is {}").format(relation, sql.Literal(str(LAYOUT))))
        schema.foreign_key_indexes(connection, contract, local_keys(registry, contract), relation, contract.id)
        roles.grant_whole(connection, ADMINISTRATOR, contract)
        roles.grant_whole(connection, roles.agency_role(contract.agency), contract)
        reapply(connection, registry, contract)
        connection.execute(
            "insert into platform.dataset (id, agency_id, version, fingerprint, contract, rows) "
            "values (%s, %s, %s, %s, %s, 0) on conflict (id) do update set agency_id = excluded.agency_id, "
            "version = excluded.version, fingerprint = excluded.fingerprint, contract = excluded.contract",
            (
                contract.id,
                contract.agency,
                contract.version,
                contract.fingerprint,
                json.dumps(contract.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False),
            ),
        )


def reapply(connection: psycopg.Connection, registry: Registry, contract: Contract) -> None:
    """Give the agreements that hold their rights anew, since a column may have been made or masked since."""
    rows = connection.execute(
        "select to_jsonb(a) from platform.agreement a where dataset = %s and state = 'active'", (contract.id,)
    )
    for (given,) in rows.fetchall():
        fields = tuple(name for name in given["fields"] if name in contract.by_name)
        where = condition(registry, contract, given["condition"]) if given["condition"] else None
        clear = frozenset(given.get("clear") or ())
        grant = rights.Grant(given["id"], given["consumer"], given["purpose"], contract, fields, where, clear)
        rights.apply(connection, grant)


def local_keys(registry: Registry, contract: Contract) -> list[str]:
    """The first local column of every to-one relationship that the primary key does not lead with."""
    found = {near for r in registry.relations(contract.id).values() if not r.many for near, _ in r.on[:1]}
    return sorted(found - {contract.primary_key[0]})


def _agency(connection: psycopg.Connection, id: str, name_vi: str, name_en: str, org_code: str | None) -> None:
    connection.execute(
        sql.SQL(
            "insert into platform.agency (id, name_vi, name_en, org_code) values (%s, %s, %s, %s) "
            "on conflict (id) do update set name_vi = excluded.name_vi, name_en = excluded.name_en, "
            "org_code = excluded.org_code"
        ),
        (id, name_vi, name_en, org_code),
    )
    roles.ensure_agency(connection, id)
