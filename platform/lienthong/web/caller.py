"""Who calls, asked before anything else is looked at: what is not public tells a stranger nothing but that."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from lienthong.access.services import Services
from lienthong.kernel.problem import Unauthenticated
from lienthong.kernel.text import both


def known(services: Services) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes that nobody may call without credentials. Raises Unauthenticated."""

    async def check(request: Request) -> None:
        subject = await services.directory.subject(request.headers, request.cookies)
        if subject.kind == "anonymous":
            raise Unauthenticated(
                both("Cần đăng nhập hoặc mã truy cập", "Sign in, or send a token"),
                place="Authorization",
                fix=both("Gửi Authorization: Bearer <mã>", "Send Authorization: Bearer <token>"),
            )

    return check
