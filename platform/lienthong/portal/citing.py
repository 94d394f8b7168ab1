"""How a dataset is cited: a line to paste, and BibTeX."""

import re
from dataclasses import dataclass
from datetime import datetime

from lienthong.catalog.snapshot import DatasetState
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.text import Language, fold

_SPECIAL = re.compile(r"([#$%&_{}])")


@dataclass(frozen=True)
class Work:
    """What a citation needs. `edition`: the release or version, as it is told; `url`: its permanent address."""

    key: str
    title: str
    publisher: str
    issued: datetime | None
    edition: str
    url: str


def of_release(state: DatasetState, site: str, language: Language) -> Work | None:
    """The release that is served; None when there is none."""
    release, contract = state.release, state.contract
    if release is None or not state.is_published:
        return None
    edition = f"{'release' if language == 'en' else 'bản phát hành'} {release.number}"
    url = f"{site}/releases/{contract.slug}/{release.number}"
    title, agency = contract.title.in_language(language), state.agency.name.in_language(language)
    return Work(f"{contract.slug}-{release.number}", title, agency, release.published_at, edition, url)


def line(work: Work, language: Language) -> str:
    """The citation as one line."""
    kind = "dataset" if language == "en" else "bộ dữ liệu"
    named = f"{work.title}, {work.edition}" if work.edition else work.title
    by = f"{work.publisher} ({_year(work)}). " if work.publisher else f"({_year(work)}). "
    return f"{by}{named} [{kind}]. {work.url}"


def bibtex(work: Work) -> str:
    """The citation as a BibTeX entry; the publisher stands in double braces, so that it is no person's name."""
    author = f"{{{_escaped(work.publisher)}}}" if work.publisher else ""
    told = {"title": f"{{{_escaped(work.title)}}}", "author": author,
            "year": _year(work), "edition": _escaped(work.edition), "url": work.url}  # fmt: skip
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in told.items() if value)
    return f"@misc{{{re.sub('[^a-z0-9-]+', '-', fold(work.key))},\n{lines}\n}}"


def _year(work: Work) -> str:
    return str(work.issued.astimezone(VIETNAM).year) if work.issued else "n.d."


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[1], text)
