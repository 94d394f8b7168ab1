"""graphql/schema.graphql is what the contracts make of it today, and the operations beside it fit."""

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from lienthong import gql
from lienthong.contract.loader import load_all

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "graphql/schema.graphql"
OPERATIONS = sorted((ROOT / "graphql/operations").glob("*.graphql"))


def test_the_written_schema_has_not_drifted() -> None:
    made = gql.sdl(load_all(ROOT / "datasets"))
    assert made == SCHEMA.read_text("utf-8"), "run: lienthong openapi export"


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda p: p.stem)
def test_an_operation_fits_the_schema(path: Path) -> None:
    assert not validate(build_schema(SCHEMA.read_text("utf-8")), parse(path.read_text("utf-8")))
