"""Files of people whose computer is not this one: addresses of this server to upload a file to, or download one from.

An address holds a random token, which is its only credential. It works once, for some minutes, for one file in the
folder of the caller it was made for. The shared state stores what the token stands for under a digest of it, so any
server that shares the state and the folder can answer.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shlex
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from anyio.to_thread import run_sync

from b24_mcp.access import current_caller
from b24_mcp.app.answers.forms import Form
from b24_mcp.app.files.folders import place_for
from b24_mcp.config.settings import Settings
from b24_mcp.errors import B24Error, our_error
from b24_mcp.state import ExpiringStore
from b24_mcp.storage.places import FilePlace

FILES_PATH = "/files/"
SECONDS = 900.0
_TOKEN_BYTES = 32
_OF_ANOTHER_COMPUTER = re.compile(r"[A-Za-z]:[\\/]|~|\\\\")
_OUTSIDE = "B24MCP_FILE_FOLDER"
_FILE = "B24MCP_FILE"


@dataclass(frozen=True, slots=True)
class FileTicket:
    """What an address stands for. `parts` are the folders below `root`, and the name. `until` is Unix time.

    `owner` is the name of the caller, for the log. `largest` is in bytes.
    """

    kind: Literal["upload", "download"]
    owner: str
    root: str
    parts: tuple[str, ...]
    until: float
    largest: int

    @property
    def place(self) -> FilePlace:
        """The place of the file."""
        return FilePlace(Path(self.root), tuple(self.parts))


class FileExchange:
    """The addresses of one server. `address` is where it serves clients, `largest` the largest upload in bytes."""

    def __init__(
        self, address: str, store: ExpiringStore, largest: int, clock: Callable[[], float] = time.time
    ) -> None:
        self.largest = largest
        self._address = address.rstrip("/") + FILES_PATH
        self._store = store
        self._clock = clock

    async def address_of(self, kind: Literal["upload", "download"], place: FilePlace) -> str:
        """Return a new address for a file of the current caller.

        Raises:
            OSError: when the shared state cannot be used.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock()
        ticket = FileTicket(kind, current_caller().name, str(place.root), place.parts, now + SECONDS, self.largest)
        await self._store.put_note(_key(token), json.dumps(asdict(ticket)), now, seconds=SECONDS)
        return self._address + token

    async def read(self, token: str) -> FileTicket | None:
        """Return what a token stands for, without using it up; None when it is unknown, used or too old."""
        return _ticket(await self._store.read_note(_key(token), self._clock()))

    async def take(self, token: str) -> FileTicket | None:
        """Return what a token stands for and use it up. Of several at once, only one gets it."""
        return _ticket(await self._store.take_note(_key(token), self._clock()))

    async def give_back(self, token: str, ticket: FileTicket) -> None:
        """Make a token valid again, for the rest of its time, when the transfer did not succeed."""
        now = self._clock()
        if ticket.until > now:
            await self._store.put_note(_key(token), json.dumps(asdict(ticket)), now, seconds=ticket.until - now)


EXCHANGE: ContextVar[FileExchange | None] = ContextVar("exchange", default=None)
"""The exchange of the running call; None when the files of the caller are on this computer."""


async def upload_required(settings: Settings, path: str, error: B24Error) -> B24Error:
    """Return the error for a file that a call names. `error` is why it cannot be read.

    When the file is not there, and the caller's files are on another computer, it has an address to upload it to.
    """
    exchange = EXCHANGE.get()
    if exchange is None or error.fault.code not in (_FILE, _OUTSIDE):
        return error
    is_theirs = error.fault.code == _OUTSIDE or _OF_ANOTHER_COMPUTER.match(path) is not None
    name = path.replace("\\", "/").rpartition("/")[2] if is_theirs else path
    try:
        place = await run_sync(place_for, settings, name)
        if await run_sync(place.path.exists):
            return error
        address = await exchange.address_of("upload", place)
    except (B24Error, OSError):
        return error
    again = "make the same call again" if name == path else f"make the call again with the path {name!r}"
    return our_error(
        "B24MCP_UPLOAD_REQUIRED",
        f"The file {place.name!r} is not on the server. It has to be uploaded there first.",
        hint=f"Nothing was sent. If you have a shell on the computer with the file, run: curl -fT "
        f"{_quoted(path)} {address} . Otherwise ask the person to open {address} in a browser and choose the file. "
        f"The address works once, for {SECONDS / 60:.0f} minutes and up to {exchange.largest >> 20} MB. Then {again}.",
    )


async def with_download(form: Form, place: FilePlace) -> Form:
    """Return the form of a written file, with an address to get it from when the caller is on another computer."""
    exchange = EXCHANGE.get()
    if exchange is None:
        return form
    try:
        address = await exchange.address_of("download", place)
    except OSError:
        return form
    note = f"Show the person this address: it gives the file once, within {SECONDS / 60:.0f} minutes."
    return form | {"address": address, "address_note": note}


def _quoted(path: str) -> str:
    """Return a path as a word for a shell, which replaces `~` itself."""
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") and len(path) > len("~/") else shlex.quote(path)


def _key(token: str) -> str:
    return "file:" + hashlib.sha256(token.encode()).hexdigest()


def _ticket(text: str | None) -> FileTicket | None:
    if text is None:
        return None
    facts = json.loads(text)
    return FileTicket(**{**facts, "parts": tuple(facts["parts"])})
