"""Keywords of contracts as tags that every CKAN takes: what one of them refuses could not be pushed or loaded there."""

import pytest

from lienthong.ckan.documents import tags_of


@pytest.mark.parametrize(
    ("keyword", "tags"),
    [
        ("doanh nghiệp", ["doanh nghiệp"]),
        ("cán bộ, công chức, viên chức", ["cán bộ", "công chức", "viên chức"]),
        (" thu / chi; ngân sách ", ["thu", "chi", "ngân sách"]),
        ('nghị định "47" (2020)', ["nghị định 47 2020"]),
        ("x", []),
        ("d" * 200, ["d" * 100]),
    ],
)
def test_a_keyword_becomes_tags(keyword: str, tags: list[str]) -> None:
    assert tags_of(keyword) == tags
