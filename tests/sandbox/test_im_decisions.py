"""What chats decide: membership, owners, authors, unread messages, notifications of others."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller


async def _chat(write: Caller, *users: int, **more: object) -> int:
    return int(await write.result("im.chat.add", {"TITLE": "Склад", "USERS": list(users), **more}))


async def _members(write: Caller, chat: int) -> list[int]:
    return list(await write.result("im.chat.user.list", {"CHAT_ID": chat}))


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("im.chat.updatetitle", {"TITLE": "Чужой"}),
        ("im.chat.updatecolor", {"COLOR": "GREEN"}),
        ("im.chat.user.add", {"USERS": [4]}),
        ("im.chat.user.list", {}),
        ("im.chat.leave", {}),
        ("im.chat.setowner", {"USER_ID": 4}),
    ],
)
async def test_a_stranger_cannot_use_a_chat(write: Caller, method: str, sent: dict[str, object]) -> None:
    chat = await _chat(write, 3)
    _, answer = await write.as_user().refused(method, {"CHAT_ID": chat, **sent})
    assert answer["error"] == "ACCESS_ERROR"
    assert await _members(write, chat) == [1, 3]


async def test_an_open_chat_is_read_by_everyone(write: Caller) -> None:
    closed, open_ = await _chat(write, 3), await _chat(write, 3, TYPE="OPEN")
    user = write.as_user()
    status, answer = await user.refused("im.dialog.get", {"DIALOG_ID": f"chat{closed}"})
    assert (status, answer["error"]) == (403, "ACCESS_ERROR")
    assert (await user.result("im.dialog.get", {"DIALOG_ID": f"chat{open_}"}))["message_type"] == "O"


async def test_only_the_owner_removes_members_and_anyone_leaves(write: Caller) -> None:
    chat, user = await _chat(write, 3, 4), write.as_user()
    _, answer = await user.refused("im.chat.user.delete", {"CHAT_ID": chat, "USER_ID": 3})
    assert answer["error"] == "ACCESS_DENIED_KICK"
    assert await write.result("im.chat.user.delete", {"CHAT_ID": chat, "USER_ID": 3}) is True
    assert await user.result("im.chat.user.delete", {"CHAT_ID": chat, "USER_ID": 4}) is True
    assert await _members(write, chat) == [1]
    _, answer = await write.refused("im.chat.user.delete", {"CHAT_ID": chat, "USER_ID": 3})
    assert answer["error"] == "USER_NOT_FOUND"


async def test_only_the_owner_appoints_a_member_as_owner(write: Caller) -> None:
    chat, user = await _chat(write, 4), write.as_user()
    for caller, new in ((user, 4), (write, 3)):
        _, answer = await caller.refused("im.chat.setowner", {"CHAT_ID": chat, "USER_ID": new})
        assert answer["error"] == "WRONG_REQUEST"
    assert await write.result("im.chat.setowner", {"CHAT_ID": chat, "USER_ID": 4}) is True
    assert (await write.result("im.dialog.get", {"DIALOG_ID": f"chat{chat}"}))["owner"] == 4


async def test_members_are_added_once_and_must_exist(write: Caller) -> None:
    chat = await _chat(write, 3)
    await write.result("im.chat.user.add", {"CHAT_ID": chat, "USERS": [3, 5, 99_999]})
    assert await _members(write, chat) == [1, 3, 5]


async def test_a_chat_without_a_title_is_named_after_its_members(write: Caller) -> None:
    chat = await write.result("im.chat.add", {"USERS": [3]})
    name = (await write.result("im.dialog.get", {"DIALOG_ID": f"chat{chat}"}))["name"]
    assert name == "Марина Левченко, Анна Соколова"


@pytest.mark.parametrize("method", ["im.message.update", "im.message.delete"])
async def test_a_message_is_changed_by_its_author_only(write: Caller, method: str) -> None:
    chat = await _chat(write, 4)
    sent = {"DIALOG_ID": f"chat{chat}", "MESSAGE": "Моё"}
    message = await write.result("im.message.add", sent)
    _, answer = await write.as_user().refused(method, {"MESSAGE_ID": message, "MESSAGE": "Не моё"})
    assert answer["error"] == "CANT_EDIT_MESSAGE"
    await write.result("im.message.delete", {"MESSAGE_ID": message})
    _, answer = await write.refused(method, {"MESSAGE_ID": message, "MESSAGE": "Поздно"})
    assert answer["error"] == "CANT_EDIT_MESSAGE"


async def test_an_answer_stays_in_its_chat(write: Caller) -> None:
    first, second = await _chat(write, 3), await _chat(write, 3)
    message = await write.result("im.message.add", {"DIALOG_ID": f"chat{first}", "MESSAGE": "Раз"})
    reply = {"MESSAGE": "Два", "REPLY_ID": message}
    _, answer = await write.refused("im.message.add", {**reply, "DIALOG_ID": f"chat{second}"})
    assert answer["error"] == "REPLY_FROM_OTHER_CHAT_ERROR"
    assert await write.result("im.message.add", {**reply, "DIALOG_ID": f"chat{first}"}) > message


async def test_own_messages_are_never_unread(write: Caller) -> None:
    chat, user = await _chat(write, 4), write.as_user()
    dialog = {"DIALOG_ID": f"chat{chat}"}
    for text in ("Раз", "Два"):
        await write.result("im.message.add", {**dialog, "MESSAGE": text})
    assert (await write.result("im.dialog.get", dialog))["counter"] == 0
    assert (await user.result("im.dialog.get", dialog))["counter"] == 2
    await user.result("im.message.add", {**dialog, "MESSAGE": "Три"})
    assert (await user.result("im.dialog.get", dialog))["counter"] == 0
    assert (await write.result("im.dialog.get", dialog))["counter"] == 1
    last = (await write.result("im.dialog.read", dialog))["lastId"]
    assert (await write.result("im.dialog.get", dialog))["counter"] == 0
    await write.result("im.dialog.read", {**dialog, "MESSAGE_ID": 1})
    assert (await write.result("im.dialog.get", dialog))["last_id"] == last


async def test_a_system_message_has_no_author(write: Caller) -> None:
    dialog = {"DIALOG_ID": f"chat{await _chat(write, 3)}"}
    await write.result("im.message.add", {**dialog, "MESSAGE": "Сбой", "SYSTEM": "Y"})
    assert (await write.result("im.dialog.messages.get", dialog))["messages"][0]["author_id"] == 0


@pytest.mark.parametrize(("action", "changes"), [("plus", True), ("minus", False), ("auto", True)])
async def test_a_like_is_given_once(write: Caller, action: str, changes: bool) -> None:
    message = await write.result("im.message.add", {"DIALOG_ID": "3", "MESSAGE": "Да"})
    sent = {"MESSAGE_ID": message, "ACTION": action}
    if changes:
        assert await write.result("im.message.like", sent) is True
        shown = (await write.result("im.dialog.messages.get", {"DIALOG_ID": "3"}))["messages"][0]
        assert shown["params"]["LIKE"] == [1]
        assert await write.result("im.message.like", {"MESSAGE_ID": message, "ACTION": "minus"}) is True
    _, answer = await write.refused("im.message.like", {"MESSAGE_ID": message, "ACTION": "minus"})
    assert answer["error"] == "WITHOUT_CHANGES"


async def test_pinned_chats_come_first(write: Caller) -> None:
    for user in (3, 5):
        await write.result("im.message.add", {"DIALOG_ID": user, "MESSAGE": "Да"})
    await write.result("im.recent.pin", {"DIALOG_ID": 3})
    assert [row["id"] for row in (await write.result("im.recent.list"))["items"]][:2] == [3, 5]
    await write.result("im.recent.pin", {"DIALOG_ID": 3, "PIN": "N"})
    assert [row["id"] for row in (await write.result("im.recent.list"))["items"]][:2] == [5, 3]


@pytest.mark.parametrize(("skip", "left"), [("SKIP_CHAT", "user"), ("SKIP_DIALOG", "chat")])
async def test_recent_chats_are_filtered_by_kind(write: Caller, skip: str, left: str) -> None:
    chat = await _chat(write, 3, MESSAGE="Раз")
    await write.result("im.message.add", {"DIALOG_ID": 3, "MESSAGE": "Да"})
    rows = await write.result("im.recent.get", {skip: "Y"})
    assert {row["id"] for row in rows} & {f"chat{chat}", 3} == ({3} if skip == "SKIP_CHAT" else {f"chat{chat}"})


async def test_notifications_are_those_of_the_caller(write: Caller) -> None:
    mine = await write.result("im.notify.personal.add", {"USER_ID": 1, "MESSAGE": "Мне"})
    theirs = await write.result("im.notify.system.add", {"USER_ID": 4, "MESSAGE": "Вам"})
    rows = (await write.result("im.notify.get"))["notifications"]
    assert [(row["id"], row["author_id"], row["notify_read"]) for row in rows] == [(mine, 1, "N")]
    await write.result("im.notify.read", {"ID": theirs})
    other = (await write.as_user().result("im.notify.get"))["notifications"]
    assert [(row["id"], row["author_id"], row["notify_read"]) for row in other] == [(theirs, 0, "N")]


@pytest.mark.parametrize(("only", "unread"), [("Y", 1), ("N", 0)])
async def test_reading_a_notification_includes_the_older_ones(write: Caller, only: str, unread: int) -> None:
    for text in ("Раз", "Два"):
        last = await write.result("im.notify.personal.add", {"USER_ID": 1, "MESSAGE": text})
    await write.result("im.notify.read", {"ID": last, "ONLY_CURRENT": only})
    assert (await write.result("im.notify.get"))["total_unread_count"] == unread
