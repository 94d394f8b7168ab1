"""What the public says and how often data is used: read by a steward first, and without a trace of anybody."""

import asyncio
import html
import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from lienthong.catalog.voices import LIMITS
from lienthong.portal import voices as pages
from tests.surface.hosted import did
from tests.surface.people import Browser, seed
from tests.surface.small import ADMIN, World

HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "{{7*7}}", "<svg/onload=alert(1)>",
    "</textarea><script>x</script>", "' onfocus=alert(1) autofocus='", "&lt;b&gt;&#60;i&#62;", "--><iframe src=//x>",
    "</title><base href=//x>", "[x](javascript:alert(1))", "%3Cscript%3E", "\u202e<\u200bscript>", "{% raw %}", "${7*7}",
]  # fmt: skip


class Tags(HTMLParser):
    """The elements of a page, and attributes that run something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.running: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.found.append(tag)
        self.running += [
            n for n, v in attrs if n.startswith("on") or (v or "").lower().strip().startswith("javascript:")
        ]


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A world of its own, with people."""
    seed(own_world)
    return own_world


@pytest.fixture(scope="module")
def steward(world: World) -> Browser:
    """A steward who is signed in."""
    found = Browser(world)
    found.sign_in("thu")
    return found


@pytest.fixture(scope="module")
def other(world: World) -> Browser:
    """Somebody else who may settle what the public says."""
    found = Browser(world)
    found.sign_in("admin")
    return found


def say(world: World, **given: str) -> int:
    """The form of the page, sent by nobody known; the status."""
    fields = {"kind": "feedback", "dataset": "firms", "title": "Thiếu mã", "text": "Một số dòng thiếu mã."} | given
    return Browser(world).request("POST", "/voices", data=fields).status_code


def test_a_message_is_shown_once_a_steward_has_read_it(world: World, steward: Browser) -> None:
    assert say(world, title="Cột mã trống", name="Lan", email="lan@example.vn") == 303
    assert "Cột mã trống" not in world.anonymous.get("/voices").text
    desk = steward.get("/steward/voices").text
    assert "Cột mã trống" in desk and "lan@example.vn" in desk
    id_ = re.search(r"/steward/voices/([0-9a-f-]{36})/show", desk)
    assert id_
    done = steward.send("/steward/voices", f"/steward/voices/{id_[1]}/show", answer="Đã bổ sung.")
    assert done.status_code == 303
    page = world.anonymous.get("/voices").text
    assert "Cột mã trống" in page and "Đã bổ sung." in page and "Lan" in page
    assert "lan@example.vn" not in page + world.anonymous.get("/api/v1/voices").text
    assert world.owner("select email, settled_by from platform.voice where id = %s", id_[1]) == [(None, "thu")]
    assert steward.send("/steward/voices", f"/steward/voices/{id_[1]}/refuse").status_code == 409


def waiting(world: World, **given: str) -> str:
    """A message that waits; its id."""
    assert say(world, **given) == 303
    found = world.owner("select id from platform.voice where title = %s", given["title"])
    assert len(found) == 1
    return str(found[0][0])


def settle(steward: Browser, id_: str, action: str, answer: str = "", page: str = "") -> httpx.Response:
    """The form of the message's page, as `page` was when it was opened."""
    form = page or steward.get(f"/steward/voices/{id_}").text
    given = {name: _hidden(form, name) for name in ("csrf", "version")}
    return steward.request("POST", f"/steward/voices/{id_}/{action}", data={**given, "answer": answer})


def _hidden(form: str, name: str) -> str:
    found = re.findall(rf'name="{name}" value="([^"]*)"', form)
    assert found, name
    return str(found[-1])


def shown(world: World, title: str) -> dict[str, Any] | None:
    """What everybody is told of it, by the API; the page says the same."""
    found = [one for one in world.anonymous.get("/api/v1/voices").json()["data"] if one["title"] == title]
    assert bool(found) == (title in world.anonymous.get("/voices").text)
    return found[0] if found else None


