"""SQL that passed is sent as its tree is written, by whatever printer: never as another tree than was looked at."""

import pytest

from lienthong.store import sql_guard

GIVEN = 'select /* x */ "a", E\'it\\\'s\' as b from "t" -- y\n where c = \'"location":5\' limit 3;'


def test_the_text_has_the_same_tree_and_nothing_else() -> None:
    text = sql_guard.check(GIVEN).sql
    assert "x" not in text.replace("xx", "") and "--" not in text and ";" not in text
    assert sql_guard._single(text) == sql_guard._single(GIVEN)


@pytest.mark.parametrize(
    "printed",
    [
        "SELECT a, 'it''s' AS b FROM t WHERE c = '\"location\":6' LIMIT 3",
        "SELECT a, 'it''s' AS b FROM t WHERE c = '\"location\":5' LIMIT 3; DROP TABLE t",
        "SELECT a FROM secret",
        "not SQL at all",
    ],
)
def test_what_the_quick_printer_gets_wrong_is_not_sent(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    monkeypatch.setattr(sql_guard, "deparse_protobuf", lambda _: printed)
    text = sql_guard.check(GIVEN).sql
    assert text != printed and sql_guard._single(text) == sql_guard._single(GIVEN)


def test_places_alone_make_no_other_tree() -> None:
    assert sql_guard._tree("select a,b from t") == sql_guard._tree("SELECT   a , b   FROM t ;")
    assert sql_guard._tree("select 'location'") != sql_guard._tree("select 'place'")
