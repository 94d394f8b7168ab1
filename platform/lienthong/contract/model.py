"""The contract: a dataset defined once, in ODCS v3.1 words plus blocks of our own.

Source: Open Data Contract Standard v3.1 (bitol-io); DCAT 3 for the catalogue block.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from lienthong.contract.opened import GroupBy as GroupBy
from lienthong.contract.opened import MayHold as MayHold
from lienthong.contract.opened import Measure as Measure
from lienthong.contract.opened import OpenView as OpenView
from lienthong.contract.part import NAME, Part
from lienthong.contract.types import TYPES
from lienthong.contract.types.base import Column, LogicalType
from lienthong.kernel.text import Bilingual, slug

Classification = Literal["public", "internal", "personal", "sensitive"]
OpenUse = Literal["publish", "suppress"]
Severity = Literal["error", "warning"]
Dimension = Literal["accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"]

NOT_OPEN = "other-closed"
"""CKAN's word for the licence of what is not open."""
MaskMethod = Literal["drop", "hash", "last", "year", "province", "grid"]
# The logical types that each mask is made for; None: any.
MASKS: Mapping[str, frozenset[str] | None] = {
    "drop": None,
    "hash": None,
    "last": frozenset({"text", "identifier", "citizen_id", "tax_code", "phone", "document_number", "dossier_code"}),
    "year": frozenset({"date", "partial_date", "datetime"}),
    "province": frozenset({"admin_unit"}),
    "grid": frozenset({"point"}),
}


class Mask(Part):
    """How a consumer sees a field that its agreement does not give in clear (91/2025/QH15; ISO/IEC 20889).

    drop: nothing; hash: a keyed hash, the same for the same value; last: the last `keep` characters; year: the year
    alone; province: the province of a unit; grid: a point moved to a grid of `metres`.
    """

    method: MaskMethod
    keep: int = Field(default=4, ge=1, le=8)
    metres: int = Field(default=1000, ge=10, le=100_000)


class FieldContract(Part):
    """One field: its meaning, its type, who may see it."""

    name: str = Field(pattern=NAME)
    title: Bilingual
    description: Bilingual | None = None
    logical_type: str
    options: dict[str, Any] = Field(default_factory=dict)
    required: bool = False
    unique: bool = False
    classification: Classification
    open: OpenUse | None = None
    search: bool = False
    index: bool = False
    examples: tuple[Any, ...] = ()
    national_term: str | None = None
    mask: Mask | None = None
    may_hold: MayHold | None = None

    @property
    def is_personal(self) -> bool:
        """Does it tell something of a person? Then every request for it says what for."""
        return self.classification in ("personal", "sensitive")

    @property
    def type(self) -> LogicalType:
        """The logical type. The linter has checked that it exists."""
        return TYPES[self.logical_type]

    @property
    def is_open(self) -> bool:
        """May the field be published as it is?"""
        return (self.open or ("publish" if self.classification == "public" else "suppress")) == "publish"

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The stored columns; the first bears the field's name."""
        return self.type.columns(self.name, self.options)


class Inverse(Part):
    """The other side of a relationship, as the other dataset shows it."""

    name: str = Field(pattern=NAME)
    title: Bilingual


class Relationship(Part):
    """A foreign key: `on` maps local fields to fields of the dataset `to`."""

    name: str = Field(pattern=NAME)
    title: Bilingual
    to: str = Field(pattern=NAME)
    on: dict[str, str] = Field(min_length=1)
    cardinality: Literal["one", "many"] = "one"
    inverse: Inverse | None = None
    required: bool = False


class QualityRule(Part):
    """One great_expectations expectation with its consequences."""

    id: str
    title: Bilingual
    dimension: Dimension
    severity: Severity = "warning"
    on_failure: Literal["score", "quarantine"] = "score"
    expectation: str
    kwargs: dict[str, Any] = Field(default_factory=dict)
    mostly: float | None = Field(default=None, gt=0, le=1)
    playbook: str | None = None


class Description(Part):
    """What the data is for, what it cannot do, how to use it."""

    purpose: Bilingual
    limitations: Bilingual | None = None
    usage: Bilingual | None = None


class Contact(Part):
    """Whom to ask."""

    name: Bilingual
    email: str


class PublicService(Part):
    """Rows that each describe a public service: the fields that CPSV-AP 3.2 asks for."""

    name: str = Field(pattern=NAME)
    description: str | None = Field(default=None, pattern=NAME)
    authority: str | None = Field(default=None, pattern=NAME)
    status: str | None = Field(default=None, pattern=NAME)
    output: str | None = Field(default=None, pattern=NAME)
    requirement: str | None = Field(default=None, pattern=NAME)
    channel: str | None = Field(default=None, pattern=NAME)

    @property
    def named(self) -> dict[str, str]:
        """Property -> field, of those that are given."""
        return {name: value for name, value in self.model_dump(by_alias=False).items() if value}


class Catalogue(Part):
    """What a catalogue says of the dataset (DCAT-AP, TT 24/2011/TT-BTTTT)."""

    theme: str
    keywords: tuple[Bilingual, ...] = ()
    licence: str
    update_frequency: str
    spatial: str = "VN"
    data_class: Literal["open", "default_shared", "specific", "private"]
    legal_basis: tuple[str, ...] = ()
    contact: Contact
    public_service: PublicService | None = None


class SubjectOf(Part):
    """Whose record a row is: the field that names the person, and the kind of identifier in it."""

    field: str = Field(pattern=NAME)
    identifier: str = Field(pattern=NAME)


