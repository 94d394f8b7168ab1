"""B05: nothing that strangers write runs in the browser of who reads it, not even without the Content-Security-Policy."""

import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.surface.hosted import did, user
from tests.surface.served import served
from tests.surface.small import ADMIN, World, running

CHROMIUM = shutil.which("chromium")
PATIENCE = 300_000  # milliseconds: the machine may be busy with others
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")

RAW = [
    "<script>hit()</script>", "<img src=x onerror=hit()>", "<svg onload=hit()>", "<svg/onload=hit()>",
    "<svg><script>hit()</script></svg>", "<body onload=hit()>", "<iframe srcdoc='<script>parent.hit()</script>'></iframe>",
    "<iframe src='javascript:parent.hit()'></iframe>", "<details open ontoggle=hit()>x</details>",
    "<input autofocus onfocus=hit()>", "<video><source onerror=hit()></video>", "<audio src=x onerror=hit()>",
    "<style>@keyframes x{}</style><b style='animation-name:x' onanimationstart=hit()>x</b>",
    "</title><script>hit()</script>", "</textarea><script>hit()</script>", "</script><script>hit()</script>",
    "--><script>hit()</script>", "'><script>hit()</script>", "\"><script>hit()</script>", "\" autofocus onfocus=hit() x=\"",
    "' autofocus onfocus=hit() x='", "<SCRIPT>hit()</SCRIPT>", "<scr<script>ipt>hit()</script>", "<img src=`x` onerror=hit()>",
    "<img/src=x/onerror=hit()>", "<object data='javascript:hit()'></object>", "<embed src='javascript:hit()'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=hit()>", "<noscript><p title='</noscript><img src=x onerror=hit()>'>",
    "<meta http-equiv=refresh content='0;url=javascript:hit()'>", "<base href='javascript:hit()//'>",
    "{{constructor.constructor('hit()')()}}", "{{ 7*7 }}{% raw %}<script>hit()</script>{% endraw %}", "${hit()}",
]  # fmt: skip
MARKDOWN = [
    "[x](javascript:hit())", "[x](JaVaScRiPt:hit())", "[x](&#106;avascript:hit())", "[x](data:text/html,<script>hit()</script>)",
    "![x](javascript:hit())", "<javascript:hit()>", "[x]: javascript:hit()\n\n[x]", "[x](<java\tscript:hit()>)",
    "[x](vbscript:hit())", "![x\" onerror=hit() y=\"](x)",
]  # fmt: skip
PAYLOADS = RAW + MARKDOWN
LINKS = [
    "javascript:hit()",
    "JAVASCRIPT:hit()",
    "data:text/html,<script>hit()</script>",
    " javascript:hit()",
    "java\nscript:hit()",
]
SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='hit()'><script>hit()</script></svg>"
ACTIVE = "[...document.querySelectorAll('a,area,form,iframe,img,base')].map(e => e.href || e.action || e.src || '')"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: no other test wants to meet what is written here."""
    with running(tmp_path_factory.mktemp("xss")) as found:
        yield found


@pytest.fixture(scope="module")
def context(world: World) -> Iterator[Any]:
    """A browser that does not heed the policy: the pages themselves must be harmless."""
    from playwright.sync_api import sync_playwright

    with served(world) as port, sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = browser.new_context(base_url=f"http://127.0.0.1:{port}", bypass_csp=True)
        found.set_default_timeout(PATIENCE)
        yield found
        browser.close()


class Visitor:
    """A page, and where something ran in it."""

    def __init__(self, context: Any) -> None:
        self.hits: list[str] = []
        self.page = context.new_page()
        self.page.expose_binding("hit", lambda *_: self.hits.append(self.page.url))
        self.page.on("dialog", self._dialog)

    def _dialog(self, dialog: Any) -> None:
        self.hits.append(self.page.url)
        dialog.dismiss()

    def reads(self, path: str) -> None:
        """Open a page; every link of it leads to a page, none to a program."""
        answer = self.page.goto(path)
        assert answer.status < 500, path
        targets = self.page.evaluate(ACTIVE)
        programs = [t for t in targets if t.lower().lstrip().startswith(("javascript:", "vbscript:", "data:text"))]
        assert not programs, (path, programs)


def test_the_visitor_notices_what_runs(context: Any) -> None:
    """The control: the same payloads do run in a page that trusts them."""
    visitor = Visitor(context)
    for text in RAW[:8]:
        visitor.page.goto("/api/3/action/site_read")
        visitor.page.set_content(f"<html><body>{text}</body></html>")
        before = len(visitor.hits)
        for _ in range(40):  # the machine may be busy with others
            if len(visitor.hits) == before:
                visitor.page.wait_for_timeout(50)
    assert len(visitor.hits) >= 6


def test_nothing_that_was_written_runs(world: World, context: Any) -> None:
    joined = "\n\n".join(PAYLOADS)
    did(world, "organization_create", ADMIN, name="xss-to-chuc", title=joined, description=joined, image_url=LINKS[0])
    did(world, "group_create", ADMIN, name="xss-nhom", title=joined, description=joined)
    user(world, "xss-nguoi", fullname=joined[:200], about=joined)
    paths = ["/organization/xss-to-chuc", "/group/xss-nhom", "/organization", "/group", "/datasets", "/dataset"]
    for number in range(0, len(PAYLOADS), 11):
        part = PAYLOADS[number : number + 11]
        resources = [
            {"name": text, "description": text, "format": text[:60], "url": LINKS[n % len(LINKS)]} for n, text in enumerate(part)
        ]  # fmt: skip
        made = did(
            world, "package_create", ADMIN, name=f"xss-{number}", owner_org="xss-to-chuc", title=part[0], notes="\n\n".join(part),
            author=part[1], maintainer=part[2], url=LINKS[0], resources=resources, groups=[{"name": "xss-nhom"}],
            extras=[{"key": f"k{n}{text[:20]}", "value": text} for n, text in enumerate(part)],
        )  # fmt: skip
        paths += [f"/dataset/{made['name']}", f"/dataset/activity/{made['name']}"]
        paths += [f"/dataset/{made['name']}/resource/{r['id']}" for r in made["resources"]]
    paths += [f"/datasets?q={quote(text)}" for text in PAYLOADS[::4]]
    visitor = Visitor(context)
    for path in paths:
        visitor.reads(path)
    assert not visitor.hits


def test_cells_and_columns_do_not_run(world: World, context: Any) -> None:
    did(world, "package_create", ADMIN, name="xss-bang", owner_org="xss-to-chuc")
    records = [{"a": text, "b<img src=x onerror=hit()>": text} for text in PAYLOADS]
    made = did(world, "datastore_create", ADMIN, resource={"package_id": "xss-bang", "name": "bảng"}, records=records)
    resource = made["resource_id"]
    did(
        world,
        "resource_view_create",
        ADMIN,
        resource_id=resource,
        title=RAW[0],
        description=RAW[1],
        view_type="text_view",
    )
    visitor = Visitor(context)
    visitor.reads(f"/dataset/xss-bang/resource/{resource}")
    for dump in ("json", "xml"):
        visitor.page.evaluate("url => fetch(url)", f"/datastore/dump/{resource}?format={dump}")
    visitor.reads(f"/api/3/action/datastore_search?resource_id={resource}")
    assert not visitor.hits


def test_an_uploaded_picture_does_not_run(world: World, context: Any) -> None:
    files = {"upload": ("a.svg", SVG, "image/svg+xml")}
    sent = world.client(ADMIN).post("/api/3/action/resource_create", data={"package_id": "xss-bang"}, files=files)
    assert sent.status_code == 200, sent.text
    visitor = Visitor(context)
    visitor.page.goto("/dataset/xss-bang")
    path = sent.json()["result"]["url"].partition("/dataset/")[2]
    visitor.page.evaluate(
        "src => { const f = document.createElement('iframe'); f.src = src; document.body.append(f) }",
        f"/dataset/{path}",
    )
    visitor.page.evaluate(
        "src => { const f = document.createElement('object'); f.data = src; document.body.append(f) }",
        f"/dataset/{path}",
    )
    visitor.page.wait_for_timeout(500)
    assert not visitor.hits
