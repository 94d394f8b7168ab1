"""`/playbooks/{id}`: what a steward does when a rule fails, from quality/playbooks/*.md."""

import re
from pathlib import Path

from markdown_it import MarkdownIt
from starlette.responses import Response

from lienthong.kernel.content import content
from lienthong.kernel.problem import NotFound
from lienthong.kernel.text import both
from lienthong.portal.page import Page

_RENDER = MarkdownIt("commonmark", {"html": False})


def has_playbook(rule: str) -> bool:
    """Is there a page for the rule?"""
    return _path(rule) is not None


async def playbook(page: Page) -> Response:
    """GET /playbooks/{id}"""
    rule = page.request.path_params["id"]
    path = _path(rule)
    if path is None:
        raise NotFound(both(f"Không có hướng dẫn cho {rule}", f"There is no playbook for {rule}"), place=rule)
    return page.render("playbook.html", rule=rule, html=_RENDER.render(path.read_text("utf-8")))


def _path(rule: str) -> Path | None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", rule):
        return None
    path = content("quality/playbooks") / f"{rule}.md"
    return path if path.exists() else None