def test_an_answer_can_be_added_and_changed_while_it_is_shown(world: World, steward: Browser) -> None:
    id_ = waiting(world, title="Bao giờ có số liệu quý 3?")
    assert settle(steward, id_, "show").status_code == 303
    told = shown(world, "Bao giờ có số liệu quý 3?")
    assert told and told["answer"] is None
    assert f"/steward/voices/{id_}" in steward.get("/steward/voices").text
    assert f"/steward/voices/{id_}" in steward.get("/voices").text
    assert f"/steward/voices/{id_}" not in world.anonymous.get("/voices").text
    for answer in ("Tuần sau.", "Đã có từ hôm nay."):
        assert settle(steward, id_, "show", answer).status_code == 303
        told = shown(world, "Bao giờ có số liệu quý 3?")
        assert told and told["answer"] == answer
        assert answer in world.anonymous.get("/voices").text


def test_what_is_shown_can_be_taken_back_for_good(world: World, steward: Browser, other: Browser) -> None:
    id_ = waiting(world, title="Số điện thoại của ông A")
    assert settle(steward, id_, "show").status_code == 303
    page = steward.get(f"/steward/voices/{id_}").text
    assert settle(other, id_, "refuse").status_code == 303
    assert shown(world, "Số điện thoại của ông A") is None
    assert world.owner("select state, settled_by from platform.voice where id = %s", id_) == [("refused", "admin")]
    assert f"/steward/voices/{id_}/" not in steward.get(f"/steward/voices/{id_}").text  # nothing to do is offered
    assert settle(steward, id_, "show", page=page).status_code == 409
    assert shown(world, "Số điện thoại của ông A") is None


def test_who_settles_what_another_has_settled_is_told_so_and_changes_nothing(
    world: World, steward: Browser, other: Browser
) -> None:
    id_ = waiting(world, title="Tệp không mở được")
    desk = steward.get("/en/steward/voices").text
    assert settle(other, id_, "show", "Đã sửa tệp.").status_code == 303
    for action in ("refuse", "show"):
        told = steward.request(
            "POST", f"/en/steward/voices/{id_}/{action}", data={"csrf": _hidden(desk, "csrf"), "answer": "Đang xem."}
        )
        assert told.status_code == 409
        assert "“Tệp không mở được” has already been settled by admin: shown" in told.text
        assert f"{id_}</code>" not in told.text
        assert "Đang xem.</textarea>" in told.text and "Đã sửa tệp." in told.text
    before = steward.get(f"/steward/voices/{id_}").text
    assert settle(other, id_, "show", "Đã sửa cả hai tệp.").status_code == 303
    again = settle(steward, id_, "show", "Đã sửa.", page=before)
    assert again.status_code == 409 and "Ý kiến “Tệp không mở được” đã được admin xử lý: cho hiện" in again.text
    told_ = shown(world, "Tệp không mở được")
    assert told_ and told_["answer"] == "Đã sửa cả hai tệp."
    assert settle(steward, id_, "show", "Đã sửa.", page=again.text).status_code == 303  # now that it has been seen


def test_the_form_says_that_the_address_is_erased(world: World, steward: Browser) -> None:
    id_ = waiting(world, title="Xin trả lời riêng", email="lan@example.vn")
    told = "Thư điện tử bị xóa ngay khi bạn cho hiện hoặc không cho hiện"
    assert told in steward.get(f"/steward/voices/{id_}").text
    assert settle(steward, id_, "show").status_code == 303
    assert told not in steward.get(f"/steward/voices/{id_}").text


