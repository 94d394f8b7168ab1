"""B06: no cell of a published table is taken for a formula, numbers stay numbers, and every value comes back."""

import csv
import io
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.contract.loader import load_all
from lienthong.contract.model import FieldContract
from lienthong.contract.vocabulary import Code
from lienthong.formats import FORMATS, Document
from lienthong.formats.rows import batches
from lienthong.kernel.text import both
from lienthong.pipelines.release_package import codebook, codes
from lienthong.reports.engine import Column, Table
from lienthong.reports.files import as_csv
from lienthong.store.export import DELIMITER, QUOTE

SIGNS = tuple("=+-@\t\r＝＋－＠")
CELLS = 100  # of an example; a hundred examples make ten thousand
HARM = st.builds(
    lambda before, sign, rest: before + sign + rest,
    st.sampled_from(["", "'", "''"]),
    st.sampled_from([*SIGNS, "\n", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "@SUM(1+1)*", "+1-", "-2+3"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10),
)
TEXTS = HARM | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=DELIMITER + QUOTE + "\0"), max_size=15
)
NUMBERS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


def field(name: str, kind: str, **options: Any) -> FieldContract:
    return FieldContract(name=name, title=both(name, name), logical_type=kind, options=options, classification="public")


DOCUMENT = Document(
    "thu", both("Thử", "Test"), (field("note", "text"), field("amount", "decimal", scale=2)), (), datetime(2026, 1, 2, tzinfo=UTC)
)  # fmt: skip


def written(name: str, rows: list[tuple[str, str]]) -> bytes:
    """The file of a format, made of rows as PostgreSQL hands them over."""
    lines = (DELIMITER.join((QUOTE + text + QUOTE, number, "{}")) + "\n" for text, number in rows)
    (batch,) = batches(["".join(lines).encode()], DOCUMENT)
    with tempfile.TemporaryDirectory() as folder:
        writer = FORMATS[name].writer
        assert writer
        made = writer(Path(folder) / "file", DOCUMENT)
        made.write(batch)
        made.close()
        return (Path(folder) / "file").read_bytes()


def restored(cell: str) -> str:
    """The documented way back: one apostrophe off, when it stands before a formula's sign or such an apostrophe."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r\n＝＋－＠]", cell) else cell


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(TEXTS, NUMBERS), min_size=CELLS // 2, max_size=CELLS))
def test_csv(given_: list[tuple[str, Any]]) -> None:
    rows = [(text, str(number)) for text, number in given_]
    content = written("csv", rows).decode("utf-8-sig")
    _, *read = csv.reader(io.StringIO(content, newline=""))
    assert not [cell for cell, _ in read if cell.startswith((*SIGNS, "\n"))]
    assert [restored(cell) for cell, _ in read] == [text for text, _ in rows]
    assert [number for _, number in read] == [number for _, number in rows]
    # A number is bare: a spreadsheet takes it for one.
    assert content.count("\r\n") >= len(rows) and f",{rows[0][1]}\r\n" in content


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(TEXTS, st.integers(-(10**9), 10**9)), min_size=1, max_size=CELLS))
def test_csv_behind_a_report(given_: list[tuple[str, int]]) -> None:
    columns = (Column("label", both("Nhãn", "Label"), False), Column("value", both("Số", "Number"), True))
    table = Table(columns, tuple({"label": text, "value": number} for text, number in given_))
    _, *read = csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig"), newline=""))
    assert not [cell for cell, _ in read if cell.startswith((*SIGNS, "\n"))]
    assert [restored(cell) for cell, _ in read] == [text for text, _ in given_]
    assert [number for _, number in read] == [str(number) for _, number in given_]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(HARM.filter(lambda text: not re.search("[\r￾￿]", text)), NUMBERS), min_size=CELLS, max_size=CELLS
    )
)
def test_xlsx(given_: list[tuple[str, Any]]) -> None:
    rows = [(text, str(number)) for text, number in given_]
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx", rows))).worksheets[0]
    assert {cell.data_type for cell in sheet["A"]} <= {"s", "inlineStr"}
    assert [cell.value for cell in sheet["A"][1:]] == [text for text, _ in rows]
    assert [float(cell.value) for cell in sheet["B"][1:]] == [float(number) for _, number in rows]
    assert {cell.data_type for cell in sheet["B"][1:]} == {"n"}


CODES = (Code(code="=1+1", vi="=cmd|' /C calc'!A0", en="@SUM(1)"), Code(code="food", vi="Ăn uống", en="'=x"))
MARKET = Path(__file__).parents[1] / "journey" / "market"


def test_code_lists_of_a_package() -> None:
    """Code lists and codebooks are typed by stewards: in the ZIP they are made harmless as rows are."""
    options = {"values": [code.model_dump(mode="json", exclude_none=True) for code in CODES]}
    kind = field("kind", "enum", **options).model_copy(update={"title": both("＝Loại", "-Kind")})
    contract = load_all(MARKET).get("stalls").model_copy(update={"fields": (kind,)})
    _, *read = csv.reader(io.StringIO(codes(contract).removeprefix("\ufeff"), newline=""))
    assert not [cell for row in read for cell in row if cell.startswith((*SIGNS, "\n"))]
    assert [[restored(cell) for cell in row] for row in read] == [["kind", c.code, c.vi, c.en] for c in CODES]
    (told,) = csv.DictReader(io.StringIO(codebook(contract).removeprefix("\ufeff"), newline=""))
    assert (told["title_vi"], told["title_en"]) == ("'＝Loại", "'-Kind")
