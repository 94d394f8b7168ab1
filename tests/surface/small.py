"""A small world of four datasets with every kind of value, in a real cluster, behind the real surfaces.

Its rows are few and known, so that edge cases can be named exactly; the example province is for the journeys.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from psycopg import sql
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong import ckan, dcat, feed, gql, identity, ogc, portal, rest, sharing
from lienthong.access.door import Door
from lienthong.access.services import Services
from lienthong.app.install import migrate
from lienthong.catalog.snapshot import Catalog
from lienthong.contract.loader import load_all
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.governance.agreements.quota import Quotas
from lienthong.governance.credentials import token_hash
from lienthong.governance.directory import Directory
from lienthong.governance.ledger.seal import SealWatch
from lienthong.governance.session import Sessions
from lienthong.kernel.settings import Settings
from lienthong.store import bits, owner, rights, rollup, schema
from lienthong.store.cluster import Cluster
from lienthong.store.compile import Statement
from lienthong.store.condition import condition
from lienthong.store.database import Database
from tests.copies import copied

DATASETS = Path(__file__).parent / "world"
ADMIN = "administrator-of-the-small-world"
AGENCY = "token-of-the-office"
KEEPER = "token-of-the-other-agency"
REVOKED = "a-token-that-was-taken-back"
PURPOSE = "social_insurance"  # what every client with a token says, unless a request says otherwise
FIRMS = 60
Row = dict[str, Any]


def places() -> list[Row]:
    """Two provinces with three communes each."""
    rows: list[Row] = [
        {"place_code": "20", "name": "Tỉnh Lạng Sơn", "parent_code": None, "position": None},
        {"place_code": "91", "name": "Tỉnh Đồng Tháp", "parent_code": None, "position": None},
    ]
    names = {
        "20": ("Phường Đông Kinh", "Xã Đồng Đăng", "Xã Cao Lộc"),
        "91": ("Phường Mỹ Tho", "Xã Tân Hồng", "Xã Đạo Thạnh"),
    }
    for parent, communes in names.items():
        for n, name in enumerate(communes):
            point = f"SRID=4326;POINT({106 + n / 10} {21 + n / 10})"
            rows.append({"place_code": f"{parent}00{n}", "name": name, "parent_code": parent, "position": point})
    return rows


def firms() -> list[Row]:
    """Sixty firms; every seventh has the least that is allowed."""
    communes = [p["place_code"] for p in places() if p["parent_code"]]
    rows: list[Row] = []
    for n in range(FIRMS):
        row: Row = {
            "firm_code": f"F{n:04}",
            "name": f"Công ty {('Hồng Hà', 'Đông Kinh', 'Ánh Dương')[n % 3]} số {n}",
            "status": "closed" if n % 4 == 0 else "active",
            "registered_on": date(2020, 1, 1) + timedelta(days=n // 2),
            "synthetic": True,
            "owner_name": f"Nguyễn Văn {n}",
        }
        if n % 7:
            row |= {
                "capital": n * 1_000_000_000,
                "score": f"{n}.25",
                "staff": n,
                "exporter": n % 2 == 0,
                "founded": ("2019", "2019-05", "2019-05-02")[n % 3],
                "seen_at": f"2026-01-{n % 28 + 1:02}T08:30:00+07:00",
                "ref": uuid.UUID(int=n),
                "email": f"hang{n}@example.vn",
                "tags": json.dumps(["a", "b"][: n % 3]),
                "branches": json.dumps(
                    [{"branch_name": f"Chi nhánh {n}", "opened_on": "2021-02-03", "staff": n}] * (n % 3)
                ),
                "position": f"SRID=4326;POINT({106 + n / 100} 21.5)",
                "place_code": communes[n % len(communes)],
            }
        rows.append(row)
    return rows


def permits() -> list[Row]:
    """Up to three permits a firm; their numbers hold a stroke and letters with marks."""
    return [
        {"firm_code": f"F{n:04}", "number": f"{k}/2024/GP-UBNĐ"[:-2] + "ND", "granted_on": date(2024, 1, 1 + k)}
        for n in range(FIRMS)
        for k in range(n % 4)
    ]


def cases() -> list[Row]:
    """Forty cases of people."""
    return [
        {
            "case_code": f"C{n:03}",
            "person_name": f"Người thứ {n}",
            "illness": "bí mật",
            "channel": "online" if n % 2 else "counter",
            "received_on": date(2026, 1 + n % 2, 1 + n % 20),
            "days": n,
            "firm_code": f"F{n:04}",
        }
        for n in range(40)
    ]


def statistics() -> list[Row]:
    """What the release of the cases would hold."""
    return [{"month": "2026-01", "channel": "counter", "cases": 20, "mean_days": "19.00"},
            {"month": "2026-02", "channel": "online", "cases": 20, "mean_days": "20.00"}]  # fmt: skip


ROWS = {"places": places, "firms": firms, "permits": permits, "cases": cases, "case_statistics": statistics}


class Counting(Database):
    """The real database, which also remembers the statements it ran."""

    def __init__(self, url: str, size: int) -> None:
        super().__init__(url, size)
        self.statements: list[Statement] = []

    def _count(self, statement: Statement) -> None:
        """The planner is asked before a text runs for the first time; that is no statement of the query."""
        if not statement.sql.startswith("explain"):
            self.statements.append(statement)

    async def read(self, statement: Statement) -> Any:
        self._count(statement)
        return await super().read(statement)

    async def read_binary(self, statement: Statement) -> Any:
        self._count(statement)
        return await super().read_binary(statement)

    async def read_governed(self, statement: Statement, *rest: Any) -> Any:
        self._count(statement)
        return await super().read_governed(statement, *rest)


class Client:
    """A caller of an app in this process, in the loop that the app's connections live in."""

    def __init__(
        self, app: FastAPI, portal: BlockingPortal, token: str | None = None, purpose: str | None = PURPOSE
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if token and purpose:
            headers["Lienthong-Purpose"] = purpose
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://world", headers=headers)
        self._portal = portal

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request."""

        async def send() -> httpx.Response:
            return await self._client.request(method, url, **options)

        return self._portal.call(send)

    def get(self, url: str, **options: Any) -> httpx.Response:
        """One GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        """One POST."""
        return self.request("POST", url, **options)


@dataclass
class World:
    """The small world: clients of nobody, of the agency with agreements, of the administrator."""

    registry: Registry
    settings: Settings
    database: Counting
    app: FastAPI
    portal: BlockingPortal
    door: Door
    clients: dict[str | None, Client] = field(default_factory=dict)

    def client(self, token: str | None = None) -> Client:
        """The client of a token's owner, or of nobody."""
        return self.clients.setdefault(token, Client(self.app, self.portal, token))

    def owner(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database's owner sees."""
        with owner.connect(self.settings) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[call-overload]

    @property
    def anonymous(self) -> Client:
        """The client of nobody."""
        return self.client()

    def graphql(self, query: str, token: str | None = None, language: str = "en", **variables: Any) -> dict[str, Any]:
        """The answer to a query."""
        client = self.client(token)
        given = {"query": query, "variables": variables}
        answer = client.post("/graphql", json=given, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def rows(self, dataset: str, token: str | None = None, **params: Any) -> list[Row]:
        """Rows over REST."""
        answer = self.client(token).get(f"/api/v1/datasets/{dataset}/rows", params=params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])


def insert(connection: psycopg.Connection, schema_name: str, name: str, rows: list[Row], extra: Row) -> None:
    """Put rows into a table; a missing field is null."""
    columns = sorted({key for row in rows for key in row})
    names = [*columns, *extra]
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(schema_name, name),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[row.get(c) for c in columns] + list(extra.values()) for row in rows])


