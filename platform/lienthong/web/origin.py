"""Where a request comes from: the caller's address, and whether a page of this very site sent it."""

from starlette.requests import Request
from starlette.types import Scope

from lienthong.kernel.problem import NotPermitted
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

SAFE = ("GET", "HEAD", "OPTIONS")


def address(request: Request, settings: Settings) -> str:
    """The caller's address. Behind `proxies` of our own it is the one that the outermost of them saw."""
    return address_of(request.scope, settings.proxies)


def address_of(scope: Scope, proxies: int) -> str:
    """`address`, before there is a request."""
    if proxies:
        given = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
        seen = [part.strip() for part in given.split(",") if part.strip()]
        if len(seen) >= proxies:
            return seen[-proxies][:64]
    return str(scope["client"][0]) if scope.get("client") else ""


def same_origin(request: Request, settings: Settings) -> None:
    """For what a cookie alone may do: raises NotPermitted when the page of another site asks for a change.

    Browsers name the page's origin with every request that changes something; programs name none.
    """
    if request.method in SAFE:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    own = {settings.public_url, str(request.base_url).rstrip("/")}
    if (origin is not None and origin not in own) or site not in (None, "same-origin", "none"):
        raise NotPermitted(
            both("Yêu cầu đến từ trang của nơi khác", "The request comes from a page of another site"),
            place="Origin",
            fix=both(f"Dùng trang ở {settings.public_url}", f"Use the pages at {settings.public_url}"),
        )
