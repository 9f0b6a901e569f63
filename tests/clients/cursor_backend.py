"""An invented backend for Cursor's local agent on loopback. It speaks enough of the protocol to make it call tools.

The protocol is Connect over HTTP with protobuf messages. Source: measured behaviour of `@cursor/sdk` 1.0.32
(`agent.v1.AgentServerMessage`, `ExecServerMessage`, `McpArgs`). Other versions may use other field numbers.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.clients.protobuf import bytes_at, field, fields, plain
from tests.clients.script import Call

_TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4IiwiZXhwIjo0MTAyNDQ0ODAwfQ.x"
_SECONDS = 40
Tool = dict[str, str]


def cursor_backend(script: Sequence[Call]) -> Starlette:
    """Return the application. It follows the script in every run of the agent."""
    queues: defaultdict[str, asyncio.Queue[bytes]] = defaultdict(asyncio.Queue)

    async def post(request: Request) -> Response:
        body, path = await request.body(), request.url.path
        if path.endswith("exchange_user_api_key"):
            return JSONResponse({"accessToken": _TOKEN, "refreshToken": "x", "authId": "x"})
        if path.endswith("/RunSSE"):
            run = bytes_at(body[5:], 1).decode()
            return StreamingResponse(_run(script, queues[run]), media_type="application/connect+proto")
        if path.endswith("/BidiAppend"):
            run = bytes_at(body, 2, 1).decode()
            queues[run].put_nowait(bytes_at(body, 4) or bytes.fromhex(bytes_at(body, 1).decode()))
            return Response(b"", media_type="application/proto")
        kind = request.headers.get("content-type", "application/proto").split(";")[0]
        return Response(b"{}" if "json" in kind else b"", media_type=kind)

    async def get(_: Request) -> Response:
        one = {"id": "fake", "displayName": "Fake", "variants": [], "parameters": []}
        return JSONResponse({"items": [one], "models": []})

    return Starlette(routes=[Route("/{path:path}", post, methods=["POST"]), Route("/{path:path}", get)])


async def _run(script: Sequence[Call], queue: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    """Follow the script in one run: request each call from the agent, and repeat its answers at the end."""
    async with asyncio.timeout(_SECONDS):
        tools = _tools_in(await _next(queue, 1))
        if not any(call.tool in tools for call in script):
            yield _framed(field(2, field(1, 100) + field(15, "ctx") + field(10, b"")))
            tools |= _tools_in(await _next(queue, 2))
        said = []
        for number, call in enumerate(script):
            tool = tools.get(call.tool, {"name": call.tool, "provider": "", "tool": call.tool})
            yield _framed(_exec_request(number, tool, call.arguments))
            said.append(_result(bytes_at(await _next(queue, 2), 2, 11)))
    yield _framed(field(1, field(1, field(1, "FINAL " + "\n---\n".join(said)))))
    yield _framed(field(1, field(14, field(1, 10) + field(2, 5))))
    yield _framed(b"{}", 2)


async def _next(queue: asyncio.Queue[bytes], kind: int) -> bytes:
    """Return the next message of this kind. Other messages are skipped."""
    while True:
        message = await queue.get()
        if message and fields(message)[0][0] == kind:
            return message


def _exec_request(number: int, tool: Tool, arguments: Mapping[str, object]) -> bytes:
    values = b"".join(field(2, field(1, name) + field(2, plain(value))) for name, value in arguments.items())
    call = (
        field(1, tool["name"])
        + values
        + field(3, f"call-{number}")
        + field(4, tool["provider"])
        + field(5, tool["tool"])
        + field(8, True)
    )
    return field(2, field(1, number + 1) + field(15, f"exec-{number}") + field(11, call))


def _result(message: bytes) -> str:
    """Return the text of a result. Kind 1 comes from the server, errors included; other kinds are refusals."""
    kind = fields(message)[0][0] if message else 0
    if kind != 1:
        return f"REFUSED {kind}"
    content = fields(bytes_at(message, 1))
    parts = [bytes_at(part, 1, 1) for number, part in content if number == 1 and isinstance(part, bytes)]
    return "\n".join(part.decode("utf-8", "replace") for part in parts)


def _tools_in(message: bytes) -> dict[str, Tool]:
    """Return the tool definitions anywhere in a message: name in field 1, provider in 4, the tool's own name in 5."""
    found: dict[str, Tool] = {}
    try:
        parts = {number: value for number, value in fields(message) if isinstance(value, bytes)}
        inner = [value for _, value in fields(message) if isinstance(value, bytes) and len(value) > 8]
    except ValueError:
        return found
    if {1, 4, 5} <= set(parts):
        try:
            tool = {key: parts[number].decode() for key, number in (("name", 1), ("provider", 4), ("tool", 5))}
        except UnicodeDecodeError:
            tool = {"tool": ""}
        if re.fullmatch(r"[\w\-./:]{1,200}", tool["tool"]):
            found[tool["tool"]] = tool
    for part in inner:
        found = _tools_in(part) | found
    return found


def _framed(message: bytes, flag: int = 0) -> bytes:
    return struct.pack(">BI", flag, len(message)) + message
