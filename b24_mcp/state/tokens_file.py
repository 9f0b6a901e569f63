"""Tokens in files that only the user can read: one file for each login, replaced atomically."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import anyio
import anyio.to_thread

from b24_mcp.state.tokens import TokenLease, Tokens, tokens_from_text, tokens_to_text
from b24_mcp.storage.databases import try_lock
from b24_mcp.storage.files import create_private_file, put_in_place, sync_folder_entries
from b24_mcp.storage.folders import make_private

_LOCK_TIMEOUT = 90.0
_RETRY_AFTER = 0.05


class FileTokens:
    """The tokens in a folder of the user, shared by all processes of this computer.

    Raises (every method):
        OSError: if the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, name: str) -> Tokens | None:
        """Return the tokens of a login; see `TokenStore`."""
        return await anyio.to_thread.run_sync(_read, self._path(name))

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[TokenLease]:
        """Lock the tokens of a login; see `TokenStore`."""
        lock = await self._locked(self._path(name).with_suffix(".lock"))
        try:
            yield _FileLease(self._path(name))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lock.close)

    async def aclose(self) -> None:
        """Do nothing: no file stays open."""

    def _path(self, name: str) -> Path:
        return self._folder / f"{quote(name.lower(), safe='-_.')}.json"

    async def _locked(self, path: Path) -> sqlite3.Connection:
        """Wait for the lock. It is released when the connection is closed, or the process ends."""
        until = time.monotonic() + _LOCK_TIMEOUT
        while True:
            lock = await anyio.to_thread.run_sync(_try_lock, path)
            if lock is not None:
                return lock
            if time.monotonic() > until:
                raise TimeoutError(f"another process holds {path.name}")
            await anyio.sleep(_RETRY_AFTER)


@dataclass(slots=True)
class _FileLease:
    path: Path

    async def read(self) -> Tokens | None:
        """Return the newest tokens, and finish the write of a process that was killed after writing the new file."""

        def newest() -> Tokens | None:
            stored, begun = _read(self.path), _unfinished(self.path)
            if begun is None or (stored is not None and begun.serial <= stored.serial):
                return stored
            put_in_place(_new(self.path), self.path, sync_folder=True)
            return begun

        return await anyio.to_thread.run_sync(newest)

    async def write(self, tokens: Tokens) -> None:
        """Replace the tokens, and wait until they are on the disk."""

        def put() -> None:
            stored = _read_if_whole(self.path)
            serial = (stored.serial if stored else 0) + 1
            _write(self.path, tokens_to_text(replace(tokens, serial=serial)))

        await anyio.to_thread.run_sync(put)

    async def forget(self) -> bool:
        """Delete the tokens."""

        def delete() -> bool:
            known = self.path.exists() or _new(self.path).exists()
            _new(self.path).unlink(missing_ok=True)  # first, because without the other file it counts as the newest
            self.path.unlink(missing_ok=True)
            sync_folder_entries(self.path.parent)
            return known

        return await anyio.to_thread.run_sync(delete)


def _try_lock(path: Path) -> sqlite3.Connection | None:
    make_private(path.parent, own=True)
    try:
        return try_lock(path)
    except sqlite3.Error as exc:
        raise OSError(f"{path.name} cannot be used: {exc}") from None


def _read(path: Path) -> Tokens | None:
    try:
        return tokens_from_text(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise OSError(f"{path.name} is damaged: log out, then log in again") from None


def _read_if_whole(path: Path) -> Tokens | None:
    try:
        return tokens_from_text(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _new(path: Path) -> Path:
    return path.with_suffix(".new")


def _unfinished(path: Path) -> Tokens | None:
    return _read_if_whole(_new(path))


def _write(path: Path, text: str) -> None:
    """Replace the tokens atomically. Once the new file is complete, they survive the end of this process."""
    make_private(path.parent, own=True)
    new = _new(path)
    new.unlink(missing_ok=True)
    create_private_file(new, text.encode())
    put_in_place(new, path, sync_folder=True)
