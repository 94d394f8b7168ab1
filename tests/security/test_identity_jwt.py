"""JWTs that should not be believed (programme A06): as a client's assertion, and as a bearer token."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from lienthong.governance.identity.oauth import ASSERTION
from tests.surface.people import json as call
from tests.surface.people import seed
from tests.surface.small import World

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """People and agreements come and go here: not the world that is only read."""
    return own_world


def public(key: Any, **more: str) -> dict[str, Any]:
    kinds = {rsa.RSAPrivateKey: "RS256", ec.EllipticCurvePrivateKey: "ES256", ed25519.Ed25519PrivateKey: "EdDSA"}
    name = next(alg for kind, alg in kinds.items() if isinstance(key, kind))
    made: dict[str, Any] = jwt.get_algorithm_by_name(name).to_jwk(key.public_key(), as_dict=True)
    made.pop("key_ops", None)
    return made | more


class Listener:
    """Counts who connects to it: a key set that nobody may ever fetch."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/jwks.json"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            taken.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, str]:
    """client_id by kind: with one RSA key, with two other keys, somebody else's."""
    seed(world)
    sets = {
        "one": [public(RSA_KEY, kid="first")],
        "two": [public(EC_KEY, kid="ec"), public(ED_KEY, kid="ed")],
        "other": [public(OTHER_KEY, kid="first")],
    }
    made = {}
    for name, keys in sets.items():
        body = {"name": name, "agency": "office", "scopes": ["read:*"], "jwks": {"keys": keys}}
        answer = call(world, "POST", "/api/v1/clients", **body)
        assert answer.status_code == 201 and answer.json()["secret"] is None, answer.text
        made[name] = answer.json()["data"]["id"]
    return made


def claims(client: str, **other: Any) -> dict[str, Any]:
    moment = int(time.time())
    made = {"iss": client, "sub": client, "aud": "http://127.0.0.1:8000/oauth/token", "iat": moment, "exp": moment + 60}
    return {k: v for k, v in (made | {"jti": uuid.uuid4().hex} | other).items() if v is not None}


def assertion(
    client: str, key: Any = RSA_KEY, algorithm: str = "RS256", header: dict[str, Any] | None = None, **other: Any
) -> str:
    return jwt.encode(claims(client, **other), key, algorithm, {"kid": "first", **(header or {})})


