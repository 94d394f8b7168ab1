"""Who has read my data: the accesses to the records of the person who has signed in."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from lienthong.contract import vocabulary
from lienthong.governance.ledger.usage import Usage
from lienthong.kernel.text import both
from lienthong.portal.page import Page

ROWS = 50


async def my_data(page: Page) -> Response:
    """`/my-data`: newest first; whoever has not signed in is asked to."""
    if page.subject.kind == "anonymous":
        return RedirectResponse(page.t.href("/sign-in") + "?next=" + quote(page.path), 303)
    usage = Usage(page.services.catalog.engine, page.services.registry)
    found = await usage.own(page.subject, ROWS, page.given("cursor") or None)
    purposes = vocabulary.current().get("purpose")
    known = purposes.by_code if purposes else {}
    return page.render(
        "my_data.html",
        found=found,
        contract=page.services.registry.get,
        purpose=lambda code: known[code].title if code in known else both(code, code),
    )
