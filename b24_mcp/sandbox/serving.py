"""Serving a sandbox over HTTP on this machine."""

from collections.abc import Callable

from b24_mcp.sandbox.app import Sandbox


async def serve(sandbox: Sandbox, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until cancelled or interrupted; ``ready`` gets the base address once it really listens.

    ``port`` 0 takes a free one. Raises ``OSError`` when the address is taken.
    """
    import asyncio
    import socket

    import uvicorn  # only here: importing it costs more than the whole sandbox

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and not self.should_exit:
                shown = f"[{host}]" if ":" in host else host
                ready(f"http://{shown}:{listener.getsockname()[1]}")

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=128) as listener:
        server = Server(uvicorn.Config(sandbox, log_level="warning", lifespan="off", access_log=False, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True  # let requests under way finish before the cancellation goes on
            await serving
            raise
