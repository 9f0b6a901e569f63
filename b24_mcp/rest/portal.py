"""`Portal`: the one door to one Bitrix24 portal. Nothing reaches a portal any other way."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from b24_mcp.rest.answer import Answer, Format, Reply, read_answer
from b24_mcp.rest.batch import BatchAnswer, BatchRun
from b24_mcp.rest.commands import check_commands
from b24_mcp.rest.errors import B24Error, our_error
from b24_mcp.rest.method_name import check_method_name
from b24_mcp.rest.params import Params, check_params, json_body

if TYPE_CHECKING:
    from b24_mcp.rest.transport import Transport
    from b24_mcp.rest.webhook import Webhook

_LOG = logging.getLogger(__name__)
DEFAULT_SECONDS = 65.0
"""How long an answer may take: the portal ends a request after 60 s, so a shorter wait would give up too early."""


class Portal:
    """A portal opened by an incoming webhook. Connections are made at the first call and shared by all calls.

    `seconds` bounds the wait for an answer, `ca_bundle` names a file of further authorities, `app` is an ASGI
    application that plays the portal inside this process.
    """

    def __init__(
        self,
        webhook: Webhook,
        *,
        seconds: float = DEFAULT_SECONDS,
        ca_bundle: Path | None = None,
        app: Any = None,
    ) -> None:
        self._webhook = webhook
        self._seconds = seconds
        self._ca_bundle = ca_bundle
        self._app = app
        self._transport: Transport | None = None

    @property
    def host(self) -> str:
        """The portal's host name, fit to be shown."""
        return self._webhook.host

    async def call(self, method: str, params: Params | None = None, *, format: Format = "json") -> Answer:
        """Call one method, with named parameters or, for the positional `task.*` methods, a list.

        Raises:
            B24Error: whatever went wrong; `fault.executed` says whether the method may have run.
        """
        check_method_name(method)
        params = {} if params is None else params
        check_params(params, method)
        return await self._send(method, params, format)

    async def batch(
        self, commands: Mapping[str, Mapping[str, Any]], *, halt: bool = False, format: Format = "json"
    ) -> BatchAnswer:
        """Run named commands `{name: {"method": …, "params": …}}` in order, in as few requests as possible.

        With `halt` nothing runs after the first failed command. Every command is checked before any is sent.

        Raises:
            B24Error: when the commands themselves are wrong; nothing was sent. Failures of commands, and of whole
                requests, are in the answer.
        """
        return await BatchRun(check_commands(commands), halt=halt, format=format, send=self._send).run()

    async def aclose(self) -> None:
        """Close the connections; the portal can still be used and opens new ones."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def _send(self, method: str, params: Params, format: Format) -> Answer:
        """Send what was checked before. Every request to the portal passes here."""
        address = self._webhook.address_of(method, ".xml" if format == "xml" else "")
        started = time.perf_counter()
        outcome = "failed"
        try:
            reply = await self._connected().post(address, json_body(params), format)
            outcome = f"HTTP {reply.status}"
            self._refuse_redirect(reply)
            return read_answer(reply, method, format)
        except B24Error as exc:
            raise exc.of(method) from None
        finally:
            _LOG.debug("%s: %s in %.0f ms", method, outcome, (time.perf_counter() - started) * 1000)

    def _connected(self) -> Transport:
        if self._transport is None:
            # Imported at the first call: a server that only lists its tools needs no HTTP library.
            from b24_mcp.rest.transport import Transport

            self._transport = Transport(
                seconds=self._seconds,
                ca_bundle=self._ca_bundle,
                https=self._webhook.is_https,
                local=self._webhook.is_loopback,
                app=self._app,
            )
        return self._transport

    def _refuse_redirect(self, reply: Reply) -> None:
        """A portal never redirects a call it executes: it has moved, or its licence page answers for it."""
        if not 300 <= reply.status < 400:
            return
        try:
            host = urlsplit(reply.location).netloc.rpartition("@")[2]
        except ValueError:
            host = ""
        if not host or self._webhook.is_at(reply.location):
            raise our_error(
                "B24MCP_PORTAL_CLOSED",
                "The portal answers with a page of its own instead.",
                status=reply.status,
            )
        raise our_error("B24MCP_PORTAL_MOVED", f"The portal says that it is now at {host}.", status=reply.status)
