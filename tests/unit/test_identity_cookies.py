"""The cookie's name and marks; whose address counts behind a proxy; what a sealed text opens for."""

import pytest
from starlette.requests import Request

from lienthong.governance.identity.box import Box
from lienthong.governance.identity.passkeys import named
from lienthong.governance.session import cookie, cookie_name, cookie_of, idle_seconds
from lienthong.kernel.settings import Settings
from lienthong.web.origin import address
from lienthong.web.way import inside


def test_over_https_no_other_host_can_set_it() -> None:
    safe = Settings(site_url="https://du-lieu.example.vn/")
    made = cookie(safe, "x")
    assert made["key"] == "__Host-lienthong_session" and made["secure"] and made["path"] == "/" and "domain" not in made
    assert cookie_of(safe, {"lienthong_session": "planted"}) is None
    plain = Settings(site_url="http://127.0.0.1:8000")
    assert cookie_name(plain) == "lienthong_session" and not cookie(plain, "x")["secure"]
    assert made["httponly"] and made["samesite"] == "lax"


def test_administrators_rest_less() -> None:
    assert idle_seconds("administrator") < idle_seconds("steward") == idle_seconds(None)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "9.9.9.9"),  # nobody of ours wrote it
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),  # the caller wrote the first
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "9.9.9.9"),
        (1, "", "9.9.9.9"),
    ],
)
def test_an_address_cannot_be_chosen(proxies: int, forwarded: str, expected: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "headers": headers, "client": ("9.9.9.9", 1)})
    assert address(request, Settings(proxies=proxies)) == expected


def test_what_was_sealed_opens_for_its_use_in_its_home_in_time() -> None:
    box = Box(b"the secret of one home")
    sealed = box.seal("state", {"a": 1}, 60)
    assert box.open("state", sealed) == {"a": 1}
    assert box.open("totp", sealed) is None
    assert Box(b"another home").open("state", sealed) is None
    assert box.open("state", box.seal("state", {}, -1)) is None
    for wrong in (None, "", "x", sealed[:-4], "A" + sealed[1:], sealed + "A", "é"):
        assert box.open("state", wrong) is None


@pytest.mark.parametrize("address", ["/", "/account", "/en/datasets/x?y=//z", "/a#b"])
def test_ways_inside(address: str) -> None:
    assert inside(address) == address


@pytest.mark.parametrize(
    "address", ["", "account", "//x", "/\\x", "https://x", "/x\n", "/ư", "\\/x", "javascript:x", "/" + "x" * 3000]
)
def test_ways_elsewhere(address: str) -> None:
    assert inside(address) == ""


@pytest.mark.parametrize(
    ("public_url", "site"),
    [
        ("https://du-lieu.example.vn", "https://du-lieu.example.vn"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://localhost:8000"),  # as it starts by itself
        ("http://[::1]:8000", "http://localhost:8000"),
        ("http://10.1.2.3:8000", None),
    ],
)
def test_a_passkey_belongs_to_a_name(public_url: str, site: str | None) -> None:
    assert named(public_url) == site