def test_an_answer_that_is_too_long_comes_back_with_what_was_typed(world: World, steward: Browser) -> None:
    id_ = waiting(world, title="Trả lời dài")
    long = "x" * (LIMITS["answer"] + 1)
    back = settle(steward, id_, "show", long)
    assert back.status_code == 422 and long in back.text
    assert world.owner("select state from platform.voice where id = %s", id_) == [("waiting",)]
    assert settle(steward, id_, "show", "x\r\n" * (LIMITS["answer"] // 2)).status_code == 303  # as a browser counts


def test_the_dataset_that_is_spoken_of_is_named_by_its_title(world: World, steward: Browser) -> None:
    id_ = waiting(world, title="Thiếu mã bưu chính")
    link = '<a href="/datasets/firms">Hãng</a>'
    assert link in steward.get("/steward/voices").text and link in steward.get(f"/steward/voices/{id_}").text
    assert settle(steward, id_, "show").status_code == 303
    assert link in world.anonymous.get("/voices").text


def test_a_hosted_dataset_can_be_spoken_of(world: World, steward: Browser) -> None:
    did(world, "organization_create", ADMIN, name="tram-mua")
    for name, private in (("mua-ngay", False), ("mua-kin", True)):
        did(world, "package_create", ADMIN, name=name, title="Mưa", owner_org="tram-mua", private=private)
    page = world.anonymous.get("/dataset/mua-ngay").text
    link = re.search(r'href="(/voices[^"#]+)', page)
    assert link
    form = world.anonymous.get(html.unescape(link[1])).text
    assert '<option value="mua-ngay" selected>' in form and "mua-kin" not in form
    assert say(world, dataset="mua-ngay", title="Thiếu năm 2020") == 303
    assert say(world, dataset="mua-kin") == 422
    sent = {"kind": "feedback", "dataset": "mua-ngay", "title": "Đơn vị?", "text": "mm hay cm?"}
    assert world.anonymous.post("/api/v1/voices", json=sent).status_code == 202
    id_ = re.search(r"Thiếu năm 2020.*?/steward/voices/([0-9a-f-]{36})/show", steward.get("/steward/voices").text, re.S)
    assert id_ and steward.send("/steward/voices", f"/steward/voices/{id_[1]}/show").status_code == 303
    told = world.anonymous.get("/api/v1/voices?dataset=mua-ngay").json()["data"]
    assert [one["title"] for one in told] == ["Thiếu năm 2020"]
    # where the list of voices leads
    assert world.anonymous.get("/datasets/mua-ngay").headers["location"] == "/dataset/mua-ngay"


def test_of_many_datasets_the_one_that_is_asked_for_is_offered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    did(world, "organization_create", ADMIN, name="tram-gio")
    for name in ("gio-ngay", "gio-dem"):
        did(world, "package_create", ADMIN, name=name, owner_org="tram-gio")
    monkeypatch.setattr(pages, "CHOICES", 1)
    form = world.anonymous.get("/voices?dataset=gio-dem").text
    assert '<option value="gio-dem" selected>' in form and "gio-ngay" not in form and 'value="firms"' in form


def test_only_stewards_read_and_settle(world: World) -> None:
    assert world.anonymous.get("/steward/voices", follow_redirects=False).status_code in (401, 303)
    developer = Browser(world)
    developer.sign_in("dung")
    assert developer.get("/steward/voices").status_code == 403


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"title": ""}, "title"), ({"text": "  "}, "text"), ({"dataset": "no-such"}, "dataset"), ({"dataset": ""}, "dataset"),
        ({"kind": "praise"}, "kind"), ({"url": "javascript:alert(1)"}, "url"), ({"url": "ftp://x"}, "url"),
        ({"email": "nobody"}, "email"), ({"title": "x" * (LIMITS["title"] + 1)}, "title"), ({"text": "a\x07b"}, "text"),
        ({"website": "http://spam"}, ""), ({"dataset": "cases"}, "dataset"),
    ],
)  # fmt: skip
def test_a_wrong_message_comes_back_with_what_was_typed(world: World, given: dict[str, str], place: str) -> None:
    fields = {"kind": "feedback", "dataset": "firms", "title": "Một tiêu đề", "text": "Nội dung"} | given
    answer = Browser(world).request("POST", "/voices", data=fields)
    assert answer.status_code == 422, answer.status_code
    if "title" not in given:
        assert "Một tiêu đề" in answer.text


def test_a_message_as_long_as_it_may_be_arrives_whole(world: World) -> None:
    """A browser sends each of these letters as nine signs."""
    text = "ế" * LIMITS["text"]
    assert say(world, title="Rất dài", text=text) == 303
    assert world.owner("select text from platform.voice where title = 'Rất dài'") == [(text,)]


