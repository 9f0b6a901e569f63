"""Tasks, time spent on them, and product rows of deals (documentation: api-reference/tasks/fields)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World

PENDING, IN_PROGRESS, AWAITING_CONTROL, COMPLETED, DEFERRED = 2, 3, 4, 5, 6

DEFAULTS: dict[str, Value] = {
    "PRIORITY": 1,
    "MULTITASK": "N",
    "NOT_VIEWED": "N",
    "REPLICATE": "N",
    "STAGE_ID": 0,
    "STATUS": PENDING,
    "GROUP_ID": 0,
    "DESCRIPTION": "",
    "ALLOW_CHANGE_DEADLINE": "N",
    "ALLOW_TIME_TRACKING": "N",
    "TASK_CONTROL": "N",
    "ADD_IN_REPORT": "N",
    "TIME_ESTIMATE": 0,
    "MATCH_WORK_TIME": "N",
    "SITE_ID": "s1",
    "SUBORDINATE": "N",
    "OUTLOOK_VERSION": 1,
    "DURATION_TYPE": "days",
    "IS_MUTED": "N",
    "IS_PINNED": "N",
    "IS_PINNED_IN_GROUP": "N",
    "DESCRIPTION_IN_BBCODE": "Y",
    "FAVORITE": "N",
    "AUDITORS": "[]",
    "ACCOMPLICES": "[]",
    "UF_CRM_TASK": "[]",
    "UF_TASK_WEBDAV_FILES": "[]",
    "TAGS": "[]",
    "DEPENDS_ON": "[]",
}
"""The default values of a new task."""


def _prepare_task(portal: World, values: Map, stored: Row | None, user: int) -> None:
    now = dates.iso(portal.clock())
    if stored is None:
        values.setdefault("CREATED_BY", user)
        values.setdefault("CREATED_DATE", now)
        values.setdefault("GUID", task_guid(f"{now}/{values.get('TITLE')}/{portal.storage.count(TASK)}"))
        for name, default in DEFAULTS.items():
            values.setdefault(name, default)
    if stored is None or ("STATUS" in values and values["STATUS"] != stored["STATUS"]):
        values["STATUS_CHANGED_DATE"] = now
        values["STATUS_CHANGED_BY"] = user
        done = values["STATUS"] == COMPLETED
        values["CLOSED_BY"] = user if done else None
        values["CLOSED_DATE"] = now if done else None
    values["CHANGED_BY"] = user
    values["CHANGED_DATE"] = now
    values["ACTIVITY_DATE"] = now


def task_guid(seed: str) -> str:
    """A GUID in the portal's form, the same for the same seed."""
    import hashlib  # slow to import and rarely needed

    digest = hashlib.sha256(seed.encode()).hexdigest()
    return "{" + "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])) + "}"


TASK = Entity(
    "task",
    parse_fields("""
ID integer r | ID
PARENT_ID integer | Parent task ID
TITLE string q | Title
DESCRIPTION string | Description
MARK enum | Score
PRIORITY integer | Priority
MULTITASK char | Multiple responsible persons
NOT_VIEWED char r | Not viewed
REPLICATE char | Recurring task
STAGE_ID integer | Stage
SPRINT_ID integer r | Sprint
BACKLOG_ID integer r | Backlog
CREATED_BY user | Created by
CREATED_DATE datetime r | Created on
RESPONSIBLE_ID user q | Responsible person
CHANGED_BY user r | Modified by
CHANGED_DATE datetime r | Modified on
STATUS_CHANGED_BY user r | Status changed by
CLOSED_BY user r | Closed by
CLOSED_DATE datetime r | Closed on
ACTIVITY_DATE datetime r | Last activity
DATE_START datetime r | Started on
DEADLINE datetime | Deadline
START_DATE_PLAN datetime | Planned start
END_DATE_PLAN datetime | Planned end
GUID string r | GUID
XML_ID string | XML_ID
COMMENTS_COUNT integer r | Comments
SERVICE_COMMENTS_COUNT integer r | Service comments
ALLOW_CHANGE_DEADLINE char | Responsible person may change the deadline
ALLOW_TIME_TRACKING char | Track time
TASK_CONTROL char | Approve when completed
ADD_IN_REPORT char | Include in report
FORKED_BY_TEMPLATE_ID integer r | Created from template
TIME_ESTIMATE integer | Time estimate
TIME_SPENT_IN_LOGS integer r | Time spent
MATCH_WORK_TIME char | Skip days off
FORUM_TOPIC_ID integer r | FORUM_TOPIC_ID
FORUM_ID integer r | FORUM_ID
SITE_ID string | SITE_ID
SUBORDINATE char r | Subordinate's task
EXCHANGE_MODIFIED datetime r | EXCHANGE_MODIFIED
EXCHANGE_ID integer r | EXCHANGE_ID
OUTLOOK_VERSION integer r | OUTLOOK_VERSION
VIEWED_DATE datetime r | Viewed on
SORTING double r | Sorting
DURATION_FACT integer r | Duration (actual)
IS_MUTED char r | Muted
IS_PINNED char r | Pinned
IS_PINNED_IN_GROUP char r | Pinned in group
FLOW_ID integer | Flow
DESCRIPTION_IN_BBCODE char | Description in BBCode
STATUS integer | Status
STATUS_CHANGED_DATE datetime r | Status changed on
DURATION_PLAN integer | Duration (planned)
DURATION_TYPE string | Duration unit
FAVORITE char r | Favorite
GROUP_ID integer | Workgroup
AUDITORS user m | Observers
ACCOMPLICES user m | Participants
UF_CRM_TASK crm m | CRM items
UF_TASK_WEBDAV_FILES disk_file m | Files
UF_MAIL_MESSAGE mail_message | Mail message
TAGS string m | Tags
DEPENDS_ON integer m | Previous tasks
CHAT_ID integer r | Chat
"""),
    _prepare_task,
    ("RESPONSIBLE_ID", "STATUS", "DEADLINE"),
    user_fields="TASKS_TASK",
)

ELAPSED = Entity(
    "task_elapsed",
    parse_fields("""
ID integer r | ID
TASK_ID integer q | Task
USER_ID user | User
COMMENT_TEXT string | Comment
SECONDS integer | Seconds
MINUTES integer | Minutes
SOURCE integer r | Source
CREATED_DATE datetime | Created on
DATE_START datetime | Started on
DATE_STOP datetime | Stopped on
"""),
    indexes=("TASK_ID",),
)
