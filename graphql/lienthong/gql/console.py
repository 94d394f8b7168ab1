"""The console (GraphiQL) for browsers, from our own files: nothing is asked of another server."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from lienthong.contract.registry import Registry
from lienthong.gql.naming import named

Endpoint = Callable[[Request], Awaitable[Response]]

VENDOR = "/static/vendor"
_PAGE = f"""<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphQL · Liên Thông</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{VENDOR}/graphiql/graphiql.min.css">
<link rel="stylesheet" href="{VENDOR}/graphiql-explorer/style.css">
<style>body {{ margin: 0; overflow: hidden }} #console {{ height: 100vh }}</style>
</head>
<body>
<div id="console">Đang tải… / Loading…</div>
<script src="{VENDOR}/react/react.production.min.js"></script>
<script src="{VENDOR}/react-dom/react-dom.production.min.js"></script>
<script src="{VENDOR}/graphiql/graphiql.min.js"></script>
<script src="{VENDOR}/graphiql-explorer/index.umd.js"></script>
<script src="/graphql/console.js"></script>
</body>
</html>
"""
_SCRIPT = """"use strict";
const address = new URL(location.href);
const example = EXAMPLE;
function keep(query) {
  address.searchParams.set("query", query);
  history.replaceState(null, "", address);
}
const fetcher = GraphiQL.createFetcher({ url: "/graphql" });
const plugins = [GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false })];
ReactDOM.createRoot(document.getElementById("console")).render(
  React.createElement(GraphiQL, {
    fetcher,
    plugins,
    defaultQuery: example,
    query: address.searchParams.get("query") || undefined,
    onEditQuery: keep,
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  }),
);
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def console(request: Request) -> Response:
    """The page for browsers; a plain refusal for programs: queries come by POST."""
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse("POST application/json\n", 405, {"Allow": "POST"})
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})


def script(registry: Registry) -> Endpoint:
    """The console's own script, with a first query over a dataset that is there."""
    body = _SCRIPT.replace("EXAMPLE", json.dumps(example(registry), ensure_ascii=False))

    async def answer(_: Request) -> Response:
        return Response(body, media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})

    return answer


def example(registry: Registry) -> str:
    """A query to begin with: the first rows of an open dataset, its text fields first."""
    for names in named(registry).values():
        if names.contract.is_open:
            fields = sorted(names.fields, key=lambda name: not names.fields[name].search)
            shown = " ".join(f for f in fields if f not in names.records)[:60].rpartition(" ")[0]
            inner = f"{names.many}(first: 5) {{\n    totalCount\n    nodes {{ {shown} }}\n  }}"
            return f"# Ctrl+Enter: chạy truy vấn / run the query\n{{\n  {inner}\n}}\n"
    return "{ version }\n"
