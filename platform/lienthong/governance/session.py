"""Cookies of the portal: a session is a random number whose hash is a row of `session`, so it can be ended."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from lienthong.kernel.settings import Settings

SESSION_SECONDS = 8 * 3600
PENDING_SECONDS = 300
IDLE_SECONDS = {"administrator": 20 * 60}
USUAL_IDLE_SECONDS = 2 * 3600


def idle_seconds(role: str | None) -> int:
    """How long a session of somebody with this role may rest; short for administrators."""
    return IDLE_SECONDS.get(role or "", USUAL_IDLE_SECONDS)


class Sessions:
    """Names, makes and reads the session cookie, and signs the forms of its holder."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    @staticmethod
    def new() -> str:
        """The cookie of a new session."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def id(cookie: str) -> str:
        """What is kept of a cookie."""
        return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()

    def csrf(self, cookie: str | None) -> str:
        """The token that a form of this session carries."""
        return self._sign("csrf." + (cookie or ""))

    def fits(self, cookie: str | None, token: str | None) -> bool:
        """Is it the token of this session's forms?"""
        given = (token or "").encode("utf-8", "replace")
        return bool(cookie) and hmac.compare_digest(self.csrf(cookie).encode(), given)

    def _sign(self, text: str) -> str:
        return hmac.new(self.secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_secure(settings: Settings) -> bool:
    """Is the site's public address HTTPS?"""
    return settings.public_url.startswith("https://")


def cookie_name(settings: Settings, name: str = "session") -> str:
    """The cookie's name: with `__Host-` over HTTPS, so that no other host and no plain page can set it."""
    return ("__Host-" if is_secure(settings) else "") + "lienthong_" + name


def cookie_of(settings: Settings, cookies: Mapping[str, str] | None) -> str | None:
    """The session cookie among those that came."""
    return (cookies or {}).get(cookie_name(settings))


def cookie(settings: Settings, value: str, seconds: int = SESSION_SECONDS, name: str = "session") -> dict[str, Any]:
    """What `Response.set_cookie` is told: not for scripts, not for other sites, for the whole of this one."""
    return {
        "key": cookie_name(settings, name),
        "value": value,
        "max_age": seconds,
        "path": "/",
        "httponly": True,
        "samesite": "lax",
        "secure": is_secure(settings),
    }
