"""The legal index: real national documents, and the decisions of the province that the other sources name."""

import polars as pl

from . import mess, textfile
from .agencies import Agencies
from .draw import stream
from .facts import facts
from .places import Places
from .procedure_base import ProcedureBase
from .settings import Settings
from .truth import Batch, Truth

SOURCE = "legal index"
_COLUMNS = [
    "doc_type", "doc_number", "title", "issued_date", "issuer", "effective_date", "expired_date", "replaced_by",
    "url", "synthetic",
]  # fmt: skip


def write(settings: Settings, home: Places, bodies: Agencies, base: ProcedureBase, truth: Truth) -> dict[str, int]:
    """Write the index; gives the rows of each file."""
    path = "legal_index/van_ban.csv"
    real = facts("legal_facts").with_columns(url=pl.lit(""), synthetic=pl.lit("0")).select(_COLUMNS)
    frame = pl.concat([real, _provincial(home, bodies, base)]).sort("issued_date", "doc_number", "doc_type")
    batch = Batch(truth, SOURCE, path, "doc_number", frame, stream(settings.seed, SOURCE), 2)
    own = (frame["synthetic"] == "1").to_numpy()
    batch.spoil("effective before issued", "effective_date", _year_before, own)
    batch.spoil("number malformed", "doc_number", lambda values, rng: values.str.replace_all("[/-]", " "), own)
    batch.spoil("decomposed text", "title", mess.decomposed, own)
    batch.repeat("repeated row", "doc_number")
    return {path: textfile.write(settings.out / path, textfile.PLAIN, batch.frame)}


def _year_before(values: pl.Series, rng: object) -> pl.Series:
    return values.str.to_date().dt.offset_by("-1y").dt.strftime("%Y-%m-%d")


def _provincial(home: Places, bodies: Agencies, base: ProcedureBase) -> pl.DataFrame:
    """Decisions that set up bodies, and those that announce procedures."""
    set_up = bodies.frame.filter(pl.col("basis").str.ends_with("/QĐ-UBND")).unique(
        "basis", keep="first", maintain_order=True
    )
    founded = set_up.select(
        doc_number="basis", title=pl.format("Quy định chức năng, nhiệm vụ, quyền hạn và cơ cấu tổ chức: {}", "name"),
        issued_date=pl.lit("2004-12-15"), effective_date=pl.lit("2005-01-01"),
    )  # fmt: skip
    names = dict(enumerate(bodies.frame["name"]))
    announced = base.versions.unique("decision", keep="first", maintain_order=True).select(
        doc_number="decision",
        title=pl.format(
            "Công bố danh mục thủ tục hành chính thuộc phạm vi chức năng quản lý của {}",
            pl.col("department").replace_strict(names, return_dtype=pl.String),
        ),
        issued_date=pl.col("decided").dt.strftime("%Y-%m-%d"), effective_date=pl.col("from").dt.strftime("%Y-%m-%d"),
    )  # fmt: skip
    return pl.concat([founded, announced]).with_columns(
        doc_type=pl.lit("Quyết định"), issuer=pl.lit(f"UBND {home.name[0].lower()}{home.name[1:]}"),
        expired_date=pl.lit(""),
        replaced_by=pl.lit(""), url=pl.lit(""), synthetic=pl.lit("1"),
    ).select(_COLUMNS)  # fmt: skip
