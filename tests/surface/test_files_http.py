"""Files over HTTP: validators, ranges, codings, names, digests; the same answers from a disk and from object storage.

The object storage is a real server that speaks S3 (moto), in this process.
"""

import base64
import gzip
import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import httpx
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from lienthong.kernel.problem import Invalid
from lienthong.kernel.settings import Settings
from lienthong.pipelines.release_seal import Sealed, seal
from lienthong.store.files import FileStore, LocalFiles, file_store
from lienthong.web import files
from lienthong.web.problems import guarded
from lienthong.web.ranges import Span, Unsatisfiable, spans

CONTENT = "".join(f'"{n}","Xã Đồng Đăng số {n}",{n * n}\r\n' for n in range(20_000)).encode()
CHANGED = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
PLACE = "stalls/1"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "releases" / PLACE
        made.mkdir(parents=True)
        (made / "stalls.csv").write_bytes(CONTENT)
        (made / "manifest.json").write_bytes(b"{}")
        yield made


@pytest.fixture(scope="module")
def sealed(folder: Path) -> Sealed:
    return seal(folder / "stalls.csv", is_text=True)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.put(f"http://{host}:{port}/open-data").raise_for_status()
    yield f"http://{host}:{port}"
    server.stop()


def s3(home: Path, endpoint: str, redirect: bool = False) -> Settings:
    keys = {"files_key": "a", "files_secret": "b", "files_redirect": redirect}
    return Settings(home=home, files_url="s3://open-data/province", files_endpoint=endpoint, **keys)  # type: ignore[arg-type]


def store_of(kind: str, folder: Path, bucket: str) -> FileStore:
    if kind == "disk":
        return LocalFiles(folder.parents[1])
    store = file_store(s3(folder, bucket))
    store.keep(folder, PLACE)
    return store


def app_of(store: FileStore, sealed: Sealed, cache: str = files.FOREVER) -> TestClient:
    variants = [v.as_json() for v in sealed.variants]
    copies = files.copies(f"{PLACE}/stalls.csv", sealed.size, sealed.sha256, variants)
    served = files.Served(copies, "text/csv", "stalls.csv", "Sạp hàng “chợ” - bản 1.csv", CHANGED)

    async def give(request: Request) -> Response:
        return await files.answer(request, store, served, cache)

    return TestClient(Starlette(routes=[Route("/file", guarded(give), methods=["GET", "HEAD"])]))


@pytest.fixture(scope="module", params=["disk", "s3"])
def client(request: pytest.FixtureRequest, folder: Path, sealed: Sealed, bucket: str) -> TestClient:
    return app_of(store_of(request.param, folder, bucket), sealed)


