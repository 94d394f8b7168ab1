"""Public keys as JSON (RFC 7517): which are accepted, and with which algorithms a key may sign."""

from collections.abc import Mapping
from typing import Any

import jwt

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import both

MOST_KEYS, LEAST_RSA_BITS = 10, 2048
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
MEMBERS = frozenset({"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"})
# Never `none`, never a shared secret (HS...): what verifies a signature here is public.
SIGNING: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
ALGORITHMS = tuple(sorted({name for names in SIGNING.values() for name in names}))


def algorithms(key: Mapping[str, Any]) -> tuple[str, ...]:
    """What the key may sign with; nothing for a kind that is not accepted."""
    kind = str(key.get("kty"))
    if key.get("use", "sig") != "sig":
        return ()
    able = SIGNING.get((kind, None if kind == "RSA" else str(key.get("crv"))), ())
    return tuple(name for name in able if key.get("alg", name) == name)


def checked(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """A JWK set of public keys, each usable. Raises Invalid saying which is not and why."""
    keys = jwks.get("keys")
    if set(jwks) != {"keys"} or not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS:
        form = '{"keys": […]}'
        raise _refused("jwks", f"phải là {form}, tối đa {MOST_KEYS} khóa", f"must be {form}, {MOST_KEYS} keys at most")
    for number, key in enumerate(keys):
        _check(key, f"jwks.keys[{number}]")
    names = [key.get("kid") for key in keys]
    if len(keys) > 1 and (None in names or len(set(names)) < len(names)):
        raise _refused("jwks", "mỗi khóa cần một kid riêng", "every key needs a kid of its own")
    return {"keys": keys}


def _check(key: Any, place: str) -> None:
    if not isinstance(key, dict) or not all(isinstance(key.get(n, ""), str) for n in MEMBERS - {"key_ops"}):
        raise _refused(place, "không phải khóa JWK", "is no JWK")
    if found := PRIVATE & set(key):
        raise _refused(place, f"chứa khóa bí mật {sorted(found)}", f"holds a private part {sorted(found)}")
    if unknown := set(key) - MEMBERS:
        raise _refused(place, f"có thành phần lạ {sorted(unknown)}", f"has unknown members {sorted(unknown)}")
    able = algorithms(key)
    if not able:
        names = ", ".join(ALGORITHMS)
        raise _refused(place, f"loại khóa không dùng được; cần: {names}", f"kind not accepted; accepted: {names}")
    try:
        made = jwt.PyJWK(dict(key), algorithm=able[0])
    except (jwt.PyJWTError, ValueError) as error:
        raise _refused(place, "khóa hỏng", "the key is broken") from error
    if key["kty"] == "RSA" and made.key.key_size < LEAST_RSA_BITS:
        raise _refused(place, f"RSA ít nhất {LEAST_RSA_BITS} bit", f"RSA needs at least {LEAST_RSA_BITS} bits")


def _refused(place: str, vi: str, en: str) -> Invalid:
    return Invalid(both(f"Khóa công khai: {vi}", f"Public key: {en}"), place=place)
