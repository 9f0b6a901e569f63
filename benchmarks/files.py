"""Measures large files in and out: seconds, and the memory of the client, which must stay flat.

`python -m benchmarks.files [MEGABYTES]`, 2048 by default. The portal of the measurement runs in a process of its own.
It discards what it receives and invents what it sends. The disk needs as much room once.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

MEGABYTE = 1 << 20
_LARGEST_GROWTH = 64
_PIECE = b"\0" * MEGABYTE


async def _head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = raw.strip().split("\r\n")
    return first, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def _portal(ready: Connection, size: int) -> None:
    """Serve one portal that knows uploads and one file of `size` bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, headers = await _head(reader)
        left = int(headers.get("content-length", 0))
        received = left
        while left:
            left -= len(await reader.read(min(left, 4 * MEGABYTE)) or b"\0" * left)
        base = f"http://{headers['host']}/rest/1/benchmarksecret"
        if first.startswith("GET"):
            head = f"HTTP/1.1 200 OK\r\nContent-Disposition: attachment\r\nContent-Length: {size}\r\n\r\n"
            writer.write(head.encode())
            for _ in range(size // MEGABYTE):
                writer.write(_PIECE)
                await writer.drain()
        else:
            result = f'{{"ID":"1","NAME":"big.bin","SIZE":"{size}","RECEIVED":{received},'
            result += f'"DOWNLOAD_URL":"{base}/download/?token=disk"}}'
            if "uploadFile" in first and received < 1000:
                result = f'{{"field":"file","uploadUrl":"{base}/upload/?token=disk"}}'
            body = f'{{"result":{result}}}'
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write((head + body).encode())
        await writer.drain()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=4 * MEGABYTE)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@asynccontextmanager
async def _client(folder: Path, port: int) -> AsyncIterator[Any]:
    """Yield a function that calls a tool on this portal."""
    import json

    from mcp import Client

    from b24_mcp.secrets import Redactor
    from b24_mcp.server.mcp_server import build_server

    settings = {
        "B24_WEBHOOK_URL": f"http://127.0.0.1:{port}/rest/1/benchmarksecret/",
        "B24_STATE": str(folder / "state.db"),
        "B24_CONFIG": str(folder / "portals.toml"),
        "B24_DATA_DIR": str(folder / "data"),
        "B24_FILES_DIR": str(folder),
        "B24_AUDIT": "off",
        "B24_PLAN": "none",
    }
    with mock.patch.dict(os.environ, settings):
        async with Client(build_server(Redactor()), read_timeout_seconds=3600) as client:

            async def call(tool: str, **arguments: Any) -> Any:
                answer = json.loads(getattr((await client.call_tool(tool, arguments)).content[0], "text", ""))
                assert answer["ok"], answer
                return answer

            yield call


def _memory() -> float:
    """Return the largest memory of this process so far in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(folder: Path, port: int, megabytes: int) -> float:
    """Print the measurements, and return by how many megabytes the memory grew."""
    size = megabytes * MEGABYTE
    for name, length in (("small.bin", MEGABYTE), ("big.bin", size), ("inline.bin", size // 2)):
        with (folder / name).open("wb") as file:
            file.truncate(length)
    expected = hashlib.sha256()
    for _ in range(megabytes):
        expected.update(_PIECE)
    async with _client(folder, port) as call:
        await call("call_method", method="disk.folder.uploadfile", params=_upload("small.bin"))
        before = _memory()
        upload = call("call_method", method="disk.folder.uploadfile", params=_upload("big.bin"))
        await _timed("upload to an address", size, upload)
        comment = {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "x", "FILES": [{"$file": "inline.bin"}]}
        within = call("call_method", method="crm.timeline.comment.add", params={"fields": comment})
        await _timed("inside a request, in base64", size // 2, within)
        (folder / "big.bin").unlink()
        got = await _timed("download", size, call("download_file", source="disk 1", path="got.bin"))
        assert got["sha256"] == expected.hexdigest()
    grown = _memory() - before
    print(f"memory: {before:.0f} MB before, {grown:.0f} MB more at most")
    return grown


def _upload(name: str) -> dict[str, object]:
    return {"id": 1, "data": {"NAME": name}, "fileContent": {"$file": name}}


async def _timed(what: str, size: int, running: Any) -> Any:
    began = time.perf_counter()
    answer = await running
    seconds = time.perf_counter() - began
    print(f"{what}: {size / MEGABYTE:.0f} MB in {seconds:.1f} s, {size / MEGABYTE / seconds:.0f} MB/s", flush=True)
    return answer


def main(megabytes: int) -> int:
    """Run the measurement, and return 1 when the memory grew too much."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_portal, args=(there, megabytes * MEGABYTE), daemon=True)
    process.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            grown = asyncio.run(measure(Path(folder), here.recv(), megabytes))
    finally:
        process.kill()
    return int(grown > _LARGEST_GROWTH)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2048))
