"""The console (GraphiQL) for browsers, from our own files: nothing is asked of another server."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

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
const example = `# Liên Thông: Ctrl+Enter chạy truy vấn / runs the query
{
  __typename
  __schema { queryType { fields { name description } } }
}
`;
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


async def script(_: Request) -> Response:
    """The console's own script."""
    return Response(_SCRIPT, media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})