def get(client: TestClient, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/file", headers={"Accept-Encoding": "identity"} | named, follow_redirects=False)


def test_the_whole_file_says_what_it_is(client: TestClient) -> None:
    answer = get(client)
    digest = hashlib.sha256(CONTENT)
    shown = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.status_code == 200 and answer.content == CONTENT
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["repr-digest"] == answer.headers["content-digest"] == shown
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["last-modified"] == "Wed, 04 Mar 2026 05:06:07 GMT"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["accept-ranges"] == "bytes" and answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["x-content-type-options"] == "nosniff"
    plain, _, extended = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain == 'attachment; filename="stalls.csv"'
    assert extended.isascii() and unquote(extended) == "Sạp hàng “chợ” - bản 1.csv"


def test_head_says_the_same_and_sends_nothing(client: TestClient) -> None:
    answer = client.head("/file", headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200 and answer.content == b""
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["etag"] == get(client).headers["etag"]


@pytest.mark.parametrize(
    ("given", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-9999999", 5, None)]
)  # fmt: skip
def test_one_range(client: TestClient, given: str, start: int, end: int | None) -> None:
    answer = get(client, range=given)
    wanted = CONTENT[start:end]
    first = start % len(CONTENT)
    assert answer.status_code == 206 and answer.content == wanted
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(len(wanted))
    assert "content-digest" not in answer.headers and "repr-digest" in answer.headers


def test_several_ranges(client: TestClient) -> None:
    answer = get(client, range="bytes=0-9, 50-59,-5")
    assert answer.status_code == 206
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert answer.headers["content-length"] == str(len(answer.content))
    parts = answer.content.split(f"--{boundary}".encode())[1:-1]
    bodies = [part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in parts]
    # the last part ends as the file does, with a line break of its own
    assert bodies == [CONTENT[:10], CONTENT[50:60], CONTENT[-5:]]
    assert f"Content-Range: bytes 50-59/{len(CONTENT)}".encode() in parts[1]


@pytest.mark.parametrize(
    "given", ["bytes=9-0", "bytes=a-b", "lines=0-9", "bytes=", "bytes=0-9,5-20", "bytes=" + "0-0," * 30]
)
def test_a_range_that_is_none_gets_the_whole(client: TestClient, given: str) -> None:
    assert get(client, range=given).status_code == 200


def test_a_range_outside_of_the_file_is_told_its_size(client: TestClient) -> None:
    answer = get(client, range=f"bytes={len(CONTENT)}-")
    assert answer.status_code == 416 and answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_a_part_is_of_the_file_that_was_begun(client: TestClient) -> None:
    whole = get(client)
    for good in (whole.headers["etag"], whole.headers["last-modified"]):
        assert get(client, range="bytes=3-5", if_range=good).content == CONTENT[3:6]
    for bad in ('"other"', f"W/{whole.headers['etag']}", "Wed, 04 Mar 2026 05:06:08 GMT", "no date"):
        assert get(client, range="bytes=3-5", if_range=bad).status_code == 200


def test_what_is_known_is_not_sent_again(client: TestClient) -> None:
    tag = get(client).headers["etag"]
    for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = get(client, if_none_match=header)
        assert answer.status_code == 304 and answer.content == b"" and answer.headers["etag"] == tag
        assert "immutable" in answer.headers["cache-control"] and "content-length" not in answer.headers
    assert get(client, if_modified_since="Wed, 04 Mar 2026 05:06:07 GMT").status_code == 304
    assert get(client, if_modified_since="Wed, 04 Mar 2026 05:06:06 GMT").status_code == 200
    # A tag counts before a date.
    assert get(client, if_none_match='"x"', if_modified_since="Wed, 04 Mar 2026 05:06:07 GMT").status_code == 200
    assert get(client, if_match=tag).status_code == 200 and get(client, if_match='"x"').status_code == 412


DECODED = {
    "gzip": gzip.decompress,
    "zstd": lambda made: zstandard.ZstdDecompressor().decompress(made, max_output_size=1 << 24),
    "br": lambda made: pa.CompressedInputStream(pa.BufferReader(made), "brotli").read(),
}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"), ("zstd", "zstd"), ("br", "br"), ("gzip;q=0.5, zstd;q=0.9, br;q=0.1", "zstd"), ("x-gzip", "gzip"),
        ("deflate", ""), ("", ""), ("gzip;q=0", ""), ("identity, gzip;q=0.5", ""), ("*;q=0, gzip", "gzip"), ("gzip;q=nonsense", ""),
    ],
)  # fmt: skip
def test_codings(client: TestClient, sealed: Sealed, accepted: str, coding: str) -> None:
    with client.stream("GET", "/file", headers={"Accept-Encoding": accepted}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding", "") == coding
    assert answer.headers["etag"] == f'"{hashlib.sha256(sent).hexdigest()}"'
    assert int(answer.headers["content-length"]) == len(sent)
    assert (DECODED[coding](sent) if coding else sent) == CONTENT
    known = {v.coding: v.size for v in sealed.variants}
    assert len(sent) == known.get(coding, len(CONTENT))


def test_browsers_get_the_smallest(client: TestClient, sealed: Sealed) -> None:
    with client.stream("GET", "/file", headers={"Accept-Encoding": "gzip, deflate, br, zstd"}) as answer:
        sent = b"".join(answer.iter_raw())
    assert len(sent) == min(v.size for v in sealed.variants) < len(CONTENT) / 3


def test_a_range_of_a_coding_is_a_range_of_its_bytes(client: TestClient) -> None:
    with client.stream("GET", "/file", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=10-19", "If-Range": answer.headers["etag"]}
    with client.stream("GET", "/file", headers=headers) as part:
        assert part.status_code == 206 and b"".join(part.iter_raw()) == packed[10:20]
    # Begun plain, it is not gone on with packed.
    headers["If-Range"] = get(client).headers["etag"]
    with client.stream("GET", "/file", headers=headers) as part:
        assert part.status_code == 200


def test_the_storage_itself_gives_files_out_when_asked_to(folder: Path, sealed: Sealed, bucket: str) -> None:
    store_of("s3", folder, bucket)
    client = app_of(file_store(s3(folder, bucket, redirect=True)), sealed)
    answer = get(client)
    assert answer.status_code == 302 and answer.headers["cache-control"] == "private, max-age=60"
    assert answer.headers["location"].startswith(f"{bucket}/open-data/province/{PLACE}/stalls.csv?X-Amz-")
    assert httpx.get(answer.headers["location"]).content == CONTENT
    assert httpx.get(answer.headers["location"].replace("stalls.csv", "other.csv")).status_code in (403, 404)


def test_of_older_releases_the_manifests_stay_here(folder: Path, bucket: str, tmp_path: Path) -> None:
    store = file_store(s3(folder, bucket))
    for number in ("9", "10"):
        LocalFiles(tmp_path).keep(folder, number)
        store.keep(tmp_path / number, f"older/{number}")
    assert [path.name for path in (tmp_path / "9").iterdir()] == ["manifest.json"]
    assert (tmp_path / "10" / "stalls.csv").is_file()
    store.fetch("older/9/stalls.csv", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["disk", "s3"])
def test_what_was_taken_away_is_not_there(kind: str, folder: Path, sealed: Sealed, bucket: str, tmp_path: Path) -> None:
    store = store_of(kind, folder, bucket)
    if kind == "disk":
        store = LocalFiles(tmp_path)
        store.keep(folder, PLACE)
    store.fetch(f"{PLACE}/stalls.csv", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == CONTENT
    store.forget(PLACE)
    store.forget(PLACE)
    with pytest.raises(OSError):
        store.fetch(f"{PLACE}/stalls.csv", tmp_path / "copy")
    answer = get(app_of(store, sealed))
    assert answer.status_code == 503 and answer.headers["content-type"] == "application/problem+json"


def test_an_address_of_no_storage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        file_store(Settings(home=tmp_path, files_url="ftp://x"))
    assert refused.value.place == "LIENTHONG_FILES_URL"


@configure(max_examples=300, deadline=None)
@given(st.text("bytes=0123456789-, ", max_size=30), st.integers(0, 40))
def test_ranges_lie_in_the_file_and_do_not_overlap(given_: str, size: int) -> None:
    try:
        found = spans("bytes=" + given_.removeprefix("bytes="), size)
    except Unsatisfiable:
        return
    taken = [at for span in found or () for at in range(span.start, span.start + span.length)]
    assert len(taken) == len(set(taken)) <= size and all(0 <= at < size for at in taken)
    assert found is None or found
    assert spans("bytes=2-3", 10) == [Span(2, 2)]
