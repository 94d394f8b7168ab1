"""A small world to publish from: rows with every kind of trouble, an aggregate, and areas on the map."""

import json
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from lienthong.app.install import migrate
from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.kernel.settings import Settings
from lienthong.store import owner
from lienthong.store.cluster import Cluster
from lienthong.store.served import ensure_served

VOCABULARIES = Path(__file__).parents[2] / "datasets" / "_vocab"
_CATALOGUE = """
catalogue:
  theme: GOVE
  licence: CC-BY-4.0
  updateFrequency: P1D
  dataClass: open
  legalBasis: ["47/2020/NĐ-CP"]
  keywords: [{vi: thử, en: test}]
  contact: {name: {vi: Phòng thử, en: Test office}, email: thu@example.gov.vn}
source:
  system: {vi: Hệ thống thử, en: Test system}
  files: [{pattern: "x.csv", reader: csv}]
"""
STALLS = """
apiVersion: v3.1.0
kind: DataContract
id: stalls
version: 1.0.0
title: {vi: Sạp hàng, en: Stalls}
description: {purpose: {vi: Sạp hàng ở chợ, en: Stalls of markets}}
primaryKey: [code]
fields:
  - {name: code, title: {vi: Mã, en: Code}, logicalType: identifier, required: true, classification: public, examples: [S001]}
  - {name: name, title: {vi: Tên, en: Name}, logicalType: text, required: true, classification: public, search: true}
  - {name: kind, title: {vi: Loại, en: Kind}, logicalType: enum, options: {values: [food, cloth, HKD]}, required: true, classification: public, index: true}
  - {name: capital, title: {vi: Vốn, en: Capital}, logicalType: money, classification: public}
  - {name: share, title: {vi: Tỷ lệ, en: Share}, logicalType: decimal, options: {scale: 3}, classification: public}
  - {name: staff, title: {vi: Số người, en: Staff}, logicalType: integer, options: {min: 0}, classification: public}
  - {name: opened_on, title: {vi: Ngày mở, en: Opened on}, logicalType: date, required: true, classification: public}
  - {name: seen_at, title: {vi: Ghi lúc, en: Seen at}, logicalType: datetime, classification: public}
  - {name: indoors, title: {vi: Trong nhà, en: Indoors}, logicalType: boolean, classification: public}
  - {name: tags, title: {vi: Nhãn, en: Tags}, logicalType: list, options: {items: {logicalType: text}}, classification: public}
  - {name: place, title: {vi: Vị trí, en: Place}, logicalType: point, classification: public}
  - {name: email, title: {vi: Thư, en: E-mail}, logicalType: email, classification: public}
  - {name: area_code, title: {vi: Mã khu, en: Area code}, logicalType: identifier, classification: public}
  - {name: keeper, title: {vi: Chủ sạp, en: Keeper}, logicalType: text, classification: personal}
  - {name: note, title: {vi: Ghi chú, en: Note}, logicalType: text, classification: internal}
relationships:
  - {name: area, title: {vi: Khu, en: Area}, to: areas, on: {area_code: area_code}, inverse: {name: stalls, title: {vi: Sạp, en: Stalls}}}
quality:
  - id: STA-01
    title: {vi: Mở không sau hôm nay, en: Not opened in the future}
    dimension: accuracy
    onFailure: quarantine
    expectation: unexpected_rows_expectation
    kwargs: {unexpected_rows_query: "select * from {batch} b where opened_on > current_date"}
  - id: STA-02
    title: {vi: Có chủ sạp, en: A food stall has a keeper}
    dimension: completeness
    expectation: expect_column_values_to_not_be_null
    kwargs: {column: keeper, row_condition: {type: comparison, column: {name: kind}, operator: "==", parameter: food}}
    mostly: 0.5
  - id: STA-03
    title: {vi: Tên không có dấu ba chấm, en: "No ... in the name"}
    dimension: conformity
    onFailure: quarantine
    expectation: expect_column_values_to_not_match_regex
    kwargs: {column: name, regex: "\\\\.\\\\.\\\\.|it's"}
  - id: STA-04
    title: {vi: Tên và ngày không trùng, en: No two of the same name and day}
    dimension: uniqueness
    expectation: expect_compound_columns_to_be_unique
    kwargs: {column_list: [name, opened_on]}
privacy: {personal: true, legalBasis: "356/2025/NĐ-CP", retention: P10Y}
openView:
  where: {kind: {ne: HKD}}
""" + _CATALOGUE + """
  columns: {code: a, name: b, kind: c, opened_on: d}
"""  # fmt: skip
AREAS = """
apiVersion: v3.1.0
kind: DataContract
id: areas
version: 1.0.0
title: {vi: Khu, en: Areas}
description: {purpose: {vi: Khu chợ, en: Areas of markets}}
primaryKey: [area_code, valid_from]
validity: {from: valid_from, to: valid_to}
fields:
  - {name: area_code, title: {vi: Mã khu, en: Area code}, logicalType: identifier, required: true, classification: public, examples: [A1]}
  - {name: valid_from, title: {vi: Từ, en: From}, logicalType: date, required: true, classification: public}
  - {name: valid_to, title: {vi: Đến, en: To}, logicalType: date, classification: public}
  - {name: boundary, title: {vi: Ranh giới, en: Boundary}, logicalType: multipolygon, classification: public}
openView: {}
""" + _CATALOGUE + """
  columns: {area_code: a, valid_from: b}
"""  # fmt: skip
VISITS = """
apiVersion: v3.1.0
kind: DataContract
id: visits
version: 1.0.0
title: {vi: Lượt kiểm tra, en: Visits}
description: {purpose: {vi: Lượt kiểm tra sạp, en: Inspections of stalls}}
primaryKey: [visit_no]
fields:
  - {name: visit_no, title: {vi: Số, en: Number}, logicalType: identifier, required: true, classification: internal, examples: [V1]}
  - {name: visited_at, title: {vi: Lúc, en: At}, logicalType: datetime, required: true, classification: internal}
  - {name: kind, title: {vi: Loại, en: Kind}, logicalType: enum, options: {values: [planned, sudden]}, classification: internal}
  - {name: minutes, title: {vi: Phút, en: Minutes}, logicalType: integer, classification: internal}
  - {name: inspector, title: {vi: Người kiểm tra, en: Inspector}, logicalType: text, classification: personal}
privacy: {personal: true, legalBasis: "356/2025/NĐ-CP", retention: P10Y, k: 3}
openView:
  id: visit_statistics
  title: {vi: Thống kê kiểm tra, en: Visit statistics}
  groupBy:
    - {of: visited_at, transform: month, name: month, title: {vi: Tháng, en: Month}}
    - {of: kind}
  measures:
    - {name: visits, title: {vi: Số lượt, en: Visits}, measure: count}
    - {name: short, title: {vi: Lượt ngắn, en: Short ones}, measure: count, where: {minutes: {lt: 30}}}
    - {name: mean_minutes, title: {vi: Phút bình quân, en: Mean minutes}, measure: avg, of: minutes}
  k: 3
""" + _CATALOGUE + """
  columns: {visit_no: a, visited_at: b}
"""  # fmt: skip

