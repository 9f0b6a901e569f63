"""The last writes of each person who logs in, in the shared state, so that every server shows the same.

They hold what the audit log holds, without values. The audit log stays the complete record.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from b24_mcp.state import ExpiringStore

_LOG = logging.getLogger(__name__)
_SECONDS = 30 * 86_400.0
MOST_WRITES = 50
"""The number of writes of a person that are kept."""
_MOST_FIELDS = 12


@dataclass(frozen=True, slots=True)
class RecentWrite:
    """One call that changed something. `at` is the Unix time at which it was sent.

    `fields` are the names of the given fields. `outcome` is `ok`, an error code, or empty while no answer is known;
    `executed` is `yes`, `no` or `unknown`.
    """

    at: float
    portal: str
    method: str
    client: str
    fields: tuple[str, ...] = ()
    outcome: str = ""
    executed: str = "unknown"
    approved: bool = False


@dataclass(frozen=True, slots=True)
class RecentWrites:
    """The last writes of people in the shared state. `now` returns Unix time; tests replace it."""

    store: ExpiringStore
    now: Callable[[], float] = time.time

    async def keep(self, user: str, request: str, at: float, lines: Sequence[Mapping[str, object]]) -> None:
        """Store the writes of one request, in place of what was stored of it. A failure is only logged.

        `lines` are lines of the audit log.
        """
        writes = [asdict(_write(at, line)) for line in lines[:MOST_WRITES]]
        try:
            await self.store.put_note(
                f"write:{request}",
                json.dumps(writes, ensure_ascii=False),
                self.now(),
                seconds=_SECONDS,
                group=_group(user),
                newest=MOST_WRITES,
            )
        except OSError as exc:
            _LOG.warning("A write could not be added to the last writes of a person: %s", exc)

    async def of(self, user: str) -> Sequence[RecentWrite]:
        """Return the last writes of a person, the newest first.

        Raises:
            OSError: when the state cannot be used.
        """
        stored = await self.store.read_group(_group(user), self.now())
        writes = [_read(one) for text in stored.values() for one in json.loads(text)]
        return sorted(writes, key=lambda write: write.at, reverse=True)[:MOST_WRITES]


def _group(user: str) -> str:
    return f"writes:{user}"


def _write(at: float, line: Mapping[str, object]) -> RecentWrite:
    given = line.get("fields")
    return RecentWrite(
        at=at,
        portal=str(line.get("portal", "")),
        method=str(line.get("method", "")),
        client=str(line.get("client", "")),
        fields=tuple(map(str, given[:_MOST_FIELDS])) if isinstance(given, list) else (),
        outcome=str(line.get("outcome", "")),
        executed=str(line.get("executed", "unknown")),
        approved=bool(line.get("approved")),
    )


def _read(stored: dict[str, object]) -> RecentWrite:
    at = stored["at"]
    assert isinstance(at, int | float)
    return _write(float(at), stored)
