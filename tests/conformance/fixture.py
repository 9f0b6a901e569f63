"""The tools, resources and prompts that the conformance suite expects of a server.

The suite defines their names and texts. Those that ask the client are in `elicitation`.
"""

from __future__ import annotations

import base64
from typing import TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    RequestParams,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextResourceContents,
    UnsubscribeRequestParams,
)

from tests.conformance import elicitation
from tests.conformance.elicitation import DESCRIPTION, text

T = TypeVar("T")
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_SILENCE = base64.b64encode(
    b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\0\0\0\0"
).decode()


def register(server: MCPServer[T]) -> None:
    """Add everything to a server."""
    _tools(server)
    _resources(server)
    _prompts(server)
    _older_methods(server)
    elicitation.register(server)


def _image() -> ImageContent:
    return ImageContent(type="image", data=_PIXEL, mime_type="image/png")


def _embedded(uri: str, said: str, mime_type: str = "text/plain") -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=said))


def _tools(server: MCPServer[T]) -> None:
    embedded = _embedded("test://embedded-resource", "This is an embedded resource content.")
    mixed = _embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
    contents: dict[str, list[ContentBlock]] = {
        "test_simple_text": [text("This is a simple text response for testing.")],
        "test_image_content": [_image()],
        "test_audio_content": [AudioContent(type="audio", data=_SILENCE, mime_type="audio/wav")],
        "test_embedded_resource": [embedded],
        "test_multiple_content_types": [text("Multiple content types test:"), _image(), mixed],
    }
    for name, content in contents.items():
        _tool_that_returns(server, name, content)

    @server.tool(description=DESCRIPTION)
    def test_error_handling() -> CallToolResult:
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool(description=DESCRIPTION)
    async def test_tool_with_logging(ctx: Context[object]) -> CallToolResult:
        for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(said)
        return CallToolResult(content=[text("Logging done")])

    @server.tool(description=DESCRIPTION)
    async def test_tool_with_progress(ctx: Context[object]) -> CallToolResult:
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100, str(done))
        return CallToolResult(content=[text("Progress done")])


def _tool_that_returns(server: MCPServer[T], name: str, content: list[ContentBlock]) -> None:
    def tool() -> CallToolResult:
        return CallToolResult(content=content)

    server.add_tool(tool, name=name, description=DESCRIPTION)


def _resources(server: MCPServer[T]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return base64.b64decode(_PIXEL)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> dict[str, object]:
        return {"id": id, "templateTest": True, "data": f"Data for ID: {id}"}

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        return "watched"


def _prompts(server: MCPServer[T]) -> None:
    @server.prompt(description=DESCRIPTION)
    def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description=DESCRIPTION)
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(description=DESCRIPTION)
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803  the suite's name
        embedded = _embedded(resourceUri, "Embedded resource content for testing.")
        return [UserMessage(embedded), UserMessage("Please process the embedded resource above.")]

    @server.prompt(description=DESCRIPTION)
    def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]


def _older_methods(server: MCPServer[T]) -> None:
    """Add methods of optional capabilities, which this server does not declare."""

    async def nothing(_: object, params: RequestParams) -> EmptyResult:
        return EmptyResult()

    methods: dict[str, type[RequestParams]] = {
        "logging/setLevel": SetLevelRequestParams,
        "resources/subscribe": SubscribeRequestParams,
        "resources/unsubscribe": UnsubscribeRequestParams,
    }
    for method, params in methods.items():
        server._lowlevel_server.add_request_handler(method, params, nothing)
