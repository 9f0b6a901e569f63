"""Tasks and time spent on them (documentation: api-reference/tasks/fields)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates, tables
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

PENDING, IN_PROGRESS, AWAITING_CONTROL, COMPLETED, DEFERRED = 2, 3, 4, 5, 6

DEFAULTS = tables.defaults("task")
"""The default values of a new task."""


def _prepare_task(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Set the GUID of a new task, and who changed or closed a task when its status changes."""
    now = dates.iso(portal.clock())
    if stored is None:
        values.setdefault("GUID", task_guid(f"{now}/{values.get('TITLE')}/{portal.storage.count(TASK)}"))
    if stored is None or ("STATUS" in values and values["STATUS"] != stored["STATUS"]):
        values["STATUS_CHANGED_DATE"] = now
        values["STATUS_CHANGED_BY"] = user
        done = values["STATUS"] == COMPLETED
        values["CLOSED_BY"] = user if done else None
        values["CLOSED_DATE"] = now if done else None


def task_guid(seed: str) -> str:
    """A GUID in the portal's form, the same for the same seed."""
    import hashlib  # slow to import and rarely needed

    digest = hashlib.sha256(seed.encode()).hexdigest()
    return "{" + "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])) + "}"


TASK = tables.entity("task", prepare=_prepare_task)
ELAPSED = tables.entity("task_elapsed")
