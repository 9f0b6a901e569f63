"""The HTTP and HTTPS server of a sandbox on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from b24_sandbox.app import Sandbox

if TYPE_CHECKING:
    import contextlib

    from b24_sandbox.certificates import Certificates

_SECONDS_TO_FINISH = 10


async def serve(
    sandbox: Sandbox,
    host: str,
    port: int,
    ready: Callable[[str], None],
    *,
    tls: bool | Certificates = False,
) -> None:
    """Serve until cancelled or interrupted. `ready` gets the base address once the server listens.

    `port` 0 selects a free port. `tls`: issued certificates (`b24_sandbox.certificates.issue`), or `True` for new
    ones in a temporary folder that is deleted at the end. `Sandbox.ca` is the authority to trust.

    Raises:
        OSError: when the address is in use.
    """
    import contextlib

    with contextlib.ExitStack() as cleaning:
        certificates = tls if not isinstance(tls, bool) else None
        if tls is True:
            certificates = _temporary(sandbox, cleaning)
        sandbox.ca = None if certificates is None else certificates.ca
        await _serve(sandbox, host, port, ready, certificates)


def _temporary(sandbox: Sandbox, cleaning: contextlib.ExitStack) -> Certificates:
    import tempfile
    from pathlib import Path

    from b24_sandbox.certificates import issue

    folder = cleaning.enter_context(tempfile.TemporaryDirectory(prefix="b24-sandbox-"))
    return issue(Path(folder), () if sandbox.name is None else (sandbox.name,))


async def _serve(
    sandbox: Sandbox, host: str, port: int, ready: Callable[[str], None], certificates: Certificates | None
) -> None:
    import asyncio
    import socket

    import uvicorn  # a lazy import: it takes longer than the whole sandbox

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and not self.should_exit:
                scheme = "http" if certificates is None else "https"
                shown = f"[{host}]" if ":" in host else host
                ready(f"{scheme}://{shown}:{listener.getsockname()[1]}")

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=128) as listener:
        config = uvicorn.Config(
            sandbox,
            log_level="warning",
            lifespan="off",
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,  # a client may have closed the connection during a request
            ssl_certfile=None if certificates is None else str(certificates.certificate),
            ssl_keyfile=None if certificates is None else str(certificates.key),
        )
        server = Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True  # let running requests finish before the cancellation continues
            await serving
            raise
