"""/oauth/*: the token endpoint and its two companions, in the words of their standards (RFC 6749, 7009, 7662, 8414)."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lienthong.access.services import Services
from lienthong.governance.identity import keys, scopes
from lienthong.governance.identity.oauth import METHODS, OAuthRefused
from lienthong.kernel.problem import Problem
from lienthong.web import body

FORM, MOST_BYTES, MOST_FIELDS = "application/x-www-form-urlencoded", 32_768, 40
log = logging.getLogger("lienthong.identity")
Endpoint = Callable[[Request], Awaitable[Response]]


def add(found: APIRouter, services: Services) -> None:
    """The addresses."""
    surface = Surface(services)
    found.add_route("/oauth/token", _told(surface.token), methods=["POST"])
    found.add_route("/oauth/revoke", _told(surface.revoke), methods=["POST"])
    found.add_route("/oauth/introspect", _told(surface.introspect), methods=["POST"])
    found.add_route("/.well-known/oauth-authorization-server", surface.metadata, methods=["GET"])


class Surface:
    """The endpoints."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _oauth(self) -> Any:
        return self._services.directory.identity.oauth

    async def token(self, request: Request) -> Response:
        """POST /oauth/token"""
        form = await _form(request)
        client = await self._oauth.client(form, request.headers.get("authorization"))
        return _json(await self._oauth.grant(self._services.registry, client, form))

    async def revoke(self, request: Request) -> Response:
        """POST /oauth/revoke"""
        form = await _form(request)
        client = await self._oauth.client(form, request.headers.get("authorization"))
        await self._oauth.revoke(client, _needed(form, "token"))
        return _json({})

    async def introspect(self, request: Request) -> Response:
        """POST /oauth/introspect, by the client whose token it is, or with the very token that is asked about."""
        form = await _form(request)
        token = _needed(form, "token")
        scheme, _, own = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if own.strip() != token:
                raise OAuthRefused("invalid_token", "a token may ask about itself only", 401)
            return _json(await self._oauth.state(token))
        client = await self._oauth.client(form, request.headers.get("authorization"))
        return _json(await self._oauth.state(token, client))

    async def metadata(self, _: Request) -> Response:
        """GET /.well-known/oauth-authorization-server"""
        issuer = self._oauth.issuer
        methods, algorithms = list(METHODS), list(keys.ALGORITHMS)
        document: dict[str, Any] = {
            "issuer": issuer,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": [*scopes.AREAS, *(f"{act}:*" for act in scopes.ACTS)],
            "service_documentation": issuer + "/developers",
        }
        for name in ("token", "revocation", "introspection"):
            path = {"revocation": "revoke", "introspection": "introspect"}.get(name, name)
            document[f"{name}_endpoint"] = f"{issuer}/oauth/{path}"
            document[f"{name}_endpoint_auth_methods_supported"] = methods
            document[f"{name}_endpoint_auth_signing_alg_values_supported"] = algorithms
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(orjson.dumps(document), headers=headers, media_type="application/json")


async def _form(request: Request) -> dict[str, str]:
    """The form; a parameter without a value counts as absent (RFC 6749, 3.1)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthRefused("invalid_request", f"the body must be {FORM}")
    try:
        raw = (await body.whole(request, MOST_BYTES)).decode("ascii")
        pairs = parse_qsl(raw, errors="strict", max_num_fields=MOST_FIELDS)
    except (Problem, ValueError) as error:
        raise OAuthRefused("invalid_request", "the body is too large or is no form") from error
    if len({name for name, _ in pairs}) < len(pairs):
        raise OAuthRefused("invalid_request", "a parameter stands twice")
    return dict(pairs)


def _needed(form: dict[str, str], name: str) -> str:
    if name not in form:
        raise OAuthRefused("invalid_request", f"{name} is missing")
    return form[name]


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint, its refusals as RFC 6749, 5.2 wants them."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except OAuthRefused as refused:
            answer = _json({"error": refused.error, "error_description": refused.description}, refused.http_status)
            if refused.http_status == 401:
                scheme = "Bearer" if refused.error == "invalid_token" else "Basic"
                answer.headers["WWW-Authenticate"] = f'{scheme} realm="lienthong"'
            return answer
        except Problem as problem:
            return _json({"error": "temporarily_unavailable", "error_description": problem.code}, 503)
        except Exception:
            log.exception("a request failed: %s", request.url.path)
            return _json({"error": "server_error"}, 500)

    return answer


def _json(content: dict[str, Any], status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(orjson.dumps(content), status, headers, media_type="application/json")
