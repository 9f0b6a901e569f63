"""What is known of the syncs in a folder: a small file beside the copies, which several processes read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from b24_mcp.storage.files import write_private_file

_FILE = "state.json"
_ALIVE = 30.0  # seconds; a running sync writes its progress every second


@dataclass(frozen=True, slots=True)
class SyncStep:
    """A running sync: what it does, how far it is in percent, and when it wrote this. Times are of `time.time`."""

    at: float
    step: str
    percent: int


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """The last sync failed: when, and why in one or two sentences."""

    at: float
    why: str


@dataclass(frozen=True, slots=True)
class SyncState:
    """The state of the syncs. `checked` is when each language was last compared with its source, `fingerprint` the
    content of the local source that was last read.
    """

    checked: Mapping[str, float] = field(default_factory=dict)
    fingerprint: str = ""
    failed: SyncFailure | None = None
    running: SyncStep | None = None

    def running_at(self, now: float) -> SyncStep | None:
        """Return the running sync; None when none runs. A killed sync counts as running for half a minute."""
        running = self.running
        return running if running is not None and abs(now - running.at) < _ALIVE else None


def read_state(folder: Path) -> SyncState:
    """Return the state in a folder. A missing or damaged file is an empty state."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        found = json.loads((folder / _FILE).read_text("utf-8"))
        failed, running = found.get("failed"), found.get("running")
        return SyncState(
            checked={str(language): float(at) for language, at in found.get("checked", {}).items()},
            fingerprint=str(found.get("fingerprint", "")),
            failed=SyncFailure(float(failed["at"]), str(failed["why"])) if failed else None,
            running=SyncStep(float(running["at"]), str(running["step"]), int(running["percent"])) if running else None,
        )
    return SyncState()


def write_state(folder: Path, state: SyncState) -> None:
    """Replace the state in a folder. Only the process that holds the lock of the folder calls this.

    Raises:
        OSError: when it cannot be written.
    """
    write_private_file(folder / _FILE, json.dumps(asdict(state)).encode(), sync=False)


def with_checked(state: SyncState, language: str, at: float) -> SyncState:
    """Return the state after a language was compared with its source."""
    return replace(state, checked={**state.checked, language: at})
