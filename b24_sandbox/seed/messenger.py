"""Chats of the demonstration company with their members and messages."""

from __future__ import annotations

from b24_sandbox.entities.im import CHAT, CHAT_MEMBER, MESSAGE
from b24_sandbox.php import Value
from b24_sandbox.seed.moments import Moments
from b24_sandbox.seed.tables import numbers, table
from b24_sandbox.storage import Storage

_COLOR = "#df532d"


def seed_chats(storage: Storage, now: float) -> None:
    """Write chats. Everybody has read everything but the messages of today."""
    moments = Moments(now)
    messages: list[tuple[Value, ...]] = []
    last: dict[str, int] = {}
    read: dict[str, int] = {}
    spoken = sorted(
        (moments.past(int(days), float(hour)), chat, author, text, days)
        for chat, days, hour, author, text in table("messages")
    )
    for number, (moment, chat, author, text, days) in enumerate(spoken, 1):
        messages.append((int(chat), int(author), text, moment, "[]", 0, 0, 0))
        last[chat] = number
        if days != "0":
            read[chat] = number
    chats: list[tuple[Value, ...]] = []
    members: list[tuple[Value, ...]] = []
    for chat, kind, title, owner, people, description in table("chats"):
        pair = "-".join(people.split(",")) if kind == "private" else None
        made = moments.ago(120 - int(chat))
        chats.append((int(chat), kind, title or None, description, _COLOR, int(owner), "", "", pair, made, last[chat]))
        members += [(int(chat), person, read[chat], 0) for person in numbers(people)]
    columns = "ID TYPE TITLE DESCRIPTION COLOR OWNER_ID ENTITY_TYPE ENTITY_ID PAIR DATE_CREATE LAST_MESSAGE_ID"
    storage.insert_many(CHAT, columns.split(), chats)
    storage.insert_many(CHAT_MEMBER, ("CHAT_ID", "USER_ID", "LAST_READ", "PINNED"), members)
    columns = "CHAT_ID AUTHOR_ID TEXT DATE_CREATE LIKES DELETED EDITED REPLY_ID"
    storage.insert_many(MESSAGE, columns.split(), messages)
