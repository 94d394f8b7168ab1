"""How large a query may be, judged before it runs."""

from lienthong.kernel.problem import QueryInvalid, TooCostly
from lienthong.kernel.text import both
from lienthong.store.query import Nested, Query

MAX_DEPTH = 8
MAX_ROWS = 100_000


def rows_at_most(query: Query, depth: int = 1) -> int:
    """An upper bound of the rows that the query answers with, nested ones too. Raises when it is too large."""
    if depth > MAX_DEPTH:
        raise TooCostly(both(f"Truy vấn lồng quá {MAX_DEPTH} tầng", f"The query is nested more than {MAX_DEPTH} deep"))
    most = query.page.most
    if not 0 <= query.page.limit <= most:
        raise QueryInvalid(both(f"limit phải từ 0 đến {most}", f"limit must be 0 to {most}"), place="limit")
    own = 1 if query.key is not None else query.page.limit
    inner = sum(rows_at_most(item.query, depth + 1) for item in query.selected if isinstance(item, Nested))
    return own * (1 + inner)


def check(*queries: Query) -> int:
    """The cost of a request. Raises TooCostly with the cost and the limit."""
    cost = sum(rows_at_most(query) for query in queries)
    if cost > MAX_ROWS:
        raise TooCostly(
            both(
                f"Truy vấn có thể trả {cost} dòng, giới hạn {MAX_ROWS}",
                f"The query may answer {cost} rows, the limit is {MAX_ROWS}",
            ),
            cost=cost,
            limit=MAX_ROWS,
        )
    return cost
