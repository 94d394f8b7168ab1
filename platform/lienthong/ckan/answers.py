"""Answers on the wire: the envelope, JSONP, pages for what is no action."""

import html
from typing import Any

import orjson
from starlette.responses import HTMLResponse, Response

from lienthong.ckan.call import Raw, Told
from lienthong.ckan.errors import BadRequest, Refusal, translated
from lienthong.kernel.text import Language

JSON = "application/json;charset=utf-8"
SCRIPT = "application/javascript;charset=utf-8"
OPEN = {
    "Cache-Control": "public, max-age=0, must-revalidate",
    "Vary": "Cookie, Authorization, X-CKAN-API-Key",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}
COME_AGAIN = 5  # seconds after which whoever found the server busy may ask again
OWN = OPEN | {"Cache-Control": "private, no-store"}
OPTIONS = {
    "Allow": "HEAD, POST, GET, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "HEAD, POST, GET, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-CKAN-API-Key",
}
_PAGES = {
    400: ("Yêu cầu không hợp lệ", "Bad request"),
    403: ("Không được phép", "Not permitted"),
    404: ("Không tìm thấy", "Not found"),
    405: ("Phương thức không được dùng", "Method not allowed"),
    409: ("Truy vấn không hợp lệ", "Invalid query"),
    413: ("Yêu cầu quá lớn", "Request too large"),
    415: ("Kiểu nội dung không được dùng", "Unsupported media type"),
    429: ("Vượt ngân sách truy vấn", "Over budget"),
    500: ("Lỗi hệ thống", "Internal error"),
    503: ("Tạm thời không phục vụ", "Unavailable"),
}


def success(help_: str, result: Any, callback: str | None, *, own: bool) -> Response:
    """The envelope around a result; `own`: it is the caller's alone. `callback` makes it JSONP."""
    beside = b""
    if isinstance(result, Told):
        beside = b"," + orjson.dumps(result.beside)[1:-1]
        result = result.result
    inner = result.body if isinstance(result, Raw) else orjson.dumps(result)
    receipt = {"Lienthong-Receipt": result.receipt} if isinstance(result, Raw) and result.receipt else {}
    # Copied once: what it holds can be large.
    body = b"".join((b'{"help":', orjson.dumps(help_), b',"success":true,"result":', inner, beside, b"}"))
    headers = OWN | receipt if own else OPEN
    if callback is None:
        return Response(body, headers=headers, media_type=JSON)
    return Response(html.escape(callback).encode() + b"(" + body + b");", headers=headers, media_type=SCRIPT)


def refused(help_: str, refusal: Refusal, told: Language) -> Response:
    """The envelope around an error."""
    error = translated(refusal.error) if told == "vi" else refusal.error
    body = orjson.dumps({"help": help_, "error": error, "success": False}, default=str, option=orjson.OPT_NON_STR_KEYS)
    headers = OWN | {"Retry-After": str(COME_AGAIN)} if refusal.status == 503 else OWN
    return Response(body, refusal.status, headers, JSON)


def bad(error: BadRequest) -> Response:
    """400 with a JSON text."""
    return json(f"Bad request: {error}", 400)


def json(value: Any, status: int = 200) -> Response:
    """A plain JSON value."""
    return Response(orjson.dumps(value, default=str), status, OPEN, JSON)


def page(status: int) -> Response:
    """A small page for what is no action."""
    vi, en = _PAGES.get(status, _PAGES[500])
    body = f"<!doctype html><html lang=vi><meta charset=utf-8><title>{status} {vi}</title><h1>{vi}</h1><p lang=en>{en}"
    headers = {"Cache-Control": "private", "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(body, status, headers | ({"Allow": OPTIONS["Allow"]} if status == 405 else {}))