class Privacy(Part):
    """Whether people are described, why that is lawful, and for how long it is kept."""

    personal: bool = False
    legal_basis: str | None = None
    retention: str | None = None
    k: int = Field(default=5, ge=2)
    subject: SubjectOf | None = None


class Shared(Part):
    """What an agreement about the dataset may be asked for (NĐ 47/2020 Điều 35)."""

    purposes: tuple[str, ...] = ()
    legal_basis: str | None = None


class Write(Part):
    """Who may change single rows over the API. Each write is a run: through the gate, with history."""

    by: Literal["provider"] = "provider"
    modes: tuple[Literal["upsert", "delete"], ...] = ("upsert", "delete")


class Access(Part):
    """Sharing between agencies, and writing over the API; absent means neither."""

    shared: Shared | None = None
    write: Write | None = None


class Publication(Part):
    """How a release of the dataset comes to be published, and after how many months it is reviewed.

    required: never without the approval of a second steward; single: one steward may draft and approve; default: over
    the API and the portal a second steward approves, the operator of the machine publishes on their own account.
    """

    approval: Literal["default", "required", "single"] = "default"
    review: int = Field(default=6, ge=1, le=60)


class ColumnSource(Part):
    """How a field is found in the source: column name(s), a constant, a mapping of raw texts."""

    from_: str | tuple[str, ...] | None = Field(default=None, alias="from")
    value: str | None = None
    join: str = " "
    split: str | None = None
    formats: tuple[str, ...] = ()
    map: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] | None = None
    extract: str | None = None
    json_: bool = Field(default=False, alias="json")

    @property
    def names(self) -> tuple[str, ...]:
        """The source columns that are read."""
        if self.from_ is None:
            return ()
        return (self.from_,) if isinstance(self.from_, str) else self.from_


class SourceFile(Part):
    """Files that a source delivers, and how they are read."""

    pattern: str
    reader: str
    options: dict[str, Any] = Field(default_factory=dict)
    columns: dict[str, ColumnSource | str] | None = None


class Source(Part):
    """Where the data comes from and how its columns become fields."""

    system: Bilingual
    mode: Literal["snapshot", "upsert"] = "snapshot"
    files: tuple[SourceFile, ...] = ()
    missing: tuple[str, ...] = ("",)
    columns: dict[str, ColumnSource | str] = Field(default_factory=dict)

    def column(self, field: str, file: SourceFile | None = None) -> ColumnSource | None:
        """How `field` is found (a file's own mapping first), or None when the source does not carry it."""
        own = (file.columns or {}) if file else {}
        given = own.get(field, self.columns.get(field))
        return ColumnSource.model_validate({"from": given}) if isinstance(given, str) else given


class Validity(Part):
    """The fields that tell when a row is valid in the world; `as_of` then asks about that time."""

    from_: str = Field(alias="from")
    to: str


class Deprecated(Part):
    """Since when a dataset should not be begun with, when it ends, and which one takes its place."""

    since: date
    sunset: date | None = None
    successor: str | None = Field(default=None, pattern=NAME)


class Agency(Part):
    """An agency that provides data: one file `agency.yaml` in its folder, whose name is its id."""

    id: str = Field(pattern=NAME)
    name: Bilingual
    org_code: str | None = None
    level: str | None = None
    email: str | None = None
    website: str | None = None
    description: Bilingual | None = None

    @property
    def slug(self) -> str:
        """The name in addresses, and CKAN's organisation name."""
        return slug(self.id)


class Contract(Part):
    """A dataset, defined once; everything else is a projection of it."""

    api_version: str = "v3.1.0"
    kind: Literal["DataContract"] = "DataContract"
    id: str = Field(pattern=NAME)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    status: Literal["proposed", "draft", "active", "deprecated", "retired"] = "active"
    title: Bilingual
    description: Description
    primary_key: tuple[str, ...] = Field(min_length=1)
    validity: Validity | None = None
    fields: tuple[FieldContract, ...] = Field(min_length=1)
    relationships: tuple[Relationship, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = Field(
        default=(), description="fields asked for together: those compared with a value, then the one sorted by"
    )
    rollups: tuple[tuple[str, ...], ...] = Field(
        default=(), description="dimensions of groups over all open rows, counted once with each release"
    )
    quality: tuple[QualityRule, ...] = ()
    catalogue: Catalogue
    privacy: Privacy = Privacy()
    access: Access = Access()
    open_view: OpenView | None = None
    release: Publication = Publication()
    source: Source
    deprecated: Deprecated | None = None
    agency: str = Field(default="", description="the folder it stands in; set by the loader")
    derived_from: str | None = Field(default=None, description="the dataset that an aggregate open view is made of")

    @property
    def slug(self) -> str:
        """The name in addresses."""
        return slug(self.id)

    @cached_property
    def by_name(self) -> Mapping[str, FieldContract]:
        """Fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the contract's canonical JSON: changes when, and only when, its meaning may."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return sha256(canonical.encode()).hexdigest()

    @cached_property
    def open_fields(self) -> tuple[FieldContract, ...]:
        """The fields of the row open view; empty when nothing is open row by row."""
        if self.open_view is None or self.open_view.is_aggregate:
            return ()
        return tuple(field for field in self.fields if field.is_open)

    @cached_property
    def is_open(self) -> bool:
        """Can anybody read rows of this very dataset?"""
        return bool(self.open_fields)

    @property
    def licence(self) -> str:
        """The licence of its rows: that of the open view, or CKAN's word for what is not open."""
        return self.catalogue.licence if self.is_open else NOT_OPEN

    @property
    def geometry(self) -> FieldContract | None:
        """The field that places a row on the map, the first one."""
        return next((f for f in self.fields if f.logical_type in {"point", "multipolygon"}), None)
