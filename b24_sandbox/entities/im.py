"""Chats, their members and messages; notifications (documentation: api-reference/chats)."""

from __future__ import annotations

from b24_sandbox.tables import entity

CHAT = entity("im_chat")
CHAT_MEMBER = entity("im_member")
MESSAGE = entity("im_message")
NOTIFICATION = entity("im_notification")
