"""The query string, read strictly: nothing is guessed, dropped or silently replaced."""

from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from lienthong.contract.finding import nearest
from lienthong.kernel.problem import QueryInvalid
from lienthong.kernel.text import both, nfc

MAX_BYTES = 16_384
MAX_PARAMETERS = 100


def parameters(request: Request) -> dict[str, str]:
    """Parameters by name. Raises QueryInvalid on a repeated name, on bytes that are not UTF-8, on NUL."""
    return named(request.scope["query_string"])


def named(raw: bytes) -> dict[str, str]:
    """Parameters of a query string by name. Raises QueryInvalid."""
    if not raw:
        return {}
    pairs = [part for part in raw.split(b"&") if part]
    if len(raw) > MAX_BYTES or len(pairs) > MAX_PARAMETERS:
        raise QueryInvalid(
            both("Chuỗi truy vấn quá dài", "The query string is too long"),
            max_bytes=MAX_BYTES,
            max_parameters=MAX_PARAMETERS,
        )
    found: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        key = decoded(name)
        if key in found:
            raise QueryInvalid(both(f"Tham số {key} lặp lại", f"The parameter {key} stands twice"), place=key)
        found[key] = decoded(value, key)
    return found


def decoded(raw: bytes, place: str | None = None) -> str:
    """Percent-encoded bytes of a query as text in NFC. Raises QueryInvalid."""
    plain = b"%" not in raw and b"+" not in raw
    return text(raw if plain else unquote_to_bytes(raw.replace(b"+", b" ")), place)


def text(raw: bytes, place: str | None = None) -> str:
    """Bytes as text in NFC. Raises QueryInvalid when they are not UTF-8 or hold NUL."""
    try:
        found = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise QueryInvalid(both("Không phải UTF-8", "Not UTF-8"), place=place) from error
    if "\0" in found:
        raise QueryInvalid(both("Có ký tự NUL", "It holds the character NUL"), place=place)
    return found if found.isascii() else nfc(found)


def only(given: Mapping[str, str], known: Iterable[str]) -> None:
    """Raises QueryInvalid, with the nearest right name, when a parameter is not known."""
    names = list(known)
    for name in given:
        if name not in names:
            raise unknown(name, names)


def strict(request: Request) -> None:
    """For declared routes: refuse parameters that the endpoint does not declare, and repeated ones."""
    declared = request.scope["route"].dependant.query_params
    only(parameters(request), [field.alias for field in declared])


def unknown(name: str, names: Iterable[str]) -> QueryInvalid:
    """The refusal of a parameter that nobody reads."""
    detail = both(f"Không có tham số “{name}”", f"Unknown parameter “{name}”")
    known = list(names)
    none = both("Bỏ đi: địa chỉ này không có tham số", "Leave it out: this address takes no parameters")
    return QueryInvalid(detail, place=name, fix=nearest(name, known) if known else none)
