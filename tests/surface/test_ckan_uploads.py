"""Files sent to the Action API: kept once, refused when they are not what they say, served so that nothing runs; views."""

import io
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from openpyxl.comments import Comment

from lienthong.catalog.hosted.contents import fault
from tests.surface.hosted import client, did, get, refused, user
from tests.surface.site import served
from tests.surface.small import ADMIN, World, serving

CSV = "mã,tên\n1,Hà Nội\n2,Đà Nẵng\n".encode()
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
HTML = b"<html><script>alert(1)</script></html>"
SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG; nobody looks at its check sum here."""
    return len(data).to_bytes(4, "big") + kind + data + b"\0\0\0\0"


EXIF = b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00GPS canary"


@pytest.fixture(scope="module")
def world(own_world: World) -> Iterator[World]:
    """The same world behind a server that takes files of 1 MB, and 3 MB of an organization."""
    settings = own_world.settings.model_copy(update={"upload_megabytes": 1, "upload_quota_megabytes": 3})
    with serving(settings, own_world.registry) as found:
        for name in ("so-y-te", "so-day"):
            did(found, "organization_create", ADMIN, name=name)
            did(found, "package_create", ADMIN, name=f"tep-{name}", owner_org=name)
        yield found


def send(world: World, name: str, data: bytes, token: str | None = ADMIN, /, **fields: Any) -> httpx.Response:
    """Send a file to a resource: a new one, or the one that `id` names."""
    action = "resource_patch" if "id" in fields else "resource_create"
    given = fields if "id" in fields else {"package_id": "tep-so-y-te"} | fields
    files = {"upload": (name, data, "application/octet-stream")}
    return world.client(token).post(f"/api/3/action/{action}", data=given, files=files)


def kept(world: World, name: str, data: bytes, /, **fields: Any) -> dict[str, Any]:
    """The resource of a file that is taken."""
    answer = send(world, name, data, **fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["result"])


def load(world: World, resource: dict[str, Any], token: str | None = None, **headers: str) -> httpx.Response:
    """The file at the resource's own address."""
    return world.client(token).get(re.sub("^https?://[^/]+", "", resource["url"]), headers=headers)


def on_disk(world: World) -> list[Path]:
    """Every file below the folder of uploads."""
    return [path for path in (world.settings.home / "uploads").rglob("*") if path.is_file()]


def workbook(*parts: str, **what: bool) -> bytes:
    """A small workbook, maybe with what its publisher does not see, or with these parts beside its own."""
    made = openpyxl.Workbook()
    made.active["A1"] = "mã"
    if what.get("hidden"):
        made.create_sheet("bí mật").sheet_state = "veryHidden" if what.get("very") else "hidden"
    if what.get("comment"):
        made.active["A1"].comment = Comment("canary", "an")
    data = io.BytesIO()
    made.save(data)
    with zipfile.ZipFile(data, "a") as book:
        for part in parts:
            book.writestr(part, b"<canary/>")
    return data.getvalue()


