"""Delimited text: every record becomes a row or a reject, and its line number is that of the file."""

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.kernel.problem import Invalid
from lienthong.pipelines.sources import RawTable, read


def load(folder: Path, data: bytes | str, **options: Any) -> RawTable:
    """Read `data` as a file of that content."""
    source = folder / "nguồn.csv"
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    return read(source, "csv", options, folder / "work")


def rows(table: RawTable) -> list[tuple[Any, ...]]:
    return pl.read_parquet(table.parquet).rows()


def rejects(table: RawTable) -> list[tuple[Any, ...]]:
    return pl.read_parquet(table.rejects).rows() if table.rejects else []


def test_a_plain_file_gives_text_and_line_numbers(tmp_path: Path) -> None:
    table = load(tmp_path, 'Mã xã,Tên\n06022,Phường  Đông Kinh \n,""\n06023,1e5\n')
    assert table.columns == ("Mã xã", "Tên")
    assert rows(table) == [("06022", "Phường  Đông Kinh ", 2), ("06023", "1e5", 4)]
    assert (table.rows, table.encoding, table.confidence, table.rejects) == (2, "utf-8", 1.0, None)


def test_line_numbers_count_line_ends_inside_quotes_and_blank_lines(tmp_path: Path) -> None:
    table = load(tmp_path, 'a,b\r\n1,"x\r\ny\r\nz"\r\n\r\n2,w\r\n"3","v\n"\r\n4,u')
    assert rows(table) == [("1", "x\r\ny\r\nz", 2), ("2", "w", 6), ("3", "v\n", 7), ("4", "u", 9)]


def test_malformed_records_are_kept_apart_and_cost_one_line_each(tmp_path: Path) -> None:
    table = load(tmp_path, 'a,b,c\n1,2\n3,"4\n5,6,7\n8,9,10,11\n12,"13"x,14\n15,16,17,,\n18,"19\n20",21\n')
    assert rows(table) == [("5", "6", "7", 4), ("15", "16", "17", 7), ("18", "19\n20", "21", 8)]
    found = rejects(table)
    assert [(line, text) for line, text, _ in found] == [(2, "1,2"), (3, '3,"4'), (5, "8,9,10,11"), (6, '12,"13"x,14')]
    assert found[0][2] == "2 ô, cần 3 / 2 cells, expected 3"
    assert table.rejected == 4


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(tmp_path: Path) -> None:
    body = "".join(f'{i},"ok"\n' for i in range(500))
    table = load(tmp_path, f'n,t\n{body}x,"never\n{body}')
    assert table.rows == 1000
    assert rejects(table) == [(502, 'x,"never', "chữ sau dấu nháy đóng / text after a closing quote")]


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "auto"), (";", "auto"), ("\t", "auto"), ("|", "auto"), ("\t", "tab")]
)
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str, name: str) -> None:
    lines = [["Mã", "Tên", "Số"], ["01", "Hà Nội, Việt Nam", "1,5"], ["02", "Lạng Sơn", "2,5"]]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    table = load(tmp_path, out.getvalue(), delimiter=name)
    assert rows(table) == [("01", "Hà Nội, Việt Nam", "1,5", 2), ("02", "Lạng Sơn", "2,5", 3)]


def test_titles_above_the_header_are_passed(tmp_path: Path) -> None:
    table = load(tmp_path, 'DANH SÁCH ĐƠN VỊ,,\n\nMã,Tên,"Ghi\nchú"\n1,Ba Đình,\n')
    assert table.columns == ("Mã", "Tên", "Ghi chú")
    assert rows(table) == [("1", "Ba Đình", None, 5)]


def test_the_header_may_be_pointed_at_or_absent(tmp_path: Path) -> None:
    assert load(tmp_path, "x;y\na;b\n1;2\n", header_row=2).columns == ("a", "b")
    table = load(tmp_path, "1;2\n3;4\n", header_row=0, columns=["Mã"])
    assert (table.columns, rows(table)) == (("Mã", "column 2"), [("1", "2", 1), ("3", "4", 2)])
    with pytest.raises(Invalid, match="nguồn.csv:9"):
        load(tmp_path, "a;b\n1;2\n", header_row=9)


def test_header_names_are_composed_unique_and_never_empty(tmp_path: Path) -> None:
    assert load(tmp_path, "Ma\u0303  xã,MÃ XÃ,,_line\n1,2,3,4\n").columns == (
        "Mã xã",
        "MÃ XÃ (2)",
        "column 3",
        "_line (2)",
    )


