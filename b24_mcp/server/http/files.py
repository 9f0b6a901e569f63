"""Uploads and downloads under the addresses of `b24_mcp.app.files.exchange`: a raw PUT, a page, a raw GET."""

from __future__ import annotations

import html
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import BinaryIO
from urllib.parse import quote

import anyio
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from b24_mcp.app.files.exchange import FILES_PATH, FileExchange, FileTicket
from b24_mcp.errors import B24Error
from b24_mcp.server.http.options import PATH
from b24_mcp.storage.existing_file import open_existing
from b24_mcp.storage.new_file import DraftFile, draft_file

_LOG = logging.getLogger(__name__)
_LONGEST_TOKEN = 200
_PIECE = 1 << 18
_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}


def file_routes(exchange: FileExchange) -> list[Route]:
    """Return the route of all addresses."""
    endpoint = FileAddresses(exchange)
    return [Route(f"{PATH}{FILES_PATH}{{token}}", endpoint.handle, methods=["GET", "PUT"])]


class FileAddresses:
    """Handles requests to the addresses. A token that is unknown, used or too old gets 404."""

    def __init__(self, exchange: FileExchange) -> None:
        self._exchange = exchange

    async def handle(self, request: Request) -> Response:
        """Answer a request. HEAD, and GET of an upload, use nothing up."""
        token = request.path_params["token"][:_LONGEST_TOKEN]
        try:
            ticket = await self._exchange.read(token)
            if ticket is None:
                return _said(404, "This address is unknown, was used already, or is too old.", closing=True)
            if request.method == "PUT":
                return await self._upload(request, token, ticket)
            if ticket.kind == "upload":
                return _page(ticket)
            return await self._download(request, token)
        except OSError:
            return _said(503, "The shared state of the server cannot be used. Try again later.")

    async def _upload(self, request: Request, token: str, ticket: FileTicket) -> Response:
        if ticket.kind != "upload":
            return _said(405, "This address is for a download.")
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > ticket.largest:
            return _too_large(ticket)
        taken = await self._exchange.take(token)
        if taken is None:
            return _said(404, "This address is in use already.", closing=True)
        status = None
        try:
            status = await _received(request, taken)
        finally:
            if status is None or status.status_code != _CREATED:
                with anyio.CancelScope(shield=True):
                    await self._exchange.give_back(token, taken)
        return status

    async def _download(self, request: Request, token: str) -> Response:
        ticket = await self._exchange.read(token) if request.method == "HEAD" else await self._exchange.take(token)
        if ticket is None:
            return _said(404, "This address was used already.")
        try:
            file = await run_sync(open_existing, ticket.place)
        except B24Error:
            return _said(410, "The file is not there any more.")
        size = await run_sync(file.seek, 0, 2)
        await run_sync(file.seek, 0)
        headers = _HEADERS | {
            "content-length": str(size),
            "content-disposition": f"attachment; filename*=UTF-8''{quote(ticket.place.name)}",
            "content-security-policy": "sandbox",
        }
        if request.method == "HEAD":
            await run_sync(file.close)
            return Response(headers=headers, media_type="application/octet-stream")
        return StreamingResponse(
            self._pieces(file, size, token, ticket), headers=headers, media_type="application/octet-stream"
        )

    async def _pieces(self, file: BinaryIO, size: int, token: str, ticket: FileTicket) -> AsyncIterator[bytes]:
        """Yield the file. A download that did not reach the end can be tried again."""
        sent = 0
        try:
            while piece := await run_sync(file.read, min(_PIECE, size - sent)):
                yield piece
                sent += len(piece)
        finally:
            file.close()
            if sent < size:
                with anyio.CancelScope(shield=True):
                    await self._exchange.give_back(token, ticket)


async def _received(request: Request, ticket: FileTicket) -> Response:
    """Write the body of a request to the place of a ticket, and return the answer."""
    stack = ExitStack()
    try:
        draft = await run_sync(stack.enter_context, draft_file(ticket.place, is_free=True))
        size = await _written(request, draft, ticket.largest)
        if size == 0:
            return _said(400, "The file is empty.")
        await run_sync(draft.publish)
    except _TooLargeUploadError:
        return _too_large(ticket)
    except ClientDisconnect:
        return _said(400, "The file did not arrive whole.")
    except FileExistsError:
        return _said(409, "A file of this name is there already.")
    except B24Error as exc:
        return _said(409, exc.fault.message)
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(stack.close)
    _LOG.info("A file of %d bytes was uploaded for %r", size, ticket.owner)
    return JSONResponse({"uploaded": ticket.place.name, "size": size}, _CREATED, headers=_HEADERS)


async def _written(request: Request, draft: DraftFile, largest: int) -> int:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > largest:
            raise _TooLargeUploadError
        await run_sync(draft.file.write, piece)
    return size


_CREATED = 201


class _TooLargeUploadError(Exception):
    pass


def _too_large(ticket: FileTicket) -> Response:
    return _said(413, f"The file is larger than {ticket.largest >> 20} MB.", closing=True)


def _said(status: int, message: str, *, closing: bool = False) -> Response:
    headers = _HEADERS | ({"connection": "close"} if closing else {})
    return JSONResponse({"error": message}, status, headers=headers)


def _page(ticket: FileTicket) -> Response:
    """Return the page with a file picker. It has no cookies and loads nothing."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    name = html.escape(ticket.place.name)
    text = _PAGE.format(name=name, nonce=nonce, megabytes=ticket.largest >> 20, largest=ticket.largest)
    return HTMLResponse(text, headers=_HEADERS | {"content-security-policy": policy})


_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Upload {name}</title>
<style nonce="{nonce}">body {{ font: 16px/1.5 sans-serif; max-width: 34em; margin: 3em auto; padding: 0 1em }}</style>
<h1>Upload a file</h1>
<p>Your assistant asked for <b>{name}</b>, up to {megabytes} MB. Only you and your assistant can use it.
<p lang="ru">Ассистент просит файл <b>{name}</b>, до {megabytes} МБ.
<p><label for="file">File / Файл:</label> <input type="file" id="file">
<p id="state" role="status"></p>
<noscript>This page needs JavaScript.</noscript>
<script nonce="{nonce}">
const input = document.getElementById("file"), state = document.getElementById("state");
input.addEventListener("change", async () => {{
  const file = input.files[0];
  if (!file) return;
  if (file.size > {largest}) {{ state.textContent = "The file is too large. / Файл слишком большой."; return; }}
  input.disabled = true;
  state.textContent = "Uploading… / Загрузка…";
  try {{
    const answer = await fetch(location.href, {{ method: "PUT", body: file }});
    const said = await answer.json();
    state.textContent = answer.ok
      ? "Done. Tell your assistant to go on. / Готово. Скажите ассистенту продолжать."
      : said.error;
    input.disabled = answer.ok;
  }} catch (problem) {{
    state.textContent = "The upload failed. Try again. / Не удалось, попробуйте ещё раз.";
    input.disabled = false;
  }}
}});
</script>
"""
