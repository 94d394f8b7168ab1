"""SQL scripts of four engines give the rows that the engines would have stored, and nothing is executed."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.kernel.problem import Invalid
from lienthong.pipelines.sources import RawTable, read


def load(folder: Path, text: str, **options: Any) -> RawTable:
    source = folder / "kết xuất.sql"
    source.write_text(text, "utf-8")
    return read(source, "sql_dump", options, folder / "work")


def rows(table: RawTable) -> list[tuple[Any, ...]]:
    return pl.read_parquet(table.parquet).rows()


POSTGRES = r"""-- PostgreSQL; INSERT INTO t VALUES (99);
/* INSERT INTO t VALUES (98);
*/
CREATE TABLE public.t (
    id integer NOT NULL,
    "tên xã" varchar(100) DEFAULT 'a, b',
    ngay date,
    CONSTRAINT t_pkey PRIMARY KEY (id)
);
INSERT INTO public.t VALUES (1, 'O''Hà; -- Nội', '2020-01-01'::date), (2, 'nhiều
dòng', NULL);
INSERT INTO t (id, ngay) VALUES (3, DATE '2021-02-03'); INSERT INTO t VALUES (-4, E'tab\tkhông', $$d'ô$$);
COPY public.t (id, "tên xã", ngay) FROM stdin;
5	xin\tchào	\N
6	Đà Nẵng\\	2022-01-01
\.

INSERT INTO t VALUES (7, 'cuối', DEFAULT);
"""


def test_postgresql(tmp_path: Path) -> None:
    table = load(tmp_path, POSTGRES, table="t")
    assert table.columns == ("id", "tên xã", "ngay")
    assert rows(table) == [
        ("1", "O'Hà; -- Nội", "2020-01-01", 10),
        ("2", "nhiều\ndòng", None, 10),
        ("3", None, "2021-02-03", 12),
        ("-4", "tab\tkhông", "d'ô", 12),
        ("5", "xin\tchào", None, 14),
        ("6", "Đà Nẵng\\", "2022-01-01", 15),
        ("7", "cuối", None, 18),
    ]


def test_sql_server(tmp_path: Path) -> None:
    script = """USE [dvc]
GO
SET IDENTITY_INSERT [dbo].[Muc Do] ON
INSERT [dbo].[Muc Do] ([Ma], [Tên], [Ngày], [Phí]) VALUES (1, N'Mức ''3''',
  CAST(N'2020-01-01T00:00:00.000' AS DateTime), CAST(2.50 AS Decimal(10, 2)))
INSERT [dbo].[Muc Do] ([Ma], [Tên], [Ngày], [Phí]) VALUES (2, N'một [phần]', NULL, 0)
GO
INSERT [dbo].[Khac] ([a]) VALUES (1)
"""
    table = load(tmp_path, script, table="dbo.Muc Do")
    first, second = rows(table)
    assert first == ("1", "Mức '3'", "2020-01-01T00:00:00.000", "2.50", 4)
    assert second == ("2", "một [phần]", None, "0", 6)


def test_oracle(tmp_path: Path) -> None:
    script = """INSERT ALL
  INTO xa(ma, ten, ngay) VALUES('00004', 'Ba' || ' Đình', TO_DATE('01/07/2025','DD/MM/YYYY'))
  INTO xa(ma, ten, ngay) VALUES('00008', q'[Ngọc 'Hà']', NULL)
  INTO tinh(ma) VALUES('01')
SELECT 1 FROM DUAL;
"""
    table = load(tmp_path, script, table="XA")
    assert rows(table) == [("00004", "Ba Đình", "01/07/2025", 2), ("00008", "Ngọc 'Hà'", None, 3)]


def test_mysql(tmp_path: Path) -> None:
    script = r"""# INSERT INTO a VALUES (0);
INSERT INTO `a b` (`x`,`y`) VALUES (1,'it\'s; \n \\'),(2,_utf8 'Hà'),
(3,NULL);
"""
    assert rows(load(tmp_path, script)) == [("1", "it's; \n \\", 2), ("2", "Hà", 2), ("3", None, 3)]


def test_several_tables_need_a_choice_and_are_listed(tmp_path: Path) -> None:
    script = "INSERT INTO a VALUES (1),(2);\nINSERT INTO b VALUES (1);"
    for options in ({}, {"table": "c"}):
        with pytest.raises(Invalid, match=r"kết xuất.sql: .*a \(2\), b \(1\)"):
            load(tmp_path, script, **options)


def test_rows_of_the_wrong_width_and_selects_are_rejected(tmp_path: Path) -> None:
    table = load(tmp_path, "INSERT INTO t(a,b) VALUES (1,2),\n(3);\nINSERT INTO t SELECT 1, 2;\n", table="t")
    assert rows(table) == [("1", "2", 1)]
    assert table.rejects is not None
    assert [row[:2] for row in pl.read_parquet(table.rejects).rows()] == [(2, "3"), (3, "INSERT INTO t SELECT")]


def test_an_expression_stays_as_written_and_is_said(tmp_path: Path) -> None:
    table = load(tmp_path, "INSERT INTO t(a) VALUES (SYSDATE - 1);")
    assert rows(table) == [("SYSDATE - 1", 1)]
    assert [(found.code, found.place) for found in table.notes] == [("expressions", "kết xuất.sql:1")]


def test_old_encodings_are_decoded(tmp_path: Path) -> None:
    source = tmp_path / "cũ.sql"
    line = b"INSERT INTO t(a) VALUES ('Ph\xad\xeang Cao L\xe9c, x\xb7 Th\xad\xeeng C\xad\xeang');\n"
    source.write_bytes(line * 5)
    table = read(source, "sql_dump", {}, tmp_path / "work")
    assert (table.encoding, table.rows) == ("tcvn3", 5)


@pytest.mark.parametrize("text", ["hello", "INSERT INTO t(a) VALUES ('chưa đóng\n", "CREATE TABLE t (a int);"])
def test_a_script_without_rows_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid, match="kết xuất.sql"):
        load(tmp_path, text, table="t")


values = st.none() | st.text(st.sampled_from("ab'ộ;,()-/*\\\n\"$[]")) | st.integers().map(str)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(values, min_size=2, max_size=2), min_size=1, max_size=5), st.sampled_from([" ", "\n"]))
def test_any_literal_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, body: list[list[str | None]], blank: str
) -> None:
    def literal(value: str | None) -> str:
        return "NULL" if value is None else "N'" + value.replace("'", "''") + "'"

    tuples = f",{blank}".join(f"({', '.join(map(literal, row))})" for row in body)
    table = load(tmp_path_factory.mktemp("sql"), f"INSERT INTO t (a, b) VALUES {tuples};\n", dialect="standard")
    assert [row[:2] for row in rows(table)] == [tuple(value or None for value in row) for row in body]
