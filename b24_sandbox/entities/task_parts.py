"""Parts of a task: checklist, comments, history, results, stages, links between tasks.

Documentation: api-reference/tasks/{checklist-item,comment-item,result,stages}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _prepare_item(portal: World, values: Map, stored: Row | None, user: int) -> None:
    if stored is None:
        defaults = {"PARENT_ID": 0, "CREATED_BY": user, "SORT_INDEX": 0, "IS_COMPLETE": "N", "IS_IMPORTANT": "N"}
        for name, value in defaults.items():
            values.setdefault(name, value)
        values.setdefault("MEMBERS", "[]")
    elif "IS_COMPLETE" in values and values["IS_COMPLETE"] != stored["IS_COMPLETE"]:
        values["TOGGLED_BY"], values["TOGGLED_DATE"] = user, dates.iso(portal.clock())


CHECKLIST = Entity(
    "task_checklist",
    parse_fields("""
ID integer r | ID
TASK_ID integer r | Task
PARENT_ID integer | Parent item
CREATED_BY user r | Created by
TITLE string q | Title
SORT_INDEX integer | Sorting
IS_COMPLETE char | Complete
IS_IMPORTANT char | Important
TOGGLED_BY user r | Toggled by
TOGGLED_DATE datetime r | Toggled on
MEMBERS string m | Members
"""),
    _prepare_item,
    indexes=("TASK_ID",),
)

COMMENT = Entity(
    "task_comment",
    parse_fields("""
ID integer r | ID
TASK_ID integer r | Task
AUTHOR_ID user | Author
AUTHOR_NAME string r | Author's name
AUTHOR_EMAIL string r | Author's e-mail
POST_DATE datetime | Date
POST_MESSAGE string q | Text
UF_FORUM_MESSAGE_DOC string m | Files
"""),
    indexes=("TASK_ID",),
)

HISTORY = Entity(
    "task_history",
    parse_fields("""
ID integer r | ID
CREATED_DATE datetime r | Date
USER_ID user r | User
TASK_ID integer r | Task
FIELD string r | Field
FROM_VALUE string r | From
TO_VALUE string r | To
"""),
    indexes=("TASK_ID",),
)

RESULT = Entity(
    "task_result",
    parse_fields("""
ID integer r | ID
TASK_ID integer r | Task
COMMENT_ID integer r | Comment
CREATED_BY user r | Author
CREATED_AT datetime r | Created
UPDATED_AT datetime r | Changed
STATUS integer r | Status
TEXT string | Text
FILES integer m | Files
"""),
    indexes=("TASK_ID",),
)

STAGE = Entity(
    "task_stage",
    parse_fields("""
ID integer r | ID
TITLE string q | Title
SORT integer | Sorting
COLOR string | Colour
SYSTEM_TYPE string r | System type
ENTITY_ID integer i | Group or user
ENTITY_TYPE string r | G or U
"""),
    indexes=("ENTITY_ID",),
)

DEPENDENCE = Entity(
    "task_dependence",
    parse_fields("""
ID integer r | ID
TASK_ID integer r | Task
DEPENDS_ON_ID integer r | Depends on
TYPE integer r | Type of link
"""),
    indexes=("TASK_ID",),
)

TASK_PARTS = (CHECKLIST, COMMENT, HISTORY, RESULT, STAGE, DEPENDENCE)
