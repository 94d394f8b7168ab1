"""B08: what leaves the house goes to public addresses only, however the address is written, and nowhere else after."""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lienthong.kernel import egress
from lienthong.kernel.problem import Invalid
from tests.surface.receiver import Receiver, receiving

INNER = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1", "0.0.0.0",
    "0", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]",
    "[fec0::1]", "169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1",
    "198.18.0.1", "224.0.0.1", "255.255.255.255", "192.0.0.1", "240.0.0.1", "127.0.0.1.",
]  # fmt: skip
WRITTEN = [
    "http://127.0.0.1:{port}/", "https://public.example@127.0.0.1:{port}/", "https://127.0.0.1:{port}#public.example",
    "https://public.example\\@127.0.0.1:{port}/", "https:///127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x",
    "https://127.0.0.1:{port}\r\nHost: public.example/", "https://①②⑦.⓪.⓪.①:{port}/", "//127.0.0.1:{port}/",
    "https://127.0.0.1:99999/", "https://[::1", "https://", "https://127.0.0.1:{port}/\tx", "data:text/plain,x", "",
    "http://93.184.216.34/", "ftp://93.184.216.34/", "https://me@93.184.216.34/", "https://93.184.216.34/#x", "https://93.184.216.34/\\x",
    "https://93.184.216.34/ x", "https://93.184.216.34/ấ",
]  # fmt: skip
BODY, HEADERS = b"{}", {"Content-Type": "application/json"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a connection was asked for. Those of the Internet are not reached from here."""
    found: list[str] = []
    real = socket.create_connection

    def connect(address: tuple[str, int], *rest: Any, **options: Any) -> socket.socket:
        found.append(address[0])
        if address[0].startswith("127."):
            return real(address, *rest, **options)
        raise OSError("no way there in a test")

    monkeypatch.setattr(socket, "create_connection", connect)
    return found


@pytest.mark.parametrize("host", INNER)
def test_inner_addresses_are_not_reached_however_they_are_written(
    receiver: Receiver, attempts: list[str], host: str
) -> None:
    with pytest.raises((Invalid, egress.NotReached)):
        egress.post(f"https://{host}:{receiver.port}/", BODY, HEADERS, "")
    assert not attempts
    assert receiver.connections == 0


@pytest.mark.parametrize("url", WRITTEN)
def test_what_is_not_an_https_address_is_refused(receiver: Receiver, attempts: list[str], url: str) -> None:
    with pytest.raises(Invalid):
        egress.post(url.format(port=receiver.port), BODY, HEADERS, "")
    assert not attempts
    assert receiver.connections == 0


def answers(monkeypatch: pytest.MonkeyPatch, *each: list[str]) -> list[str]:
    """A name server that answers otherwise each time; the names that it was asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        found = each[min(len(asked), len(each) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_name_that_changes_its_mind_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, attempts: list[str]
) -> None:
    asked = answers(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    with pytest.raises(egress.NotReached):
        egress.post(f"https://rebinding.example:{receiver.port}/", BODY, HEADERS, "")
    assert asked == ["rebinding.example"]
    assert attempts == ["93.184.216.34"], "the very address that was looked at"
    assert receiver.connections == 0


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["10.1.2.3", "93.184.216.34"]])
def test_a_name_with_an_inner_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, attempts: list[str], addresses: list[str]
) -> None:
    answers(monkeypatch, addresses)
    with pytest.raises(Invalid):
        egress.post(f"https://mixed.example:{receiver.port}/", BODY, HEADERS, "")
    assert not attempts


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with receiving() as secret:
        receiver.answers, receiver.location = [status], secret.url
        assert egress.post(receiver.url, BODY, HEADERS, "127.0.0.1") == status
        assert secret.connections == 0


def test_only_hosts_on_the_list_are_free(receiver: Receiver) -> None:
    for allowed in ("", "127.0.0.2", f"127.0.0.1:{receiver.port + 1}", "receiver.example"):
        with pytest.raises(Invalid):
            egress.post(receiver.url, BODY, HEADERS, allowed)
    assert receiver.connections == 0
    assert egress.post(receiver.url, BODY, HEADERS, f"other.example, 127.0.0.1:{receiver.port}") == 204


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    with receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert egress.post(receiver.url, BODY, HEADERS, "127.0.0.1") == 204
        assert proxy.connections == 0


def test_a_receiver_that_trickles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "TOTAL_SECONDS", 1.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        import threading

        def trickle() -> None:
            connection, _ = server.accept()
            with connection:
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500:
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.1)

        threading.Thread(target=trickle, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(egress.NotReached):  # all of it would take five minutes
            egress.post(f"http://127.0.0.1:{server.getsockname()[1]}/", BODY, HEADERS, "127.0.0.1")
        assert time.monotonic() - began < 60


def test_a_certificate_for_another_name_is_refused(receiver: Receiver) -> None:
    """TLS is spoken and checked also with hosts that are free: a plain listener is no https receiver."""
    with pytest.raises(egress.NotReached):
        egress.post(f"https://127.0.0.1:{receiver.port}/", BODY, HEADERS, "127.0.0.1")
    context = egress._context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
