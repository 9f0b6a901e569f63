"""Tools made of functions: a small schema, no unknown arguments, and every result and failure in one form.

Only this module uses a part of the SDK that is not stable (`fn_metadata.arg_model`). The snapshot of the tool list in
the tests shows when an update changes it.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from anyio.to_thread import run_sync
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import PrivateAttr, ValidationError

from b24_mcp.access import Caller, os_user
from b24_mcp.access.caller import CALLER, level_of, portals_of
from b24_mcp.app.answers.forms import Form, failure_form
from b24_mcp.app.answers.reply import Reply, write
from b24_mcp.app.app import App
from b24_mcp.app.fault_counts import count_failure
from b24_mcp.catalog import RepeatedNameError, read_json_text
from b24_mcp.errors import B24Error, FieldProblem, our_error
from b24_mcp.server.elicitation import InputRequired
from b24_mcp.server.given import ArgumentReader, is_nothing
from b24_mcp.server.offer import EVERYTHING, Offer
from b24_mcp.server.offering import address_offer, check_offered

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken
    from pydantic_core import ErrorDetails

_LOG = logging.getLogger(__name__)

LOCAL_CALLER = "local"
"""The name of the caller of an HTTP server on loopback that requires no token."""
_LONGEST_CLIENT = 80

_PROBLEMS_SHOWN = 10
_PLAIN_WORDS = {
    "extra_forbidden": "there is no such argument",
    "missing": "is required but missing",
    "dict_type": "must be an object",
    "model_type": "must be an object with method and optional params",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


class FormalTool(Tool):
    """A tool whose function returns a `Reply`. Failures, from wrong arguments to defects, become replies as well."""

    _reader: ArgumentReader = PrivateAttr()

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Run the tool and return a `CallToolResult`, or the question that the user has to answer first."""
        app: App = context.request_context.lifespan_context
        try:
            check_offered(self.name, context.request_context.request)
            given = self._reader.read(arguments)
            token = CALLER.set(caller_of(context))
            try:
                reply = await super().run(given, context)
            finally:
                CALLER.reset(token)
        except B24Error as exc:
            reply = Reply(failure_form(exc))
        except ToolError as exc:
            cause = exc.__cause__ or exc
            if isinstance(cause, InputRequired):
                return cause.result
            error = _as_b24_error(cause, self._reader)
            if error.fault.kind == "internal":
                _LOG.error("Tool %s failed unexpectedly", self.name, exc_info=cause)
            reply = Reply(failure_form(error))
        if not reply.ok:
            app.background.start_soon(_count, reply.form)
        try:
            return await _result(reply, app)
        except Exception:  # its message may hold the answer, which was not redacted
            _LOG.exception("The answer of tool %s could not be written", self.name)
            return await _result(Reply(failure_form(_internal())), app)


async def _count(form: Form) -> None:
    await run_sync(count_failure, form)


async def _result(reply: Reply, app: App) -> CallToolResult:
    """Return the result of a tool: one block of text, since every client shows that to its model."""
    text = await write(reply, app.redactor, app.long_answers)
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=not reply.ok)


def make_tool(function: Callable[..., Awaitable[Reply]], *, title: str, annotations: ToolAnnotations) -> FormalTool:
    """Return the tool of a function that returns a `Reply`; its docstring becomes the description."""
    tool = FormalTool.from_function(
        function,
        title=title,
        description=inspect.cleandoc(function.__doc__ or ""),
        annotations=annotations,
        structured_output=False,
    )
    assert isinstance(tool, FormalTool)
    model = tool.fn_metadata.arg_model
    model.model_config = {**model.model_config, "extra": "forbid"}
    for field in model.model_fields.values():
        field.annotation = _without_none(field.annotation)  # not given is left out before the validation
    model.model_rebuild(force=True)
    schema = model.model_json_schema(by_alias=True)
    tool._reader = ArgumentReader(schema)
    tool.parameters = _lean_object(schema, schema.get("$defs", {})) | {"type": "object"}
    return tool