Row = dict[str, Any]


def stall(number: int, **changes: Any) -> Row:
    """A stall that is as it should be."""
    return {
        "code": f"S{number:05}",
        "name": f"Sạp “{number}”, dãy Đông",
        "kind": ("food", "cloth")[number % 2],
        "capital": number * 1_000_000,
        "share": f"{number / 8:.3f}",
        "staff": number % 5,
        "opened_on": date(2020, 1, 1 + number % 28),
        "seen_at": f"2026-01-{1 + number % 28:02}T08:30:00+07:00",
        "indoors": number % 2 == 0,
        "tags": json.dumps(["rau", f'"{number}"']),
        "place": f"SRID=4326;POINT({106 + number / 10000} {21.5})",
        "email": "cho@example.com",
        "area_code": f"A{number % 3}",
        "keeper": f"Nguyễn Văn {number}",
        "note": None,
    } | changes


def area(code: str, west: float) -> Row:
    """A square area whose ring turns clockwise, as PostGIS keeps it."""
    ring = f"{west} 21, {west} 22, {west + 1} 22, {west + 1} 21, {west} 21"
    boundary = f"SRID=4326;MULTIPOLYGON((({ring})))"
    return {"area_code": code, "valid_from": date(2025, 7, 1), "valid_to": None, "boundary": boundary}


