"""Work that is short once its tables are read from disk: in a worker thread the first time, in the event loop later.

A worker thread costs more than such work, most of all with many calls at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar
from weakref import WeakKeyDictionary

from anyio.to_thread import run_sync

from b24_mcp.app.answers.reply import is_long
from b24_mcp.catalog import Catalogue
from b24_mcp.catalog.tables import load_tables

_T = TypeVar("_T")
_MOST_CHARACTERS = 20_000
_MOST_KNOWN = 5_000
_known: WeakKeyDictionary[Catalogue, set[tuple[str, str]]] = WeakKeyDictionary()


async def run_short(
    work: Callable[[], _T], kind: str, catalogue: Catalogue, methods: Collection[str], params: object
) -> _T:
    """Return the result of `work`, which is about the `params` of calls of `methods`.

    It is done in a worker thread when `kind` of work was not done with this catalogue for each of the methods before,
    because it may read from disk then, when one of the methods is unknown, and when the params are long.
    """
    known = _known.setdefault(catalogue, set())
    wanted = {(kind, method) for method in methods}
    if wanted <= known and not is_long(params, _MOST_CHARACTERS):
        return work()
    result = await run_sync(_prepared, work)
    if len(known) < _MOST_KNOWN:
        known.update((kind, method) for method in methods if catalogue.versions(method))
    return result


def _prepared(work: Callable[[], _T]) -> _T:
    load_tables()
    return work()
