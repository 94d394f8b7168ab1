"""What the headers of a request tell the short ways: who asks, and whether only the long way can answer."""

from collections.abc import Container

from starlette.types import Scope

from lienthong.governance.request import PURPOSE, TWIN, XROAD

LONG = frozenset({b"cookie", TWIN.encode(), b"if-none-match", b"if-match", b"range"})
CALLER = frozenset({b"authorization", b"x-ckan-api-key", PURPOSE.encode(), *(n.lower().encode() for n in XROAD)})


def told(scope: Scope, accepted: Container[bytes]) -> dict[str, str] | None:
    """The headers that tell who asks; None when the request says something that only the long way knows.

    `accepted`: the values of Accept that the short way answers.
    """
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in CALLER:
            if (key := name.decode()) in found:
                return None
            found[key] = value.decode("latin-1")
        elif name in LONG or (name == b"accept" and value not in accepted):
            return None
    return found
