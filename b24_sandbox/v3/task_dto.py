"""The objects of tasks in REST 3.0 (documentation: api-reference/tasks/fields-rest-v3).

Only `id` and `parentId` can be filtered. The default selection of an add or a get is the documented set; it leaves out
creator, responsible person and group.
"""

from __future__ import annotations

import json

from b24_sandbox import php
from b24_sandbox.credentials import ADMINISTRATORS
from b24_sandbox.entities.groups import GROUP
from b24_sandbox.entities.staff import USER
from b24_sandbox.entities.task_parts import CHECKLIST, RESULT, STAGE
from b24_sandbox.entities.tasks import AWAITING_CONTROL, COMPLETED, DEFERRED, IN_PROGRESS, PENDING, TASK
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Computed, Dto, Visible, parse_properties
from b24_sandbox.v3.errors import DTO
from b24_sandbox.v3.tables import TASK_EXTRA, TASK_MESSAGE

STATUSES: dict[str, Value] = {
    "pending": PENDING,
    "in_progress": IN_PROGRESS,
    "supposedly_completed": AWAITING_CONTROL,
    "completed": COMPLETED,
    "deferred": DEFERRED,
}
_ENUMS: dict[str, dict[str, Value]] = {
    "status": STATUSES,
    "priority": {"low": 0, "average": 1, "high": 2},
    "mark": {"none": None, "negative": "N", "positive": "P"},
}
_ALWAYS = [
    "read",
    "watch",
    "mute",
    "createResult",
    "edit",
    "remove",
    "delegate",
    "deadline",
    "datePlan",
    "changeResponsible",
    "changeAccomplices",
    "mark",
    "changeStatus",
    "reminder",
    "addAuditors",
    "elapsedTime",
    "favorite",
    "checklistAdd",
    "checklistEdit",
    "checklistSave",
    "checklistToggle",
    "automate",
    "completeResult",
    "admin",
    "createSubtask",
    "copy",
    "saveAsTemplate",
    "attachFile",
    "detachFile",
    "detachParent",
    "createGanttDependence",
]
_NEVER = ["take", "changeDirector", "timeTracking", "resultEdit", "removeResult", "resultRead", "sort"]


def rights(row: Row) -> Map:
    """The actions that an editor of a task may perform in its current status."""
    status = row.integer("STATUS")
    opened, waiting = status in (PENDING, IN_PROGRESS, DEFERRED), status == AWAITING_CONTROL
    return {
        **dict.fromkeys(_ALWAYS, True),
        **dict.fromkeys(_NEVER, False),
        "complete": opened,
        "approve": waiting,
        "disapprove": waiting,
        "start": status in (PENDING, DEFERRED),
        "pause": status == IN_PROGRESS,
        "defer": status in (PENDING, IN_PROGRESS),
        "renew": status in (COMPLETED, AWAITING_CONTROL, DEFERRED),
    }


def visible(context: Context) -> Visible:
    """The visible tasks: all for an administrator, otherwise those with the user as a member."""
    if context.admin:
        return Visible()
    lists = " or ".join(
        f"exists (select 1 from json_each(coalesce(nullif({column}, ''), '[]')) as m where m.value = ?)"  # noqa: S608
        for column in ("ACCOMPLICES", "AUDITORS")
    )
    return Visible(f"(CREATED_BY = ? or RESPONSIBLE_ID = ? or {lists})", (context.user,) * 4)


def _checklist(context: Context, row: Row) -> Value:
    found = context.storage.rows(CHECKLIST, ["ID"], "TASK_ID = ?", [row["ID"]])
    return [item["ID"] for item in found]


def _flag(column: str) -> Computed:
    """Whether the acting user has set a flag: a list with the user's id, or an empty list."""
    return lambda context, row: [context.user] if row[column] == "Y" else []


def _number(column: str) -> Computed:
    return lambda context, row: row.integer(column)


def _always(value: Value) -> Computed:
    return lambda context, row: value


def _link(context: Context, row: Row) -> Value:
    return f"/company/personal/user/{context.user}/tasks/task/view/{row['ID']}/"


def _archive(context: Context, row: Row) -> Value:
    return (
        f"/bitrix/tools/disk/uf.php?entityId={row['ID']}&entity=TASKS_TASK&fieldName=UF_TASK_WEBDAV_FILES"
        "&action=downloadArchiveByEntity&ncc=1"
    )


