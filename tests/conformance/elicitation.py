"""The part of the fixture in which a call asks the client: within the call, or in rounds since protocol 2026-07-28."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequest,
    InputRequiredResult,
    InputResponse,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel, Field

DESCRIPTION = "For the conformance suite"

T = TypeVar("T")
Ask = Callable[[], InputRequest]


def text(said: str) -> TextContent:
    """Return a block of text."""
    return TextContent(type="text", text=said)


def register(server: MCPServer[T]) -> None:
    """Add the tools and prompts that ask the client."""
    _within_the_call(server)
    _in_one_round(server)
    _in_several_rounds(server)
    _by_capability(server)


# --- Within the call -------------------------------------------------------------------------------------------------


class User(BaseModel):
    """A form without defaults."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class Defaults(BaseModel):
    """A form with a default of each type."""

    name: str = Field("John Doe", description="User name")
    age: int = Field(30, description="User age")
    score: float = Field(95.5, description="User score")
    status: Literal["active", "inactive", "pending"] = Field("active", description="User status")
    verified: bool = Field(True, description="Verification status")


def _titled(word: str) -> list[dict[str, str]]:
    ordinals = ("First", "Second", "Third")
    return [{"const": f"value{number}", "title": f"{nth} {word}"} for number, nth in enumerate(ordinals, 1)]


_OPTIONS = ["option1", "option2", "option3"]
_LEGACY = {"enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]}
_ENUMS: dict[str, object] = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": _OPTIONS},
        "titledSingle": {"type": "string", "oneOf": _titled("Option")},
        "legacyEnum": {"type": "string"} | _LEGACY,
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
        "titledMulti": {"type": "array", "items": {"anyOf": _titled("Choice")}},
    },
    "required": [],
}


def _within_the_call(server: MCPServer[T]) -> None:
    # The requests use the stream of the call: the server opens no other stream.

    @server.tool(description=DESCRIPTION)
    async def test_sampling(prompt: str, ctx: Context[object]) -> CallToolResult:
        asked = [SamplingMessage(role="user", content=text(prompt))]
        said = await ctx.session.create_message(messages=asked, max_tokens=100, related_request_id=ctx.request_id)
        return CallToolResult(content=[text(f"LLM response: {getattr(said.content, 'text', said.content)}")])

    @server.tool(description=DESCRIPTION)
    async def test_elicitation(message: str, ctx: Context[object]) -> CallToolResult:
        said = await ctx.elicit(message=message, schema=User)
        return CallToolResult(content=[text(f"User response: {said.action}, {getattr(said, 'data', None)}")])

    @server.tool(description=DESCRIPTION)
    async def test_elicitation_sep1034_defaults(ctx: Context[object]) -> CallToolResult:
        said = await ctx.elicit(message="Defaults", schema=Defaults)
        return CallToolResult(content=[text(f"Elicitation completed: {said.action}, {getattr(said, 'data', None)}")])

    @server.tool(description=DESCRIPTION)
    async def test_elicitation_sep1330_enums(ctx: Context[object]) -> CallToolResult:
        said = await ctx.session.elicit_form("Enums", _ENUMS, related_request_id=ctx.request_id)
        return CallToolResult(content=[text(f"Elicitation completed: {said.action}, {said.content}")])


# --- In rounds ------------------------------------------------------------------------------------------------------


def _form(message: str, field: str, kind: str = "string") -> InputRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    params = ElicitRequestFormParams(message=message, requested_schema=schema)
    return ElicitRequest(method="elicitation/create", params=params)


def _sampling(said: str) -> InputRequest:
    messages = [SamplingMessage(role="user", content=text(said))]
    params = CreateMessageRequestParams(messages=messages, max_tokens=100)
    return CreateMessageRequest(method="sampling/createMessage", params=params)


def _roots() -> InputRequest:
    return ListRootsRequest(method="roots/list")


def _name() -> InputRequest:
    return _form("What is your name?", "name")


def _confirm() -> InputRequest:
    return _form("Please confirm", "ok", "boolean")


def _done(said: str, answers: Mapping[str, InputResponse] | None) -> CallToolResult:
    shown = {name: answer.model_dump() for name, answer in (answers or {}).items()}
    return CallToolResult(content=[text(f"{said} {shown}")])


def _in_one_round(server: MCPServer[T]) -> None:
    everything: dict[str, Ask] = {
        "user_name": _name,
        "greeting": lambda: _sampling("Generate a greeting"),
        "client_roots": _roots,
    }
    capital: dict[str, Ask] = {"capital_question": lambda: _sampling("What is the capital of France?")}
    _asks_once(server, "elicitation", {"user_name": _name}, "Hello,")
    _asks_once(server, "sampling", capital, "It is")
    _asks_once(server, "list_roots", {"client_roots": _roots}, "The roots are")
    _asks_once(server, "request_state", {"confirm": _confirm}, "state-ok", "state-1")
    _asks_once(server, "tampered_state", {"confirm": _confirm}, "state-ok", "state-1")
    _asks_once(server, "multiple_inputs", everything, "All of it:", "state-1")


def _asks_once(
    server: MCPServer[T], name: str, requests: Mapping[str, Ask], said: str, state: str | None = None
) -> None:
    async def tool(ctx: Context[object]) -> CallToolResult | InputRequiredResult:
        answers = ctx.input_responses or {}
        if all(wanted in answers for wanted in requests):
            return _done(said, answers)
        return InputRequiredResult(input_requests={key: ask() for key, ask in requests.items()}, request_state=state)

    server.add_tool(tool, name=f"test_input_required_result_{name}", description=DESCRIPTION)


def _in_several_rounds(server: MCPServer[T]) -> None:
    @server.tool(description=DESCRIPTION)
    async def test_input_required_result_multi_round(ctx: Context[object]) -> CallToolResult | InputRequiredResult:
        answers = ctx.input_responses or {}
        if "step2" in answers:
            return _done("done", answers)
        if "step1" in answers:
            color = _form("Step 2: What is your favorite color?", "color")
            return InputRequiredResult(input_requests={"step2": color}, request_state="round-2")
        name = _form("Step 1: What is your name?", "name")
        return InputRequiredResult(input_requests={"step1": name}, request_state="round-1")

    @server.prompt(description=DESCRIPTION)
    async def test_input_required_result_prompt(ctx: Context[object]) -> list[UserMessage] | InputRequiredResult:
        answers = ctx.input_responses or {}
        if "user_context" not in answers:
            context = _form("What context should the prompt use?", "context")
            return InputRequiredResult(input_requests={"user_context": context})
        return [UserMessage(*_done("context", answers).content)]


def _by_capability(server: MCPServer[T]) -> None:
    @server.tool(description=DESCRIPTION)
    async def test_input_required_result_capabilities(ctx: Context[object]) -> CallToolResult | InputRequiredResult:
        able = ctx.client_capabilities
        if ctx.input_responses or able is None:
            return _done("asked", ctx.input_responses)
        requests: dict[str, InputRequest] = {}
        if able.sampling is not None:
            requests["sampled"] = _sampling("Say hello")
        if able.elicitation is not None:
            requests["named"] = _name()
        return InputRequiredResult(input_requests=requests) if requests else _done("nothing to ask with", None)

    @server.tool(description=DESCRIPTION)
    async def test_missing_capability(ctx: Context[object]) -> CallToolResult:
        able = ctx.client_capabilities
        if able is None or able.sampling is None:
            missing: dict[str, object] = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "sampling is needed", missing)
        return _done("can sample", None)
