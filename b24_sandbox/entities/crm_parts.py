"""Records that belong to other records of the CRM: activities, requisites, addresses, timeline, history, links.

Fields and types: documentation: api-reference/crm/timeline/**/…-fields, api-reference/crm/requisites/**/…-fields,
api-reference/crm/crm-stage-history-list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_sandbox import dates, php
from b24_sandbox.fields import Entity, parse_fields
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.world import World


def _activity(portal: World, values: Map, stored: Row | None, user: int) -> None:
    now = dates.iso(portal.clock())
    if stored is None:
        defaults: Map = {
            "PROVIDER_ID": _PROVIDERS.get(php.integer(values.get("TYPE_ID")), ("", ""))[0],
            "PROVIDER_TYPE_ID": _PROVIDERS.get(php.integer(values.get("TYPE_ID")), ("", ""))[1],
            "ASSOCIATED_ENTITY_ID": 0,
            "COMPLETED": "N",
            "PRIORITY": 2,
            "NOTIFY_TYPE": 0,
            "NOTIFY_VALUE": 0,
            "DESCRIPTION": "",
            "DESCRIPTION_TYPE": 1,
            "DIRECTION": 0,
            "LOCATION": "",
            "CREATED": now,
            "AUTHOR_ID": user,
            "RESULT_MARK": 0,
            "RESULT_STATUS": 0,
            "RESULT_STREAM": 0,
            "AUTOCOMPLETE_RULE": 0,
            "IS_INCOMING_CHANNEL": "N",
            "START_TIME": now,
        }
        for name, value in defaults.items():
            values.setdefault(name, value)
        values.setdefault("END_TIME", values["START_TIME"])
        values.setdefault("DEADLINE", values["END_TIME"])
    if "COMPLETED" in values:
        values["STATUS"] = 2 if values["COMPLETED"] == "Y" else 1
    elif php.integer(values.get("STATUS")) in (2, 3):
        values["COMPLETED"] = "Y"
    values["LAST_UPDATED"], values["EDITOR_ID"] = now, user


_PROVIDERS = {
    1: ("CRM_MEETING", "MEETING"),
    2: ("VOXIMPLANT_CALL", "CALL"),
    3: ("TASK", "TASK"),
    4: ("CRM_EMAIL", "EMAIL"),
}

ACTIVITY = Entity(
    "crm_activity",
    parse_fields("""
ID integer r | ID
OWNER_ID integer i | Owner ID
OWNER_TYPE_ID crm_enum_ownertype i | Owner type
TYPE_ID crm_enum_activitytype qi | Type
PROVIDER_ID string | Provider ID
PROVIDER_TYPE_ID string | Provider type
PROVIDER_GROUP_ID string | Connector type
ASSOCIATED_ENTITY_ID integer r | Associated entity ID
SUBJECT string q | Subject
START_TIME datetime | Start
END_TIME datetime | End
DEADLINE datetime | Deadline
COMPLETED char | Completed
STATUS crm_enum_activitystatus | Status
RESPONSIBLE_ID user q | Responsible person
PRIORITY crm_enum_activitypriority | Priority
NOTIFY_TYPE crm_enum_activitynotifytype | Notification type
NOTIFY_VALUE integer | Notification parameter
DESCRIPTION string | Description
DESCRIPTION_TYPE crm_enum_contenttype | Description type
DIRECTION crm_enum_activitydirection | Direction
LOCATION string | Location
CREATED datetime r | Created on
AUTHOR_ID user r | Created by
LAST_UPDATED datetime r | Updated on
EDITOR_ID user r | Edited by
SETTINGS object | Settings
ORIGIN_ID string | External code
ORIGINATOR_ID string | External source
RESULT_STATUS integer | RESULT_STATUS
RESULT_STREAM integer | RESULT_STREAM
RESULT_SOURCE_ID string | RESULT_SOURCE_ID
PROVIDER_PARAMS object | Provider parameters
PROVIDER_DATA string | Provider data
RESULT_MARK integer | RESULT_MARK
RESULT_VALUE double | RESULT_VALUE
RESULT_SUM double | RESULT_SUM
RESULT_CURRENCY_ID string | RESULT_CURRENCY_ID
AUTOCOMPLETE_RULE integer | Completed automatically
BINDINGS crm_activity_binding rmv | Bindings
COMMUNICATIONS crm_activity_communication qmv | Communications
FILES diskfile mv | Files
WEBDAV_ELEMENTS diskfile mvx | Added files
IS_INCOMING_CHANNEL char r | IS_INCOMING_CHANNEL
"""),
    _activity,
    indexes=("OWNER_ID",),
)

ACTIVITY_BINDING = Entity(
    "crm_activity_binding",
    parse_fields("""
ID integer r | ID
ACTIVITY_ID integer | Activity
OWNER_ID integer | Owner ID
OWNER_TYPE_ID integer | Owner type
"""),
    indexes=("ACTIVITY_ID", "OWNER_ID"),
)

COMMUNICATION = Entity(
    "crm_activity_communication",
    parse_fields("""
ID integer r | ID
ACTIVITY_ID integer r | Activity
ENTITY_ID integer | Entity element ID
ENTITY_TYPE_ID integer | Entity type
TYPE string | Type
VALUE string | Value
"""),
    indexes=("ACTIVITY_ID",),
)

STAGE_HISTORY = Entity(
    "crm_stage_history",
    parse_fields("""
ID integer r | ID
ENTITY_TYPE_ID integer | Type of item
TYPE_ID integer | Kind of entry
OWNER_ID integer | Item
CREATED_TIME datetime | Created on
CATEGORY_ID integer | Pipeline
STAGE_SEMANTIC_ID string | Stage group
STAGE_ID string | Stage
"""),
    indexes=("OWNER_ID",),
)

LINK = Entity(
    "crm_link",
    parse_fields("""
ID integer r | ID
OWNER_TABLE string | Table of the record the link belongs to
OWNER_ID integer | Record
ITEM_ID integer | What it is linked to
SORT integer | Sorting
"""),
    indexes=("OWNER_ID",),
)
"""The sort value of a linked contact or company where it was sent. The links themselves are lists in the records."""

COMMENT = Entity(
    "crm_timeline_comment",
    parse_fields("""
ID integer r | ID
CREATED datetime r | Date added
ENTITY_ID integer qi | ID of the element the comment is attached to
ENTITY_TYPE string qi | Type of the element the comment is attached to
AUTHOR_ID integer i | Author
COMMENT string | Comment text
FILES attached_diskfile mv | Files
FILE_LIST object h | Stored files
LOG_TITLE string h | Title of a log entry
LOG_ICON string h | Icon of a log entry
KIND string h | comment or logmessage
"""),
)

TIMELINE_BINDING = Entity(
    "crm_timeline_binding",
    parse_fields("""
ID integer r | ID
OWNER_ID integer qi | Timeline record ID
ENTITY_ID integer qi | Element ID
ENTITY_TYPE string qi | Element type
"""),
    indexes=("OWNER_ID", "ENTITY_ID"),
)
