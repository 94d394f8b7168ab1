"""A real OpenID Connect provider on this machine: it checks what a provider checks, and misbehaves when told to."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "lienthong", "secret of the client at the provider"
SLOW = 60.0  # seconds until a slow provider answers
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """`person` is who signs in there; `fault` names what goes wrong."""

    url: str
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "s-1", "name": "Người từ xa"})
    fault: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        """What the provider says of itself."""
        issuer = "https://elsewhere.vn" if self.fault == "issuer" else self.url
        return {
            "issuer": issuer,
            "authorization_endpoint": self.url + "/authorize",
            "token_endpoint": self.url + "/token",
            "jwks_uri": self.url + "/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def jwks(self) -> dict[str, Any]:
        """Its public key."""
        key = jwt.get_algorithm_by_name("RS256").to_jwk(KEY.public_key(), as_dict=True)
        return {"keys": [{k: key[k] for k in ("kty", "n", "e")} | {"kid": "k1", "use": "sig", "alg": "RS256"}]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Somebody has signed in there: where the browser goes."""
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT and "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256" and len(asked["state"]) >= 32 and len(asked["nonce"]) >= 32
        if self.fault == "denied":
            return asked["redirect_uri"] + "?" + urlencode({"error": "access_denied", "state": asked["state"]})
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        iss = "https://elsewhere.vn" if self.fault == "mix-up" else self.url
        return asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"], "iss": iss})

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """A code for an ID token: once, for the client that asked, with the verifier of the challenge."""
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        right = asked is not None and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        if authorization != expected or not right or not asked or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if self.fault == "no token":
            return 200, {"access_token": "x", "token_type": "Bearer"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        """The ID token, wrong in the way of `fault`."""
        moment = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": moment, "exp": moment + 300, "nonce": nonce, **self.person}
        claims |= {
            "nonce": {"nonce": "x" * 43}, "audience": {"aud": "somebody"}, "token issuer": {"iss": "https://elsewhere.vn"},
            "expired": {"exp": moment - 600}, "several": {"aud": [CLIENT, "somebody"], "azp": "somebody"},
        }.get(self.fault, {})  # fmt: skip
        if self.fault == "none":
            return jwt.encode(claims, None, "none", {"kid": "k1"})
        if self.fault == "secret":
            return jwt.encode(claims, SECRET, "HS256", {"kid": "k1"})
        key = STRANGER if self.fault == "key" else KEY
        return jwt.encode(claims, key, "RS256", {"kid": "k2" if self.fault == "kid" else "k1"})


@contextmanager
def running() -> Iterator[Provider]:
    """The provider, listening."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            found.requests.append(parts.path)
            if parts.path == "/.well-known/openid-configuration":
                if found.fault == "slow":
                    time.sleep(SLOW)
                if found.fault == "redirect":
                    return self._away(found.url + "/.well-known/elsewhere")
                if found.fault == "large":
                    return self._tell(200, b'{"x":"' + b"x" * 5_000_000 + b'"}')
                return self._json(200, found.discovery())
            if parts.path == "/jwks":
                return self._json(200, found.jwks())
            if parts.path == "/authorize":
                return self._away(found.authorize({k: v[0] for k, v in parse_qs(parts.query).items()}))
            return self._json(404, {})

        def do_POST(self) -> None:
            found.requests.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._json(*found.token(dict(parse_qsl(body)), self.headers.get("authorization", "")))

        def _json(self, status: int, content: dict[str, Any]) -> None:
            self._tell(status, json.dumps(content).encode())

        def _tell(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _away(self, url: str) -> None:
            self.send_response(302)
            self.send_header("Location", url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Tells nobody."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Provider(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
