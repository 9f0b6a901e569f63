"""Parts of a task: checklist, comments, history, results, stages, links between tasks.

Documentation: api-reference/tasks/{checklist-item,comment-item,result,stages}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.php import Map
from b24_sandbox.row import Row
from b24_sandbox.tables import entity

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _prepare_item(portal: World, values: Map, stored: Row | None, user: int) -> None:
    """Note who ticked an item of a checklist, and when."""
    if stored is not None and "IS_COMPLETE" in values and values["IS_COMPLETE"] != stored["IS_COMPLETE"]:
        values["TOGGLED_BY"], values["TOGGLED_DATE"] = user, dates.iso(portal.clock())


CHECKLIST = entity("task_checklist", prepare=_prepare_item)
COMMENT = entity("task_comment")
HISTORY = entity("task_history")
RESULT = entity("task_result")
STAGE = entity("task_stage")
DEPENDENCE = entity("task_dependence")
