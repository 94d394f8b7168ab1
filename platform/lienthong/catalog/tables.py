"""The catalogue's own tables (schema `platform`). Hot reads of rows never go through them."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from lienthong.kernel.clock import now
from lienthong.store.tables import PlatformTable, json_column


class Agency(PlatformTable, table=True):
    """An agency: a publisher of datasets, a consumer of shared data, or both."""

    id: str = Field(primary_key=True, max_length=63)
    name_vi: str
    name_en: str
    org_code: str | None = None
    details: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class Dataset(PlatformTable, table=True):
    """An installed contract and the state of its data."""

    id: str = Field(primary_key=True, max_length=63)
    agency_id: str = Field(foreign_key="agency.id")
    version: str
    fingerprint: str
    contract: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    loaded_run: uuid.UUID | None = None
    loaded_at: datetime | None = None
    rows: int = 0


class Landing(PlatformTable, table=True):
    """Bytes as they came, once for each content."""

    sha256: str = Field(primary_key=True, max_length=64)
    size: int = Field(sa_type=BigInteger)
    received_at: datetime = Field(default_factory=now)


class Run(PlatformTable, table=True):
    """One passage of a source's delivery, or of rows written over the API, through land, conform, gate, merge."""

    __table_args__ = (Index("run_dataset_started", "dataset", "started_at"), {"info": {"app": "insert"}})

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    dataset: str = Field(max_length=63)
    kind: str = Field(default="delivery", sa_column_kwargs={"server_default": "delivery"})  # delivery | write
    state: str = Field(default="running")  # queued | running | done | unchanged | refused | failed
    step: str = Field(default="land")  # land | conform | gate | merge | done
    started_at: datetime = Field(default_factory=now)
    finished_at: datetime | None = None
    contract_version: str = ""
    fingerprint: str = ""  # of files' hashes and the contract: the same one twice is not run again
    files: list[Any] = Field(
        default_factory=list, sa_column=json_column("[]")
    )  # [{name, sha256, size, rows, encoding}]
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())  # read accepted quarantined ...
    problem: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))


class Quarantine(PlatformTable, table=True):
    """A row that was not accepted, with the rule, the value, the file and the line."""

    __table_args__ = (Index("quarantine_dataset_run", "dataset", "run_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    run_id: uuid.UUID = Field(foreign_key="run.id")
    dataset: str = Field(max_length=63)
    rule: str
    field: str | None = None
    value: str | None = None
    reason_vi: str = ""
    reason_en: str = ""
    file: str = ""
    line: int | None = Field(default=None, sa_type=BigInteger)
    row: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())


class ValidationResult(PlatformTable, table=True):
    """What a checkpoint found; kept for good."""

    __tablename__ = "validation_result"
    __table_args__ = (Index("validation_dataset_at", "dataset", "at"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    run_id: uuid.UUID | None = Field(default=None, foreign_key="run.id")
    dataset: str = Field(max_length=63)
    at: datetime = Field(default_factory=now)
    success: bool
    score: float
    suite_hash: str
    engine: str
    results: list[Any] = Field(default_factory=list, sa_column=json_column("[]"))


class Release(PlatformTable, table=True):
    """An immutable, numbered publication of an open view, from its draft to its end (`catalog.releases`).

    `published_at` of one that is not published yet is when it was made. The people's numbers are never published.
    """

    __table_args__ = (UniqueConstraint("dataset", "number"),)

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    dataset: str = Field(max_length=63)  # the id of the open view
    number: int
    state: str = Field(default="published")  # draft | checked | approved | published | superseded | withdrawn
    published_at: datetime = Field(default_factory=now)
    run_id: uuid.UUID | None = None
    contract_version: str
    fingerprint: str = ""  # of run and contract: the same one twice is not released again
    rows: int
    manifest: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    drafted_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    approved_by: str | None = None
    approved_at: datetime | None = None
    publish_at: datetime | None = None  # when the keeper publishes what is approved
    review_due: date | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))  # {vi, en}
    successor: int | None = None  # the release to use in place of a withdrawn one; None: the one that is served
    problem: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))  # why a draft did not pass
    changed_at: datetime = Field(default_factory=now, sa_column_kwargs={"server_default": text("now()")})


class ReleaseStep(PlatformTable, table=True):
    """One step in the life of a release: who asked for it, when, and what became of it; kept for good."""

    __tablename__ = "release_step"
    __table_args__ = (
        Index("release_step_dataset", "dataset", "asked_at"),
        Index("release_step_waiting", "asked_at", postgresql_where=text("state = 'asked'")),
        {"info": {"app": "insert"}},
    )

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    dataset: str = Field(max_length=63)
    number: int | None = None
    action: str  # draft | approve | reject | publish | schedule | withdraw | rollback | review
    actor: str
    actor_role: str = ""  # steward | administrator | operator
    asked_at: datetime = Field(default_factory=now)
    details: dict[str, Any] = Field(default_factory=dict, sa_column=json_column())
    state: str = Field(default="asked")  # asked | done | refused
    done_at: datetime | None = None
    problem: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))


class Distribution(PlatformTable, table=True):
    """One file of a release."""

    id: uuid.UUID = Field(primary_key=True, default_factory=uuid.uuid4)
    release_id: uuid.UUID = Field(foreign_key="release.id", index=True)
    format: str  # csv | jsonl | parquet | geojson | xlsx
    media_type: str
    path: str  # under the releases folder
    size: int = Field(sa_type=BigInteger)
    sha256: str


class Outbox(PlatformTable, table=True):
    """One change of one row, for whoever follows. Of one dataset, ids grow in the order of commits (`store.merge`).

    `row_id` is the row's number: with `at` it names the version that began (`_from`) or ended (`_to`) with the change.
    """

    __table_args__ = (Index("outbox_dataset_id", "dataset", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    dataset: str = Field(max_length=63)
    key: str
    op: str = Field(max_length=6)  # insert | update | delete
    run_id: uuid.UUID
    at: datetime = Field(default_factory=now)
    row_id: int | None = Field(default=None, sa_type=BigInteger)
