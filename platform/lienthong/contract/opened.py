"""The open view of a contract: rows or groups, and how persons in them are protected."""

from typing import Literal

from pydantic import Field

from lienthong.contract.part import NAME, ConditionMap, Part
from lienthong.kernel.text import Bilingual

HeldIdentifier = Literal[
    "old_identity_card",
    "mobile_phone",
    "home_phone",
    "email",
    "personal_tax_code",
    "bank_account",
    "bank_card",
    "social_insurance",
    "health_insurance",
    "passport",
    "driving_licence",
    "vehicle_plate",
]


class MayHold(Part):
    """Kinds of identifier that a published field may hold, for they are no person's here, and why."""

    identifiers: tuple[HeldIdentifier, ...] = Field(min_length=1)
    because: Bilingual


class GroupBy(Part):
    """A dimension of an aggregate open view."""

    of: str
    transform: Literal["none", "year", "quarter", "month", "band5"] = "none"
    name: str | None = None
    title: Bilingual | None = None

    @property
    def field(self) -> str:
        """The name of the resulting field."""
        return self.name or self.of


class Measure(Part):
    """A number of an aggregate open view; `where` counts or averages only some rows."""

    name: str = Field(pattern=NAME)
    title: Bilingual
    measure: Literal["count", "sum", "avg", "min", "max"]
    of: str | None = None
    where: ConditionMap | None = None


class Generalisation(Part):
    """A step that makes a field of a row view coarser, in its own type.

    year, month: the first day of it; band: the lower bound of a band of `width`; prefix: the first `keep` characters;
    province: the province of a unit; grid: a point moved to a grid of `metres`; drop: nothing.
    """

    field: str = Field(pattern=NAME)
    to: Literal["year", "month", "band", "prefix", "province", "grid", "drop"]
    width: int = Field(default=5, ge=2)
    keep: int = Field(default=2, ge=1)
    metres: int = Field(default=1000, ge=10, le=100_000)


class Anonymity(Part):
    """No row of a row view stands out: k rows are alike in the quasi-identifiers, with l values of what is sensitive.

    `steps` are taken one after the other until no more than `mostSuppressed` of the rows would be left out.
    """

    k: int = Field(default=5, ge=2)
    diversity: int = Field(default=2, ge=1, alias="l")
    quasi_identifiers: tuple[str, ...] = Field(min_length=1)
    sensitive: tuple[str, ...] = ()
    steps: tuple[Generalisation, ...] = ()
    most_suppressed: float = Field(default=0.05, ge=0, le=1)


class PersonalPlace(Part):
    """Points that are somebody's home: on a grid of `metres`, or left out; `without` are fields emptied beside them."""

    field: str = Field(pattern=NAME)
    where: ConditionMap | None = None
    metres: int | None = Field(default=None, ge=100, le=100_000)
    without: tuple[str, ...] = ()


class Protection(Part):
    """How cells of an aggregate are protected (Eurostat; Hundepool et al., Statistical Disclosure Control).

    `margins`: totals over which dimensions the public may know, against which cells are suppressed besides the small
    ones: those of every single dimension by default, `all` sets of dimensions, `none`, or the sets listed.
    `p`, `n`, `share`: a sum is sensitive when its largest part could be estimated to within `p` percent, or `n` parts
    make up `share` percent of it. `contributor`: the field that says whose a row is (each row its own by default).
    `sums: publish` says that sums are of the agency's work, not of persons or firms: only counts are protected then.
    `rounding`: counts are published as multiples of it. `changes: hold` keeps the numbers of a cell as they were
    published until k rows have changed. `toldByTotals`: why small cells may stay that the totals held to be known tell
    by themselves, whatever is published; without it such a release is refused.
    """

    margins: Literal["single", "all", "none"] | tuple[tuple[str, ...], ...] = "single"
    p: float = Field(default=15, gt=0, lt=100)
    n: int = Field(default=2, ge=1, le=3)
    share: float = Field(default=85, gt=0, lt=100)
    contributor: str | None = Field(default=None, pattern=NAME)
    sums: Literal["protect", "publish"] = "protect"
    rounding: int | None = Field(default=None, ge=2, le=100)
    changes: Literal["publish", "hold"] = "publish"
    told_by_totals: Bilingual | None = None


class OpenView(Part):
    """What is published: rows (with `where`), or an aggregate with its own id and small cells suppressed."""

    id: str | None = Field(default=None, pattern=NAME)
    title: Bilingual | None = None
    description: Bilingual | None = None
    where: ConditionMap | None = None
    group_by: tuple[GroupBy, ...] = ()
    measures: tuple[Measure, ...] = ()
    k: int = Field(default=5, ge=2)
    protection: Protection = Protection()
    anonymity: Anonymity | None = None
    places: tuple[PersonalPlace, ...] = ()

    @property
    def is_aggregate(self) -> bool:
        """Is it a table of groups, not of rows?"""
        return bool(self.group_by)
