"""The datasets that everybody can see, contracts and hosted ones alike, in the order of their names."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from lienthong.access.services import Services
from lienthong.catalog.profiles.described import Entry, governed, hosted
from lienthong.governance.subject import ANONYMOUS
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both

PAGE = 100
_AT_ONCE = 1_000


class Entries:
    """Asks the catalogue's own search, which knows both kinds and who may see them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.site = services.settings.public_url

    async def page(self, number: int) -> tuple[list[Entry], int]:
        """One page of the catalogue (from 1), and how many datasets there are."""
        return await self._found(PAGE, (number - 1) * PAGE)

    async def every(self) -> AsyncIterator[Entry]:
        """All of them."""
        start, total = 0, 1
        while start < total:
            found, total = await self._found(_AT_ONCE, start)
            start += _AT_ONCE
            for entry in found:
                yield entry

    async def one(self, name: str) -> Entry:
        """The dataset with the name or id. Raises NotFound."""
        try:
            return await self._entry(await self._act("package_show", id=name))
        except Exception as error:
            raise NotFound(both(f"Không có bộ dữ liệu {name}", f"There is no dataset {name}"), place=name) from error

    async def _found(self, rows: int, start: int) -> tuple[list[Entry], int]:
        result = await self._act("package_search", rows=rows, start=start, sort="name asc")
        return [await self._entry(package) for package in result["results"]], int(result["count"])

    async def _entry(self, package: Mapping[str, Any]) -> Entry:
        datasets = (await self._services.catalog.current()).datasets
        state = next((s for s in datasets.values() if s.contract.slug == package["name"] and s.is_published), None)
        return governed(state, self.site) if state else hosted(package, self.site)

    async def _act(self, action: str, **given: Any) -> Any:
        return await self._services.acts["ckan"](ANONYMOUS, "vi", action, given)
