"""The protocol server: tools and resources as the `mcp` package wants them. Imported only when it is needed."""

import logging
from collections.abc import Mapping
from typing import Any

import mcp_types as types
import orjson
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from lienthong.access import synthetic
from lienthong.access.services import Services
from lienthong.contract.odcs import export
from lienthong.kernel.problem import Problem
from lienthong.kernel.text import both
from lienthong.mcp.call import Call
from lienthong.mcp.tools import BY_NAME, INSTRUCTIONS, TOOLS
from lienthong.web.body import validated

log = logging.getLogger("lienthong.mcp")
CONTRACT = "lienthong://contracts/"
_HOUR = 3_600_000
Context = ServerRequestContext[Any, Any]


class Protocol:
    """The handlers of one server. `headers` are those of a process that speaks over its standard streams."""

    def __init__(self, services: Services, headers: Mapping[str, str] | None = None) -> None:
        self._services = services
        self._headers = headers

    def server(self, version: str) -> Server[Any]:
        """The server; read only, without sessions."""
        return Server(
            "lienthong",
            version=version,
            title="Liên Thông",
            instructions=INSTRUCTIONS,
            website_url=self._services.settings.public_url,
            on_list_tools=self._tools,
            on_call_tool=self._call,
            on_list_resources=self._resources,
            on_list_resource_templates=self._templates,
            on_read_resource=self._read,
        )

    async def _tools(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        tools = [
            types.Tool(
                name=tool.name,
                title=f"{tool.title.vi} / {tool.title.en}",
                description=tool.text,
                input_schema=tool.input_schema,
                output_schema=tool.output_schema,
                annotations=types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
            )
            for tool in TOOLS
        ]
        return types.ListToolsResult(tools=tools, ttl_ms=_HOUR, cache_scope="public")

    async def _call(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """The answer of a tool; what cannot be answered is told inside the result, so that the caller can mend it."""
        tool = BY_NAME.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"unknown tool {params.name}; there are {', '.join(BY_NAME)}")
        synthetic.begin()
        try:
            given = validated(params.arguments or {}, tool.takes)
            return _result(await tool.answers(self._calling(context), given))
        except Problem as problem:
            return _refused(problem)
        except Exception:
            log.exception("a tool failed: %s", tool.name)
            return _refused(Problem(both("Lỗi của hệ thống, đã được ghi lại", "Our own error; it has been noted")))

    def _calling(self, context: Context) -> Call:
        request = context.request
        headers = self._headers if self._headers is not None else dict(request.headers) if request is not None else {}
        return Call(self._services, headers)

    async def _resources(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        resources = [
            types.Resource(
                name=contract.slug,
                title=f"{contract.title.vi} / {contract.title.en}",
                uri=CONTRACT + contract.slug,
                description="Hợp đồng dữ liệu / Data contract (ODCS 3.1)",
                mime_type="application/json",
            )
            for contract in self._services.registry.contracts.values()
        ]
        return types.ListResourcesResult(resources=resources, ttl_ms=_HOUR, cache_scope="public")

    async def _templates(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            name="contract",
            title="Hợp đồng dữ liệu / Data contract",
            uri_template=CONTRACT + "{dataset}",
            mime_type="application/json",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template], ttl_ms=_HOUR, cache_scope="public")

    async def _read(self, _: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        if not params.uri.startswith(CONTRACT):
            raise MCPError(types.INVALID_PARAMS, f"unknown resource {params.uri}; contracts are {CONTRACT}<dataset>")
        try:
            contract = self._services.registry.get(params.uri.removeprefix(CONTRACT))
        except Problem as problem:
            raise MCPError(types.INVALID_PARAMS, problem.message("en")) from problem
        text = orjson.dumps(export(contract, self._services.registry), default=str).decode()
        held = types.TextResourceContents(uri=params.uri, mime_type="application/json", text=text)
        return types.ReadResourceResult(contents=[held], ttl_ms=_HOUR, cache_scope="public")


def _result(answer: dict[str, Any]) -> types.CallToolResult:
    text = orjson.dumps(answer, default=str)
    return types.CallToolResult(
        content=[types.TextContent(text=text.decode())], structured_content=orjson.loads(text), is_error=False
    )


def _refused(problem: Problem) -> types.CallToolResult:
    """A problem in both languages, with its place and the way out."""
    told = orjson.loads(orjson.dumps(problem.as_json("en"), default=str))
    text = f"{problem.message('vi')}\n{problem.message('en')}"
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=told, is_error=True)
