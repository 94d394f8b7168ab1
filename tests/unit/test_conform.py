"""Conforming: what a contract says about columns, done to real Parquet files in DuckDB."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lienthong.contract.model import Contract
from lienthong.kernel.problem import Invalid
from lienthong.pipelines.sources.parquet import RejectFile, write_records
from lienthong.pipelines.sources.raw import LINE, RawTable
from lienthong.pipelines.steps import defects
from lienthong.pipelines.steps.conform import Batch, RawFile, check_columns, conform, version_field

Record = Mapping[str, str | None]


def field(name: str, logical_type: str = "text", **more: Any) -> dict[str, Any]:
    title = {"vi": name, "en": name}
    return {"name": name, "title": title, "logicalType": logical_type, "classification": "public", **more}


def contract(
    fields: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], key: Sequence[str] = ("code",), **source: Any
) -> Contract:
    words = {"vi": "thử", "en": "test"}
    files = source.pop("files", [{"pattern": "*.csv", "reader": "csv"}])
    given_columns = {"code": "code", **columns}
    return Contract.model_validate(
        {
            "id": "things",
            "version": "1.0.0",
            "title": words,
            "description": {"purpose": words},
            "primaryKey": list(key),
            "fields": [field("code"), *fields],
            "catalogue": {
                "theme": "GOVE",
                "licence": "CC-BY-4.0",
                "updateFrequency": "P1D",
                "dataClass": "private",
                "contact": {"name": words, "email": "a@example.vn"},
            },
            "source": {"system": words, "files": files, "columns": given_columns, **source},
        }
    )


class Conformed:
    """A conformed delivery: accepted rows by key, defects, the counts."""

    def __init__(self, made: Contract, tables: Sequence[Sequence[Record]], work: Path) -> None:
        raw = [raw_file(made, n, records, work) for n, records in enumerate(tables)]
        with Batch(made, raw, work) as batch:
            self.tally = conform(batch)
            defects.describe(batch)
            names = ", ".join(f'"{f.name}"' for f in made.fields)
            accepted = batch.sql(f"SELECT {names} FROM conformed WHERE _row NOT IN (FROM rejected) ORDER BY _row")
            self.rows = accepted.to_arrow_table().to_pylist()
            found = batch.sql(f"SELECT * FROM ({defects.rows(batch)})").fetchall()
            self.defects = [dict(zip(defects.COLUMNS, row, strict=True)) for row in found]
            self.quarantined = defects.count(batch)
            self.hashes = dict(batch.sql("SELECT code, hex(_hash) FROM conformed").fetchall())

    def told(self) -> list[tuple[Any, ...]]:
        return [(d["line"], d["rule"], d["field"], d["value"]) for d in self.defects]


def raw_file(made: Contract, number: int, records: Sequence[Record], work: Path) -> RawFile:
    path = work / f"{number}.parquet"
    numbered = [{**record, LINE: n} for n, record in enumerate(records, 2)]
    rows, columns = write_records(numbered, path)
    source = made.source.files[min(number, len(made.source.files) - 1)]
    return RawFile(f"file{number}.csv", source, RawTable(path, rows, columns))


def one(tmp_path: Path, kind: dict[str, Any], column: Any, *cells: Record, **source: Any) -> Conformed:
    """One field, one row a cell."""
    made = contract([kind], {kind["name"]: column}, **source)
    return Conformed(made, [[{"code": f"k{n}", **cell} for n, cell in enumerate(cells)]], tmp_path)


def values(found: Conformed, name: str) -> list[Any]:
    return [row[name] for row in found.rows]


def test_cells_are_trimmed_and_composed(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Nguyễn Thị Ửng")
    cells = ["  Lạng Sơn\t", "\u00a0Đồng\u200b Tháp\ufeff", decomposed, "a  b", "\n"]
    found = one(tmp_path, field("name"), "Tên", *({"Tên": c} for c in cells))
    assert values(found, "name") == ["Lạng Sơn", "Đồng\u200b Tháp", "Nguyễn Thị Ửng", "a  b", None]
    assert not found.defects


_BLANK = "\t\n\x0b\x0c\r \x85\u00a0\u2003\u2009\u200b\u3000\ufeff"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), min_size=1, max_size=60))
def test_any_text_comes_out_as_python_would_clean_it(tmp_path: Path, texts: list[str]) -> None:
    """All blanks that the ends test for are cut, and the text is NFC; nothing else is touched."""
    dressed = [" " + text + "\u00a0" for text in texts]
    found = one(tmp_path, field("name"), "Tên", *({"Tên": c} for c in dressed))
    expected = [unicodedata.normalize("NFC", _stripped(text)) or None for text in dressed]
    assert values(found, "name") == expected


def _stripped(text: str) -> str:
    invisible = "\u200b\ufeff" + "".join(map(chr, range(0x2000, 0x200C)))
    before = None
    while before != text:
        before, text = text, text.strip().strip(invisible)
    return text


def test_every_letter_that_normalising_changes_is_noticed(tmp_path: Path) -> None:
    """All of Unicode: no letter and no mark escapes the test that spares the normalising."""
    letters = [chr(n) for n in range(32, 0x110000) if not 0xD800 <= n < 0xE000]
    changed = [c for c in letters if unicodedata.normalize("NFC", c) != c or unicodedata.combining(c)]
    pairs = [base + mark for base in "aeouăâêôơưđ" for mark in "\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b"]
    texts = [f"x{text}x" for text in (*changed, *pairs, "\u1112\u1161\u11ab")]
    found = one(tmp_path, field("name"), "Tên", *({"Tên": text} for text in texts))
    assert values(found, "name") == [unicodedata.normalize("NFC", text) for text in texts]


def test_missing_texts_are_no_values(tmp_path: Path) -> None:
    cells = [{"Số": c} for c in ("5", "", "0", "N/A", " Không có thông tin ", None)]
    missing = ["", "N/A", "Không có thông tin", "0"]
    assert values(one(tmp_path, field("num", "integer"), "Số", *cells, missing=missing), "num") == [5, *[None] * 5]
    own = {"from": "Số", "missing": ["N/A", "Không có thông tin"]}
    found = one(tmp_path, field("num", "integer"), own, *cells, missing=missing)
    assert values(found, "num") == [5, None, 0, None, None, None]


def test_columns_are_joined_without_missing_parts(tmp_path: Path) -> None:
    cells = [{"Họ": "Trần", "Tên": "An"}, {"Họ": "", "Tên": " An"}, {"Họ": "N/A", "Tên": None}]
    column = {"from": ["Họ", "Tên"], "join": " "}
    found = one(tmp_path, field("name"), column, *cells, missing=["", "N/A"])
    assert values(found, "name") == ["Trần An", "An", None]


def test_extract_keeps_the_group_and_else_nothing(tmp_path: Path) -> None:
    cells = [{"Xã": c} for c in ("06022 - Phường Đông Kinh", "không rõ", "")]
    found = one(tmp_path, field("commune"), {"from": "Xã", "extract": "([0-9]{5})"}, *cells)
    assert values(found, "commune") == ["06022", None, None]
    assert not found.defects


def test_a_constant_stands_in_every_row(tmp_path: Path) -> None:
    found = one(tmp_path, field("synthetic", "boolean"), {"value": "true"}, {}, {})
    assert values(found, "synthetic") == [True, True]


def test_map_turns_texts_into_codes_and_unknown_ones_go_to_quarantine(tmp_path: Path) -> None:
    kind = field("status", "enum", options={"values": ["active", "ended"]})
    column = {"from": "Tình trạng", "map": {"Đang hoạt động": "active", "Đã giải thể": "ended"}}
    cells = [{"Tình trạng": c} for c in ("Đang hoạt động", unicodedata.normalize("NFD", "Đã giải thể"), "Lạ", "")]
    found = one(tmp_path, kind, column, *cells)
    assert values(found, "status") == ["active", "ended", None]
    assert found.told() == [(4, "map", "status", "Lạ")]


def test_packed_cells_become_lists(tmp_path: Path) -> None:
    cells = [{"Ngành": c} for c in ("4711; 4719 ;;1622", "4711", ";", None)]
    found = one(tmp_path, field("activities", "list"), {"from": "Ngành", "split": ";"}, *cells)
    lists = [json.loads(v) if v else v for v in values(found, "activities")]
    assert lists == [["4711", "4719", "1622"], ["4711"], [], None]


def test_json_cells_are_read_by_the_list_type(tmp_path: Path) -> None:
    kind = field("fees", "list", options={"items": {"properties": [
        {"name": "name", "title": {"vi": "t", "en": "t"}, "logicalType": "text", "required": True},
        {"name": "amount", "title": {"vi": "t", "en": "t"}, "logicalType": "integer"},
    ]}})  # fmt: skip
    good = '[{"name": "Phí", "amount": 5, "other": 1}, {"name": "Lệ phí"}]'
    found = one(tmp_path, kind, {"from": "fees", "json": True}, *({"fees": c} for c in (good, '[{"amount": 1}]', "x")))
    assert json.loads(values(found, "fees")[0]) == [{"name": "Phí", "amount": 5}, {"name": "Lệ phí", "amount": None}]
    assert [(d["line"], d["rule"]) for d in found.defects] == [(3, "type"), (4, "type")]


def test_formats_of_the_column_are_tried_in_order(tmp_path: Path) -> None:
    column = {"from": "Ngày", "formats": ["%d/%m/%Y", "iso", "excel_serial"]}
    cells = [{"Ngày": c} for c in ("03/02/2024", "2024-02-03", "45325", "2024-02-30")]
    found = one(tmp_path, field("day", "date"), column, *cells)
    assert [str(v) for v in values(found, "day")] == ["2024-02-03"] * 3
    assert found.told() == [(5, "type", "day", "2024-02-30")]


def test_every_defect_of_a_row_is_told_with_its_reason_and_the_whole_raw_row(tmp_path: Path) -> None:
    made = contract([field("day", "date", required=True), field("num", "integer")], {"day": "Ngày", "num": "Số"})
    rows = [{"code": "a", "Ngày": "x", "Số": "1.5", "Khác": "giữ\x00lại"}, {"code": "", "Ngày": "", "Số": "7"}]
    found = Conformed(made, [rows], tmp_path)
    assert found.told() == [
        (2, "type", "day", "x"),
        (2, "type", "num", "1.5"),
        (3, "required", "code", None),
        (3, "required", "day", None),
    ]
    assert found.quarantined == 2
    first = found.defects[0]
    assert first["file"] == "file0.csv"
    assert first["reason_vi"].startswith("giá trị không phải ngày") and "not a date" in first["reason_en"]
    assert json.loads(first["row"]) == {"code": "a", "Ngày": "x", "Số": "1.5", "Khác": "giữ\ufffdlại"}


def test_reasons_are_those_of_the_value(tmp_path: Path) -> None:
    kind = field("num", "integer", options={"min": 0, "max": 10})
    found = one(tmp_path, kind, "Số", {"Số": "11"}, {"Số": "một"})
    assert ["range" in d["reason_en"] for d in found.defects] == [True, False]


def test_repeated_rows_collapse_and_of_different_ones_the_last_stays(tmp_path: Path) -> None:
    made = contract([field("name")], {"name": "name"})
    rows = [("a", "1"), ("b", "x"), ("a", "2"), ("c", "z"), ("a", "1"), ("b", "x")]
    found = Conformed(made, [[{"code": c, "name": n} for c, n in rows]], tmp_path)
    assert found.rows == [{"code": "c", "name": "z"}, {"code": "a", "name": "1"}, {"code": "b", "name": "x"}]
    assert found.told() == [(4, "unique", "code", "a")]
    assert (found.tally.read, found.tally.repeated, found.quarantined) == (6, 2, 1)


def test_the_last_file_wins(tmp_path: Path) -> None:
    made = contract([field("name")], {"name": "name"})
    found = Conformed(made, [[{"code": "a", "name": "1"}], [{"code": "a", "name": "2"}]], tmp_path)
    assert found.rows == [{"code": "a", "name": "2"}]
    assert [(d["file"], d["rule"]) for d in found.defects] == [("file0.csv", "unique")]


def test_of_messages_the_newest_state_stays_and_older_ones_are_no_defects(tmp_path: Path) -> None:
    files = [{"pattern": "*.jsonl", "reader": "onestop_json", "options": {"key": "code", "latest_by": "at"}}]
    fields, columns = [field("name"), field("seen", "datetime")], {"name": "name", "seen": "at"}
    made = contract(fields, columns, files=files, mode="upsert")
    assert version_field(made) == made.by_name["seen"]
    states = [("new", "2026-02-01"), ("newest", "2026-03-01"), ("old", "2026-01-01")]
    found = Conformed(made, [[{"code": "a", "name": n, "at": at}] for n, at in states], tmp_path)
    assert values(found, "name") == ["newest"]
    assert not found.defects and found.tally.repeated == 2


def test_malformed_records_go_to_quarantine(tmp_path: Path) -> None:
    made = contract([], {})
    file = raw_file(made, 0, [{"code": "a"}], tmp_path)
    with RejectFile(tmp_path / "rejects.parquet") as rejects:
        rejects.add(7, 'x;"y\x00', "too few cells")
    table = RawTable(file.table.parquet, 1, ("code",), rejects=rejects.path, rejected=1)
    with Batch(made, [RawFile("f.csv", file.source, table)], tmp_path) as batch:
        tally = conform(batch)
        defects.describe(batch)
        assert (tally.read, defects.count(batch)) == (2, 1)
        found = batch.sql(f"SELECT rule, line, value, reason_en, row FROM ({defects.rows(batch)})").fetchall()
    reason, row = "the record cannot be read: too few cells", '{"text":"x;\\"y\\ufffd"}'
    assert found == [("malformed", 7, 'x;"y\ufffd', reason, row)]


def test_the_hash_tells_content_apart_and_ignores_order_and_empty_new_fields(tmp_path: Path) -> None:
    small = contract([field("name"), field("num", "integer")], {"name": "name", "num": "num"})
    more = [field("more"), field("num", "integer"), field("name")]
    grown = contract(more, {"name": "name", "num": "num", "more": "m"})
    rows = [{"code": "a", "name": "x", "num": "01"}, {"code": "b", "name": "x1", "num": None}]
    before = Conformed(small, [rows], tmp_path).hashes
    assert Conformed(grown, [rows], tmp_path).hashes == before
    assert before["a"] != before["b"]
    changed = Conformed(small, [[rows[0] | {"num": "2"}, rows[1]]], tmp_path).hashes
    assert changed["a"] != before["a"] and changed["b"] == before["b"]
    shifted = contract([field("name"), field("other")], {"name": "name", "other": "other"})
    one_way = Conformed(shifted, [[{"code": "a", "name": "x", "other": None}]], tmp_path).hashes
    assert one_way != Conformed(shifted, [[{"code": "a", "name": None, "other": "x"}]], tmp_path).hashes


def test_a_file_may_have_its_own_columns(tmp_path: Path) -> None:
    files = [
        {"pattern": "new*.csv", "reader": "csv"},
        {"pattern": "old*.csv", "reader": "csv", "columns": {"name": "TEN", "num": {"value": "9"}}},
    ]
    made = contract([field("name"), field("num", "integer")], {"name": "name", "num": "num"}, files=files)
    tables = [[{"code": "a", "name": "x", "num": "1"}], [{"code": "b", "TEN": "y"}]]
    assert Conformed(made, tables, tmp_path).rows == [
        {"code": "a", "name": "x", "num": 1},
        {"code": "b", "name": "y", "num": 9},
    ]


def test_a_file_without_a_needed_column_is_refused_with_the_columns_it_has(tmp_path: Path) -> None:
    made = contract([field("name", required=True), field("note")], {"name": "Tên", "note": "Ghi chú"})
    with pytest.raises(Invalid) as refused:
        check_columns(made, raw_file(made, 0, [{"code": "a", "Họ tên": "x"}], tmp_path))
    assert refused.value.extra["missing"] == ["Tên"]
    assert refused.value.place == "file0.csv" and "Họ tên" in refused.value.detail.vi
    assert check_columns(made, raw_file(made, 1, [{"code": "a", "Tên": "x"}], tmp_path)) == ["Ghi chú"]


def test_quotes_in_names_and_texts_stay_what_they_are(tmp_path: Path) -> None:
    column = {"from": "Cột \"A'", "map": {"it's": "ok"}}
    found = one(tmp_path, field("status"), column, {"Cột \"A'": "it's"}, {"Cột \"A'": "'; DROP TABLE x; --"})
    assert values(found, "status") == ["ok"]
    assert json.loads(found.defects[0]["row"])["Cột \"A'"] == "'; DROP TABLE x; --"


def test_rows_beyond_memory_are_spilled(tmp_path: Path) -> None:
    """A hundred thousand wide rows in 64 MB."""
    made = contract([field("name")], {"name": "name"})
    records = [{"code": str(n), "name": f"{n:0300}", LINE: n} for n in range(100_000)]
    rows, columns = write_records(records, tmp_path / "big.parquet")
    file = RawFile("big.csv", made.source.files[0], RawTable(tmp_path / "big.parquet", rows, columns))
    with Batch(made, [file], tmp_path, memory="64MB") as batch:
        assert conform(batch).read == 100_000
        assert batch.number("SELECT count(DISTINCT _hash) FROM conformed") == 100_000
