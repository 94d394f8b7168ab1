"""The GraphQL examples of the pages fit the schema."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    (path.name, example)
    for path in sorted((ROOT / "docs").glob("*.md"))
    for example in re.findall(r"```graphql\n(.*?)```|gql\(\"\"\"(.*?)\"\"\"\)", path.read_text("utf-8"), re.DOTALL)
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=[f"{page}-{n}" for n, (page, _) in enumerate(EXAMPLES)])
def test_an_example_fits_the_schema(page: str, example: tuple[str, str]) -> None:
    schema = build_schema((ROOT / "graphql/schema.graphql").read_text("utf-8"))
    assert not validate(schema, parse("".join(example)))