def test_decomposed_text_is_composed(tmp_path: Path) -> None:
    assert rows(load(tmp_path, "a,b\nHa\u0300 Nô\u0323i,1\n")) == [("Hà Nội", "1", 2)]


def test_rows_with_bytes_that_no_letter_has_are_rejected(tmp_path: Path) -> None:
    data = "tên,nơi\nNguyễn Văn,Hà Nội\nĐỗ Thị,Lạng Sơn\n".encode() + b"Tr\xc3,x\n" + "Lê Bá,Huế\n".encode()
    table = load(tmp_path, data)
    assert [row[-1] for row in rows(table)] == [2, 3, 5]
    assert rejects(table)[0][:2] == (4, "Tr\ufffd,x")


def test_a_part_in_another_encoding_is_decoded_and_told(tmp_path: Path) -> None:
    lines = ["Mã;Tên xã", *(f"{i};Xã Thượng Cường, huyện Chi Lăng" for i in range(200))]
    old = {"ã": 0xB7, "ư": 0xAD, "ợ": 0xEE, "ờ": 0xEA, "ệ": 0xD6, "ă": 0xA8}
    tail = b"".join(bytes(old.get(c, ord(c) & 0xFF) for c in f"{line}\n") for line in lines[1:])
    table = load(tmp_path, ("\n".join(lines) + "\n").encode() + tail)
    assert {name for _, name, _ in rows(table)} == {"Xã Thượng Cường, huyện Chi Lăng"}
    assert (table.rows, table.encoding) == (400, "utf-8+tcvn3")
    assert [(found.code, found.place) for found in table.notes] == [("mixed_encoding", "nguồn.csv:202")]


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (b"", {}, "empty"),
        (b"a,b\n1\n2\n", {}, "nguồn.csv:2: None of 2 records has the 2 cells"),
        ("a,b\nÉlysée,Noël\n".encode("latin-1"), {}, r"nguồn.csv:2: The encoding cannot be told.*State encoding"),
        (b"a,b\n1,2\n", {"encoding": "klingon"}, "no encoding 'klingon'"),
        (b"a,b\n1,2\n", {"delimiter": "::"}, "not one character"),
        (b"a,b\n1,2\n", {"delimeter": ";"}, "no option 'delimeter'.*delimiter"),
    ],
)
def test_errors_name_the_place_and_the_way_out(tmp_path: Path, data: bytes, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        load(tmp_path, data, **options)


def test_an_encoding_that_is_stated_is_believed(tmp_path: Path) -> None:
    table = load(tmp_path, "nome\nJosé\n".encode("latin-1"), encoding="latin-1")
    assert rows(table) == [("José", 2)]


def test_a_stored_object_is_called_by_the_name_people_know(tmp_path: Path) -> None:
    blob = tmp_path / "0f3a"
    blob.write_bytes(b"")
    with pytest.raises(Invalid, match=r"^dân cư\.csv: The file is empty"):
        read(blob, "csv", {}, tmp_path / "work", name="thư mục/dân cư.csv")


def test_a_name_with_pattern_characters_is_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "[năm] 2025"
    folder.mkdir()
    (folder / "n 2.csv").write_text("a,b\n9,9\n")
    source = folder / "n [12]*?.csv"
    source.write_text("a,b\n1,2\n")
    assert rows(read(source, "csv", {}, tmp_path / "work")) == [("1", "2", 2)]


cells = st.text(st.sampled_from('abĐộ ",;\n\r1'), max_size=6).filter(
    lambda text: text == text.strip() and "\r" not in text
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3).filter(any), min_size=1, max_size=8))
def test_what_a_csv_writer_writes_is_read_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, body: list[list[str]]
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["một", "hai", "ba"])
    expected = []
    for record in body:
        expected.append((*(cell or None for cell in record), out.getvalue().count("\n") + 1))
        writer.writerow(record)
    table = load(tmp_path_factory.mktemp("csv"), out.getvalue(), delimiter=",", header_row=1)
    assert rows(table) == expected


def test_ten_thousand_rows_by_both_ways_are_the_same(tmp_path: Path) -> None:
    body = "".join(f'{i},"Số {i}, phố Huế",,{i / 3}\n' for i in range(10_000))
    fast = load(tmp_path, f"a,b,c,d\n{body}")
    forgiving = load(tmp_path, f"a,b,c,d\n{body}x\n")
    assert rows(forgiving) == rows(fast) == rows(load(tmp_path, f"a,b,c,d\n{body}"))
    assert fast.rejected == 0
    assert rejects(forgiving) == [(10_002, "x", "1 ô, cần 4 / 1 cells, expected 4")]
