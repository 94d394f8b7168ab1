"""Sessions of the portal: a signed cookie, no table."""

import hashlib
import hmac
import time

SESSION_COOKIE = "lienthong_session"
SESSION_SECONDS = 8 * 3600


class Sessions:
    """Signs and reads session cookies: `username.expiry.signature`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, username: str) -> str:
        """A cookie for somebody who has just signed in; good for a working day."""
        body = f"{username}.{int(time.time()) + SESSION_SECONDS}"
        return f"{body}.{self._sign(body)}"

    def username(self, cookie: str | None) -> str | None:
        """Whose session it is, or None when the cookie is absent, altered or over."""
        body, _, signature = (cookie or "").rpartition(".")
        if not body or not hmac.compare_digest(self._sign(body), signature):
            return None
        username, _, expiry = body.rpartition(".")
        return username if expiry.isdigit() and int(expiry) > time.time() else None

    def csrf(self, cookie: str | None) -> str:
        """The token that a form of this session carries."""
        return self._sign("csrf." + (cookie or ""))

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
