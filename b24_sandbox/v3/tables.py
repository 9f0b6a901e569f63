"""Tables that only REST 3.0 uses: the event log, chats of tasks, knowledge bases, working time.

Documentation: api-reference/event-log, api-reference/tasks, api-reference/note, api-reference/timeman/record.
"""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

EVENT_LOG = Entity(
    "main_event_log",
    parse_fields("""
ID integer r | ID
TIMESTAMP_X datetime r | Date
SEVERITY string r | Severity
AUDIT_TYPE_ID string r | Event type
MODULE_ID string r | Module
ITEM_ID string r | Object
REMOTE_ADDR string r | IP address
USER_AGENT string r | User agent
REQUEST_URI string r | Address
SITE_ID string r | Site
USER_ID user r | User
GUEST_ID integer r | Guest
DESCRIPTION string r | Description
"""),
)

TASK_MESSAGE = Entity(
    "task_chat_message",
    parse_fields("""
ID integer r | ID
TASK_ID integer q | Task
TEXT string q | Text
AUTHOR_ID user r | Author
CREATED_AT datetime r | Sent
"""),
    indexes=("TASK_ID",),
)

TASK_EXTRA = Entity(
    "task_extra",
    parse_fields("""
ID integer r | Task
DATA string r | Values
"""),
)
"""Properties of tasks that only REST 3.0 writes, as JSON text under the id of the task."""

NODE_EXTRA = Entity(
    "structure_node_extra",
    parse_fields("""
ID integer r | Department
DATA string r | Values
"""),
)
"""Properties of departments that version 2 does not have, as JSON text under the id of the department."""

COLLECTION = Entity(
    "note_collection",
    parse_fields("""
ID integer r | ID
NAME string q | Name
POSITION integer | Position
POLICY_LEVEL string r | Access
STATE string r | State
CREATED_BY user r | Author
CREATED_AT datetime r | Created
UPDATED_BY user r | Editor
UPDATED_AT datetime r | Changed
"""),
)

TIME_RECORD = Entity(
    "timeman_record",
    parse_fields("""
ID integer r | ID
USER_ID user r | Employee
START_TIME datetime r | Start
END_TIME datetime r | End
DURATION integer r | Seconds worked
BREAK_LENGTH integer r | Seconds of breaks
STATE string r | State
IS_APPROVED char r | Approved
"""),
    indexes=("USER_ID",),
)

IDEMPOTENCY = Entity(
    "rest_v3_idempotency",
    parse_fields("""
ID integer r | ID
OWNER string r | Webhook or application, user, method, key
BODY_HASH string r | Hash of the request
ANSWER string r | Stored answer
EXPIRES double r | When it is forgotten, Unix seconds
"""),
    indexes=("OWNER",),
)

TABLES = (EVENT_LOG, TASK_MESSAGE, TASK_EXTRA, NODE_EXTRA, COLLECTION, TIME_RECORD, IDEMPOTENCY)
