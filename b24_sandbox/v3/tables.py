"""Tables that only REST 3.0 uses: event log, chats of tasks, knowledge bases, mail, follow-ups of calls.

Documentation: api-reference/event-log, api-reference/tasks, api-reference/note,
api-reference/departments, api-reference/mail, api-reference/telephony/follow-up.
"""

from __future__ import annotations

from b24_sandbox.tables import entities, entity

EVENT_LOG = entity("main_event_log")
TASK_MESSAGE = entity("task_chat_message")
TASK_EXTRA = entity("task_extra")
"""Properties of tasks that only REST 3.0 writes, as JSON text under the id of the task."""
NODE_EXTRA = entity("structure_node_extra")
"""Properties of departments that version 2 does not have, as JSON text under the id of the department."""
COLLECTION = entity("note_collection")
IDEMPOTENCY = entity("rest_v3_idempotency")
NOTE_DOCUMENT = entity("note_document")
NOTE_FILE = entity("note_file")
NODE_LINK = entity("structure_node_link")
"""Chats, channels and collabs of departments."""
MAILBOX = entity("mail_mailbox")
MAIL_MESSAGE = entity("mail_message")
MAIL_CONTACT = entity("mail_contact")
FOLLOW_UP = entity("call_follow_up")

TABLES = entities("rest3")
