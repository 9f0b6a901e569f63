"""Requests for facts: one batch for the first pages of all sources, and another one for their further pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync

from b24_mcp.discovery.sources import FactSource
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Failed, Outcome, Portal, Succeeded

_MINUTE = 60.0
FRESH = 5 * _MINUTE
"""For how long a reading is used without a request."""
LONGEST = 60 * _MINUTE
"""After how long a reading is not used any more."""
PAUSE_AFTER_FAILURE = _MINUTE
"""For how long a failed request is not repeated."""
_PAUSE_AFTER_REFUSAL = 10 * _MINUTE
_REFUSALS = ("unknown_method", "permission", "plan", "policy")
_PAGE = 50
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source said, and when. `value` is None when the portal did not say it, for the reason in `trouble`."""

    value: Any
    read_at: float
    trouble: B24Error | None = None
    pause_until: float = float("-inf")

    def is_fresh(self, now: float) -> bool:
        """Whether no request is needed, or none is made yet after a failed one."""
        longest = FRESH if self.value is not None else self._pause
        return now < self.pause_until or -_MINUTE < now - self.read_at < longest

    def is_usable(self, now: float) -> bool:
        """Whether it may be used while it is renewed."""
        return self.value is not None and -_MINUTE < now - self.read_at < LONGEST

    @property
    def _pause(self) -> float:
        refused = self.trouble is not None and self.trouble.fault.kind in _REFUSALS
        return _PAUSE_AFTER_REFUSAL if refused else PAUSE_AFTER_FAILURE


async def ask(portal: Portal, sources: Sequence[FactSource], now: float) -> dict[str, Reading]:
    """Return what a portal says for each source, by its key.

    A source with alternative parameters is asked for with all of them; the first that are not refused count.
    """
    asked = {(source.key, number): one for source in sources for number, one in enumerate(source.variants)}
    first = await _outcomes(portal, asked)
    chosen = {
        source.key: _chosen([first[source.key, number] for number in range(len(source.variants))]) for source in sources
    }
    further = {
        (source.key, start): source.at(start)
        for source in sources
        if source.paged and isinstance(outcome := chosen[source.key], Succeeded) and outcome.answer.next is not None
        for start in range(_PAGE, min(outcome.answer.total or 0, _MOST_ROWS), _PAGE)
    }
    rest = await _outcomes(portal, further, bulk=True) if further else {}
    found: dict[str, Reading] = {}
    for source in sources:
        pages = [chosen[source.key], *[outcome for (key, _), outcome in rest.items() if key == source.key]]
        found[source.key] = await run_sync(_reading, source, pages, now)
    return found


def _chosen(outcomes: Sequence[_Asked]) -> _Asked:
    """Return the first outcome that is an answer, or else the first of all."""
    return next((outcome for outcome in outcomes if isinstance(outcome, Succeeded)), outcomes[0])


async def _outcomes(
    portal: Portal, asked: Mapping[tuple[str, int], FactSource], *, bulk: bool = False
) -> dict[tuple[str, int], _Asked]:
    """Send a batch without the methods that the access rules forbid, and return the outcome of each request."""
    found: dict[tuple[str, int], _Asked] = {}
    left = dict(asked)
    while left:
        labels = {f"c{number}": key for number, key in enumerate(left)}
        try:
            answer = await portal.batch({label: left[key].command for label, key in labels.items()}, bulk=bulk)
        except B24Error as exc:  # nothing was sent
            refused = [key for key, source in left.items() if source.method == exc.method] or list(left)
            found |= dict.fromkeys(refused, exc)
            left = {key: source for key, source in left.items() if key not in refused}
            continue
        for label, key in labels.items():
            outcome = answer.outcomes.get(label)
            found[key] = answer.error if answer.error is not None and not isinstance(outcome, Succeeded) else outcome
        break
    return found


def read_outcome(source: FactSource, outcome: Outcome | None, now: float) -> Reading:
    """Return what the outcome of one request says for a source."""
    return _reading(source, [outcome], now)


def _reading(source: FactSource, pages: Sequence[_Asked], now: float) -> Reading:
    """Read the pages of an answer into one value."""
    whole: Any = None
    for page in pages:
        if not isinstance(page, Succeeded):
            return Reading(None, now, _why(source, page))
        value = source.read(page.answer.result)
        if value is None:
            return Reading(None, now, useless(source))
        whole = value if whole is None else whole + value
    return Reading(whole, now)


def _why(source: FactSource, outcome: _Asked) -> B24Error:
    error = outcome.error if isinstance(outcome, Failed) else outcome
    return error.of(source.method) if isinstance(error, B24Error) else useless(source)


def useless(source: FactSource) -> B24Error:
    """Return the error of an answer that cannot be read."""
    return our_error("B24MCP_BAD_ANSWER", f"The answer of {source.method} could not be read.", method=source.method)


_Asked = Outcome | B24Error | None
"""The outcome of a command, the error for which it was not sent, or None when the answer says nothing about it."""