def file_ids(row: Row) -> list[int]:
    """The ids of the disk files attached to a task. Version 2 stores their numbers as text."""
    listed = row.text("UF_TASK_WEBDAV_FILES")
    return [php.integer(file) for file in json.loads(listed)] if listed else []


def _files(context: Context, row: Row) -> Value:
    """The attached files; without files the value is `null`, not an empty list."""
    return file_ids(row) or None


COMPUTED: dict[str, Computed] = {
    "checklist": _checklist,
    "parentId": lambda context, row: row["PARENT_ID"] or None,
    "containsChecklist": lambda context, row: context.storage.count(CHECKLIST, "TASK_ID = ?", [row["ID"]]) > 0,
    "containsSubTasks": lambda context, row: context.storage.count(TASK, "PARENT_ID = ?", [row["ID"]]) > 0,
    "containsRelatedTasks": lambda context, row: row["DEPENDS_ON"] not in (None, "", "[]"),
    "containsGanttLinks": _always(False),
    "containsPlacements": _always(True),
    "containsResults": lambda context, row: context.storage.count(RESULT, "TASK_ID = ?", [row["ID"]]) > 0,
    "numberOfReminders": _always(0),
    "plannedDuration": _number("DURATION_PLAN"),
    "actualDuration": _number("DURATION_FACT"),
    "estimatedTime": _number("TIME_ESTIMATE"),
    "link": _link,
    "rights": lambda context, row: rights(row),
    "archiveLink": _archive,
    "inFavorite": _flag("FAVORITE"),
    "inPin": _flag("IS_PINNED"),
    "inGroupPin": _flag("IS_PINNED_IN_GROUP"),
    "inMute": _flag("IS_MUTED"),
    "scenarios": _always(["default"]),
    "fileIds": _files,
    "source": _always(None),
    "elapsedTime": _always(None),
}

USER_DTO = Dto(
    "UserDto",
    USER,
    parse_properties("""
id int d ID
name string d NAME
role string d -
image object d -
gender string d PERSONAL_GENDER
email string d EMAIL
externalAuthId string d -
rights array d -
"""),
    computed={
        "name": lambda context, row: f"{php.text(row['NAME'])} {php.text(row['LAST_NAME'])}".strip(),
        "role": lambda context, row: "admin" if row["ID"] in ADMINISTRATORS else "employee",
        "image": _always(None),
        "externalAuthId": _always(None),
        "rights": _always([]),
    },
)
GROUP_DTO = Dto(
    "GroupDto",
    GROUP,
    parse_properties("""
id int d ID
name string d NAME
image object d -
type string d -
isVisible bool d VISIBLE
"""),
    computed={
        "image": _always(None),
        "type": lambda context, row: "project" if row["PROJECT"] == "Y" else "group",
    },
)
STAGE_DTO = Dto("StageDto", STAGE, parse_properties("id int d ID\ntitle string d TITLE\ncolor string d COLOR"))
FLOW_DTO = Dto("FlowDto", None, parse_properties("id int d ID\nname string d NAME"))
CHAT_DTO = Dto(
    "ChatDto", None, parse_properties("id int d ID\nentityId int d ENTITY_ID\nentityType string d ENTITY_TYPE")
)
TEMPLATE_DTO = Dto("TemplateDto", None, parse_properties("id int d ID\ntitle string d TITLE"))
EMAIL_DTO = Dto("EmailDto", None, parse_properties("id int d ID\ntitle string d TITLE\nlink string d -"))

