"""Marks of a user in the messenger."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Caller


async def test_all_notifications_are_marked_read_together(write: Caller) -> None:
    for text in ("one", "two"):
        await write.result("im.notify.system.add", {"USER_ID": 1, "MESSAGE": text})
    assert (await write.result("im.notify.get"))["total_unread_count"] == 2
    assert await write.result("im.notify.read.all") == {"result": True, "newCounter": 0}
    assert (await write.result("im.notify.get"))["total_unread_count"] == 0


async def test_a_list_of_notifications_is_marked_read_up_to_the_first_invalid_id(write: Caller) -> None:
    add = "im.notify.system.add"
    ids = [await write.result(add, {"USER_ID": 1, "MESSAGE": text}) for text in ("one", "two", "three")]
    assert await write.result("im.notify.read.list", {"IDS": [ids[0], 0, ids[1]]}) is True
    assert (await write.result("im.notify.get"))["total_unread_count"] == 2
    assert await write.result("im.notify.read.list", {"IDS": ids[:1], "ACTION": "N"}) is True
    assert (await write.result("im.notify.get"))["total_unread_count"] == 3


async def test_notification_ids_must_be_a_list(call: Caller) -> None:
    assert await call.refused("im.notify.read.list", {"IDS": 1}) == (
        400,
        {"error": "PARAMS_ERROR", "error_description": "No IDS param or it is not an array"},
    )


async def test_all_dialogs_are_marked_read_together(write: Caller) -> None:
    chat = await write.result("im.chat.add", {"USERS": [2]})
    message = await write.result("im.message.add", {"DIALOG_ID": f"chat{chat}", "MESSAGE": "unread"})
    await write.result("im.dialog.unread", {"DIALOG_ID": f"chat{chat}", "MESSAGE_ID": message})
    assert (await write.result("im.dialog.get", {"DIALOG_ID": f"chat{chat}"}))["last_id"] == message - 1
    assert await write.result("im.dialog.read.all") is True
    assert (await write.result("im.dialog.get", {"DIALOG_ID": f"chat{chat}"}))["last_id"] == message


async def test_recently_found_dialogs_are_listed_latest_first(write: Caller) -> None:
    chat = await write.result("im.chat.add", {"USERS": [2], "TITLE": "Plans"})
    for dialog in ("2", f"chat{chat}", "3", "2"):
        assert await write.result("im.search.last.add", {"DIALOG_ID": dialog}) is True
    found = await write.result("im.search.last.get")
    assert [(item["id"], item["type"]) for item in found] == [(2, "user"), (3, "user"), (f"chat{chat}", "chat")]
    assert found[2]["title"] == found[2]["chat"]["name"] == "Plans"
    assert [item["id"] for item in await write.result("im.search.last.get", {"SKIP_DIALOG": "Y"})] == [f"chat{chat}"]
    assert await write.result("im.search.last.delete", {"DIALOG_ID": "2"}) is True
    assert await write.result("im.search.last.delete", {"DIALOG_ID": "2"}) is False
    assert [item["id"] for item in await write.result("im.search.last.get")] == [3, f"chat{chat}"]


@pytest.mark.parametrize("dialog", ["999999", "chat999999"])
async def test_unknown_dialogs_are_not_stored_as_found(write: Caller, dialog: str) -> None:
    assert await write.result("im.search.last.add", {"DIALOG_ID": dialog}) is False
    assert await write.result("im.search.last.get") == []
