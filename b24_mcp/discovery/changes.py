"""Which facts about a portal become outdated by a call, and the guard that notices such calls.

The data is in `catalog/data/changes.tsv`: for methods that match a glob and do not only read, the keys of the sources
that they change, as globs; see `b24_mcp.discovery.sources`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache

from b24_mcp.catalog import Version, known_methods
from b24_mcp.catalog.tables import read_table
from b24_mcp.errors import B24Error
from b24_mcp.rest import Answer, Guard, MethodCall, RequestHook

Forget = Callable[[Collection[str]], Awaitable[None]]


@lru_cache(maxsize=1_000)
def changed_by(method: str, version: Version) -> frozenset[str]:
    """Return the keys of the sources that a call of a method changes, as globs."""
    name = method.lower()
    found = frozenset[str]().union(*[keys for pattern, keys in _rows() if fnmatchcase(name, pattern)])
    if not found:
        return found
    catalogue = known_methods()
    spelling = catalogue.spelling(method)
    return frozenset() if spelling is not None and catalogue.effect(spelling, version) == "read" else found


def load() -> None:
    """Read the table."""
    _rows()


@cache
def _rows() -> Sequence[tuple[str, frozenset[str]]]:
    return [(row["method"], frozenset(row["facts"].split(","))) for row in read_table("changes")]


class WatchingGuard:
    """The guard of a portal that has the facts forgotten which a request may have changed.

    `guard` decides which calls may be sent. `forget` is called after each such request, also after a failed one.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.forget: Forget | None = None

    def review(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        """Have the guard judge the commands of a batch; see `Guard`."""
        self._guard.review(calls, permit)

    def admit(self, calls: Sequence[MethodCall], permit: object | None) -> RequestHook:
        """Have the guard judge a request; see `Guard`."""
        hook = self._guard.admit(calls, permit)
        changed = frozenset[str]().union(*[changed_by(call.method, call.version) for call in calls])
        return hook if not changed or self.forget is None else _ForgettingHook(hook, self.forget, changed)


@dataclass(frozen=True, slots=True)
class _ForgettingHook:
    """The hook of a request that changes facts."""

    hook: RequestHook
    forget: Forget
    changed: frozenset[str]

    async def before_send(self) -> None:
        await self.hook.before_send()

    async def after_answer(self, outcome: Answer | B24Error | None) -> None:
        try:
            await self.hook.after_answer(outcome)
        finally:
            await self.forget(self.changed)
