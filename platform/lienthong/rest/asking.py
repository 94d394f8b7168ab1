"""What all endpoints about rows begin with: who asks, of which dataset and version, and the head of the answer."""

from dataclasses import replace
from functools import partial

from starlette.requests import Request

from lienthong.access import synthetic
from lienthong.access.door import Answer
from lienthong.access.services import Services
from lienthong.contract.model import Contract
from lienthong.governance.subject import Subject
from lienthong.rest import caching, versions
from lienthong.rest.grammar import Reach
from lienthong.store.scope import Scope

TWIN = "lienthong.twin"
"""The mark of a request whose address asks for the twin of a dataset."""


class Asking:
    """The beginning of every answer about rows, over one set of services."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._by_slug = {contract.slug: contract for contract in services.registry.contracts.values()}

    def contract(self, request: Request) -> Contract:
        """The dataset that the address names, also as `name@1`. Raises NotFound, Gone."""
        name, accept = request.path_params["name"], request.headers.get("accept")
        if (found := self._by_slug.get(name)) and (accept is None or "version" not in accept):
            return found
        plain, mark, wanted = name.partition("@")
        found = self.services.registry.get(plain)
        versions.check(found, wanted if mark else versions.accepted(accept))
        return found

    async def caller(self, request: Request) -> tuple[Subject, Scope]:
        """Who asks, and what of the dataset may be seen. Raises Unauthenticated, NotPermitted, NotFound, Gone."""
        subject = await self.services.directory.subject(request.headers, request.cookies)
        if TWIN in request.scope:
            subject = replace(subject, twin=True)
        return subject, self.services.door.scope(subject, self.contract(request).id)

    def reach(self, subject: Subject) -> Reach:
        """All definitions, and what the caller may see of a dataset that a query also names."""
        return Reach(self.services.registry, partial(self.services.door.scope, subject))

    async def head(self, request: Request, scope: Scope, variant: str = "") -> tuple[dict[str, str], int | None]:
        """The headers of the answer and, for open data, the number of the release. Raises NotFound, Gone.

        `variant`: what of the answer the address does not tell, its media type.
        """
        if scope.schema == "twin":
            return caching.GOVERNED | versions.headers(scope.contract) | {synthetic.HEADER: synthetic.VALUE}, None
        if scope.schema == "governed":
            return caching.GOVERNED | versions.headers(scope.contract), None
        snapshot = await self.services.catalog.current()
        release = snapshot.datasets[scope.contract.id].served()
        tag = caching.etag(release, scope.contract.version + variant, request)
        return caching.OPEN | versions.headers(scope.contract) | {"ETag": tag}, release.number

    async def read_from(
        self, request: Request, scope: Scope, headers: dict[str, str], answer: Answer, expected: int | None
    ) -> int | None:
        """The release that the rows are of; its tag takes the place of another one's: a swap may have come between."""
        if answer.release is None or answer.release == expected:
            return expected
        release = await self.services.catalog.at(scope.contract.id, answer.release)
        if release is not None:
            headers["ETag"] = caching.etag(release, scope.contract.version, request)
        return answer.release
