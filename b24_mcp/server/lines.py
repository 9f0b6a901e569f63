"""The messages of stdio, one per line. A line of the client that is not a valid message is answered with an error.

The SDK ignores such lines, and the client would wait until its timeout. Source: JSON-RPC 2.0, 5.1; the transport stdio
of MCP.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import Self

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from b24_mcp.server.pipes import Output

Answer = Callable[[JSONRPCError], Awaitable[None]]
"""Sends an error to the client."""

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{}\[\]:,]|[^\s"{}\[\]:,]++', re.DOTALL)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class ClientMessages:
    """The messages of a client, as the SDK reads them. A line that is not a message is answered when it is read."""

    def __init__(self, lines: AsyncIterable[bytes], answer: Answer) -> None:
        self._lines = lines
        self._answer = answer
        self._messages = self._valid()

    async def receive(self) -> SessionMessage:
        """Return the next message.

        Raises:
            anyio.EndOfStream: the client has closed its side.
        """
        try:
            return await anext(self)
        except StopAsyncIteration:
            raise anyio.EndOfStream from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        return await anext(self._messages)

    async def aclose(self) -> None:
        """Stop reading."""
        await self._messages.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _valid(self) -> AsyncGenerator[SessionMessage]:
        async for line in self._lines:
            line = line.removeprefix(codecs.BOM_UTF8).strip()
            if not line:
                continue
            try:
                message = checked(line)
            except _BrokenLineError as exc:
                await self._answer(exc.answer)
            else:
                yield SessionMessage(message)


class ServerMessages:
    """The messages to a client, as the SDK writes them. Each is one line of `output`."""

    def __init__(self, output: Output, on_lost: Callable[[], None]) -> None:
        self._output = output
        self._on_lost = on_lost

    async def send(self, item: SessionMessage, /) -> None:
        """Write one message. `on_lost` is called when the client has closed its side.

        Raises:
            anyio.BrokenResourceError: the client has closed its side.
        """
        line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        try:
            await self._output.write(line.encode() + b"\n")
        except OSError:
            self._on_lost()
            raise anyio.BrokenResourceError from None

    async def aclose(self) -> None:
        """Do nothing: stdout ends with the process."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def checked(line: bytes) -> JSONRPCMessage:
    """Return the message in a line.

    Raises:
        _BrokenLineError: the line is not a valid message. The exception has the answer.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise _broken(line, PARSE_ERROR, f"the line is not valid UTF-8 (byte {exc.start})") from None
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        if problem["type"] == "json_invalid":
            raise _broken(line, PARSE_ERROR, f"the line is not valid JSON ({problem['msg']})") from None
        reason = "it is not a request, a notification or a response of JSON-RPC 2.0"
        raise _broken(line, INVALID_REQUEST, reason) from None
    if isinstance(message, JSONRPCNotification) and '"id"' in text and _has_id(text):
        raise _broken(line, INVALID_REQUEST, "the id of a request is a text or a whole number")
    return message


class _BrokenLineError(Exception):
    """A line that is not a valid message, with the answer to it."""

    def __init__(self, answer: JSONRPCError) -> None:
        super().__init__(answer.error.message)
        self.answer = answer


def _broken(line: bytes, code: int, reason: str) -> _BrokenLineError:
    title = "Parse error" if code == PARSE_ERROR else "Invalid request"
    error = ErrorData(code=code, message=f"{title}: {reason}. Nothing was executed.")
    return _BrokenLineError(JSONRPCError(jsonrpc="2.0", id=readable_id(line.decode("utf-8", "replace")), error=error))


def _has_id(text: str) -> bool:
    """Whether a valid message has an id."""
    message = json.loads(text)
    return isinstance(message, dict) and "id" in message


def readable_id(text: str) -> RequestId | None:
    """Return the id of a request in a text that may not be valid JSON; None when it cannot be read.

    The id of a response is not returned: it belongs to a request of the server.
    """
    depth = 0
    found: RequestId | None = None
    before, name = "", ""
    for match in _TOKEN.finditer(text):
        part = match[0]
        if depth == 1 and before == ":" and name == '"id"' and found is None:
            found = _as_id(part)
        if depth == 1 and part == ":":
            name = before
            if name in ('"result"', '"error"'):
                return None
        depth += (part in ("{", "[")) - (part in ("}", "]"))
        before = part
    return found if text.startswith("{") else None


def _as_id(part: str) -> RequestId | None:
    if _WHOLE_NUMBER.fullmatch(part):
        return int(part)
    try:
        value = json.loads(part)
    except ValueError:
        return None
    # Half of a surrogate pair cannot be sent back.
    return value if isinstance(value, str) and value.isprintable() else None