TASK_DTO = Dto(
    "TaskDto",
    TASK,
    parse_properties("""
id int fsd ID
title string sqed TITLE
description string ed DESCRIPTION
creatorId int sq CREATED_BY
creator one:UserDto - CREATED_BY
created datetime s CREATED_DATE
responsibleId int sqe RESPONSIBLE_ID
responsible one:UserDto - RESPONSIBLE_ID
deadline datetime sed DEADLINE
needsControl bool ed TASK_CONTROL
startPlan datetime sed START_DATE_PLAN
endPlan datetime sed END_DATE_PLAN
fileIds array:int ed UF_TASK_WEBDAV_FILES
checklist array:int d -
groupId int se GROUP_ID
group one:GroupDto - GROUP_ID
stageId int e STAGE_ID
stage one:StageDto - STAGE_ID
epicId int exd -
storyPoints int exd -
flowId int e FLOW_ID
flow one:FlowDto - FLOW_ID
priority enum:priority sed PRIORITY
status enum:status sed STATUS
statusChanged datetime d STATUS_CHANGED_DATE
accomplices many:UserDto e ACCOMPLICES
auditors many:UserDto e AUDITORS
parentId int fed PARENT_ID
parent one:TaskDto - PARENT_ID
containsChecklist bool d -
containsSubTasks bool d -
containsRelatedTasks bool d -
containsGanttLinks bool d -
containsPlacements bool d -
containsResults bool d -
numberOfReminders int d -
chatId int d CHAT_ID
chat one:ChatDto - CHAT_ID
plannedDuration int ed DURATION_PLAN
actualDuration int d DURATION_FACT
durationType string ed DURATION_TYPE
started datetime sd DATE_START
estimatedTime int sed TIME_ESTIMATE
replicate bool ed REPLICATE
changed datetime sd CHANGED_DATE
changedById int - CHANGED_BY
changedBy one:UserDto - CHANGED_BY
statusChangedById int - STATUS_CHANGED_BY
statusChangedBy one:UserDto - STATUS_CHANGED_BY
closedById int - CLOSED_BY
closedBy one:UserDto - CLOSED_BY
closed datetime sd CLOSED_DATE
activity datetime sd ACTIVITY_DATE
guid string d GUID
xmlId string ed XML_ID
exchangeId string d EXCHANGE_ID
exchangeModified datetime d EXCHANGE_MODIFIED
outlookVersion int d OUTLOOK_VERSION
mark enum:mark sed MARK
allowsChangeDeadline bool sed ALLOW_CHANGE_DEADLINE
allowsTimeTracking bool sed ALLOW_TIME_TRACKING
matchesWorkTime bool ed MATCH_WORK_TIME
addInReport bool ed ADD_IN_REPORT
isMultitask bool ed MULTITASK
siteId string ed SITE_ID
forkedByTemplateId int - FORKED_BY_TEMPLATE_ID
forkedByTemplate one:TemplateDto - FORKED_BY_TEMPLATE_ID
deadlineCount int d -
declineReason string d -
forumTopicId int d FORUM_TOPIC_ID
link string d -
rights array d -
archiveLink string d -
crmItemIds array:string ed UF_CRM_TASK
emailId int - UF_MAIL_MESSAGE
email one:EmailDto - UF_MAIL_MESSAGE
elapsedTime object - -
requireResult bool exd -
matchesSubTasksTime bool exd -
autocompleteSubTasks bool exd -
allowsChangeDatePlan bool exd -
maxDeadlineChangeDate datetime exd -
maxDeadlineChanges int exd -
requireDeadlineChangeReason bool exd -
inFavorite array:int d -
inPin array:int d -
inGroupPin array:int d -
inMute array:int d -
source object - -
dependsOn array:int ed DEPENDS_ON
scenarios array:string d -
"""),
    enums=_ENUMS,
    computed={**COMPUTED, "deadlineCount": _always(None), "declineReason": _always(None)},
    visible=visible,
    extras=TASK_EXTRA,
    max_limit=50,
    list_default=("id",),
)
TASK_DTO.related.update(
    {dto.name: dto for dto in (USER_DTO, GROUP_DTO, STAGE_DTO, FLOW_DTO, CHAT_DTO, TEMPLATE_DTO, EMAIL_DTO, TASK_DTO)}
)

ACCESS_DTO = Dto("AccessDto", TASK, parse_properties("id int fsd ID"))
FILE_DTO = Dto("FileDto", None, parse_properties("taskId int eq -\nfileIds array:int eq -"))
MESSAGE_DTO = Dto(
    "MessageDto",
    TASK_MESSAGE,
    parse_properties("id int fsd ID\ntaskId int qd TASK_ID\ntext string qd TEXT"),
    missing_kind=DTO,
)
_RESULT_ENUMS: dict[str, dict[str, Value]] = {"status": {"open": 0, "closed": 1}}
RESULT_DTO = Dto(
    "ResultDto",
    RESULT,
    parse_properties("""
id int fsd ID
taskId int fqd TASK_ID
text string qed TEXT
authorId int fsd CREATED_BY
author one:UserDto - CREATED_BY
createdAt datetime sd CREATED_AT
updatedAt datetime sd UPDATED_AT
status enum:status fsd STATUS
fileIds array:int d FILES
rights object d -
messageId int fsd COMMENT_ID
"""),
    enums=_RESULT_ENUMS,
    computed={
        "rights": lambda context, row: dict.fromkeys(
            ("edit", "remove"), context.admin or row["CREATED_BY"] == context.user
        )
    },
    strict_select=True,
    missing_kind=DTO,
)
RESULT_DTO.related["UserDto"] = USER_DTO
