"""Chats: UPPER-case parameters, dialogs named `chat57` or by a user, users as cards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Caller


async def _chat(write: Caller, **params: object) -> int:
    chat: int = await write.result("im.chat.add", {"TITLE": "Сделка", "USERS": [2, 3], **params})
    return chat


async def test_a_chat_contains_its_creator_and_the_invited_users(write: Caller) -> None:
    chat = await _chat(write, ENTITY_TYPE="CRM", ENTITY_ID="DEAL|7", COLOR="PINK")
    assert await write.result("im.chat.user.list", {"CHAT_ID": chat}) == [1, 2, 3]
    assert await write.result("im.chat.get", {"ENTITY_TYPE": "CRM", "ENTITY_ID": "DEAL|7"}) == {"ID": chat}
    shown = await write.result("im.dialog.get", {"DIALOG_ID": f"chat{chat}"})
    assert (shown["name"], shown["owner"], shown["user_counter"], shown["color"]) == ("Сделка", 1, 3, "#f76187")
    assert await write.result("im.chat.user.add", {"CHAT_ID": chat, "USERS": [4, 999]}) is True
    assert await write.result("im.chat.user.delete", {"CHAT_ID": chat, "USER_ID": 2}) is True
    assert await write.result("im.chat.user.list", {"CHAT_ID": chat}) == [1, 3, 4]
    _, answer = await write.refused("im.chat.user.delete", {"CHAT_ID": chat, "USER_ID": 2})
    assert answer["error"] == "USER_NOT_FOUND"
    assert await write.result("im.chat.updateTitle", {"CHAT_ID": chat, "TITLE": "Иное"}) is True
    assert await write.result("im.chat.leave", {"CHAT_ID": chat}) is True
    _, answer = await write.refused("im.chat.updateTitle", {"CHAT_ID": chat, "TITLE": "x"})
    assert answer["error"] == "ACCESS_ERROR"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("im.chat.user.list", {}, "CHAT_ID_EMPTY"),
        ("im.dialog.get", {}, "DIALOG_ID_EMPTY"),
        ("im.message.add", {"DIALOG_ID": "2"}, "MESSAGE_EMPTY"),
        ("im.message.add", {"MESSAGE": "x"}, "USER_ID_EMPTY"),
        ("im.message.add", {"DIALOG_ID": 999, "MESSAGE": "x"}, "USER_NOT_FOUND"),
        ("im.dialog.messages.get", {"DIALOG_ID": "2", "LAST_ID": "abc"}, "LAST_ID_STRING"),
        ("im.notify.personal.add", {"MESSAGE": "x"}, "USER_ID_EMPTY"),
        ("im.notify.delete", {}, "PARAMS_ERROR"),
        ("im.search.user.list", {"FIND": "а"}, "FIND_SHORT"),
        ("im.user.list.get", {"ID": 1}, "INVALID_FORMAT"),
    ],
)
async def test_each_missing_object_has_its_own_code(
    write: Caller, method: str, params: dict[str, object], code: str
) -> None:
    status, answer = await write.refused(method, params)
    assert (status, answer["error"]) == (400, code)


async def test_messages_are_listed_newest_first_and_paged_by_ids(write: Caller) -> None:
    dialog = f"chat{await _chat(write)}"
    ids = [await write.result("im.message.add", {"DIALOG_ID": dialog, "MESSAGE": f"№{n}"}) for n in range(5)]

    async def page(**params: object) -> list[int]:
        answer = await write.result("im.dialog.messages.get", {"DIALOG_ID": dialog, "LIMIT": 2, **params})
        return [message["id"] for message in answer["messages"]]

    assert await page() == [ids[4], ids[3]]
    assert await page(LAST_ID=ids[3]) == [ids[2], ids[1]]
    assert await page(FIRST_ID=0) == [ids[0], ids[1]]
    assert await page(FIRST_ID=ids[3]) == [ids[4]]


async def test_a_message_is_updated_liked_and_deleted_by_its_author(write: Caller) -> None:
    message = await write.result("im.message.add", {"DIALOG_ID": 2, "MESSAGE": "привет"})
    assert await write.result("im.message.update", {"MESSAGE_ID": message, "MESSAGE": "здравствуйте"}) is True
    assert await write.result("im.message.like", {"MESSAGE_ID": message, "ACTION": "plus"}) is True
    _, answer = await write.refused("im.message.like", {"MESSAGE_ID": message, "ACTION": "plus"})
    assert answer["error"] == "WITHOUT_CHANGES"
    shown = (await write.result("im.dialog.messages.get", {"DIALOG_ID": "2"}))["messages"][0]
    assert (shown["text"], shown["params"]) == ("здравствуйте", {"LIKE": [1], "IS_EDITED": "Y"})
    assert await write.result("im.message.delete", {"MESSAGE_ID": message}) is True
    _, answer = await write.refused("im.message.update", {"MESSAGE_ID": message, "MESSAGE": "x"})
    assert answer["error"] == "CANT_EDIT_MESSAGE"


async def _as(write: Caller, user: int, method: str, params: dict[str, object]) -> Any:
    token = write.sandbox.portal.oauth.issue(user).access_token
    response = await write.http.post(f"/rest/{method}?auth={token}", json=params)
    return response.json()["result"]


async def test_both_users_share_a_dialog_and_unread_messages_are_counted(write: Caller) -> None:
    before = (await write.result("im.counters.get"))["TYPE"]
    await write.result("im.message.add", {"DIALOG_ID": "6", "MESSAGE": "раз"})
    await _as(write, 6, "im.message.add", {"DIALOG_ID": "1", "MESSAGE": "два"})
    recent = (await write.result("im.recent.list"))["items"]
    newest = recent[0]
    assert (newest["id"], newest["type"], newest["counter"], newest["message"]["text"]) == (6, "user", 1, "два")
    counters = await write.result("im.counters.get")
    assert (counters["TYPE"]["DIALOG"], counters["DIALOG"]["6"]) == (before["DIALOG"] + 1, 1)
    read = await write.result("im.dialog.read", {"DIALOG_ID": "6"})
    assert (read["dialogId"], read["counter"]) == ("6", 0)
    assert (await write.result("im.counters.get"))["TYPE"]["ALL"] == before["ALL"]
    users = await write("im.dialog.users.list", {"DIALOG_ID": "6"})
    assert ([user["id"] for user in users["result"]], users["total"]) == ([1, 6], 2)


async def test_a_chat_of_others_is_not_accessible(write: Caller) -> None:
    chat = await _as(write, 2, "im.chat.add", {"USERS": [3], "TITLE": "Без первого"})
    status, answer = await write.refused("im.dialog.messages.get", {"DIALOG_ID": f"chat{chat}"})
    assert (status, answer["error"]) == (403, "ACCESS_ERROR")


async def test_the_search_for_chats_finds_own_and_open_chats_by_title(write: Caller) -> None:
    own = await _chat(write)
    opened = await _as(write, 2, "im.chat.add", {"USERS": [3], "TITLE": "Сделка года", "TYPE": "OPEN"})
    await _as(write, 2, "im.chat.add", {"USERS": [3], "TITLE": "Сделка втайне"})
    found = await write("im.search.chat.list", {"FIND": "сделка"})
    assert sorted(chat["id"] for chat in found["result"]) == sorted((own, opened))
    assert found["total"] == 2


async def test_a_notification_replaces_one_with_the_same_tag(write: Caller) -> None:
    await write.result("im.notify.system.add", {"USER_ID": 1, "MESSAGE": "раз", "TAG": "T"})
    second = await write.result("im.notify.personal.add", {"USER_ID": 1, "MESSAGE": "два", "TAG": "T"})
    answer = await write.result("im.notify.get")
    assert [(row["id"], row["text"], row["notify_type"]) for row in answer["notifications"]] == [(second, "два", 2)]
    assert (answer["total_count"], answer["total_unread_count"]) == (1, 1)
    assert await write.result("im.notify.read", {"ID": second}) is True
    assert (await write.result("im.notify.get"))["total_unread_count"] == 0
    assert await write.result("im.notify.delete", {"TAG": "T"}) is True


async def test_found_users_are_a_map_by_id(call: Caller) -> None:
    answer = await call("im.search.user.list", {"FIND": "менеджер", "LIMIT": 2})
    assert len(answer["result"]) == 2
    assert (answer["next"], answer["total"] > 2) == (2, True)
    one = await call.result("im.user.get", {"ID": 3})
    assert (one["id"], one["name"], one["gender"], one["bot"]) == (3, "Анна Соколова", "F", False)
    several = await call.result("im.user.list.get", {"ID": [3, 999]})
    assert (several["3"]["first_name"], several["999"]) == ("Анна", None)


async def test_departments_list_their_users(call: Caller) -> None:
    assert await call.result("im.department.managers.get", {"ID": [2]}) == {"2": [2]}
    people = await call.result("im.department.employees.get", {"ID": [3], "USER_DATA": "Y"})
    assert [person["name"] for person in people["3"]] == ["Laura Bennett", "Daniel Kruger"]
    assert (await call.result("im.department.get", {"ID": [2]}))[0]["manager_user_id"] == 2
