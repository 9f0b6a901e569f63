"""Downloads: a file of the portal to a folder of the caller."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE
from b24_mcp.app.answers.forms import Form, failure_form, head, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.files.exchange import with_download
from b24_mcp.app.files.folders import check_may_write, place_for
from b24_mcp.app.files.sources import FoundSource, find_source
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import OnWait
from b24_mcp.rest.files.downloading import Downloaded
from b24_mcp.rest.files.names import safe_name
from b24_mcp.storage.new_file import DraftFile, draft_file
from b24_mcp.storage.places import FilePlace

_UNNAMED = "download"
_PREVIEW_SHARE = 2
_Value = TypeVar("_Value")


async def download_file(
    app: App,
    source: str,
    path: str | None = None,
    *,
    preview: bool = False,
    portal: str | None = None,
    on_wait: OnWait | None = None,
) -> Reply:
    """Download a file of the portal, and return the reply that says where it lies.

    `path` is a name, or a folder with a `/` at its end; by default the name that the portal uses. With `preview` the
    reply has the beginning of the text in the file.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    try:
        check_may_write(opened.gate.level)
        found = await find_source(app, opened, source)
        form = await _downloaded(opened, found, path or "", on_wait)
    except B24Error as exc:
        return Reply(failure_form(exc, opened.notice), opened.settings.budget)
    if preview:
        form = await _with_preview(form, opened.settings.budget // _PREVIEW_SHARE)
    return Reply(form, opened.settings.budget)


async def _downloaded(opened: OpenPortal, found: FoundSource, path: str, on_wait: OnWait | None) -> Form:
    link = found.link
    named = safe_name(link.name) if link is not None and link.name else ""
    wants_folder = not path or path.endswith("/")
    place = await run_sync(place_for, opened.settings, f"{path}{named or _UNNAMED}" if wants_folder else path)
    async with _in_thread(draft_file(place)) as draft:
        await run_sync(_check_room, place.root, None if link is None else link.size)
        if link is not None:
            done = await opened.portal.download(link.link, draft.file, size=link.size, on_wait=on_wait)
        else:
            assert found.call is not None
            done = await opened.portal.download_answer(found.call, draft.file, on_wait=on_wait)
        if wants_folder and not named and done.name:
            place = replace(place, parts=(*place.parts[:-1], done.name))
        written = await run_sync(_published, draft, place)
    return await with_download(_form(opened, written, place, done), written)


def _form(opened: OpenPortal, written: FilePlace, wanted: FilePlace, done: Downloaded) -> Form:
    form = head(True, opened.notice)
    form |= {"file": str(written.path), "name": written.name, "size": done.size, "sha256": done.sha256}
    if done.media_type:
        form["type"] = done.media_type
    if written.name != wanted.name:
        form["warnings"] = [f"{wanted.name} exists already, so the file has another name"]
    return form


def _published(draft: DraftFile, place: FilePlace) -> FilePlace:
    return draft.publish_as_free(place.name)


def _check_room(folder: Path, size: int | None) -> None:
    """Check that a file of this size fits on the disk.

    Raises:
        B24Error: `B24MCP_FILE`; nothing was written.
    """
    free = shutil.disk_usage(folder).free
    if size is not None and size > free:
        message = f"The file has {size >> 20} MB, and the disk of {folder} has {free >> 20} MB left."
        raise our_error("B24MCP_FILE", message)


async def _with_preview(form: Form, most: int) -> Form:
    """Return a form with the beginning of the text in its file, or with the reason why the text cannot be read."""
    program = Path(__file__).with_name("preview_program.py")
    with anyio.move_on_after(_SECONDS):
        command = [sys.executable, "-I", str(program), form["file"], str(most)]
        done = await anyio.run_process(command, check=False, stderr=subprocess.DEVNULL)
        text = done.stdout.decode("utf-8", "replace")
        if done.returncode == 0 and text.strip():
            return with_notice({**form, "preview": text[:most]}, NOTICE)
        why = text.strip() if done.returncode == _NOT_READABLE else "the file cannot be read as text"
        return {**form, "preview": None, "no_preview": why or "the file holds no text"}
    return {**form, "preview": None, "no_preview": "reading the text takes too long"}


_SECONDS = 20.0
_NOT_READABLE = 3


@asynccontextmanager
async def _in_thread(manager: AbstractContextManager[_Value]) -> AsyncIterator[_Value]:
    """Enter and leave a context in a worker thread, because it uses the disk."""
    value = await run_sync(manager.__enter__)
    try:
        yield value
    except BaseException as exc:
        with anyio.CancelScope(shield=True):
            if not await run_sync(manager.__exit__, type(exc), exc, exc.__traceback__):
                raise
    else:
        with anyio.CancelScope(shield=True):
            await run_sync(manager.__exit__, None, None, None)
