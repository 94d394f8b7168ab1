"""The pages of the mirror: plain HTML, relative addresses, no script."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lienthong.app.mirror.hosted import Shown, by_publisher
from lienthong.catalog.profiles import data_json
from lienthong.catalog.profiles.described import Entry, governed
from lienthong.catalog.snapshot import DatasetState
from lienthong.contract.registry import Registry
from lienthong.formats import FORMATS
from lienthong.kernel.clock import VIETNAM
from lienthong.kernel.text import LANGUAGES, Bilingual, Language
from lienthong.web.drawing import Drawing, drawing, ground

HERE = Path(__file__).parent
PREVIEW = 10  # rows
_OTHER: dict[Language, Language] = {"vi": "en", "en": "vi"}
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Dữ liệu mở – bản sao ngoại tuyến", "Open data – offline copy"),
    "made": ("Bản sao của", "A copy of"),
    "datasets": ("bộ dữ liệu", "datasets"),
    "publisher": ("Cơ quan công bố", "Publisher"),
    "licence": ("Giấy phép", "Licence"),
    "release": ("Bản công bố", "Release"),
    "published": ("Công bố lúc", "Published"),
    "rows": ("Số dòng", "Rows"),
    "source": ("Nguồn", "Source"),
    "legal": ("Căn cứ pháp lý", "Legal basis"),
    "contact": ("Liên hệ", "Contact"),
    "online": ("Trang trên mạng", "Page on the web"),
    "hosted": ("Do các tổ chức tự công bố", "Published by organizations themselves"),
    "hosted_note": (
        "Không có hợp đồng dữ liệu: nội dung do người công bố chịu trách nhiệm.",
        "Without a data contract: the publisher answers for the content.",
    ),
    "changed": ("Sửa lần cuối", "Last changed"),
    "keywords": ("Từ khóa", "Keywords"),
    "elsewhere": ("ở nơi khác, cần mạng", "elsewhere, on the web"),
    "files": ("Tệp", "Files"),
    "file": ("Tệp", "File"),
    "format": ("Định dạng", "Format"),
    "size": ("Kích thước", "Size"),
    "digest": ("SHA-256", "SHA-256"),
    "manifest": ("mã băm, chữ ký, chất lượng, kiểm tra tiết lộ", "digests, signature, quality, disclosure check"),
    "map": ("Bản đồ", "Map"),
    "map_told": (
        "{places} trong {rows} dòng có vị trí; những vị trí gần nhau được vẽ thành một chấm.",
        "{places} of {rows} rows have a place; places near each other are drawn as one dot.",
    ),
    "map_ground": ("Chấm nhạt bên dưới:", "Faint dots below:"),
    "fields": ("Các trường", "Fields"),
    "field": ("Trường", "Field"),
    "name": ("Tên", "Title"),
    "kind": ("Kiểu", "Type"),
    "meaning": ("Ý nghĩa", "Meaning"),
    "preview": ("Vài dòng đầu", "First rows"),
    "all": ("Tất cả bộ dữ liệu", "All datasets"),
    "other": ("English", "Tiếng Việt"),
    "check": ("Kiểm tra toàn vẹn: sha256sum -c SHA256SUMS", "To check the files: sha256sum -c SHA256SUMS"),
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def documents(
    states: Sequence[DatasetState],
    others: Sequence[tuple[Entry, Sequence[Shown]]],
    registry: Registry,
    site: str,
    folder: Path,
) -> Iterator[tuple[str, bytes]]:
    """Path -> content of every page, of the style sheet, of `data.json`. The files lie in `folder` already.

    `others`: hosted datasets with their files.
    """
    yield "style.css", (HERE / "templates" / "style.css").read_bytes()
    yield "data.json", orjson.dumps(_data_json(states, others, site), option=orjson.OPT_INDENT_2)
    for state in states:
        if state.release:
            manifest = orjson.dumps(state.release.manifest, option=orjson.OPT_INDENT_2)
            yield f"{state.contract.slug}/manifest.json", manifest
    titles = registry.vocabularies.get("licence")
    known = {state.contract.id: state for state in states}
    drawings = {name: _drawn(state, known, folder) for name, state in known.items()}
    for language in LANGUAGES:
        given = _words(language) | {"site": site}
        total, publishers = len(states) + len(others), by_publisher([entry for entry, _ in others])
        yield _page(language), _render("index.html", given, states=states, total=total, publishers=publishers)
        yield from _hosted(others, given, language)
        for state in states:
            code = state.contract.catalogue.licence
            licence = titles.by_code[code].title if titles and code in titles.by_code else Bilingual(vi="", en="")
            own = given | {"root": "../", "page": f"{state.contract.slug}/{_page(language)}"}
            yield own["page"], _render(
                "dataset.html", own, state=state, files=_files(state), preview=_preview(state, folder),
                licence=licence, fields=state.contract.open_fields,
                map=_map(state, known, drawings[state.contract.id], own),
            )  # fmt: skip


def _hosted(
    others: Sequence[tuple[Entry, Sequence[Shown]]], given: dict[str, Any], language: Language
) -> Iterator[tuple[str, bytes]]:
    for entry, files in others:
        path = f"{entry.name}/{_page(language)}"
        texts = [part for part in entry.description.in_language(language).split("\n\n") if part.strip()]
        yield path, _render("hosted.html", given | {"root": "../", "page": path}, entry=entry, files=files, texts=texts)


def _page(language: Language) -> str:
    return "index.html" if language == "vi" else "index.en.html"


def _words(language: Language) -> dict[str, Any]:
    def told(text: Bilingual | None) -> str:
        return text.in_language(language) if text else ""

    def size(count: int) -> str:
        amount, unit = (count / 1_000_000, "MB") if count >= 1_000_000 else (count / 1000, "kB")
        shown = f"{amount:,.1f} {unit}"
        return shown.translate(str.maketrans(",.", ".,")) if language == "vi" else shown

    def number(count: int) -> str:
        return f"{count:,}".replace(",", "." if language == "vi" else ",")

    words = {name: pair[0] if language == "vi" else pair[1] for name, pair in WORDS.items()}
    return {
        "language": language, "w": words, "told": told, "size": size, "number": number, "root": "",
        "here": _page(language), "there": _page(_OTHER[language]),
        "day": lambda moment: moment.astimezone(VIETNAM).strftime("%d/%m/%Y" if language == "vi" else "%Y-%m-%d"),
    }  # fmt: skip


def _render(template: str, given: dict[str, Any], **further: Any) -> bytes:
    return _TEMPLATES.get_template(template).render(given, **further).encode()


def _files(state: DatasetState) -> list[dict[str, Any]]:
    order = {name: at for at, name in enumerate(FORMATS)}
    files = sorted(state.release.files if state.release else (), key=lambda f: order.get(f.format, len(order)))
    return [
        {"name": PurePosixPath(f.path).name, "size": f.size, "sha256": f.sha256, "format": FORMATS.get(f.format)}
        for f in files
    ]


def _preview(state: DatasetState, folder: Path) -> list[list[str]]:
    """The header and the first rows, from the CSV that lies beside."""
    path = folder / state.contract.slug / f"{state.contract.slug}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [[cell[:80] for cell in row] for row in islice(csv.reader(file), PREVIEW + 1)]


def _drawn(state: DatasetState, known: Mapping[str, DatasetState], folder: Path) -> Drawing | None:
    """The picture of the tiles that lie beside; None without any."""
    under = ground(state.contract, known)
    tiles, below = (_tiles(folder, one.contract.slug) if one else None for one in (state, under))
    return drawing(tiles, below) if tiles else None


def _map(
    state: DatasetState, known: Mapping[str, DatasetState], drawn: Drawing | None, given: dict[str, Any]
) -> dict[str, Any] | None:
    """The picture with what it says in this language."""
    if drawn is None or state.release is None:
        return None
    under, number = ground(state.contract, known), given["number"]
    told = given["w"]["map_told"].format(places=number(drawn.places), rows=number(state.release.rows))
    title = f"{given['w']['map']}: {given['told'](state.contract.title)}"
    return {"svg": Markup(drawn.svg(title, told)), "told": told, "ground": under}


def _tiles(folder: Path, slug: str) -> Path | None:
    path = folder / slug / f"{slug}.pmtiles"
    return path if path.is_file() else None


def _data_json(
    states: Iterable[DatasetState], others: Sequence[tuple[Entry, Sequence[Shown]]], site: str
) -> dict[str, Any]:
    """DCAT-US 1.1, with the files where they lie in the mirror."""
    entries = [*(governed(state, site) for state in states), *(entry for entry, _ in others)]
    found = data_json.document(entries, site)
    local = {f.told.url: f"{entry.name}/{f.here}" for entry, files in others for f in files if f.here}
    for dataset in found["dataset"]:
        for distribution in dataset.get("distribution", ()):
            address = distribution.get("downloadURL") or distribution.get("accessURL", "")
            if address in local:
                distribution.pop("accessURL", None)
                distribution["downloadURL"] = local[address]
            elif address.startswith(f"{site}/datasets/"):
                slug, *_, name = address.removeprefix(f"{site}/datasets/").split("/")
                distribution["downloadURL"] = f"{slug}/{name}"
    return found