def release(connection: psycopg.Connection, contract: Contract, rows: list[Row], folder: Path) -> None:
    """Publish release 1 of an open view: its relation, its record, one file."""
    fields = contract.fields if contract.derived_from else contract.open_fields
    name = f"{contract.id}_1"
    schema.create_release(connection, contract, fields, name)
    shown = {column.name for f in fields for column in f.columns}
    insert(connection, "release", name, [{k: v for k, v in row.items() if k in shown} for row in rows],
           {"_from": "2026-01-01T00:00:00+07:00"})  # fmt: skip
    schema.create_indexes(connection, contract, fields, schema.table("release", name), name)
    rollup.fill(connection, contract, name)
    connection.execute(sql.SQL("analyze {}").format(schema.table("release", name)))
    bits.fill(connection, contract, name)
    schema.serve(connection, contract, fields, name)
    path = folder / contract.id / "1" / f"{contract.slug}.csv"
    path.parent.mkdir(parents=True)
    path.write_text("﻿" + "\n".join(str(row[contract.primary_key[0]]) for row in rows))
    number = uuid.uuid4()
    connection.execute(
        "insert into platform.release "
        "(id, dataset, number, state, published_at, contract_version, fingerprint, rows, manifest) "
        "values (%s, %s, 1, 'published', now(), '1.0.0', '', %s, '{}')",
        (number, contract.id, len(rows)),
    )
    connection.execute(
        "insert into platform.distribution (id, release_id, format, media_type, path, size, sha256) "
        "values (%s, %s, 'csv', 'text/csv; charset=utf-8', %s, %s, %s)",
        (uuid.uuid4(), number, str(path.relative_to(folder)), path.stat().st_size, "0" * 64),
    )


