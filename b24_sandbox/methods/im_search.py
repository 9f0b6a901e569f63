"""`im.search.chat.list`: chats by their title."""

from __future__ import annotations

from b24_sandbox.answer import RowPage
from b24_sandbox.call import Call
from b24_sandbox.entities.im import CHAT, CHAT_MEMBER
from b24_sandbox.methods.im import COLUMNS, chat_card
from b24_sandbox.methods.im_people import paged, search_words
from b24_sandbox.php import Value
from b24_sandbox.registry import Registry


def _search_chats(call: Call) -> Value:
    """The caller's chats and open chats whose title contains the words."""
    mine = f"ID in (select CHAT_ID from {CHAT_MEMBER.name} where USER_ID = ?)"  # noqa: S608
    where = f"TYPE <> 'private' and contains(TITLE, ?) and (TYPE = 'open' or {mine})"
    rows = call.portal.storage.rows(CHAT, COLUMNS, where, [search_words(call, 2), call.user])
    part, total, following = paged(call, rows)
    return RowPage([chat_card(call, row) for row in part], following, total)


def register(registry: Registry) -> None:
    """Register the search for chats."""
    registry.classic("im.search.chat.list", "im", _search_chats)
