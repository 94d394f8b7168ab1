"""What is read: for each case the requests to our server, and the very statements that answer them."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import psycopg

from bench.load import Request
from lienthong.access.door import Door
from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.governance.subject import ANONYMOUS
from lienthong.gql.plan import Planner
from lienthong.gql.schema import build
from lienthong.kernel.content import content
from lienthong.kernel.text import fold
from lienthong.rest import query
from lienthong.rest.grammar import Reach
from lienthong.store.compile import Statement
from lienthong.store.database import Database, Row

VARIANTS = 2_000  # more than the server keeps compiled
PLACE = "/api/v1/datasets/enterprises/rows"
FIELDS = """enterpriseCode nameVi enterpriseType status registeredOn addressText mainActivityCode charterCapital
legalRepName"""
GET = f"query Get($code: String!) {{ enterprise(enterpriseCode: $code) {{ {FIELDS} }} }}"
PAGE = f"""query Page($where: EnterpriseFilter, $order: [EnterpriseOrder!], $after: String, $first: Int!) {{
  enterprises(where: $where, orderBy: $order, after: $after, first: $first) {{
    nodes {{ {FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
NESTED = """query Nested($where: EnterpriseFilter) {
  enterprises(first: 50, where: $where) {
    nodes { enterpriseCode nameVi status commune { code nameVi province { code nameVi } } }
  }
}"""


@dataclass(frozen=True)
class Case:
    """One thing to read through one surface, in many variants; statement n answers request n."""

    name: str
    surface: str
    requests: tuple[Request, ...]
    statements: tuple[Statement, ...]

    @property
    def slug(self) -> str:
        """A name for addresses."""
        return f"{self.name}-{self.surface}".replace(" ", "-")


class Recorder(Database):
    """Takes the statements that the door would run."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    async def read(self, statement: Statement) -> Row:
        """Note the statement, answer with an empty row."""
        self.statements.append(statement)
        return tuple(b"0" if name == "body" else None for name in statement.columns)


class Maker:
    """Makes cases over the project's own contracts."""

    def __init__(self, registry: Registry) -> None:
        self._recorder = Recorder()
        self._door = Door(registry, self._recorder)
        self._scope = self._door.scope(ANONYMOUS, "enterprises")
        self._reach = Reach(registry, partial(self._door.scope, ANONYMOUS))
        self._planner = Planner(build(registry))

    def one(self, keys: Iterable[str]) -> Case:
        """One enterprise by its key, through REST."""
        keys = list(keys)
        asked = [query.row(self._reach, self._scope, key.encode(), {}) for key in keys]
        made = self._recorded(self._door.one(ANONYMOUS, q, surface="rest") for q in asked)
        return Case("get by key", "rest", tuple(Request(f"{PLACE}/{key}") for key in keys), made)

    def rest(self, name: str, given: Iterable[dict[str, str]]) -> Case:
        """Pages through REST."""
        given = list(given)
        paths = ["&".join(f"{k}={quote(v)}" for k, v in one.items()) for one in given]
        asked = [query.rows(self._reach, self._scope, one) for one in given]
        made = self._recorded(self._door.rows(ANONYMOUS, q, surface="rest") for q in asked)
        return Case(name, "rest", tuple(Request(f"{PLACE}?{path}") for path in paths), made)

    def graphql(self, name: str, text: str, given: Iterable[dict[str, Any]]) -> Case:
        """One document with different variables."""
        given = list(given)
        plans = [self._planner.plan(text, one) for one in given]
        made = self._recorded(self._door.document(ANONYMOUS, p.members, surface="graphql") for p in plans)
        bodies = [json.dumps({"query": text, "variables": one}, ensure_ascii=False) for one in given]
        return Case(name, "graphql", tuple(Request("/graphql", body) for body in bodies), made)

    def _recorded(self, calls: Iterable[Any]) -> tuple[Statement, ...]:
        self._recorder.statements.clear()
        for call in calls:
            asyncio.run(call)
        return tuple(self._recorder.statements)


def cases(url: str) -> list[Case]:
    """All cases, with keys, words and cursors of the rows that are there."""
    make = Maker(load_all(content("datasets")))
    with psycopg.connect(url) as connection:
        keys = _keys(connection)
        pairs = _pairs(connection)
        cursors = _cursors(connection)
        words = _words(connection)
    first, order = {"first": 100}, [{"field": "REGISTERED_ON", "direction": "ASC"}]
    newest = [{"field": "REGISTERED_ON", "direction": "DESC"}]
    where = [{"status": {"eq": status}, "mainActivityCode": {"eq": code}} for status, code in pairs]
    filtered = [{"status": status, "main_activity_code": code} for status, code in pairs]
    return [
        make.one(keys),
        make.graphql("get by key", GET, ({"code": key} for key in keys)),
        make.rest("list 100", ({**f, "sort": "-registered_on"} for f in filtered)),
        make.graphql("list 100", PAGE, ({**first, "where": w, "order": newest} for w in where)),
        make.rest("deep page", ({"sort": "registered_on", "cursor": cursor} for cursor in cursors)),
        make.graphql("deep page", PAGE, ({**first, "order": order, "after": cursor} for cursor in cursors)),
        make.rest("text search", ({"q": text, "limit": "20"} for text in words)),
        make.graphql("text search", PAGE, ({"first": 20, "where": {"q": text}} for text in words)),
        make.graphql("nested 50", NESTED, ({"where": w} for w in where)),
    ]


def _keys(connection: psycopg.Connection) -> list[str]:
    """Keys from all over the table."""
    statement = "select enterprise_code from open.enterprises order by hashtext(enterprise_code) limit %s"
    return [row[0] for row in connection.execute(statement, [VARIANTS])]


def _pairs(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Pairs of status and main activity that more than 100 rows have where possible, the commonest first."""
    statement = "select status, main_activity_code from open.enterprises group by 1, 2 order by count(*) desc limit 100"
    return [(status, code) for status, code in connection.execute(statement)]


def _cursors(connection: psycopg.Connection) -> list[str]:
    """Cursors that stand from one tenth to nine tenths into the list by day of registration."""
    statement = (
        "select translate(encode(convert_to(json_build_array(r::text, c)::text, 'UTF8'), 'base64'), E'+/=\\n', '-_') "
        "from (select registered_on r, enterprise_code c, count(*) over () total, "
        "row_number() over (order by registered_on, enterprise_code) n from open.enterprises) t "
        "where n > total / 10 and n < total * 0.9 and n % greatest(total / 2500, 1) = 0"
    )
    return [row[0] for row in connection.execute(statement)][:VARIANTS]


def _words(connection: psycopg.Connection) -> list[str]:
    """The last two words of names, without tone marks, as people type them."""
    names = connection.execute("select name_vi from open.enterprises order by hashtext(name_vi) limit %s", [VARIANTS])
    return [" ".join(fold(name).split()[-2:]) for (name,) in names]
