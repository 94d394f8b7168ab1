"""An OpenID Connect provider as we see it: its metadata, its keys, the claims that a code is good for."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt

from lienthong.governance.identity import keys
from lienthong.kernel.problem import NotFound, Unauthenticated, Unavailable
from lienthong.kernel.settings import Settings
from lienthong.kernel.text import both

SECONDS, MOST_BYTES, KEEP_SECONDS, LEEWAY = 5.0, 1_000_000, 3600, 30
_HOME = {"127.0.0.1", "::1", "localhost"}
Claims = dict[str, Any]


class Http:
    """The one client to the provider: no redirects, a time-out, a bound on bytes; HTTPS, or this very machine."""

    async def json(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """The JSON object at an address. Raises Unavailable."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HOME):
            raise _unavailable("https")
        body = b""
        try:
            async with (
                asyncio.timeout(SECONDS * 2),
                httpx2.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(method, url, headers={"Accept": "application/json"}, **options) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise _unavailable("size")
            found = json.loads(body) if answer.status_code == 200 else None
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as error:
            raise _unavailable(type(error).__name__) from error
        if not isinstance(found, dict):
            raise _unavailable(str(answer.status_code))
        return found


class Provider:
    """The provider of the settings. Metadata and keys are kept for an hour."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._http = settings, Http()
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def metadata(self) -> dict[str, Any]:
        """Its metadata (OpenID Connect Discovery 1.0), kept for an hour."""
        issuer = self._settings.oidc_issuer
        if not issuer:
            raise NotFound(
                both("Chưa cấu hình nhà cung cấp danh tính", "No identity provider is configured"),
                place="LIENTHONG_OIDC_ISSUER",
            )
        found = await self._kept(issuer.rstrip("/") + "/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != issuer or not all(isinstance(found.get(name), str) for name in needed):
            raise _unavailable("issuer")
        return found

    async def _kept(self, url: str, fresh: bool = False) -> dict[str, Any]:
        known = self._known.get(url)
        if known and not fresh and time.monotonic() - known[0] < KEEP_SECONDS:
            return known[1]
        found = await self._http.json("GET", url)
        self._known[url] = (time.monotonic(), found)
        return found

    async def claims(self, code: str, callback: str, verifier: str, nonce: str) -> Claims:
        """The claims of the ID token that the code is good for."""
        provider = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "code_verifier": verifier,
        }
        client, secret = self._settings.oidc_client_id or "", self._settings.oidc_client_secret
        options: dict[str, Any] = {"data": form}
        methods = provider.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in methods:
            options["auth"] = (client, secret.get_secret_value())
        else:
            form["client_id"] = client
            if secret:
                form["client_secret"] = secret.get_secret_value()
        answer = await self._http.json("POST", provider["token_endpoint"], **options)
        return await self._verified(provider, str(answer.get("id_token", "")), nonce)

    async def _verified(self, provider: dict[str, Any], token: str, nonce: str) -> Claims:
        client = self._settings.oidc_client_id or ""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(provider, header)
            claims: Claims = jwt.decode(
                token,
                jwt.PyJWK(key, algorithm=header["alg"]),
                algorithms=[header["alg"]],
                audience=client,
                issuer=provider["issuer"],
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "sub", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, KeyError) as error:
            raise refused("id_token") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("nonce") != nonce or (several and claims.get("azp") != client):
            raise refused("nonce")
        return claims

    async def _key(self, provider: dict[str, Any], header: dict[str, Any]) -> dict[str, Any]:
        """The provider's key of this token; the set is asked for anew, once, when it is not in it."""
        for fresh in (False, True):
            found = (await self._kept(provider["jwks_uri"], fresh)).get("keys", [])
            able = [k for k in found if isinstance(k, dict) and header.get("alg") in keys.algorithms(k)]
            fits = [k for k in able if "kid" not in header or k.get("kid") == header["kid"]]
            if len(fits) == 1:
                return dict(fits[0])
        raise refused("id_token")


def refused(place: str) -> Unauthenticated:
    """The provider, or somebody in its name, answered what cannot be believed."""
    return Unauthenticated(
        both("Nhà cung cấp danh tính trả lời không hợp lệ", "The identity provider's answer is not valid"),
        place=place,
        fix=both("Đăng nhập lại từ đầu", "Begin signing in again"),
    )


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        both("Nhà cung cấp danh tính không trả lời đúng", "The identity provider does not answer as it should"),
        place=why,
        fix=both("Thử lại sau, hoặc dùng mật khẩu", "Try again later, or use a password"),
    )
