"""Chats, their members and messages; notifications (documentation: api-reference/chats)."""

from __future__ import annotations

from b24_sandbox.fields import Entity, parse_fields

CHAT = Entity(
    "im_chat",
    parse_fields("""
ID integer r | ID
TYPE string r | chat, open or private
TITLE string | Title
DESCRIPTION string | Description
COLOR string | Colour
OWNER_ID user r | Owner
ENTITY_TYPE string r | Bound to a kind of record
ENTITY_ID string r | Bound to this record
PAIR string r | Two people of a private dialog
DATE_CREATE datetime r | Created
LAST_MESSAGE_ID integer r | Last message
"""),
    indexes=("PAIR",),
)

CHAT_MEMBER = Entity(
    "im_member",
    parse_fields("""
ID integer r | ID
CHAT_ID integer r | Chat
USER_ID user r | Person
LAST_READ integer r | Last message that was read
PINNED bool r | Pinned
MUTED bool r | Without notifications
UNREAD bool r | Marked as unread
HIDDEN_UPTO integer r | Hidden until a newer message
"""),
    indexes=("CHAT_ID", "USER_ID"),
)

MESSAGE = Entity(
    "im_message",
    parse_fields("""
ID integer r | ID
CHAT_ID integer r | Chat
AUTHOR_ID user r | Author, 0: the system
TEXT string | Text
DATE_CREATE datetime r | Date
LIKES integer m | Who likes it
DELETED bool r | Deleted
EDITED bool r | Edited
REPLY_ID integer r | Answer to
"""),
    indexes=("CHAT_ID",),
)

NOTIFICATION = Entity(
    "im_notification",
    parse_fields("""
ID integer r | ID
USER_ID user r | To whom
AUTHOR_ID user r | From whom, 0: the system
TEXT string | Text
TAG string | Tag
SUB_TAG string | Additional tag
IS_READ bool r | Read
DATE_CREATE datetime r | Date
"""),
    indexes=("USER_ID",),
)

MESSENGER = (CHAT, CHAT_MEMBER, MESSAGE, NOTIFICATION)