def archive(**parts: bytes) -> bytes:
    """A ZIP archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, part in parts.items():
            made.writestr(name, part)
    return data.getvalue()


# --- kept ------------------------------------------------------------------------------------------------------------


def test_a_file_is_kept_and_given_back(world: World) -> None:
    resource = kept(world, "dữ liệu.csv", CSV, name="Tải lên", format="CSV", lạ="y")
    told = {"format": "CSV", "mimetype": "text/csv", "size": len(CSV), "url_type": "upload", "lạ": "y", "hash": ""}
    assert told.items() <= resource.items() and resource["url"].endswith(
        f"/resource/{resource['id']}/download/d-liu.csv"
    )
    assert resource["last_modified"] and did(world, "resource_show", id=resource["id"]) == resource
    answer = load(world, resource)
    assert answer.content == CSV and answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("inline") and answer.headers["etag"]
    assert (
        answer.headers["x-content-type-options"] == "nosniff" and "sandbox" in answer.headers["content-security-policy"]
    )
    part = load(world, resource, Range="bytes=0-4")
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, CSV[:5], f"bytes 0-4/{len(CSV)}")
    assert load(world, resource, **{"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_patch_replaces_the_file_or_keeps_it(world: World) -> None:
    resource = kept(world, "một.csv", CSV)
    again = did(world, "resource_patch", ADMIN, id=resource["id"], description="vá")
    assert (again["url"], again["size"]) == (resource["url"], len(CSV)) and load(world, again).content == CSV
    replaced = kept(world, "hai.json", b'{"a": 1}', id=resource["id"], format="JSON")
    assert (replaced["size"], replaced["mimetype"], load(world, replaced).content) == (
        8,
        "application/json",
        b'{"a": 1}',
    )
    link = did(world, "resource_update", ADMIN, id=resource["id"], url="https://e.org/x.csv", name="N")
    assert (link["url"], link["url_type"]) == ("https://e.org/x.csv", None)
    package = did(world, "package_show", id="tep-so-y-te")["id"]
    answer = world.anonymous.get(f"/dataset/{package}/resource/{resource['id']}/download")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://e.org/x.csv")


def test_one_content_lies_once_and_goes_with_its_last_resource(world: World) -> None:
    before = len(on_disk(world))
    two = [kept(world, f"n{n}.csv", b"only,here\n1,2\n") for n in range(2)]
    assert len(on_disk(world)) == before + 1
    did(world, "resource_delete", ADMIN, id=two[0]["id"])
    assert load(world, two[1]).status_code == 200 and load(world, two[0]).status_code == 404
    did(world, "resource_delete", ADMIN, id=two[1]["id"])
    assert len(on_disk(world)) == before and not world.owner("select 1 from platform.hosted_upload where size = 14")


def test_revise_puts_files_into_new_resources(world: World) -> None:
    fields = {"match__name": "tep-so-y-te", "update__resources__extend": '[{"name": "tải", "format": "CSV"}]'}
    files = {"update__resources__-1__upload": ("t.csv", b"a\n1\n", "text/csv")}
    answer = world.client(ADMIN).post("/api/3/action/package_revise", data=fields, files=files)
    resource = answer.json()["result"]["package"]["resources"][-1]
    assert (resource["name"], resource["size"], load(world, resource).content) == ("tải", 4, b"a\n1\n")


def test_round_trip_with_ckanapi(world: World, tmp_path: Path) -> None:
    token = user(world, "nguoi-tai")
    did(world, "organization_member_create", ADMIN, id="so-y-te", username="nguoi-tai", role="editor")
    path = tmp_path / "số liệu.csv"
    path.write_bytes(CSV)
    with client(world, token) as site:
        package = site.action.package_create(name="ckanapi-tep", owner_org="so-y-te", private=True)
        with path.open("rb") as file:
            made = site.action.resource_create(package_id=package["id"], name="a", upload=file)
        with path.open("rb") as file:
            made = site.action.resource_patch(id=made["id"], description="vá", upload=file)
        assert (made["name"], made["description"], made["size"]) == ("a", "vá", len(CSV))
        assert [load(world, made, who).status_code for who in (None, ADMIN)] == [403, 200]
        assert load(world, made, ADMIN).headers["cache-control"] == "private, no-store"
        site.action.resource_delete(id=made["id"])
        site.action.package_delete(id=package["id"])


# --- refused ---------------------------------------------------------------------------------------------------------

HOSTILE = {
    "html as pdf": ("báo cáo.pdf", HTML, {}), "html as csv": ("a.csv", HTML, {}), "html as png": ("a.png", HTML, {}),
    "html as nothing": ("a", HTML, {}), "svg as png": ("a.png", SVG, {}), "svg as csv": ("a.csv", SVG, {}),
    "csv called PDF": ("a.csv", CSV, {"format": "PDF"}), "html called CSV": ("a.html", HTML, {"format": "CSV"}),
    "pdf as xlsx": ("a.xlsx", PDF, {}), "a zip as xlsx": ("a.xlsx", archive(a=b"b"), {}), "cut off": ("a.xlsx", workbook()[:300], {}),
    "a program": ("a.csv", b"MZ\x90\x00" + b"\x00" * 64, {}), "a program as data": ("a.bin", b"\x7fELF\x02\x01" + b"\x00" * 64, {}),
    "nothing in it": ("a.csv", b"", {}), "broken json": ("a.json", b'{"a": ', {}), "binary as text": ("a.txt", b"a\x00\x01b", {}),
    "hidden sheets": ("a.xlsx", workbook(hidden=True), {}), "comments": ("a.xlsx", workbook(comment=True), {}),
    "sheets that no menu shows": ("a.xlsx", workbook(hidden=True, very=True), {}),
    "a pivot's cache": ("a.xlsx", workbook("xl/pivotCache/pivotCacheRecords1.xml"), {}),
    "threads of comments": ("a.xlsx", workbook("xl/threadedComments/threadedComment1.xml"), {}),
    "copies of other workbooks": ("a.xlsx", workbook("xl/externalLinks/externalLink1.xml"), {}),
    "macros called a workbook": ("a.xlsx", workbook("xl/vbaProject.bin"), {}),
    "xmp in a jpeg": ("a.jpg", b"\xff\xd8\xff\xe1\x00\x40http://ns.adobe.com/xap/1.0/\0<canary/>", {}),
    "a raw profile": ("a.png", PNG[:8] + png_chunk(b"zTXt", b"Raw profile type exif\0canary"), {}),
    "a plain raw profile": ("a.png", PNG[:8] + png_chunk(b"tEXt", b"Raw profile type exif\0canary"), {}),
    "exif": ("a.jpg", EXIF, {}), "exif far behind": ("a.jpg", EXIF[:4] + b"\x00" * 200_000 + EXIF[4:], {}),
    "exif behind a picture": ("a.png", PNG[:8] + png_chunk(b"IDAT", b"0" * 90_000) + png_chunk(b"eXIf", b"GPS canary"), {}),
    "xmp behind a picture": ("a.png", PNG[:8] + png_chunk(b"IDAT", b"0" * 90_000) + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0canary"), {}),
    "utf-16 html": ("a.csv", HTML.decode().encode("utf-16"), {}),
    "html behind a mark": ("a.txt", b"\xef\xbb\xbf  \n<!DOCTYPE html><p>", {}), "xml as json": ("a.geojson", b"<a/>", {}),
    "deep json": ("a.json", b"[" * 100_000, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_is_not_what_it_says_is_refused(world: World, case: str) -> None:
    name, data, fields = HOSTILE[case]
    before = sorted(on_disk(world))
    answer = send(world, name, data, **fields)
    assert answer.status_code == 409, answer.text
    error = answer.json()["error"]
    assert set(error) == {"upload", "__type"} and error["__type"] == "Validation Error" and error["upload"][0]
    assert sorted(on_disk(world)) == before


def test_exif_is_found_where_two_reads_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(EXIF[:4] + b"\x00" * ((1 << 20) - 6) + b"Exif\0\0GPS canary")
    assert "EXIF" in (fault(path, "a.jpg", "") or "")
    path.write_bytes(EXIF[:4] + b"\x00" * (1 << 20))
    assert fault(path, "a.jpg", "") is None


HONEST = {
    "a.pdf": PDF, "a.png": PNG, "a.xlsx": workbook(), "a.zip": archive(a=b"b"), "a.svg": SVG, "a.html": HTML, "a.json": b"[1]",
    "a.xml": b"<?xml version='1.0'?><a/>", "a.csv": "﻿BM,MZ\n1,2\n".encode(), "b.csv": b"BMI,n\n1,2\n", "c.csv": b"[a],b\n",
    "a.tsv": "a\tb\n".encode("utf-16"), "a.bin": b"\x00\x01", "README": b"x", "win.csv": "mã".encode("cp1258", "replace"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_files_are_taken_and_none_of_them_runs(world: World, name: str) -> None:
    resource = kept(world, name, HONEST[name])
    answer = load(world, resource)
    assert answer.content == HONEST[name]
    assert (
        answer.headers["x-content-type-options"] == "nosniff" and "sandbox" in answer.headers["content-security-policy"]
    )
    active = name.rpartition(".")[2] not in ("pdf", "png", "json", "csv", "tsv")
    assert answer.headers["content-disposition"].startswith("attachment" if active else "inline")
    did(world, "resource_delete", ADMIN, id=resource["id"])


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd.csv",
        "..\\..\\x.csv",
        "/abs.csv",
        "a\r\nX: y.csv",
        "x" * 500 + ".csv",
        "a%2f..%2fb.csv",
        "...csv",
    ],
)
def test_names_of_files_lead_nowhere(world: World, name: str) -> None:
    before = set(world.settings.home.parent.rglob("*.csv"))
    resource = kept(world, name, CSV)
    last = resource["url"].rsplit("/download/", 1)[1]
    assert re.fullmatch(r"[A-Za-z0-9._-]{3,100}", last)
    assert load(world, resource).content == CSV
    assert set(world.settings.home.parent.rglob("*.csv")) == before
    assert all(p.parent.parent == world.settings.home / "uploads" for p in on_disk(world))


def test_only_who_may_write_can_send(world: World) -> None:
    before = len(on_disk(world))
    stranger = user(world, "khong-quyen")
    for token in (None, stranger):
        answer = send(world, "a.csv", CSV + b"x", token)
        assert (answer.status_code, answer.json()["error"]["__type"]) == (403, "Authorization Error")
    wrong = world.client(ADMIN).post("/api/3/action/resource_create", data={"package_id": "tep-so-y-te"},
                                     files={"file": ("x.csv", CSV, "text/csv")})  # fmt: skip
    assert (wrong.status_code, list(wrong.json()["error"])) == (409, ["file", "__type"])
    broken = world.client(ADMIN).post("/api/3/action/resource_create", content=b"--x\r\nContent-Disp",
                                      headers={"Content-Type": "multipart/form-data; boundary=x"})  # fmt: skip
    assert broken.status_code in (400, 409) and len(on_disk(world)) == before
    assert refused(world, 409, "resource_create", ADMIN, package_id="tep-so-y-te", size="x", upload="text")["size"]


def test_a_file_that_is_too_large_and_a_full_quota_are_413(world: World) -> None:
    token = user(world, "day-quota")
    did(world, "organization_member_create", ADMIN, id="so-day", username="day-quota", role="editor")
    big = send(world, "a.bin", b"\x00" * 1_000_001, token, package_id="tep-so-day")
    assert (big.status_code, list(big.json()["error"])) == (413, ["upload", "__type"])
    before = sum(p.stat().st_size for p in on_disk(world))

    def one(n: int) -> int:
        return send(world, f"{n}.bin", bytes([n, 0]) + b"\x00" * 700_000, token, package_id="tep-so-day").status_code

    with ThreadPoolExecutor(8) as pool:  # ten times the quota, many at once: none slips in while another is counted
        answers = list(pool.map(one, range(43)))
    assert sorted(answers) == [200] * 4 + [413] * 39
    stored = sum(row[0] for row in world.owner("select size from platform.hosted_upload where size > 500000"))
    assert stored <= 3_000_000 and not [p for p in on_disk(world) if p.parent.name == "incoming"]
    assert sum(p.stat().st_size for p in on_disk(world)) - before <= 3_000_000 * 1.05
    with suppress(StopIteration):
        first = next(r for r in did(world, "package_show", id="tep-so-day")["resources"])
        did(world, "resource_delete", ADMIN, id=first["id"])
    assert send(world, "z.bin", b"\x01\x00" * 300_000, token, package_id="tep-so-day").status_code == 200


# --- views, relationships, processes ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def editor(world: World) -> str:
    """The token of an editor of the one organization."""
    token = user(world, "bien-tap")
    did(world, "organization_member_create", ADMIN, id="so-y-te", username="bien-tap", role="editor")
    return token


def made(world: World, name: str, token: str = ADMIN, **more: Any) -> dict[str, Any]:
    """A new dataset."""
    return dict(did(world, "package_create", token, **{"name": name, "owner_org": "so-y-te"} | more))


def test_views_of_a_resource(world: World, editor: str) -> None:
    id = made(world, "xem", editor, resources=[{"url": "https://x.org/a"}])["resources"][0]["id"]
    table = did(
        world,
        "resource_view_create",
        editor,
        resource_id=id,
        title="Bảng",
        view_type="datatables_view",
        description="x",
    )
    assert {
        "filterable": True,
        "responsive": False,
        "ellipsis_length": 100,
        "date_format": "llll",
    }.items() <= table.items()
    plain = did(world, "resource_view_create", editor, resource_id=id, title="Văn bản", view_type="text_view")
    assert get(world, "resource_view_list", id=id, limit=0).json()["result"] == [table, plain]
    assert did(world, "resource_view_update", editor, id=table["id"], title="Bảng 2")["description"] == "x"
    order = [plain["id"], table["id"]]
    assert did(world, "resource_view_reorder", editor, id=id, order=order) == {"id": id, "order": order}
    assert [v["id"] for v in did(world, "resource_view_list", id=id)] == order
    assert refused(world, 409, "resource_view_create", editor, resource_id=id, title="x", view_type="no") == {
        "view_type": "No plugin found for view_type no", "__type": "Validation Error",
    }  # fmt: skip
    assert refused(world, 403, "resource_view_delete", None, id=plain["id"])
    did(world, "resource_view_delete", editor, id=plain["id"])
    assert refused(world, 404, "resource_view_delete", editor, id=plain["id"])
    picture = did(world, "resource_create", editor, package_id="xem", url="https://e.org/a.png", format="PNG")
    assert [v["view_type"] for v in did(world, "resource_view_list", id=picture["id"])] == ["image_view"]


def test_relationships_are_seen_from_both_ends(world: World) -> None:
    made(world, "con"), made(world, "cha")
    both = {"subject": "cha", "object": "con", "type": "parent_of"}
    stored = did(world, "package_relationship_create", ADMIN, **both, comment="c")
    assert stored == {"subject": "con", "type": "child_of", "object": "cha", "comment": "c"}
    assert did(world, "package_relationships_list", id="con") == [stored]
    assert did(world, "package_relationships_list", id="cha") == [
        both | {"subject": "cha", "object": "con", "comment": "c"}
    ]
    assert did(world, "package_show", id="con")["relationships_as_subject"][0]["type"] == "child_of"
    assert refused(world, 409, "package_relationship_create", ADMIN, **both | {"type": "x"})["type"]
    did(world, "package_relationship_delete", ADMIN, **both)
    assert refused(world, 404, "package_relationship_delete", ADMIN, **both)
    assert (
        refused(world, 409, "package_collaborator_list", ADMIN, id="con")["message"]
        == "Dataset collaborators not enabled"
    )


def test_what_was_written_is_read_at_once_at_any_process(world: World, editor: str) -> None:
    """Two server processes: whoever writes at one and reads at the other sees what they wrote, and names are taken once."""
    with served(world, workers=2) as url:

        def write(n: int) -> list[int]:
            with httpx.Client(base_url=url, headers={"Authorization": editor}) as site:
                given = {"name": f"nhieu-tien-trinh-{n % 4}", "owner_org": "so-y-te"}
                first = site.post("/api/action/package_create", json=given).status_code
            with httpx.Client(base_url=url, headers={"Authorization": editor}) as site:
                return [first, site.get(f"/api/action/package_show?id={given['name']}").status_code]

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(write, range(16)))
    assert sorted(first for first, _ in answers) == [200] * 4 + [409] * 12
    assert [read for _, read in answers] == [200] * 16


def test_rows_of_the_datastore_go_with_their_resource(world: World) -> None:
    count = "select count(*) from pg_tables where schemaname = 'hosted'"
    ((before,),) = world.owner(count)
    package = made(world, "co-bang")["id"]
    given = {"fields": [{"id": "k", "type": "text"}], "records": [{"k": "a"}]}
    two = [did(world, "datastore_create", ADMIN, resource={"package_id": package}, **given) for _ in range(2)]
    assert did(world, "package_show", id=package)["resources"][0]["datastore_active"]
    ((made_now,),) = world.owner(count)
    did(world, "resource_delete", ADMIN, id=two[0]["resource_id"])
    assert refused(world, 404, "datastore_search", ADMIN, resource_id=two[0]["resource_id"])
    assert len(did(world, "datastore_search", resource_id=two[1]["resource_id"])["records"]) == 1
    did(world, "dataset_purge", ADMIN, id=package)
    ((after,),) = world.owner(count)
    assert made_now > before == after and not world.owner("select 1 from platform.hosted_table")
