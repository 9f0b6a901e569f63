"""Keeps the copies of the documentation: starts a sync in the background when one is missing or a week old.

All servers of a user share one folder. A lock lets one process synchronise, and the others read the state there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from b24_mcp.docs.index_file import index_path, synced_languages
from b24_mcp.docs.origin import Language
from b24_mcp.docs.sync import copy_origin
from b24_mcp.docs.sync_state import SyncState, SyncStep, read_state

_DAY = 86_400.0
_RENEWED_AFTER = 7 * _DAY
_AGAIN_WITHOUT_COPY = 600.0
_AGAIN_WITH_COPY = _DAY
_ROOT = Path(__file__).parents[2]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from b24_mcp.docs.worker import main; main()"


@dataclass(frozen=True, slots=True)
class DocsSource:
    """Where the copies come from. `is_off`: from nowhere, nothing is downloaded or read. `place` is a folder or
    archive, `address` a server instead of GitHub.
    """

    is_off: bool = False
    place: str = ""
    address: str = ""

    @property
    def name(self) -> str:
        """The source in words."""
        return self.place or self.address or "github.com"

    def fingerprint(self) -> str:
        """Return a text that changes when the local source does; empty for other sources and for a missing one."""
        if not self.place:
            return ""
        place = Path(self.place)
        try:
            entries = sorted(place.iterdir()) if place.is_dir() else [place]
            about = [(entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries]
        except OSError:
            return ""
        return json.dumps([self.place, *about])


@dataclass(frozen=True, slots=True)
class CopyState:
    """The copies at this moment: the languages, the running sync, and why the last one failed (empty: it did not).

    `again` is how many seconds remain until the next try after a failure.
    """

    languages: Sequence[Language]
    source: DocsSource
    running: SyncStep | None = None
    trouble: str = ""
    again: float = 0.0


class DocsKeeper:
    """Keeps the copies in folders. Instances can be used from several threads."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._children: dict[Path, _Child] = {}
        self._lock = threading.Lock()

    def state(self, folder: Path, source: DocsSource) -> CopyState:
        """Return the state of the copies in a folder. Nothing is started."""
        with self._lock:
            return self._state(folder, source, read_state(folder))

    def look(self, folder: Path, source: DocsSource, wanted: Sequence[Language], *, damaged: bool = False) -> CopyState:
        """Return the state of the copies, and start a sync in the background when it is due.

        `wanted` are the languages that are needed, the most urgent first. `damaged`: a copy could not be read.
        """
        with self._lock:
            state = read_state(folder)
            found = self._state(folder, source, state, wanted)
            if source.is_off or found.running is not None:
                return found
            due = self._due(folder, source, wanted, state, damaged=damaged)
            if not due or found.again > 0:
                return found
            trouble = self._start(folder, source, due)
            running = None if trouble else SyncStep(self._now(), "starting", 0)
            return replace(found, running=running, trouble=trouble, again=0.0)

    def wait(self, folder: Path, timeout: float) -> bool:
        """Wait until the sync that this keeper started has ended. Return whether it has, or none was started."""
        child = self._children.get(folder)
        return child is None or child.wait(timeout)

    def pid(self, folder: Path) -> int:
        """Return the id of the process that this keeper started; 0 without one."""
        child = self._children.get(folder)
        return 0 if child is None else child.pid

    def _state(self, folder: Path, source: DocsSource, state: SyncState, wanted: Sequence[Language] = ()) -> CopyState:
        languages = synced_languages(folder)
        child = self._children.get(folder)
        running = state.running_at(self._now())
        if child is not None and child.ended:
            # The process of this server has ended, so what it wrote last is not running any more.
            running = running if running is not None and running.at > child.ended else None
        elif child is not None and running is None:
            running = SyncStep(self._now(), "starting", 0)
        trouble, at = (state.failed.why, state.failed.at) if state.failed is not None else ("", 0.0)
        if child is not None and child.why and child.ended > at:
            trouble, at = child.why, child.ended
        if source.is_off or not trouble:
            return CopyState(languages, source, running)
        is_complete = bool(languages) and set(wanted) <= set(languages)
        pause = _AGAIN_WITH_COPY if is_complete else _AGAIN_WITHOUT_COPY
        passed = self._now() - at
        return CopyState(languages, source, running, trouble, max(pause - passed, 0.0) if passed >= 0 else 0.0)

    def _due(
        self, folder: Path, source: DocsSource, wanted: Sequence[Language], state: SyncState, *, damaged: bool
    ) -> list[Language]:
        """Return the languages to synchronise, in the order of their urgency."""
        present = synced_languages(folder)
        languages = list(dict.fromkeys([*wanted, *present]))
        if source.place:
            unread = state.fingerprint != source.fingerprint() or not present
            return languages if unread or damaged else []
        missing = [language for language in languages if language not in present]
        if damaged:
            return languages
        now = self._now()
        old = [one for one in present if not 0 <= now - _checked(folder, one, state) < _RENEWED_AFTER]
        return [*missing, *(one for one in languages if one in old)]

    def _start(self, folder: Path, source: DocsSource, languages: Sequence[Language]) -> str:
        """Start the process; return why it cannot be started."""
        request = {
            "folder": str(folder),
            "languages": list(languages),
            "place": source.place,
            "address": source.address,
            "fingerprint": source.fingerprint(),
        }
        try:
            self._children[folder] = _Child(request, self._now)
        except OSError as exc:
            return f"The sync cannot be started: {exc.strerror}."
        return ""


def _checked(folder: Path, language: Language, state: SyncState) -> float:
    """Return when a copy was last compared with its source."""
    origin = copy_origin(folder, language)
    taken = 0.0
    if origin is not None:
        with suppress(ValueError):
            taken = datetime.fromisoformat(origin.taken).timestamp()
    return max(taken, state.checked.get(language, 0.0))


class _Child:
    """The process of a sync. It goes on when this server ends, so that a short session is enough for a first copy."""

    def __init__(self, request: object, now: Callable[[], float]) -> None:
        # The secrets of this program stay here: a sync needs none of its settings.
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("B24_")}
        self._process = subprocess.Popen(  # noqa: S603 - our own program, without arguments from outside
            [sys.executable, "-P", "-c", _PROGRAM, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.why = ""
        self.ended = 0.0
        """When it ended; 0 while it runs."""
        self._now = now
        self._waiting = threading.Thread(target=self._run, args=(json.dumps(request).encode(),), daemon=True)
        self._waiting.start()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def wait(self, timeout: float) -> bool:
        """Wait until it has ended, and return whether it has."""
        self._waiting.join(timeout)
        return bool(self.ended)

    def _run(self, request: bytes) -> None:
        out, _ = self._process.communicate(request + b"\n")
        why = "The sync ended before it was complete."
        with suppress(ValueError, KeyError, TypeError):
            why = str(json.loads(out)["why"])
        self.why = why
        self.ended = self._now()


def copy_size(folder: Path, language: str) -> int:
    """Return the size of a copy on the disk in bytes."""
    try:
        return index_path(folder, language).stat().st_size
    except OSError:
        return 0
