"""Injected faults in action: a refusal, a delay or a closed connection, over a socket or inside one process."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable

from b24_sandbox import answer, php
from b24_sandbox.faults import InjectedFault
from b24_sandbox.messages import HttpRequest, Receive, Response, Send, start_message
from b24_sandbox.php import Value

_STRAY_ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 18\r\n\r\n{"result":"stray"}'
)
# Calls that continue after their connection was closed. A task without a reference may be garbage-collected.
_WORKING: set[asyncio.Task[None]] = set()


async def apply_fault(
    fault: InjectedFault,
    received: HttpRequest,
    respond: Callable[[HttpRequest], Awaitable[Response]],
    receive: Receive,
    send: Send,
) -> Response | None:
    """Return the response to send, or `None` when the connection was closed.

    Raises:
        ConnectionResetError: when there is no connection to close (an ASGI application called in process). The caller
            gets no response either way.
    """
    instead = fault.response(received)
    if instead is not None:
        return instead
    if fault.kind == "cut_while_working":
        working = asyncio.create_task(_answer_later(fault.seconds, received, respond))
        _WORKING.add(working)
        working.add_done_callback(_WORKING.discard)
    response = await respond(received) if fault.runs else None
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return response
    if fault.kind == "keyed_lists" and response is not None:
        return dataclasses.replace(response, body=_keyed_lists(response.body))
    if fault.kind == "stray_bytes" and response is not None:
        await send(start_message(response, answer.CORS_HEADERS))
        await send({"type": "http.response.body", "body": response.body})
        transport = _transport(send)
        if transport is not None:
            transport.write(_STRAY_ANSWER)
        return None
    half = len(response.body) // 2 if response is not None and fault.kind == "truncated" else 0
    if half and response is not None:
        await send(start_message(response, answer.CORS_HEADERS))
        await send({"type": "http.response.body", "body": response.body[:half], "more_body": True})
    await _cut(receive, send)
    return None


def _keyed_lists(body: bytes) -> bytes:
    """The same answer with its lists of records, and those directly below the result, as objects by id."""
    answered = php.as_map(json.loads(body))
    result = answered.get("result")
    if isinstance(result, dict):
        answered["result"] = {name: _by_id(value) for name, value in result.items()}
    else:
        answered["result"] = _by_id(result)
    return php.json_text(answered).encode()


def _by_id(value: Value) -> Value:
    if not isinstance(value, list):
        return value
    records = [php.as_map(item) for item in value]
    numbers = [php.text(record.get("id", record.get("ID"))) for record in records]
    return dict(zip(numbers, records, strict=True)) if all(numbers) else value


async def _answer_later(
    seconds: float, received: HttpRequest, respond: Callable[[HttpRequest], Awaitable[Response]]
) -> None:
    await asyncio.sleep(seconds)
    await respond(received)


def _transport(send: Send) -> asyncio.Transport | None:
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    return transport if isinstance(transport, asyncio.Transport) else None


async def _cut(receive: Receive, send: Send) -> None:
    """Close the client's connection, then wait until the server has noticed."""
    transport = _transport(send)
    if transport is None:
        raise ConnectionResetError("the sandbox cut the connection")
    transport.close()  # data written before is still sent
    while (await receive())["type"] != "http.disconnect":
        pass