def fill(settings: Settings, registry: Registry) -> None:
    """Rows, releases, one agency with two agreements."""
    with owner.connect(settings) as connection:
        for contract in registry.contracts.values():
            rows = ROWS[contract.id]()
            if not contract.derived_from:
                insert(connection, "governed", contract.id, rows, {"_run": uuid.uuid4(), "_hash": b"x"})
            if contract.derived_from or contract.is_open:
                release(connection, contract, rows, settings.home / "releases")
        shown = ["case_code", "person_name", "channel", "days"]
        agreement(connection, registry, "office", "A-1", "cases", shown, {"channel": {"eq": "online"}})
        shown = ["firm_code", "status", "registered_on", "place_code", "owner_name"]
        agreement(connection, registry, "registry_office", "A-2", "firms", shown, None)
        for token, agency, revoked in (
            (AGENCY, "office", None),
            (KEEPER, "registry_office", None),
            (REVOKED, "office", "2026-01-01"),
        ):
            connection.execute(
                "insert into platform.token (id, sha256, label, agency_id, created_at, revoked_at) "
                "values (%s, %s, '', %s, now(), %s)",
                (uuid.uuid4(), token_hash(token), agency, revoked),
            )


def agreement(
    connection: psycopg.Connection,
    registry: Registry,
    consumer: str,
    number: str,
    dataset: str,
    fields: list[str],
    where: Row | None,
) -> None:
    """The consumer may read `fields` of the rows that fit `where`."""
    contract = registry.get(dataset)
    since, until = date(2026, 1, 1), date(2099, 12, 31)
    connection.execute(
        "insert into platform.agreement (id, provider, consumer, dataset, fields, condition, purpose, legal_basis, "
        "valid_from, expires, state) "
        "values (%s, %s, %s, %s, %s, %s, 'social_insurance', '47/2020/NĐ-CP', %s, %s, 'active')",
        (number, contract.agency, consumer, dataset, fields, json.dumps(where), since, until),
    )
    compiled = condition(registry, contract, where) if where else None
    rights.apply(connection, rights.Grant(number, consumer, "social_insurance", contract, tuple(fields), compiled))


def application(given: Services, database: Database) -> FastAPI:
    """The surfaces of this folder, with their lifespan."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        await database.open()
        yield
        await database.close()

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_exception_handler(404, portal.lost(given))
    for surface in (identity, feed, sharing, rest, gql, dcat, ckan, ogc, portal):
        app.include_router(surface.router(given))
    return app


@contextmanager
def running(home: Path, datasets: Path = DATASETS) -> Iterator[World]:
    """The small world, in a cluster of its own under `home`."""
    copied(_make, home, datasets)
    cluster, registry = Cluster(home, "test"), load_all(datasets)
    settings = Settings(home=home, admin_token=ADMIN, database_url=cluster.start())  # type: ignore[arg-type]  # pydantic wraps them
    try:
        with serving(settings, registry) as found:
            yield found
    finally:
        cluster.stop()


def _make(home: Path, datasets: Path) -> None:
    """What every small world begins with; its cluster is stopped."""
    cluster, registry = Cluster(home, "test"), load_all(datasets)
    settings = Settings(home=home, admin_token=ADMIN, database_url=cluster.start())  # type: ignore[arg-type]
    try:
        migrate(settings, registry)
        fill(settings, registry)
    finally:
        cluster.stop()


@contextmanager
def serving(settings: Settings, registry: Registry) -> Iterator[World]:
    """The surfaces over a database that is there."""
    given, database = services(settings, registry)
    app = application(given, database)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        yield World(registry, settings, database, app, portal, given.door)


def services(settings: Settings, registry: Registry) -> tuple[Services, Counting]:
    """What surfaces need, not connected yet."""
    url = owner.app_url(settings)
    database = Counting(url, 4)
    engine = create_async_engine(owner.sqlalchemy_url(url), pool_size=2)
    directory = Directory(engine, settings, Sessions(b"secret"))
    door = Door(registry, database, watch=SealWatch(engine, settings.seal_limit_seconds), quotas=Quotas(engine))
    return Services(registry, door, Catalog(registry, engine), directory, settings), database
