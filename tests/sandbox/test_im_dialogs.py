"""Recent dialogs that are hidden or marked, muted chats, searches in messages and notifications, folders of chats."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def _chat(write: Caller, text: str = "First words") -> int:
    chat: int = await write.result("im.chat.add", {"TITLE": "Plans", "USERS": [2], "MESSAGE": text})
    return chat


async def _recent(write: Caller, chat: int) -> list[dict[str, Any]]:
    return [row for row in await write.result("im.recent.get") if row["id"] == f"chat{chat}"]


async def test_a_hidden_dialog_comes_back_with_a_new_message(write: Caller) -> None:
    chat = await _chat(write)
    assert len(await _recent(write, chat)) == 1
    assert await write.result("im.recent.hide", {"DIALOG_ID": f"chat{chat}"}) is True
    assert await _recent(write, chat) == []
    await write.result("im.message.add", {"DIALOG_ID": f"chat{chat}", "MESSAGE": "Again"})
    assert len(await _recent(write, chat)) == 1


async def test_a_dialog_is_marked_as_unread_until_the_mark_is_removed(write: Caller) -> None:
    chat = await _chat(write)
    for action, unread in (({}, True), ({"ACTION": "N"}, False)):
        assert await write.result("im.recent.unread", {"DIALOG_ID": f"chat{chat}", **action}) is True
        assert (await _recent(write, chat))[0]["unread"] is unread


@pytest.mark.parametrize("method", ["im.recent.hide", "im.recent.unread"])
async def test_a_dialog_must_be_named(call: Caller, method: str) -> None:
    _, answer = await call.refused(method)
    assert answer["error"] == "DIALOG_ID_EMPTY"


async def test_a_muted_chat_is_in_the_counters(write: Caller) -> None:
    chat = await _chat(write)
    assert await write.result("im.chat.mute", {"CHAT_ID": chat, "MUTE": "Y"}) is True
    assert (await write.result("im.counters.get"))["CHAT_MUTED"] == [chat]
    assert await write.result("im.chat.mute", {"CHAT_ID": chat, "MUTE": "N"}) is True
    assert (await write.result("im.counters.get"))["CHAT_MUTED"] == []
    _, answer = await write.refused("im.chat.mute")
    assert answer["error"] == "CHAT_ID_EMPTY"


async def test_messages_of_a_chat_are_searched_by_text_and_date(write: Caller) -> None:
    chat = await _chat(write)
    for text in ("Budget for March", "Other things", "The budget again"):
        await write.result("im.message.add", {"DIALOG_ID": f"chat{chat}", "MESSAGE": text})
    method = "im.dialog.messages.search"

    async def texts(**sent: object) -> list[str]:
        found = await write.result(method, {"CHAT_ID": chat, **sent})
        return [message["text"] for message in found["messages"]]

    assert await texts(SEARCH_MESSAGE="BUDGET") == ["The budget again", "Budget for March"]
    assert await texts(SEARCH_MESSAGE="budget", ORDER={"ID": "ASC"}, LIMIT=1) == ["Budget for March"]
    assert len(await texts(DATE="2026-03-01")) == 4
    assert await texts(DATE="2026-02-28") == []
    assert await texts(DATE_FROM="2026-03-02T00:00:00+03:00") == []
    found = await write.result(method, {"CHAT_ID": chat})
    assert [user["firstName"] for user in found["users"]] == [(await write.result("im.user.get"))["first_name"]]
    _, answer = await write.refused(method)
    assert answer["error"] == "CHAT_ID_EMPTY"


async def test_notifications_are_searched_by_text_and_author(write: Caller) -> None:
    for text in ("Invoice is paid", "Lunch"):
        await write.result("im.notify.system.add", {"USER_ID": 1, "MESSAGE": text})
    await write.result("im.notify.personal.add", {"USER_ID": 1, "MESSAGE": "Invoice is late"})
    method = "im.notify.history.search"
    found = await write.result(method, {"SEARCH_TEXT": "invoice"})
    assert [notice["text"] for notice in found["notifications"]] == ["Invoice is late", "Invoice is paid"]
    assert found["total_results"] == 2
    mine = await write.result(method, {"SEARCH_TEXT": "invoice", "SEARCH_AUTHORS": [1]})
    assert [notice["text"] for notice in mine["notifications"]] == ["Invoice is late"]
    for sent, code in (({"SEARCH_TEXT": "in"}, "SEARCH_TEXT_ERROR"), ({"LAST_ID": "x"}, "SEARCH_TEXT_ERROR")):
        _, answer = await write.refused(method, sent)
        assert answer["error"] == code
    _, answer = await write.refused(method, {"SEARCH_TEXT": "invoice", "LAST_ID": "x"})
    assert answer["error"] == "LAST_ID_STRING"


async def test_the_kinds_of_notifications_are_grouped_by_module(call: Caller) -> None:
    for module, group in (await call.result("im.notify.schema.get")).items():
        assert group["MODULE_ID"] == module
        assert all(kind["ID"].startswith(f"{module}|") for kind in group["LIST"])


async def test_a_chat_has_one_folder_for_its_files(write: Caller) -> None:
    chat = await _chat(write)
    folder = await write.result("im.disk.folder.get", {"CHAT_ID": chat})
    assert await write.result("im.disk.folder.get", {"DIALOG_ID": f"chat{chat}"}) == folder
    assert (await write.result("disk.folder.get", {"id": folder["ID"]}))["TYPE"] == "folder"


async def test_being_away_starts_and_ends(write: Caller) -> None:
    assert await write.result("im.user.status.idle.start", {"AGO": 10}) is True
    assert await write.result("im.user.status.idle.end") is True
