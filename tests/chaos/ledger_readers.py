"""Reads governed rows without end, as the server does, and writes down each receipt that came back: readers.py COUNT OUT."""

import asyncio
import sys
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import create_async_engine

from lienthong.access.door import Door
from lienthong.app.definitions import registry
from lienthong.governance.directory import Directory
from lienthong.governance.session import Sessions
from lienthong.kernel.problem import Problem
from lienthong.kernel.settings import settings
from lienthong.store import owner
from lienthong.store.database import Database
from lienthong.store.query import Page, Query, fields
from tests.surface.small import AGENCY, PURPOSE


async def main(count: int, out: Any) -> None:
    given, contracts = settings(), registry(settings())
    url = owner.app_url(given)
    database = Database(url, 2 * count)
    await database.open()
    door = Door(contracts, database)
    directory = Directory(create_async_engine(owner.sqlalchemy_url(url)), given, Sessions(b"secret"))
    subject = await directory.subject({"authorization": f"Bearer {AGENCY}", "lienthong-purpose": PURPOSE})
    query = Query("cases", fields(["case_code", "days"]), page=Page(limit=3))

    async def read() -> None:
        while True:
            try:
                answer = await door.rows(subject, query, surface="rest")
                out.write(f"{answer.receipt}\n")
            except (Problem, psycopg.Error):
                await asyncio.sleep(0.05)  # the outcome is not known: no receipt, no promise

    await asyncio.gather(*(read() for _ in range(count)))


if __name__ == "__main__":
    with open(sys.argv[2], "a", buffering=1) as file:
        asyncio.run(main(int(sys.argv[1]), file))