@dataclass(frozen=True)
class World:
    """A migrated database with the four datasets; `home` is its own."""

    settings: Settings
    registry: Registry

    def connect(self) -> psycopg.Connection:
        """As the owner."""
        return owner.connect(self.settings)

    def fill(self, dataset: str, rows: list[Row], run: uuid.UUID | None = None) -> uuid.UUID:
        """Replace the governed rows of a dataset as a run would: unchanged ones stay, others go to history."""
        run = run or uuid.uuid4()
        contract = self.registry.get(dataset)
        names = [field.name for field in contract.fields]
        with self.connect() as connection, connection.transaction():
            connection.execute("insert into platform.run (id, dataset, state, step, started_at, contract_version, "
                               "fingerprint) values (%s, %s, 'done', 'done', now(), '1.0.0', '')", (run, dataset))  # fmt: skip
            new = sql.SQL("create temp table new on commit drop as select * from {} limit 0").format(
                sql.Identifier("governed", dataset)
            )
            connection.execute(new)
            connection.execute("alter table new drop column _search, drop column _id")
            listed = sql.SQL(", ").join(map(sql.Identifier, names))
            marks = sql.SQL(", ").join(sql.Placeholder() * len(names))
            insert = sql.SQL("insert into new ({}, _from, _run, _hash) values ({}, now(), %s, '')").format(listed, marks)
            with connection.cursor() as cursor:
                cursor.executemany(insert, [[row.get(name) for name in names] + [run] for row in rows])
            _merge(connection, dataset, contract.primary_key, names)
            connection.execute(
                "update platform.dataset set loaded_run = %s, loaded_at = now() where id = %s", (run, dataset)
            )
        return run

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connect() as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]


def _merge(connection: psycopg.Connection, dataset: str, key: tuple[str, ...], names: list[str]) -> None:
    current, past = sql.Identifier("governed", dataset), sql.Identifier("history", dataset)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    keys = sql.SQL(", ").join(map(sql.Identifier, key))
    same = sql.SQL(" and ").join(sql.SQL("t.{0} = n.{0}").format(sql.Identifier(k)) for k in key)
    listed = [sql.SQL(", ").join(sql.SQL("{}.{}").format(sql.SQL(a), sql.Identifier(n)) for n in names) for a in "tn"]
    kept = sql.SQL("exists (select from new n where {} and ({}) is not distinct from ({}))").format(same, *listed)
    connection.execute(
        sql.SQL("insert into {} ({}, _from, _run, _hash, _to) select {}, _from, _run, _hash, now() from {} t where not {}")
        .format(past, columns, columns, current, kept)
    )  # fmt: skip
    connection.execute(sql.SQL("delete from {} t where not {}").format(current, kept))
    connection.execute(
        sql.SQL("insert into {} ({}, _from, _run, _hash) select {}, _from, _run, _hash from new n "
                "where ({}) not in (select {} from {})").format(current, columns, columns, keys, keys, current)
    )  # fmt: skip


def make_world(cluster: Cluster, home: Path, name: str) -> World:
    """Definitions in a folder, a database of the cluster, everything migrated and served empty."""
    definitions = home / "datasets"
    for dataset, text in (("stalls", STALLS), ("areas", AREAS), ("visits", VISITS)):
        folder = definitions / "market_office" / dataset
        folder.mkdir(parents=True)
        (folder / "contract.yaml").write_text(text, "utf-8")
    (definitions / "market_office" / "agency.yaml").write_text(
        "{id: market_office, name: {vi: Ban quản lý chợ, en: Market office}, org_code: H37.99, level: province,"
        " email: thu@example.gov.vn}"
    )
    (definitions / "_vocab").symlink_to(VOCABULARIES)
    settings = Settings(home=home, database_url=cluster.create_database(name), datasets=definitions)  # type: ignore[arg-type]
    registry = load_all(definitions)
    migrate(settings, registry)
    ensure_served(settings, registry)
    return World(settings, registry)
