"""Tables that only REST 3.0 uses: event log, chats of tasks, knowledge bases, mail, follow-ups of calls.

Documentation: api-reference/event-log, api-reference/tasks, api-reference/note,
api-reference/departments, api-reference/mail, api-reference/telephony/follow-up.
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

NOTE_DOCUMENT = Entity(
    "note_document",
    parse_fields("""
ID integer r | ID
COLLECTION_ID integer q | Knowledge base
PARENT_ID integer | Parent document
TITLE string q | Title
MARKDOWN string | Content
POSITION integer r | Position
STATE string r | State
CREATED_BY user r | Author
CREATED_AT datetime r | Created
UPDATED_BY user r | Editor
UPDATED_AT datetime r | Changed
"""),
    indexes=("COLLECTION_ID", "PARENT_ID"),
)

NOTE_FILE = Entity(
    "note_file",
    parse_fields("""
ID integer r | ID
DOCUMENT_ID integer q | Document
NAME string q | Name
SIZE integer r | Bytes
MIME_TYPE string r | Type
ASSET_TYPE string r | image, video or file
"""),
)

NODE_LINK = Entity(
    "structure_node_link",
    parse_fields("""
ID integer r | ID
NODE_ID integer r | Department
KIND string r | CHAT, CHANNEL or COLLAB
TARGET_ID integer r | Chat or workgroup
ORIGINAL_NODE_ID integer r | The department whose change reached this one
"""),
    indexes=("NODE_ID",),
)
"""Chats, channels and collabs of departments."""

MAILBOX = Entity(
    "mail_mailbox",
    parse_fields("""
ID integer r | ID
NAME string q | Name
EMAIL string q | Address
SENDER_NAME string r | Name of the sender
USERS integer m | Users with access
FOLDERS string m | Folders
"""),
)

MAIL_MESSAGE = Entity(
    "mail_message",
    parse_fields("""
ID integer r | ID
MAILBOX_ID integer q | Mailbox
THREAD_ID integer r | First message of the thread
FOLDER string r | Folder
SUBJECT string q | Subject
FIELD_FROM string r | Sender
FIELD_TO string r | Recipients
FIELD_CC string r | Recipients of a copy
SENT_AT datetime r | Date
IS_SEEN char r | Read
HAS_ATTACHMENTS char r | Has attachments
BINDINGS string m | Bindings
BODY string r | Text
ACTIVITY_ID integer r | CRM activity
CHAT_ID integer r | Chat about the message
"""),
    indexes=("MAILBOX_ID", "THREAD_ID"),
)

MAIL_CONTACT = Entity(
    "mail_contact",
    parse_fields("""
ID integer r | ID
USER_ID user r | Whose address book
EMAIL string q | Address
NAME string r | Name
"""),
    indexes=("USER_ID",),
)

FOLLOW_UP = Entity(
    "call_follow_up",
    parse_fields("""
ID integer r | Call
CALL_TYPE integer r | Type of the call
INITIATOR_ID user r | Who called
START_DATE datetime r | Start
END_DATE datetime r | End
UUID string r | Session
LANGUAGE string r | Language
VERSION integer r | Version of the blocks
CREATED_AT datetime r | When the blocks were stored
USERS integer m | Participants
DATA string r | Participants, recordings and blocks as JSON
"""),
    indexes=("START_DATE",),
)

TABLES = (
    EVENT_LOG,
    TASK_MESSAGE,
    TASK_EXTRA,
    NODE_EXTRA,
    NODE_LINK,
    COLLECTION,
    NOTE_DOCUMENT,
    NOTE_FILE,
    MAILBOX,
    MAIL_MESSAGE,
    MAIL_CONTACT,
    FOLLOW_UP,
    IDEMPOTENCY,
)
