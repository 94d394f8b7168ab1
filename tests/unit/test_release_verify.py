"""Every kind of tampering with a release is found offline, with the public keys alone, and named."""

import base64
import json
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lienthong.app.cli_release import app
from lienthong.governance.ledger.note import VerifierKey
from lienthong.kernel.problem import Invalid, NotFound
from lienthong.kernel.settings import Settings
from lienthong.pipelines.release_keys import PUBLIC, canonical, keys_in, rotate, signed
from lienthong.pipelines.release_verify import verify

Told = list[tuple[str, str]]
FILES = {"shops.csv": "mã,tên\n1,Chợ Đông Kinh\n".encode(), "shops.jsonl": b'{"code":"1"}\n'}
COPY = b"\x1f\x8bnot really packed"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def entry(name: str, content: bytes, **more: Any) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": sha256(content).hexdigest(), **more}


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """A release as it is published: files, a packed copy of one, changed keys, the ZIP of everything."""
    made = tmp_path / "release"
    made.mkdir()
    for name, content in (FILES | {"shops.csv.gz": COPY, "changed-keys.jsonl": b"{}\n"}).items():
        (made / name).write_bytes(content)
    copies = [{"coding": "gzip", "size": len(COPY), "sha256": sha256(COPY).hexdigest()}]
    manifest = {
        "dataset": "shops",
        "slug": "shops",
        "number": 3,
        "quality": {"score": 1.0, "mean": 0.1},
        "files": [entry(n, c, **({"variants": copies} if n == "shops.csv" else {})) for n, c in FILES.items()],
        "changes": {"file": entry("changed-keys.jsonl", b"{}\n")},
        "texts": [entry("README.md", b"# Shops\n")],
    }
    (made / "manifest.json").write_text(json.dumps(signed(settings, manifest), indent=2))
    with zipfile.ZipFile(made / "shops-3.zip", "w") as archive:
        archive.writestr("shops-3/README.md", "# Shops\n")
        for name in (*FILES, "changed-keys.jsonl", "manifest.json"):
            archive.write(made / name, f"shops-3/{name}")
    return made


def keys(settings: Settings) -> list[VerifierKey]:
    return keys_in(settings.home / "keys" / PUBLIC)


def found(settings: Settings, path: Path, **options: Any) -> Told:
    return [(f.kind, f.file) for f in verify(path, keys(settings), **options).findings]


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_release_as_it_was_published_is_sound(settings: Settings, folder: Path) -> None:
    report = verify(folder, keys(settings))
    assert (report.findings, report.dataset, report.number, report.files) == ([], "shops", 3, 5)
    assert report.key == f"{keys(settings)[0].name}+{keys(settings)[0].id.hex()}"
    assert found(settings, folder / "shops-3.zip") == []
    assert found(settings, folder / "shops.csv") == []
    # Read and written by another program: order, spaces and 1.0 or 1 do not matter.
    edit(folder, lambda m: m["quality"].update(score=1))
    assert found(settings, folder, partial=True) == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("shops.csv", FILES["shops.csv"].replace(b"1", b"2"), ("altered", "shops.csv")),  # the same size
        ("shops.csv", FILES["shops.csv"] + b"\n", ("altered", "shops.csv")),
        ("shops.csv.gz", COPY + b"!", ("altered", "shops.csv.gz")),
        ("changed-keys.jsonl", b"", ("altered", "changed-keys.jsonl")),
        ("more.csv", b"", ("extra", "more.csv")),
        ("deep/er.csv", b"", ("extra", "deep/er.csv")),
        (".hidden", b"", ("extra", ".hidden")),
        ("shops.jsonl.gz", b"", ("extra", "shops.jsonl.gz")),
    ],
)
def test_a_file_that_is_not_as_it_was(
    settings: Settings, folder: Path, name: str, content: bytes, expected: tuple[str, str]
) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    assert found(settings, folder) == [expected]


def test_a_file_that_is_gone_is_missed_unless_only_a_part_was_fetched(settings: Settings, folder: Path) -> None:
    (folder / "shops.csv.gz").unlink()
    (folder / "shops-3.zip").unlink()
    assert found(settings, folder) == []  # copies and the ZIP need not be there
    (folder / "shops.csv").unlink()
    assert found(settings, folder) == [("missing", "shops.csv")]
    assert found(settings, folder, partial=True) == []


