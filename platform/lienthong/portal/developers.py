"""`/developers`: the ways to ask, with calls to paste."""

from starlette.responses import Response

from lienthong.portal import examples
from lienthong.portal.page import Page
from lienthong.privacy.twinned import has_twin


async def page(page: Page) -> Response:
    """GET /developers"""
    snapshot = await page.services.catalog.current()
    published = snapshot.published()
    site = page.services.settings.public_url
    shown = examples.examples(published[0].contract, site, page.language) if published else []
    twins = (c.slug for c in page.services.registry.contracts.values() if has_twin(c))
    return page.render("developers.html", examples=shown, site=site, twin=next(twins, None))