def test_nothing_that_was_typed_runs(world: World, steward: Browser) -> None:
    for text in HOSTILE:
        assert say(world, title=text[:200], text=text, name=text[:100]) == 303, text
    pages = [steward.get("/steward/voices").text]
    for id_ in re.findall(r"/steward/voices/([0-9a-f-]{36})/show", pages[0]):
        steward.send("/steward/voices", f"/steward/voices/{id_}/show", answer=HOSTILE[0])
        pages.append(steward.get(f"/steward/voices/{id_}").text)
    pages += [world.anonymous.get(path).text for path in ("/voices", "/en/voices")]
    for page in pages:
        seen = Tags()
        seen.feed(page)
        assert not seen.running
        assert not {"script", "iframe", "img", "base"} & set(seen.found)
    assert all("{{7*7}}" in page for page in (pages[0], *pages[-2:]))  # as it was typed


def test_it_can_be_said_over_rest(world: World) -> None:
    given = {
        "kind": "reuse",
        "title": "Bản đồ doanh nghiệp",
        "text": "Làm từ dữ liệu mở",
        "url": "https://example.vn/ban-do",
    }
    answer = world.anonymous.post("/api/v1/voices", json=given)
    assert answer.status_code == 202 and answer.json()["state"] == "waiting"
    for wrong in ({**given, "kind": "x"}, {**given, "more": 1}, {**given, "url": "data:x"}, {"kind": "reuse"}):
        refused = world.anonymous.post("/api/v1/voices", json=wrong)
        assert refused.status_code in (400, 422), refused.text
        assert refused.headers["content-type"].startswith("application/problem+json")


def test_reads_and_downloads_are_counted_and_nothing_else(world: World) -> None:
    before = _figures(world)
    for _ in range(3):
        assert world.anonymous.get("/api/v1/datasets/firms/rows?limit=1").status_code == 200
    world.anonymous.post("/graphql", json={"query": "{ firms(first: 1) { nodes { firmCode } } }"})
    world.anonymous.post("/api/3/action/datastore_search", json={"resource_id": "firms", "limit": 1})
    assert world.anonymous.get("/datasets/firms").status_code == 200  # a page of ours is no call
    listed = world.anonymous.get("/api/v1/datasets/firms/releases").json()["data"][0]["distributions"]
    if listed:
        assert world.anonymous.get(listed[0]["href"]).status_code == 200
    after = _figures(world)
    assert after["calls"] - before["calls"] == 5
    assert after["downloads"] - before["downloads"] == bool(listed)
    columns = world.owner("select column_name from information_schema.columns where table_name = 'usage_day'")
    assert {name for (name,) in columns} == {"dataset", "day", "kind", "count"}


def _figures(world: World) -> dict[str, int]:
    engine = _engine(world)

    async def write() -> int:
        return await world.door.usage.write(engine)

    world.portal.call(write)
    found = world.anonymous.get("/api/v1/usage?dataset=firms").json()["data"]
    assert len(found) == 1
    return {name: int(found[0][name]) for name in ("calls", "downloads")}


def _engine(world: World):  # type: ignore[no-untyped-def]
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from lienthong.store import owner

    return create_async_engine(owner.sqlalchemy_url(owner.app_url(world.settings)), poolclass=NullPool)


def test_figures_are_of_published_datasets_only(world: World) -> None:
    told = {one["dataset"] for one in world.anonymous.get("/api/v1/usage").json()["data"]}
    assert "firms" in told and "cases" not in told
    assert world.anonymous.get("/api/v1/usage?since=2026-02-01&until=2026-01-01").status_code == 400
    assert world.anonymous.get("/api/v1/usage?since=x").status_code in (400, 422)
    for path in ("/usage", "/en/usage?sort=title"):
        page = world.anonymous.get(path)
        assert page.status_code == 200 and "/datasets/firms" in page.text
        columns = re.findall(r"\?sort=\w+\">([^<]+)</a>", page.text)
        assert columns[0] == ("Dataset" if path.startswith("/en") else "Bộ dữ liệu") and len(columns) == 3


def test_a_database_that_is_away_loses_no_count() -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    from lienthong.catalog.usage import Usage

    usage = Usage()
    usage.note("firms", "call")
    engine = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Exception, match="refused|failed|connection"):
        asyncio.run(usage.write(engine))
    assert usage._counts["firms", "call"] == 1
