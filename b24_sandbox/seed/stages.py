"""The stage history of the demonstration company: leads, deals and invoices move through their stages in order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from operator import itemgetter

from b24_sandbox.entities.crm_parts import STAGE_HISTORY
from b24_sandbox.entities.crm_rules import CLOSED, CREATED, MOVED
from b24_sandbox.seed.moments import Moments
from b24_sandbox.storage import Storage

DEAL_OPEN = {
    0: ("NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE"),
    1: ("C1:NEW", "C1:PREPARATION", "C1:EXECUTING", "C1:FINAL_INVOICE"),
}
_LEAD_OPEN = ("NEW", "IN_PROCESS", "PROCESSED")
_COLUMNS = (
    "ENTITY_TYPE_ID",
    "OWNER_ID",
    "CATEGORY_ID",
    "TYPE_ID",
    "STAGE_ID",
    "STAGE_SEMANTIC_ID",
    "CREATED_TIME",
)
_Row = tuple[int, int, int, int, str, str, str]
_by_time = itemgetter(_COLUMNS.index("CREATED_TIME"))
_RECENT = 150
"""Deals up to this number have only their first and their last stage in the history."""


@cache
def semantics(stage: str) -> str:
    """Return the group of a stage: `P` (in work), `S` (success) or `F` (failure)."""
    code = stage.rpartition(":")[2]
    return "S" if code in ("WON", "CONVERTED", "P") else "F" if code in ("LOSE", "APOLOGY", "JUNK", "D") else "P"


class StageHistory:
    """The rows of the stage history, collected while items are made."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self._rows: list[_Row] = []

    def lead(self, record: int, stage: str, created: float, moved: float) -> None:
        """Add the stages of a lead up to its current one."""
        self.add(1, record, 0, _path(_LEAD_OPEN, stage, record), created, moved)

    def deal(self, record: int, category: int, stage: str, created: float, moved: float) -> None:
        """Add the stages of a deal up to its current one."""
        path = _path(DEAL_OPEN[category], stage, record)
        self.add(2, record, category, path if record > _RECENT else (path[0], path[-1]), created, moved)

    def add(self, kind: int, record: int, category: int, path: Sequence[str], created: float, moved: float) -> None:
        """Add the stages of an item, evenly spread from `created` to `moved` (days before now)."""
        ago, rows = self._moments.ago, self._rows
        rows.append((kind, record, category, CREATED, path[0], semantics(path[0]), ago(created)))
        pause = (created - moved) / max(1, len(path) - 1)
        for place, stage in enumerate(path[1:], 1):
            group = semantics(stage)
            step = MOVED if group == "P" else CLOSED
            rows.append((kind, record, category, step, stage, group, ago(created - pause * place)))

    def write(self, storage: Storage) -> None:
        """Write all rows in the order of time."""
        self._rows.sort(key=_by_time)
        storage.insert_many(STAGE_HISTORY, _COLUMNS, self._rows)


def _path(work: Sequence[str], stage: str, number: int) -> Sequence[str]:
    """Return the stages up to `stage`. A success has passed all stages of `work`, a failure some of them."""
    if stage in work:
        return work[: work.index(stage) + 1]
    passed = len(work) if semantics(stage) == "S" else 1 + number % len(work)
    return (*work[:passed], stage)
