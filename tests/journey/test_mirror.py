"""The mirror: browsed from a folder without a server; written again, only what has changed."""

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from lienthong.app.mirror import export
from lienthong.kernel.problem import Conflict, Unavailable
from lienthong.pipelines.release import publish
from lienthong.store.cluster import Cluster
from tests.journey.release_world import World, area, make_world, stall


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        cluster = Cluster(Path(name), "test")
        cluster.start()
        made = make_world(cluster, Path(name), "mirror")
        made.fill("stalls", [stall(n, name="<script>alert(1)</script>" if n == 3 else f"=Sạp {n}") for n in range(30)])
        made.fill("areas", [area(f"A{n}", 105 + n) for n in range(3)])
        for dataset in ("stalls", "areas"):
            publish(made.settings, made.registry, made.registry.get(dataset))
        yield made
        cluster.stop()


@pytest.fixture(scope="module")
def mirror(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stick") / "mirror"
    report = export(world.settings, world.registry, folder)
    assert (report.datasets, report.files, report.copied) == (2, 22, 22)
    return folder


class Links(HTMLParser):
    """What a page points at, what it would run, and which languages its texts are in."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.handlers += [name for name in given if name.startswith("on")]
        for name in ("href", "src", "action", "data", "poster"):
            if given.get(name):
                self.links.append((str(given[name]), str(given.get("rel") or "")))


def pages(folder: Path) -> dict[Path, Links]:
    found = {}
    for path in folder.rglob("*.html"):
        found[path] = Links()
        found[path].feed(path.read_text("utf-8"))
    return found


def test_every_link_leads_somewhere_in_the_folder(world: World, mirror: Path) -> None:
    found = pages(mirror)
    assert {path.relative_to(mirror).as_posix() for path in found} == {
        f"{folder}{page}" for folder in ("", "stalls/", "areas/") for page in ("index.html", "index.en.html")
    }
    reached = set()
    for path, page in found.items():
        for link, relation in page.links:
            parts = urlsplit(link)
            if relation == "external":
                assert link.startswith(world.settings.public_url)
                continue
            assert not parts.scheme and not parts.netloc and not link.startswith("/"), (path, link)
            target = (path.parent / unquote(parts.path)).resolve()
            assert target.is_file() and target.is_relative_to(mirror), (path, link)
            reached.add(target)
    there = {path for path in mirror.rglob("*") if path.is_file() and path.name != ".mirror.json"}
    assert there == reached  # and nothing lies there that no page leads to


def test_pages_run_nothing(mirror: Path) -> None:
    for path, page in pages(mirror).items():
        assert not page.tags & {"script", "iframe", "object", "embed", "form", "base"} and not page.handlers, path
    assert "&lt;script&gt;alert(1)" in (mirror / "stalls" / "index.html").read_text("utf-8")


def test_pages_are_in_two_languages(mirror: Path) -> None:
    vietnamese, english = ((mirror / "stalls" / name).read_text("utf-8") for name in ("index.html", "index.en.html"))
    assert '<html lang="vi">' in vietnamese and "<h1>Sạp hàng</h1>" in vietnamese and "Cơ quan công bố" in vietnamese
    assert '<html lang="en">' in english and "<h1>Stalls</h1>" in english and "Publisher" in english
    assert 'href="index.en.html"' in vietnamese and 'href="index.html"' in english


@pytest.mark.parametrize(
    ("dataset", "drawn", "told"), [("stalls", "dots s0", "30 trong 30"), ("areas", "areas", "3 trong 3")]
)
def test_pages_of_data_with_places_show_a_map(mirror: Path, dataset: str, drawn: str, told: str) -> None:
    page = (mirror / dataset / "index.html").read_text("utf-8")
    assert page.count('<svg class="map"') == 1 and f'class="{drawn}"' in page and f"{told} dòng có vị trí" in page


def test_the_files_are_those_of_the_release(world: World, mirror: Path) -> None:
    release = world.settings.home / "releases" / "stalls" / "1"
    for path in (mirror / "stalls").iterdir():
        if path.suffix not in (".html",) and path.name != "manifest.json":
            assert path.read_bytes() == (release / path.name).read_bytes()
    assert json.loads((mirror / "stalls/manifest.json").read_bytes()) == json.loads(
        (release / "manifest.json").read_bytes()
    )
    checked = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=mirror, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_catalogue_for_programs_points_at_the_files(mirror: Path) -> None:
    catalogue = json.loads((mirror / "data.json").read_bytes())
    assert {dataset["title"] for dataset in catalogue["dataset"]} == {"Sạp hàng", "Khu"}
    addresses = [d["downloadURL"] for dataset in catalogue["dataset"] for d in dataset["distribution"]]
    assert len(addresses) == 22 and all((mirror / address).is_file() for address in addresses)


def times(folder: Path) -> dict[str, int]:
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_written_again_only_what_has_changed(world: World, mirror: Path, tmp_path: Path) -> None:
    before = times(mirror)
    again = export(world.settings, world.registry, mirror)
    assert (again.kept, again.copied, again.removed) == (22, 0, 0)
    before.pop(".mirror.json")
    assert {path: at for path, at in times(mirror).items() if path != ".mirror.json"} == before
    # A mirror beside it: what is the same is there once.
    linked = export(world.settings, world.registry, tmp_path / "second", like=mirror)
    assert (linked.linked, linked.copied) == (22, 0)
    one, other = (folder / "stalls" / "stalls.csv" for folder in (mirror, tmp_path / "second"))
    assert one.stat().st_ino == other.stat().st_ino
    # The next release: its files take the place of the old ones, of this mirror alone.
    old = one.read_bytes()
    world.fill("stalls", [stall(n) for n in range(12)])
    publish(world.settings, world.registry, world.registry.get("stalls"))
    third = export(world.settings, world.registry, tmp_path / "second")
    assert third.kept == 11 and third.copied == 11 and third.removed == 1  # the ZIP of release 1
    assert {p.name for p in (tmp_path / "second/stalls").glob("*.zip")} == {"stalls-2.zip"}
    assert one.read_bytes() == old != other.read_bytes()
    assert hashlib.sha256(other.read_bytes()).hexdigest() in (tmp_path / "second" / "SHA256SUMS").read_text()


def test_a_folder_of_somebody_else_is_left_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(Conflict):
        export(world.settings, world.registry, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_a_damaged_file_is_not_copied(world: World, tmp_path: Path) -> None:
    damaged = world.settings.home / "releases" / "areas" / "1" / "areas.json"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-2] + b"x\n")
    try:
        with pytest.raises(Unavailable) as refused:
            export(world.settings, world.registry, tmp_path / "mirror")
    finally:
        damaged.write_bytes(content)
    assert refused.value.place == "areas/areas.json"
    assert not list((tmp_path / "mirror").rglob("areas.json")) and not list((tmp_path / "mirror").rglob(".*.new"))


def test_files_in_object_storage_are_mirrored_and_served(world: World, tmp_path: Path) -> None:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.put(f"http://{host}:{port}/open-data").raise_for_status()
    given = {"files_url": "s3://open-data/p", "files_endpoint": f"http://{host}:{port}", "files_key": "a"}
    settings = world.settings.model_copy(update=given | {"files_secret": SecretStr("b")})
    for dataset in ("areas", "stalls"):
        publish(settings, world.registry, world.registry.get(dataset), force=True)
    report = export(settings, world.registry, tmp_path / "mirror")
    server.stop()
    assert report.copied == report.files == 22
    ((number,),) = world.query("select max(number) from platform.release where dataset = 'areas'")
    local = world.settings.home / "releases" / "areas" / str(number)
    assert (tmp_path / "mirror/areas/areas.csv").read_bytes() == (local / "areas.csv").read_bytes()
    older = [path for path in local.parent.iterdir() if path.name != str(number)]
    assert older and all([file.name for file in path.iterdir()] == ["manifest.json"] for path in older)


def publish_hosted(world: World, content: bytes) -> None:
    """One dataset for everybody, with a file of ours, one elsewhere and an address that is none; and a private one."""
    digest = hashlib.sha256(content).hexdigest()
    place = world.settings.home / "uploads" / digest[:2] / digest
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    package = (
        "insert into platform.hosted_package (id, name, state, private, type, created, modified, body, plugin_data) "
        "values (%s, %s, 'active', %s, 'dataset', now(), now(), %s, '{}')"
    )
    resource = (
        "insert into platform.hosted_resource (id, package_id, position, state, body, upload_sha256, upload_name) "
        "values (%s, 'p1', %s, 'active', %s, %s, %s)"
    )
    body = json.dumps({"title": "Mưa <b>", "notes": "Đo mỗi ngày.\n\n<script>alert(1)</script>", "license_id": "cc-by"})
    with world.connect() as connection, connection.transaction():
        connection.execute(package, ("p1", "mua", False, body))
        connection.execute(package, ("p2", "kin", True, body))
        upload = json.dumps({"name": "Số đo", "url_type": "upload", "format": "CSV", "url": "so do.csv"})
        connection.execute(resource, ("r1", 0, upload, digest, "so do.csv"))
        connection.execute(resource, ("r2", 1, '{"name": "Nơi khác", "url": "https://example.vn/a.pdf"}', None, None))
        connection.execute(resource, ("r3", 2, '{"name": "Xấu", "url": "javascript:alert(1)"}', None, None))
        connection.execute(
            "insert into platform.hosted_upload (sha256, owner, size, media_type, created) values (%s, '', %s, 'text/csv', "
            "now())", (digest, len(content)),
        )  # fmt: skip


def test_hosted_datasets_are_mirrored_with_their_uploads(world: World, tmp_path: Path) -> None:
    publish_hosted(world, b"ngay,mm\n2026-01-01,3\n")
    folder = tmp_path / "mirror"
    report = export(world.settings, world.registry, folder)
    assert report.datasets == 3 and not (folder / "kin").exists()
    page = pages(folder)[folder / "mua/index.html"]
    own = [link for link, relation in page.links if not relation and link.endswith(".csv")]
    assert len(own) == 1 and (folder / "mua" / own[0]).read_bytes() == b"ngay,mm\n2026-01-01,3\n"
    assert ("https://example.vn/a.pdf", "external noopener nofollow") in page.links
    assert not page.tags & {"script", "b"} and not any("javascript" in link for link, _ in page.links)
    assert any(link == "mua/index.en.html" for link, _ in pages(folder)[folder / "index.en.html"].links)
    told = next(d for d in json.loads((folder / "data.json").read_bytes())["dataset"] if d["title"] == "Mưa <b>")
    assert [d.get("downloadURL") for d in told["distribution"]] == [f"mua/{own[0]}", None]
    assert f"mua/{own[0]}" in (folder / "SHA256SUMS").read_text()
    # What is withdrawn from the catalogue goes from the mirror.
    with world.connect() as connection:
        connection.execute("update platform.hosted_package set private = true where id = 'p1'")
    assert export(world.settings, world.registry, folder).datasets == 2 and not (folder / "mua").exists()
