"""Downloads as OpenAPI."""

from lienthong.kernel.problem import Gone, NotPermitted, TooCostly, Unauthenticated
from lienthong.rest.openapi.common import Json, answers, problem_answers, ref

_TEXT: Json = {"type": "string"}
FORMATS_SHOWN = ("csv", "plain.csv", "json", "jsonl", "parquet", "geojson", "gpkg", "pmtiles", "xlsx", "zip")


_NUMBER: Json = {
    "name": "number",
    "in": "path",
    "required": True,
    "description": "Số bản phát hành / Number of the release",
    "schema": {"type": "integer"},
}
_FILE: Json = {
    "name": "file",
    "in": "path",
    "required": True,
    "description": "Tên tệp / Name of the file: {name}.csv .plain.csv .json .jsonl .parquet .geojson .gpkg "
    ".pmtiles .xlsx, {name}-{number}.zip, datapackage.json, manifest.json; sau tên tệp văn bản / after a text: "
    ".gz .zst .br",
    "schema": _TEXT,
}
_EXTENSION: Json = {
    "name": "extension",
    "in": "path",
    "required": True,
    "description": "Định dạng / Format",
    "schema": {"type": "string", "examples": list(FORMATS_SHOWN)},
}


def paths() -> Json:
    """A file of a release, a file of what is served now, and the way from one to the other."""
    refusals = problem_answers(Unauthenticated, NotPermitted, TooCostly) | answers(Gone)
    return {
        "/datasets/{name}/releases/{number}/{file}": _file(
            "downloadFile",
            "Tải tệp của một bản phát hành / Download a file of a release",
            "Không bao giờ thay đổi; nhận Range và If-None-Match.\n\nNever changes; takes Range and If-None-Match.",
            [_NUMBER, _FILE],
        ),
        "/datasets/{name}/latest/{file}": _file(
            "downloadLatest",
            "Tải tệp của bản đang phục vụ / Download a file of the release that is served now",
            "Như địa chỉ vĩnh viễn, hỏi lại sau một phút.\n\nAs the permanent address, asked again after a minute.",
            [_FILE],
        ),
        "/api/v1/datasets/{name}/download.{extension}": {
            "get": {
                "operationId": "downloadServed",
                "summary": "Tải bản đang phục vụ / Download what is served now",
                "tags": ["downloads"],
                "parameters": [ref("parameters", "Name"), _EXTENSION],
                "responses": {
                    "302": {
                        "description": "Địa chỉ của tệp / Address of the file",
                        "headers": {"Location": {"schema": {"type": "string", "format": "uri-reference"}}},
                    }
                }
                | refusals,
            }
        },
    }


def _file(operation: str, summary: str, description: str, parameters: list[Json]) -> Json:
    given = {
        "200": _bytes("Tệp / The file"),
        "206": _bytes("Một phần của tệp / A part of the file"),
        "304": {"description": "Không đổi / Unchanged"},
        "416": {"description": "Range nằm ngoài tệp / The range lies outside the file"},
    }
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "description": description,
            "tags": ["downloads"],
            "parameters": [ref("parameters", "Name"), *parameters],
            "responses": given | problem_answers(Unauthenticated, NotPermitted, TooCostly) | answers(Gone),
        }
    }


def _bytes(text: str) -> Json:
    return {"description": text, "content": {"application/octet-stream": {}}}
