"""Addresses that a caller names as the way on."""

from urllib.parse import urlsplit


def inside(address: str) -> str:
    """An address of this site, or nothing: whoever signs in here must not be sent elsewhere."""
    plain = address.isprintable() and address.isascii() and "\\" not in address
    if not plain or not address.startswith("/") or address.startswith("//") or len(address) > 2000:
        return ""
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else ""
