"""Computed properties of tasks and their results in REST 3.0 (documentation: api-reference/tasks/fields-rest-v3)."""

from __future__ import annotations

import json

from b24_sandbox import php
from b24_sandbox.credentials import ADMINISTRATORS
from b24_sandbox.entities.task_parts import CHECKLIST, RESULT
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.fields import Entity
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.v3 import objects
from b24_sandbox.v3.context import Context
from b24_sandbox.v3.dto import Computed

_RIGHTS = objects.facts("tasks")["rights"]


def rights(row: Row) -> Map:
    """The actions that an editor of a task may perform in its current status."""
    status = TASK_DTO.shown(TASK_DTO.properties["status"], row["STATUS"])
    return {
        **dict.fromkeys(_RIGHTS["always"], True),
        **dict.fromkeys(_RIGHTS["never"], False),
        **{action: status in statuses for action, statuses in _RIGHTS["by_status"].items()},
    }


def _checklist(context: Context, row: Row) -> Value:
    found = context.storage.rows(CHECKLIST, ["ID"], "TASK_ID = ?", [row["ID"]])
    return [item["ID"] for item in found]


def _has(table: Entity, column: str) -> Computed:
    """Whether a table has rows that refer to the task."""
    return lambda context, row: context.storage.count(table, f"{column} = ?", [row["ID"]]) > 0


def _flag(column: str) -> Computed:
    """Whether the acting user has set a flag: a list with the user's id, or an empty list."""
    return lambda context, row: [context.user] if row[column] == "Y" else []


def file_ids(row: Row) -> list[int]:
    """The ids of the disk files attached to a task. Version 2 stores their numbers as text."""
    listed = row.text("UF_TASK_WEBDAV_FILES")
    return [php.integer(file) for file in json.loads(listed)] if listed else []


def _files(context: Context, row: Row) -> Value:
    """The attached files; without files the value is `null`, not an empty list."""
    return file_ids(row) or None


TASK_DTO = objects.dto(
    "tasks",
    "TaskDto",
    {
        "checklist": _checklist,
        "parentId": lambda context, row: row["PARENT_ID"] or None,
        "containsChecklist": _has(CHECKLIST, "TASK_ID"),
        "containsSubTasks": _has(TASK, "PARENT_ID"),
        "containsRelatedTasks": lambda context, row: row["DEPENDS_ON"] not in (None, "", "[]"),
        "containsResults": _has(RESULT, "TASK_ID"),
        "rights": lambda context, row: rights(row),
        "inFavorite": _flag("FAVORITE"),
        "inPin": _flag("IS_PINNED"),
        "inGroupPin": _flag("IS_PINNED_IN_GROUP"),
        "inMute": _flag("IS_MUTED"),
        "fileIds": _files,
    },
)
USER_DTO = objects.dto(
    "tasks", "UserDto", {"role": lambda context, row: "admin" if row["ID"] in ADMINISTRATORS else "employee"}
)
GROUP_DTO = objects.dto(
    "tasks", "GroupDto", {"type": lambda context, row: "project" if row["PROJECT"] == "Y" else "group"}
)


def _result_rights(context: Context, row: Row) -> Value:
    return dict.fromkeys(("edit", "remove"), context.admin or row["CREATED_BY"] == context.user)


RESULT_DTO = objects.dto("tasks", "ResultDto", {"rights": _result_rights})
MESSAGE_DTO = objects.dto("tasks", "MessageDto")