def test_a_link_in_place_of_a_file_is_not_followed(settings: Settings, folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "shops.csv", tmp_path / "elsewhere")
    (folder / "shops.csv").unlink()
    (folder / "shops.csv").symlink_to(tmp_path / "elsewhere")
    assert found(settings, folder) == [("unreadable", "shops.csv")]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda m: m.update(number=4), "bad_signature"),
        (lambda m: m["files"][0].update(sha256="0" * 64), "bad_signature"),
        (lambda m: m.update(extra=None), "bad_signature"),
        (lambda m: m.update(number=10**30), "bad_signature"),
        (lambda m: m.pop("texts"), "bad_signature"),
        (lambda m: m["signatures"][0].update(signature=base64.b64encode(bytes(64)).decode()), "bad_signature"),
        (lambda m: m["signatures"][0].update(algorithm="none"), "bad_signature"),
        (lambda m: m["signatures"][0].update(key="another/releases+00000000"), "wrong_key"),
        (lambda m: m.pop("signatures"), "unsigned"),
        (lambda m: m.update(signatures=[]), "unsigned"),
        (lambda m: m.update(signatures="yes"), "unsigned"),
    ],
)
def test_a_manifest_that_is_not_as_it_was_signed(
    settings: Settings, folder: Path, change: Callable[[dict[str, Any]], Any], kind: str
) -> None:
    edit(folder, change)
    assert (kind, "manifest.json") in found(settings, folder, partial=True)


def test_a_release_signed_by_somebody_else(settings: Settings, folder: Path, tmp_path: Path) -> None:
    """The files and the manifest were made anew and signed by another key of the same name: the pinned key tells."""
    other = Settings(home=tmp_path / "other")
    content = b"code\n2\n"
    (folder / "shops.csv").write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"][0] |= entry("shops.csv", content)
    (folder / "manifest.json").write_text(json.dumps(signed(other, manifest)))
    assert ("wrong_key", "manifest.json") in found(settings, folder)


def test_what_is_altered_inside_the_zip(settings: Settings, folder: Path) -> None:
    path = folder / "shops-3.zip"

    def remake(**changes: bytes | None) -> None:
        with zipfile.ZipFile(path) as archive:
            members = {n: archive.read(n) for n in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (members | {f"shops-3/{n}": c for n, c in changes.items()}).items():
                if content is not None:
                    archive.writestr(name, content)

    remake(**{"shops.csv": b"altered", "README.md": b"# Shops, better\n", "more.csv": b"", "shops.jsonl": None})
    expected = [("altered", "README.md"), ("altered", "shops.csv"), ("missing", "shops.jsonl"), ("extra", "more.csv")]
    assert found(settings, path) == expected
    assert found(settings, folder) == [(kind, f"shops-3.zip/{name}") for kind, name in expected]
    path.write_bytes(b"PK no more")
    assert found(settings, folder) == [("unreadable", "shops-3.zip")]


def test_a_name_that_stands_twice_in_a_zip_is_found(settings: Settings, folder: Path) -> None:
    with pytest.warns(UserWarning), zipfile.ZipFile(folder / "shops-3.zip", "a") as archive:
        archive.writestr("shops-3/shops.csv", b"another")
    assert ("extra", "shops.csv") in found(settings, folder / "shops-3.zip")


def test_a_saved_site_is_searched_for_its_one_manifest(settings: Settings, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "saved" / "data.gov.vn" / "datasets" / "shops" / "releases" / "3"
    shutil.copytree(folder, place)
    assert found(settings, tmp_path / "saved") == []
    shutil.copytree(folder, place.parent / "4")
    with pytest.raises(NotFound, match="2 manifests"):
        verify(tmp_path / "saved", keys(settings))
    with pytest.raises(NotFound):
        verify(tmp_path / "nowhere", keys(settings))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"files": [], "files": []}', b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_none(settings: Settings, folder: Path, content: bytes) -> None:
    known = keys(settings)
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(Invalid):
        verify(folder, known)


def test_a_new_key_leaves_earlier_releases_as_they_are(settings: Settings, folder: Path) -> None:
    before = keys(settings)
    made = rotate(settings)
    assert [k.text for k in keys(settings)] == [made.text, *(k.text for k in before)]
    assert found(settings, folder) == []
    edit(folder, lambda m: m.update(signed(settings, m)))
    assert [f.kind for f in verify(folder, before, partial=True).findings][0] == "wrong_key"
    assert ("wrong_key", "manifest.json") not in found(settings, folder)
    assert (settings.home / "keys" / "release.pem").stat().st_mode & 0o777 == 0o600


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    told = {"b": 1.0, "a": ["é", 7.0, 0.1], "signatures": [1], "c": {"z": None, "y": True}}
    assert canonical(told) == '{"a":["é",7,0.1],"b":1,"c":{"y":true,"z":null}}'.encode()


def test_the_command_tells_what_is_wrong_and_ends_with_7(settings: Settings, folder: Path) -> None:
    run = CliRunner().invoke
    key = str(settings.home / "keys" / PUBLIC)
    sound = run(app, ["verify", str(folder), "--key", key, "--json"])
    assert (sound.exit_code, json.loads(sound.stdout)["ok"]) == (0, True)
    (folder / "shops.csv").write_bytes(b"")
    wrong = run(app, ["verify", str(folder), "--key", key, "--json"])
    assert wrong.exit_code == 7
    assert [(f["kind"], f["file"]) for f in json.loads(wrong.stdout)["findings"]] == [("altered", "shops.csv")]
    told = run(app, ["verify", str(folder), "--key", key])
    assert told.exit_code == 7 and "shops.csv" in told.stdout
