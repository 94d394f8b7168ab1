"""The one way out of the house: a request to an address that somebody gave us.

The name is resolved once; every address it has must be a public one; the connection goes to the address that was
looked at, so a name that changes its mind in between gains nothing. No redirects, no proxies, bounded time and size.
Hosts that the installation lists (LIENTHONG_WEBHOOK_ALLOW, LIENTHONG_FEDERATION_ALLOW: tests, an intranet) may be
private and speak plain HTTP.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import IO
from urllib.parse import urlsplit

from lienthong.kernel.problem import Invalid
from lienthong.kernel.text import Bilingual, both

CONNECT_SECONDS, TOTAL_SECONDS = 5, 10
MOST_ANSWERED = 65_536
MOST_URL = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Target:
    """A URL whose parts have been looked at. `free`: the host is on the list of the installation."""

    host: str
    port: int
    path: str
    secure: bool
    free: bool


@dataclass(frozen=True)
class Answer:
    """What came back, at most as much as was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotPublic(Invalid):
    """The address is not one of the Internet, or plain HTTP; the installation may list its host."""


class NotReached(Exception):
    """The receiver did not answer, or not in time."""


def target(url: str, allowed: str) -> Target:
    """The parts of a URL that messages may go to. `allowed`: hosts or host:port, with commas. Raises Invalid."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(both("URL không đúng", "This is no URL")) from None
    if len(url) > MOST_URL or not host or not url.isascii() or any(c <= " " or c == "\\" for c in url):
        raise _refused(both("URL không đúng", "This is no URL"))
    if parts.username is not None or parts.fragment:
        detail = both("URL không được có tên đăng nhập hoặc #", "The URL may have no user name and no #")
        raise _refused(detail)
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    listed = {entry.strip().lower() for entry in allowed.split(",") if entry.strip()}
    free = bool({host, f"{host}:{port}"} & listed)
    if not secure and not (free and parts.scheme == "http"):
        raise _refused(both("URL phải là https", "The URL must be https"), NotPublic)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, path, secure, free)


def resolve(given: Target) -> list[str]:
    """The addresses of the host, all of them public unless the host is free. Raises Invalid, NotReached."""
    try:
        found = socket.getaddrinfo(given.host, given.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReached("the name is not known") from error
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not given.free and not all(_is_public(address) for address in addresses):
        raise _refused(
            both("Địa chỉ này không phải địa chỉ công cộng", "The host has an address that is not public"), NotPublic
        )
    return addresses


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: str, trust: str | None = None) -> int:
    """Send a message; the status of the answer. `trust`: a file of certificates besides the system's own.

    Raises Invalid when the address may not be spoken to, NotReached when nobody answers in time.
    """
    asked = Asked("POST", url, headers, body)
    return send(asked, allowed, Limits(TOTAL_SECONDS, CONNECT_SECONDS, MOST_ANSWERED), trust).status


@dataclass(frozen=True)
class Asked:
    """One request. `body`: bytes, or a file that is read as it is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | IO[bytes] | None = None


@dataclass(frozen=True)
class Limits:
    """`total` seconds for all of it, `pause` seconds without a byte, so many `bytes` of an answer are read."""

    total: float
    pause: float
    bytes: int


def send(asked: Asked, allowed: str, limits: Limits, trust: str | None = None) -> Answer:
    """Send a request; of the answer, as many bytes as the limits say.

    Raises Invalid when the address may not be spoken to, NotReached when nobody answers in time.
    """
    given = target(asked.url, allowed)
    deadline = time.monotonic() + limits.total
    connection = _connected(given, resolve(given), trust)
    if connection.sock:
        connection.sock.settimeout(limits.pause)
    # Time-outs of a socket begin anew with each byte; this one does not.
    watch = threading.Timer(max(0.1, deadline - time.monotonic()), _cut, (connection,))
    watch.start()
    try:
        connection.request(asked.method, given.path, asked.body, {**asked.headers, "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(limits.bytes)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotReached(type(error).__name__) from error
    finally:
        watch.cancel()
        connection.close()
    if time.monotonic() >= deadline:  # cut off, an answer may look whole
        raise NotReached("too slow")
    return Answer(answer.status, dict(answer.getheaders()), body)


def _connected(given: Target, addresses: list[str], trust: str | None) -> http.client.HTTPConnection:
    """A connection to one of the very addresses that were looked at."""
    problem: Exception | None = None
    for address in addresses[:4]:
        try:
            sock = socket.create_connection((address, given.port), CONNECT_SECONDS)
        except OSError as error:
            problem = error
            continue
        try:
            if given.secure:
                sock = _context(trust).wrap_socket(sock, server_hostname=given.host)
        except (OSError, ValueError) as error:
            sock.close()
            raise NotReached(type(error).__name__) from error
        found = http.client.HTTPConnection(given.host, given.port, timeout=CONNECT_SECONDS)
        found.sock = sock  # connected already: the name is not asked for again
        return found
    raise NotReached(type(problem).__name__)


@cache
def _context(trust: str | None) -> ssl.SSLContext:
    made = ssl.create_default_context()
    if trust:
        made.load_verify_locations(trust)
    return made


def _cut(connection: http.client.HTTPConnection) -> None:
    try:
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _is_public(text: str) -> bool:
    """Is it an address of the Internet, also where it hides in another one?"""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
        if address.is_site_local or int(address) >> 32 == 0:  # fec0::/10, and ::a.b.c.d
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _refused(detail: Bilingual, kind: type[Invalid] = Invalid) -> Invalid:
    return kind(
        detail,
        place="url",
        fix=both("Dùng https:// với một tên trên Internet", "Use https:// with a name on the Internet"),
    )
