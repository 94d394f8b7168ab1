"""One call of a tool: who asks, and for what."""

from collections.abc import Mapping
from dataclasses import dataclass

from lienthong.access.services import Services
from lienthong.governance.request import PURPOSE, TWIN
from lienthong.governance.subject import Subject
from lienthong.mcp.arguments import Read


@dataclass(frozen=True)
class Call:
    """The services, and the headers by which the caller is known; names of headers in lower case."""

    services: Services
    headers: Mapping[str, str]

    async def subject(self, read: Read | None = None) -> Subject:
        """The caller; purpose and twin as the arguments say, else as the headers do. Raises Unauthenticated."""
        own = dict(self.headers)
        if read and read.purpose is not None:
            own[PURPOSE] = read.purpose
        if read and read.twin:
            own[TWIN] = "true"
        return await self.services.directory.subject(own)