def _without_none(annotation: Any) -> Any:
    """Return the type of an optional argument, so that messages do not speak of `None`."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    types = [one for one in get_args(annotation) if one is not NoneType and get_args(one)[:1] != (NoneType,)]
    return Union[tuple(types)]  # noqa: UP007  # the members are known at run time only


def name_portals(tool: Tool, names: Sequence[str]) -> Tool:
    """Set the allowed values of the argument `portal`, the default first. With one portal, remove the argument."""
    properties = tool.parameters.get("properties", {})
    if len(names) < 2:
        properties.pop("portal", None)
    elif "portal" in properties:
        properties["portal"] = {
            "type": "string",
            "enum": list(names),
            "description": f"Which portal. Default {names[0]}",
        }
    return tool


async def read_arguments(ctx: ServerRequestContext[App, Any], call_next: CallNext) -> HandlerResult:
    """Middleware that reads the arguments of a tool that a client sends as JSON text, before the SDK refuses them."""
    arguments = ctx.params.get("arguments") if ctx.method == "tools/call" and ctx.params else None
    if isinstance(arguments, str) and ctx.params is not None:
        try:
            read = {} if is_nothing(arguments) else read_json_text(arguments)
        except RepeatedNameError:
            read = None
        if isinstance(read, dict):
            ctx = replace(ctx, params={**ctx.params, "arguments": read})
    return await call_next(ctx)


def _as_b24_error(cause: BaseException, reader: ArgumentReader) -> B24Error:
    match cause:
        case B24Error():
            return cause
        case ValidationError():
            problems = [
                FieldProblem(".".join(map(str, problem["loc"])), _in_plain_words(problem, reader))
                for problem in cause.errors(include_input=False, include_url=False, include_context=False)
            ][:_PROBLEMS_SHOWN]
            said = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
            return our_error("B24MCP_ARGUMENTS", f"The arguments do not fit: {said}.", validation=problems)
        case _:
            return _internal()


def _internal() -> B24Error:
    return our_error("B24MCP_INTERNAL", "b24-mcp failed while it handled this call.")


def _in_plain_words(problem: ErrorDetails, reader: ArgumentReader) -> str:
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        return reader.help_with(str(problem["loc"][0]))
    if problem["type"] == "extra_forbidden":
        return "does not belong here, parameters of the method belong into params"
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return _PLAIN_WORDS.get(problem["type"], message)


def _lean(schema: object, definitions: Mapping[str, object], *, are_names: bool = False) -> object:
    """Return a schema without titles, references, defaults and the refusal of other properties.

    Titles say nothing to a model. Some hosts refuse a default, others drop it, so the description states it. The
    description of a nested object is left out as well: it is the docstring of a class.

    `are_names` is true inside `properties`, where a key such as `title` is the name of a parameter.
    """
    if isinstance(schema, list):
        return [_lean(entry, definitions) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        definition = definitions[schema["$ref"].rpartition("/")[2]]
        assert isinstance(definition, dict)
        return _lean({key: value for key, value in definition.items() if key != "description"}, definitions)
    return _lean_object(schema, definitions, are_names=are_names)


def _lean_object(
    schema: Mapping[str, object], definitions: Mapping[str, object], *, are_names: bool = False
) -> dict[str, object]:
    return {
        key: _lean(value, definitions, are_names=not are_names and key == "properties")
        for key, value in schema.items()
        if are_names or not (key in ("title", "$defs", "default") or (key == "additionalProperties" and value is False))
    }


def caller_of(ctx: Context[App]) -> Caller:
    """Return the caller. Over HTTP only the verified token counts, because clients choose their headers.

    The address of the request can narrow the rights of the caller.
    """
    token = get_access_token()
    if token is not None:
        caller = _caller_of_token(token, ctx)
    else:
        over_http = ctx.headers is not None
        caller = Caller(LOCAL_CALLER if over_http else os_user(), _client_of(ctx))
    return address_offer(ctx.request_context.request).caller(caller)


def _caller_of_token(token: AccessToken, ctx: Context[App]) -> Caller:
    return Caller(
        name=token.subject or token.client_id,
        client=_granted_client(token) if token.subject else _client_of(ctx),
        level=level_of(token.scopes) or "read",
        portals=portals_of(token.scopes),
        # The shared token of all clients has no issuer.
        is_identified=token.subject is not None or "iss" in (token.claims or {}),
        is_program=token.subject is None,
    )


def rights_of_token() -> Offer:
    """Return the rights that the verified token of the running request has; everything without a token."""
    token = get_access_token()
    if token is None:
        return EVERYTHING
    portals = portals_of(token.scopes)
    return Offer(level_of(token.scopes) or "read", None if portals is None else tuple(sorted(portals)))


def _granted_client(token: AccessToken) -> str:
    """Return the name of the client that a person gave a token, or its id when it has no name."""
    name = (token.claims or {}).get("client_name")
    return (_shown(name) if isinstance(name, str) else "") or token.client_id


def _client_of(ctx: Context[App]) -> str:
    """Return the name and version of the client; empty if it sends none, as older clients without a session."""
    params = ctx.session.client_params
    return "" if params is None else _shown(f"{params.client_info.name} {params.client_info.version}")


def _shown(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()[:_LONGEST_CLIENT]
