"""Acting out a fault: refusing, waiting, and cutting connections, over a real socket or inside one process."""

import asyncio
from collections.abc import Awaitable, Callable

from b24_mcp.sandbox import answer
from b24_mcp.sandbox.faults import Fault
from b24_mcp.sandbox.messages import HttpRequest, Receive, Response, Send, start_message


async def broken(
    fault: Fault,
    received: HttpRequest,
    respond: Callable[[HttpRequest], Awaitable[Response]],
    receive: Receive,
    send: Send,
) -> Response | None:
    """What is to be sent, or ``None`` when the connection has been cut.

    Raises ``ConnectionResetError`` where there is no connection to cut (an ASGI application called in process): the
    caller is left without an answer just the same.
    """
    instead = fault.response(received)
    if instead is not None:
        return instead
    response = await respond(received) if fault.runs else None
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return response
    half = len(response.body) // 2 if response is not None and fault.kind == "truncated" else 0
    if half and response is not None:
        await send(start_message(response, answer.CORS_HEADERS))
        await send({"type": "http.response.body", "body": response.body[:half], "more_body": True})
    await _cut(receive, send)
    return None


async def _cut(receive: Receive, send: Send) -> None:
    """Close the client's connection under the server's hands, then wait until the server has noticed."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("the sandbox cut the connection")
    transport.close()  # what was written before is still sent
    while (await receive())["type"] != "http.disconnect":
        pass