def exchange(world: World, text: str, **more: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": text, **more}
    return world.anonymous.post("/oauth/token", data=form)


def raw(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    """A JWT that no library would make."""
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(jwt.utils.base64url_encode(part).decode() for part in parts)


def by_secret(secret: bytes, header: dict[str, Any], payload: dict[str, Any]) -> str:
    """HS256 with any bytes as the secret; the library refuses to do that with a PEM."""
    head = raw(header, payload).rsplit(".", 1)[0]
    made = jwt.get_algorithm_by_name("HS256").sign(head.encode(), secret)
    return head + "." + jwt.utils.base64url_encode(made).decode()


def pem() -> bytes:
    return RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def jwk() -> bytes:
    return json.dumps(public(RSA_KEY)).encode()


def altered(text: str) -> str:
    head, body, signature = text.split(".")
    return ".".join((head, body, ("B" if signature[0] == "A" else "A") + signature[1:]))


def other_body(text: str, client: str) -> str:
    head, _, signature = text.split(".")
    body = jwt.utils.base64url_encode(json.dumps(claims(client)).encode()).decode()
    return ".".join((head, body, signature))


Hostile = Callable[[str, Listener], str]
HOSTILE: dict[str, Hostile] = {
    "alg none": lambda c, _: raw({"alg": "none", "kid": "first"}, claims(c)),
    "alg None": lambda c, _: raw({"alg": "None", "kid": "first"}, claims(c)),
    "no alg": lambda c, _: raw({"kid": "first"}, claims(c)),
    "HS256 with the public key (PEM)": lambda c, _: by_secret(pem(), {"alg": "HS256", "kid": "first"}, claims(c)),
    "HS256 with the public key (JWK)": lambda c, _: by_secret(jwk(), {"alg": "HS256", "kid": "first"}, claims(c)),
    "HS256 with nothing": lambda c, _: by_secret(b"", {"alg": "HS256", "kid": "first"}, claims(c)),
    "wrong audience": lambda c, _: assertion(c, aud="https://elsewhere.vn/oauth/token"),
    "no audience": lambda c, _: assertion(c, aud=None),
    "wrong issuer": lambda c, _: assertion(c, iss="somebody"),
    "wrong subject": lambda c, _: assertion(c, sub="somebody"),
    "expired": lambda c, _: assertion(c, exp=int(time.time()) - 60),
    "no expiry": lambda c, _: assertion(c, exp=None),
    "good for too long": lambda c, _: assertion(c, exp=int(time.time()) + 86_400),
    "not yet": lambda c, _: assertion(c, nbf=int(time.time()) + 600),
    "made in the future": lambda c, _: assertion(c, iat=int(time.time()) + 600),
    "no jti": lambda c, _: assertion(c, jti=None),
    "short jti": lambda c, _: assertion(c, jti="1"),
    "jti of another type": lambda c, _: raw({"alg": "RS256", "kid": "first"}, claims(c, jti=["x" * 20])),
    "unknown kid": lambda c, _: assertion(c, header={"kid": "second"}),
    "kid that is a path": lambda c, _: assertion(c, OTHER_KEY, header={"kid": "../../dev/null"}),
    "kid that is SQL": lambda c, _: assertion(c, OTHER_KEY, header={"kid": "x' union select '1"}),
    "jku to elsewhere": lambda c, at: assertion(c, OTHER_KEY, header={"jku": at.url}),
    "jku and the right key": lambda c, at: assertion(c, header={"jku": at.url}),
    "x5u to elsewhere": lambda c, at: assertion(c, OTHER_KEY, header={"x5u": at.url}),
    "jwk that it brings": lambda c, _: assertion(c, OTHER_KEY, header={"jwk": public(OTHER_KEY)}),
    "crit": lambda c, _: raw({"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": False}, claims(c)),
    "altered signature": lambda c, _: altered(assertion(c)),
    "altered claims": lambda c, _: other_body(assertion(c), c),
    "empty signature": lambda c, _: assertion(c).rsplit(".", 1)[0] + ".",
    "another client's key": lambda c, _: assertion(c, OTHER_KEY),
    "an algorithm of another kind": lambda c, _: assertion(c, EC_KEY, "ES256"),
    "not a JWT": lambda c, _: "x.y.z",
    "nothing": lambda c, _: "",
    "far too long": lambda c, _: assertion(c, note="x" * 20_000),
    "a list": lambda c, _: raw({"alg": "RS256"}, [c]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_assertion_is_refused(world: World, clients: dict[str, str], listener: Listener, kind: str) -> None:
    answer = exchange(world, HOSTILE[kind](clients["one"], listener))
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client", answer.text
    assert "access_token" not in answer.text
    assert listener.connections == 0


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_same_as_a_bearer_token_is_refused(
    world: World, clients: dict[str, str], listener: Listener, kind: str
) -> None:
    text = HOSTILE[kind](clients["one"], listener)
    headers = {"Authorization": f"Bearer {text}"}
    assert world.anonymous.get("/api/v1/tokens", headers=headers).status_code == 401
    assert listener.connections == 0


def test_a_right_assertion_is_no_bearer_token(world: World, clients: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {assertion(clients['one'])}"}
    assert world.anonymous.get("/api/v1/datasets/firms/rows", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("client", "key", "algorithm", "kid"),
    [("one", RSA_KEY, "RS256", "first"), ("one", RSA_KEY, "PS512", "first"), ("two", EC_KEY, "ES256", "ec"), ("two", ED_KEY, "EdDSA", "ed")],
)  # fmt: skip
def test_a_right_assertion_is_good_once(
    world: World, clients: dict[str, str], client: str, key: Any, algorithm: str, kid: str
) -> None:
    text = assertion(clients[client], key, algorithm, {"kid": kid})
    answer = exchange(world, text)
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer" and answer.headers["cache-control"] == "no-store"
    again = exchange(world, text)
    assert again.status_code == 401 and again.json()["error"] == "invalid_client"


def test_a_replay_with_another_signature_is_a_replay(world: World, clients: dict[str, str]) -> None:
    jti = uuid.uuid4().hex
    assert exchange(world, assertion(clients["one"], jti=jti)).status_code == 200
    assert exchange(world, assertion(clients["one"], algorithm="PS256", jti=jti)).status_code == 401


def test_a_client_named_beside_must_be_the_one_that_signed(world: World, clients: dict[str, str]) -> None:
    assert exchange(world, assertion(clients["one"]), client_id=clients["two"]).status_code == 401
    assert exchange(world, assertion(clients["one"]), client_id=clients["one"]).status_code == 200


@pytest.mark.parametrize(
    "jwks",
    [
        {"keys": []},
        {"keys": [{"kty": "oct", "k": "AAAA", "kid": "x"}]},
        {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "x"}]},
        {"keys": [public(rsa.generate_private_key(public_exponent=65537, key_size=1024))]},
        {"keys": [jwt.get_algorithm_by_name("RS256").to_jwk(RSA_KEY, as_dict=True)]},
        {"keys": [public(RSA_KEY, alg="HS256")]},
        {"keys": [public(RSA_KEY, alg="none")]},
        {"keys": [public(RSA_KEY), public(EC_KEY)]},
        {"keys": [public(RSA_KEY, x5u="http://127.0.0.1/")]},
        {"keys": "http://127.0.0.1/jwks.json"},
        {"jwks_uri": "http://127.0.0.1/jwks.json"},
        {"keys": [None]},
    ],
    ids=range(12),
)
def test_only_public_keys_of_right_kinds_are_kept(world: World, jwks: dict[str, Any]) -> None:
    seed(world)
    answer = call(world, "POST", "/api/v1/clients", name="x", agency="office", scopes=["read:*"], jwks=jwks)
    assert answer.status_code == 422 and answer.json()["place"].startswith("jwks"), answer.text
