"""A world to ingest into: a real cluster, contracts written by the test, source folders."""

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql
from pydantic import SecretStr

from lienthong.app.install import migrate
from lienthong.contract.loader import load_all
from lienthong.contract.model import Contract
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.kernel.settings import Settings
from lienthong.pipelines.ingest import ingest
from lienthong.pipelines.runs import RunReport
from lienthong.store.cluster import Cluster
from tests.copies import bare, copied

AGENCY = {
    "id": "office", "name": {"vi": "Phòng Thử nghiệm", "en": "Test office"}, "org_code": "H37.99", "level": "province",
    "email": "office@example.gov.vn", "description": {"vi": "Cơ quan của phép thử.", "en": "The agency of the tests."},
}  # fmt: skip

# The code lists that a catalogue block needs.
LISTS = ("classification", "data_class", "licence", "theme", "update_frequency")


def words(text: str) -> dict[str, str]:
    """A text in both languages."""
    return {"vi": text, "en": text}


def field(name: str, logical_type: str = "text", **more: Any) -> dict[str, Any]:
    """A public field."""
    return {"name": name, "title": words(name), "logicalType": logical_type, "classification": "public", **more}


def contract(
    id: str, fields: Sequence[Mapping[str, Any]], key: Sequence[str], source: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """A contract's document. Fields without a source column take the one of their own name."""
    columns = {f["name"]: f["name"] for f in fields} | dict(source.get("columns", {}))
    catalogue = {
        "theme": "GOVE", "licence": "CC-BY-4.0", "updateFrequency": "P1D", "dataClass": "private",
        "legalBasis": ["278/2025/NĐ-CP"], "keywords": [words("thử")],
        "contact": {"name": words("Phòng Thử nghiệm"), "email": "office@example.gov.vn"},
    }  # fmt: skip
    return {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": id, "version": "1.0.0", "title": words(id),
        "description": {"purpose": words("Bộ dữ liệu của phép thử nạp dữ liệu.")}, "primaryKey": list(key),
        "fields": list(fields), "catalogue": catalogue,
        "source": {"system": words("Thử nghiệm"), **source, "columns": columns}, **more,
    }  # fmt: skip


@dataclass
class Installation:
    """An installed platform: settings, contracts, a source folder."""

    settings: Settings
    folder: Path
    cluster: Cluster

    @property
    def registry(self) -> Registry:
        """The contracts as they stand in the folder now."""
        assert self.settings.datasets
        return load_all(self.settings.datasets)

    @property
    def sources(self) -> Path:
        """Where deliveries lie."""
        return self.folder / "sources"

    def define(self, *documents: Mapping[str, Any]) -> None:
        """Write contracts and install them."""
        assert self.settings.datasets
        for document in documents:
            path = self.settings.datasets / "office" / document["id"] / "contract.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False), "utf-8")
        migrate(self.settings, self.registry)

    def deliver(self, name: str, text: str | bytes) -> Path:
        """Put a file into the source folder."""
        path = self.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def ingest(self, dataset: str, **options: Any) -> RunReport:
        """Ingest one dataset from the source folder."""
        self.sources.mkdir(exist_ok=True)
        return ingest(self.settings, self.registry, self.registry.get(dataset), self.sources, **options)

    def contracts(self, *ids: str) -> list[Contract]:
        """Some contracts, as they stand in the folder now."""
        registry = self.registry
        return [registry.get(id) for id in ids]

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection of the owner."""
        assert self.settings.database_url
        return psycopg.connect(self.settings.database_url.get_secret_value(), autocommit=True)

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a statement answers."""
        with self.connect() as connection:
            return connection.execute(statement, parameters).fetchall()

    def value(self, statement: str, *parameters: Any) -> Any:
        """The one value that a statement answers."""
        return self.rows(statement, *parameters)[0][0]

    def quarantine(self, report: RunReport) -> list[tuple[Any, ...]]:
        """(line, field, rule, value) of what a run put aside."""
        return self.rows(
            "select line, field, rule, value from platform.quarantine where run_id = %s order by line, field, rule",
            uuid.UUID(report.run),
        )

    def state(self, dataset: str) -> str:
        """Everything that a dataset's runs leave, but for times, ids and runs that died: to compare two worlds."""
        statement = sql.SQL(_STATE).format(sql.Identifier(dataset), sql.Literal(dataset))
        with self.connect() as connection:
            found = connection.execute(statement).fetchall()
        return "\n".join(sorted(json.dumps(row, sort_keys=True, default=str) for row in found))


_STATE = """
select to_jsonb(t) - '{{_from,_to,_run,_id}}'::text[] as r, 'past' as place from history.{0} t union all
select to_jsonb(t) - '{{_from,_run,_id}}'::text[], 'now' from governed.{0} t union all
select jsonb_build_object('key', key, 'op', op), 'event' from platform.outbox where dataset = {1} union all
select to_jsonb(q) - '{{id,run_id,dataset}}'::text[], 'aside' from platform.quarantine q where dataset = {1} union all
select jsonb_build_object('rows', rows), 'dataset' from platform.dataset where id = {1} union all
select counts, 'run' from platform.run where dataset = {1} and state = 'done'
"""


@contextmanager
def installed(folder: Path, own: bool = False) -> Iterator[Installation]:
    """A platform in a cluster of its own, without datasets, or with copies of the project's own contracts."""
    folder.chmod(0o755)
    copied(bare, folder / "home")
    cluster = Cluster(folder / "home", "test")
    definitions = folder / "datasets"
    if own:
        shutil.copytree(content("datasets"), definitions)
    (definitions / "office").mkdir(parents=True)
    (definitions / "_vocab").mkdir(exist_ok=True)
    for name in LISTS:
        shutil.copy(content("datasets") / "_vocab" / f"{name}.yaml", definitions / "_vocab")
    (definitions / "office" / "agency.yaml").write_text(yaml.safe_dump(AGENCY, allow_unicode=True), "utf-8")
    try:
        url = SecretStr(cluster.start())
        made = Installation(Settings(home=folder / "home", database_url=url, datasets=definitions), folder, cluster)
        made.define()
        yield made
    finally:
        cluster.stop()
