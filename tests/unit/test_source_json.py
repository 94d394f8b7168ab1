"""JSON records and one-stop messages: strict, exact, and indifferent to the order of arrival."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lienthong.kernel.problem import Invalid
from lienthong.pipelines.sources import RawTable, read


def load(folder: Path, reader: str, text: str, **options: Any) -> RawTable:
    source = folder / "nguồn.json"
    source.write_text(text, "utf-8")
    return read(source, reader, options, folder / "work")


def rows(table: RawTable) -> list[dict[str, Any]]:
    return pl.read_parquet(table.parquet).to_dicts()


def rejects(table: RawTable) -> list[tuple[Any, ...]]:
    return pl.read_parquet(table.rejects).rows() if table.rejects else []


def test_objects_inside_become_dotted_columns_and_lists_stay_json(tmp_path: Path) -> None:
    lines = [
        {"id": "1.013124", "metadata": {"mã_thủ_tục": "1.013124", "lĩnh_vực": ""}, "tables": {"phí": [{"mức": 0.5}]}},
        {"id": "1.013125", "metadata": {"mã_thủ_tục": "1.013125", "mới": True}},
    ]
    table = load(tmp_path, "jsonl", "\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    assert table.columns == ("id", "metadata.mã_thủ_tục", "metadata.lĩnh_vực", "tables.phí", "metadata.mới")
    assert rows(table)[0] == {
        "id": "1.013124", "metadata.mã_thủ_tục": "1.013124", "metadata.lĩnh_vực": None,
        "tables.phí": '[{"mức":0.5}]', "metadata.mới": None, "_line": 1,
    }  # fmt: skip
    assert rows(table)[1]["metadata.mới"] == "true"
    whole = load(tmp_path, "jsonl", json.dumps(lines, ensure_ascii=False), flatten=False)
    assert rows(whole)[1]["metadata"] == '{"mã_thủ_tục":"1.013125","mới":true}'


def test_numbers_keep_every_digit(tmp_path: Path) -> None:
    table = load(tmp_path, "jsonl", '{"a": 1.10, "b": 12345678901234567890123, "c": 1e5, "d": -0.0000001, "e": 7}')
    assert rows(table) == [
        {"a": "1.10", "b": "12345678901234567890123", "c": "100000", "d": "-0.0000001", "e": "7", "_line": 1}
    ]


def test_keys_and_values_are_composed(tmp_path: Path) -> None:
    assert rows(load(tmp_path, "jsonl", '[{"ma\\u0303": "Ha\\u0300"}]')) == [{"mã": "Hà", "_line": 1}]


@pytest.mark.parametrize(
    ("text", "options", "lines"),
    [
        ('{"a":1}\n\n{"a":2}\n', {}, [1, 3]),
        ('[{"a":1},\n\n{"a":2}]', {}, [1, 2]),
        ('{\n"data": [{"a":1},\n{"a":2}]}', {"records": "data"}, [1, 2]),
        ('{"kq": {"ds": [{"a":1},{"a":2}]}}', {"records": "kq.ds"}, [1, 2]),
        ('{"data":[{"a":1}]}\n{"data":[{"a":2}]}', {"records": "data"}, [1, 2]),
    ],
)
def test_line_or_index_tells_where_a_record_is(tmp_path: Path, text: str, options: Any, lines: list[int]) -> None:
    found = rows(load(tmp_path, "jsonl", text, **options))
    assert [(row["a"], row["_line"]) for row in found] == [("1", lines[0]), ("2", lines[1])]


BAD = [
    ('{"a": NaN}', "not JSON: NaN"),
    ('{"a": 1, "a": 2}', "repeated key 'a'"),
    ('{"a": {"b": 1, "b": 2}}', "repeated key 'b'"),
    ('{"a": 1e400}', "too large"),
    ('{"a": "\\ud800"}', "lone surrogate"),
    ('{"a": "\\u0000"}', "NUL"),
    ('{"a": 1} x', "after the value"),
    ("{'a': 1}", "double quotes"),
    ('{"a.b": 1, "a": {"b": 2}}', "repeated column 'a.b'"),
    ("[" * 50_000 + "]" * 50_000, "nested too deeply"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_line_costs_that_line(tmp_path: Path, bad: str, reason: str) -> None:
    table = load(tmp_path, "jsonl", f'{{"ok": 1}}\n{bad}\n{{"ok": 2}}\n')
    assert [row["_line"] for row in rows(table)] == [1, 3]
    [(line, text, why)] = rejects(table)
    assert (line, text.replace(" ", "")) == (2, bad.replace(" ", ""))
    assert reason in why


@pytest.mark.parametrize(("bad", "reason"), [pair for pair in BAD if "column" not in pair[1] and " x" not in pair[0]])
def test_a_bad_document_is_refused_with_its_place(tmp_path: Path, bad: str, reason: str) -> None:
    with pytest.raises(Invalid, match=rf"nguồn.json:2:\d+: Bad JSON: .*{reason}.*RFC 8259"):
        load(tmp_path, "jsonl", f'[{{"ok": 1}},\n{bad}]')


@pytest.mark.parametrize("text", ["[]", '{"data": 5}', "  ", '[{"a":1}', '[{"a":1} {"a":2}]', '[{"a":1}] x'])
def test_a_file_without_records_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid, match="nguồn.json"):
        load(tmp_path, "jsonl", text, records="data" if "data" in text else "")


def test_columns_that_first_come_late_are_there_for_all(tmp_path: Path) -> None:
    text = "".join(f'{{"a": {i}}}\n' for i in range(60_000)) + '{"a": 60000, "b": "muộn"}\n'
    table = load(tmp_path, "jsonl", text)
    frame = pl.read_parquet(table.parquet)
    assert (table.rows, table.columns) == (60_001, ("a", "b"))
    assert frame["_line"].to_list() == list(range(1, 60_002))
    assert frame["b"].null_count() == 60_000


def message(data: list[dict[str, Any]], updating: bool = True, service: str = "DongBoHoSoMC") -> dict[str, Any]:
    return {"isUpdating": updating, "service": service, "data": data}


STORY = [
    message([{"MaHoSo": "H1", "NgayTiepNhan": "01/07/2025 08:00:00", "ChuHoSo": "A", "TrangThai": "1"}], False),
    message([{"MaHoSo": "H1", "NgayTiepNhan": "01/07/2025 08:00:00", "NgayTra": "", "TrangThai": "2"}]),
    message([{"MaHoSo": "H1", "NgayTra": "20250703100000", "TrangThai": "5", "GhiChu": "bổ sung"}]),
    message([{"MaHoSo": "H1", "NgayTra": "04/07/2025 09:30:00", "TrangThai": "9", "ChuHoSo": None}]),
]
TIMES = ["NgayTiepNhan", "NgayTra"]


def test_the_newest_state_does_not_depend_on_the_order_of_arrival(tmp_path: Path) -> None:
    early, *later = STORY[:1] + STORY[2:]
    for order in permutations([early, *later, later[-1]]):
        text = "\n".join(json.dumps(one, ensure_ascii=False) for one in order)
        table = load(tmp_path, "onestop_json", text, key="MaHoSo", latest_by=TIMES)
        [row] = rows(table)
        assert (row["ChuHoSo"], row["TrangThai"], row["GhiChu"], row["NgayTra"]) == (
            "A", "9", "bổ sung", "04/07/2025 09:30:00",
        )  # fmt: skip


@pytest.mark.parametrize("form", ["lines", "array"])
def test_partial_updates_are_merged_and_said(tmp_path: Path, form: str) -> None:
    text = json.dumps(STORY) if form == "array" else "\n".join(map(json.dumps, STORY))
    table = load(tmp_path, "onestop_json", text, key="MaHoSo", latest_by=TIMES)
    assert rows(table) == [{
        "MaHoSo": "H1", "isUpdating": "true", "service": "DongBoHoSoMC", "NgayTiepNhan": "01/07/2025 08:00:00",
        "ChuHoSo": "A", "TrangThai": "9", "NgayTra": "04/07/2025 09:30:00", "GhiChu": "bổ sung", "_line": 4,
    }]  # fmt: skip
    assert [found.text.en for found in table.notes] == ["4 messages made 1 records."]


@pytest.mark.parametrize(
    "moments",
    [
        ("2025-07-01T08:00:00", "2025-07-01T09:00:00"),
        ("20250701080000", "01/07/2025 09:00:00"),
        ("2025-07-01T09:00:00+07:00", "2025-07-01T03:00:00Z"),
        ("01/07/2025", "02/07/2025"),
        ("not a time", "01/07/2025 09:00"),
    ],
)
def test_event_times_of_all_forms_are_compared(tmp_path: Path, moments: tuple[str, str]) -> None:
    early, late = ({"k": "1", "t": moment, "v": which} for moment, which in zip(moments, ("old", "new"), strict=True))
    text = json.dumps([message([late]), message([early])])
    [row] = rows(load(tmp_path, "onestop_json", text, key="k", latest_by="t"))
    assert row["v"] == "new"


def test_an_event_time_may_stand_in_the_envelope(tmp_path: Path) -> None:
    story = [
        message([{"k": "1", "v": v}]) | {"ThoiGian": t}
        for v, t in (("new", "20250702000000"), ("old", "20250701000000"))
    ]
    [row] = rows(load(tmp_path, "onestop_json", json.dumps(story), key="k", latest_by="ThoiGian"))
    assert row["v"] == "new"


def test_without_times_the_last_to_arrive_counts(tmp_path: Path) -> None:
    story = [message([{"k": "1", "v": "a"}]), message([{"k": "1", "v": "b"}, {"k": "2", "v": "c"}])]
    found = rows(load(tmp_path, "onestop_json", json.dumps(story), key="k"))
    assert [(row["k"], row["v"], row["_line"]) for row in found] == [("1", "b", 2), ("2", "c", 2)]


def test_items_without_key_and_messages_without_items_are_rejected(tmp_path: Path) -> None:
    lines = [message([{"k": "", "v": "x"}, {"k": "1"}, 5]), {"service": "x"}, message([{"k": "2"}], service="Khac")]
    text = "\n".join(map(json.dumps, lines)) + '\n{"data": [{"k": 3, "k": 4}]}'
    table = load(tmp_path, "onestop_json", text, key="k", service="DongBoHoSoMC")
    assert [row["k"] for row in rows(table)] == ["1"]
    assert [(line, reason.rpartition(" / ")[2]) for line, _, reason in rejects(table)] == [
        (1, "without key k"), (1, "no JSON object"), (2, "no list 'data'"), (4, "repeated key 'k'"),
    ]  # fmt: skip
    assert [found.code for found in table.notes] == ["other_service"]


def test_nested_lists_stay_json_text(tmp_path: Path) -> None:
    text = json.dumps(message([{"k": "1", "LePhi": [{"Gia": 5000}], "Ma": {"a": "ộ"}}]), ensure_ascii=False)
    [row] = rows(load(tmp_path, "onestop_json", text, key=["k"]))
    assert (row["LePhi"], row["Ma"], row["_line"]) == ('[{"Gia":5000}]', '{"a":"ộ"}', 1)


def test_a_key_must_be_named_and_found(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="options.key is missing"):
        load(tmp_path, "onestop_json", json.dumps(STORY[0]))
    with pytest.raises(Invalid, match="No message has MaSo"):
        load(tmp_path, "onestop_json", json.dumps(STORY[0]), key="MaSo")
