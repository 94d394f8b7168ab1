"""Downloads as OpenAPI."""

from lienthong.kernel.problem import NotPermitted, TooCostly, Unauthenticated
from lienthong.rest.openapi.common import Json, problem_answers, ref

_TEXT: Json = {"type": "string"}
FORMATS_SHOWN = ("csv", "plain.csv", "json", "jsonl", "parquet", "geojson", "gpkg", "pmtiles", "xlsx", "zip")


def paths() -> Json:
    """A file of a release, and the file that is served now."""
    answers = problem_answers(Unauthenticated, NotPermitted, TooCostly)
    release = {
        "name": "number",
        "in": "path",
        "required": True,
        "description": "Số bản phát hành / Number of the release",
        "schema": {"type": "integer"},
    }
    file = {
        "name": "file",
        "in": "path",
        "required": True,
        "description": "Tên tệp / Name of the file: {name}.csv .plain.csv .json .jsonl .parquet .geojson .gpkg "
        ".pmtiles .xlsx, {name}-{number}.zip, datapackage.json, manifest.json; sau tên tệp văn bản / after a text: "
        ".gz .zst .br",
        "schema": _TEXT,
    }
    extension = {
        "name": "extension",
        "in": "path",
        "required": True,
        "description": "Định dạng / Format",
        "schema": {"type": "string", "examples": list(FORMATS_SHOWN)},
    }
    whole = {"200": _bytes("Tệp / The file"), "206": _bytes("Một phần của tệp / A part of the file")}
    return {
        "/datasets/{name}/releases/{number}/{file}": {
            "get": {
                "operationId": "downloadFile",
                "summary": "Tải tệp của một bản phát hành / Download a file of a release",
                "description": "Không bao giờ thay đổi; nhận Range và If-None-Match.\n\n"
                "Never changes; takes Range and If-None-Match.",
                "tags": ["downloads"],
                "parameters": [ref("parameters", "Name"), release, file],
                "responses": whole
                | {
                    "304": {"description": "Không đổi / Unchanged"},
                    "416": {"description": "Range nằm ngoài tệp / The range lies outside the file"},
                }
                | answers,
            }
        },
        "/datasets/{name}/latest/{file}": {
            "get": {
                "operationId": "downloadLatest",
                "summary": "Tải tệp của bản đang phục vụ / Download a file of the release that is served now",
                "description": "Như địa chỉ vĩnh viễn, hỏi lại sau một phút.\n\n"
                "As the permanent address, asked again after a minute.",
                "tags": ["downloads"],
                "parameters": [ref("parameters", "Name"), file],
                "responses": whole
                | {
                    "304": {"description": "Không đổi / Unchanged"},
                    "416": {"description": "Range nằm ngoài tệp / The range lies outside the file"},
                }
                | answers,
            }
        },
        "/api/v1/datasets/{name}/download.{extension}": {
            "get": {
                "operationId": "downloadServed",
                "summary": "Tải bản đang phục vụ / Download what is served now",
                "tags": ["downloads"],
                "parameters": [ref("parameters", "Name"), extension],
                "responses": {
                    "302": {
                        "description": "Địa chỉ của tệp / Address of the file",
                        "headers": {"Location": {"schema": {"type": "string", "format": "uri-reference"}}},
                    }
                }
                | answers,
            }
        },
    }


def _bytes(text: str) -> Json:
    return {"description": text, "content": {"application/octet-stream": {}}}
