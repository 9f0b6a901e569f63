"""The sync in the background, in a process of its own: indexing needs the processor for some seconds.

The request is one line of JSON on stdin, and the answer one line of JSON on stdout when it ends. Meanwhile the progress
is in the state of the folder. Everything is bounded: the size of a download, the time, and the disk. The process may be
killed at any moment: the earlier copy stays.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from b24_mcp.docs.download import GITHUB
from b24_mcp.docs.errors import DocsError, SyncRunningError
from b24_mcp.docs.github import MOST_BYTES, fetch_edition, mirror
from b24_mcp.docs.origin import LANGUAGES, Language
from b24_mcp.docs.sources import LicensedEdition, local_editions
from b24_mcp.docs.sync import replace_copy, sync_lock
from b24_mcp.docs.sync_state import SyncFailure, SyncState, SyncStep, read_state, with_checked, write_state

_LONGEST = 1_200.0
_BEAT = 1.0
_DISK = 300 << 20
"""Free bytes that a sync needs: an archive, an index and its draft."""
_SCRATCH = "incoming"


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """The request: the folder of the copies, the languages in the order in which they are needed, and the source.

    `place` is a folder or archive. Otherwise the editions are downloaded, from GitHub or from `address`.
    `fingerprint` is the content of `place`, to be remembered.
    """

    folder: str
    languages: Sequence[str] = ()
    place: str = ""
    address: str = ""
    fingerprint: str = ""


def run_sync_request(request: SyncRequest) -> str:
    """Synchronise the copies and return why it failed; an empty text when it did not fail."""
    folder = Path(request.folder)
    try:
        with sync_lock(folder, timeout=2):
            return _Sync(folder, request).run()
    except SyncRunningError:
        return ""
    except DocsError as exc:
        return str(exc)


class _Sync:
    """One sync. The caller holds the lock."""

    def __init__(self, folder: Path, request: SyncRequest) -> None:
        self._folder = folder
        self._request = request
        self._state = replace(read_state(folder), running=None)
        self._step = SyncStep(0, "starting", 0)
        self._writing = threading.Lock()

    def run(self) -> str:
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beat.start()
        try:
            self._check_disk()
            for edition in self._editions():
                self._index(edition)
            why = ""
            self._state = replace(self._state, failed=None, fingerprint=self._request.fingerprint)
        except DocsError as exc:
            why = str(exc)
            self._state = replace(self._state, failed=SyncFailure(time.time(), why))
        finally:
            ended.set()
            beat.join()
            shutil.rmtree(self._folder / _SCRATCH, ignore_errors=True)
        self._write(self._state)
        return why

    def _editions(self) -> Iterator[LicensedEdition]:
        if self._request.place:
            place = Path(self._request.place)
            if not place.exists():
                raise DocsError(f"{place}, which B24_DOCS names, does not exist.")
            yield from local_editions(place)
            return
        host = mirror(self._request.address) if self._request.address else replace(GITHUB, max_bytes=MOST_BYTES)
        with _scratch(self._folder) as scratch:
            for language in self._request.languages:
                self._step = SyncStep(0, f"downloading {language}", 0)
                editions, _ = fetch_edition(
                    self._folder, scratch, cast("Language", language), self._progress("downloading"), host=host
                )
                yield from editions
                self._state = with_checked(self._state, language, time.time())

    def _index(self, edition: LicensedEdition) -> None:
        self._step = SyncStep(0, f"indexing {edition.language}", 0)
        replace_copy(self._folder, edition, self._progress("indexing"))

    def _progress(self, what: str) -> _StepProgress:
        return _StepProgress(self, what)

    def show(self, step: str, percent: int) -> None:
        """Remember how far the sync is."""
        self._step = SyncStep(0, step, percent)

    def _check_disk(self) -> None:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return
        if free < _DISK:
            raise DocsError(
                f"The disk of {self._folder} has {free >> 20} MB left, and the documentation needs {_DISK >> 20} MB."
            )

    def _beat(self, ended: threading.Event) -> None:
        """Write the progress every second, so that other processes see that this one is alive, and end a long sync."""
        ends_at = time.monotonic() + _LONGEST
        while not ended.is_set():
            self._write(replace(self._state, running=replace(self._step, at=time.time())))
            if time.monotonic() > ends_at:
                self._write(replace(self._state, failed=SyncFailure(time.time(), "It took too long and was ended.")))
                os._exit(1)  # the copies are replaced atomically, so nothing is lost
            ended.wait(_BEAT)

    def _write(self, state: SyncState) -> None:
        with self._writing, suppress(OSError):  # a state that cannot be written does not end a sync
            write_state(self._folder, state)


@dataclass(frozen=True, slots=True)
class _StepProgress:
    """The `Progress` of one step."""

    sync: _Sync
    what: str

    def __call__(self, language: str, done: int, whole: int) -> None:
        self.sync.show(f"{self.what} {language}", int(100 * done / max(whole, 1)))


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield an empty folder for archives beside the copies. What a killed sync left there is removed."""
    scratch = folder / _SCRATCH
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        raise DocsError(f"{scratch} cannot be written: {exc.strerror}.") from None
    yield scratch


def request_of(text: str) -> SyncRequest:
    """Parse a request.

    Raises:
        ValueError: for anything else.
    """
    found: Mapping[str, str | list[str]] = json.loads(text)
    languages = [language for language in found["languages"] if language in LANGUAGES]
    folder, place, address, fingerprint = (str(found[key]) for key in ("folder", "place", "address", "fingerprint"))
    return SyncRequest(folder, languages, place, address, fingerprint)


def main() -> None:
    """Run the request on stdin."""
    with suppress(AttributeError, OSError):
        os.nice(10)
    why = run_sync_request(request_of(sys.stdin.readline()))
    with suppress(OSError):  # the server that asked may have ended
        sys.stdout.write(json.dumps({"why": why}) + "\n")
        sys.stdout.flush()
