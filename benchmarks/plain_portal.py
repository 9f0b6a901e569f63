"""A portal that answers from memory, so that it is not the bottleneck of a measurement.

Each distinct request is answered once by a sandbox in this process, and then with the same bytes. Values that differ
between equal requests, such as a request id in the address, are ignored.
Usage: python -m benchmarks.plain_portal; it prints the address of a webhook as one line.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import httpx

from b24_sandbox import Sandbox

SECRET = "s3cretofthebenchmarks"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class PlainPortal:
    """A server of HTTP/1.1 with persistent connections. `answers` are the bodies by path and body of the request."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.answers: dict[tuple[str, bytes], bytes] = {}
        transport = httpx.ASGITransport(sandbox)
        self._sandbox = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection in turn."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, _, rest = head.decode("latin-1").partition("\r\n")
                path = line.split(" ")[1].partition("?")[0]
                headers = dict(part.lower().split(": ", 1) for part in rest.split("\r\n") if ": " in part)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                answer = await self.answer(path, body, headers.get("content-type", ""))
                writer.write(_HEAD % len(answer) + answer)
                await writer.drain()
        writer.close()

    async def answer(self, path: str, body: bytes, kind: str) -> bytes:
        """Return the body of the answer to a request, whose content type is `kind`."""
        return self.answers.get((path, body)) or await self._first(path, body, kind)

    async def _first(self, path: str, body: bytes, kind: str) -> bytes:
        response = await self._sandbox.post(path, content=body, headers={"content-type": kind})
        return self.answers.setdefault((path, body), response.content)


async def main() -> None:
    """Serve until the standard input ends."""
    sandbox = Sandbox(webhook=f"1/{SECRET}")
    server = await asyncio.start_server(PlainPortal(sandbox).serve, "127.0.0.1", 0, limit=1 << 22)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}/rest/1/{SECRET}/\n")
    sys.stdout.flush()
    async with server:
        await asyncio.to_thread(sys.stdin.read)
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
