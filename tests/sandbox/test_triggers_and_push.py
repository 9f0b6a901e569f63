"""Triggers of automation, channels of applications, and a method that waits for an administrator."""

from __future__ import annotations

import pytest

from tests.sandbox.as_application import AsApplication
from tests.sandbox.conftest import Caller

TRIGGER = {"CODE": "order.paid", "NAME": "Order is paid"}


async def test_a_trigger_is_registered_renamed_and_deleted(write: Caller) -> None:
    app = AsApplication(write)
    assert await app.result("crm.automation.trigger.add", TRIGGER) is True
    assert await app.result("crm.automation.trigger.add", {**TRIGGER, "NAME": "Paid"}) is True
    assert await app.result("crm.automation.trigger.list") == [{"NAME": "Paid", "CODE": "order.paid"}]
    assert await app.result("crm.automation.trigger.delete", {"CODE": "order.paid"}) is True
    assert await app.refused("crm.automation.trigger.delete", {"CODE": "order.paid"}) == (400, "")
    assert await app.result("crm.automation.trigger.list") == []


async def test_a_trigger_is_fired_for_a_record_of_a_known_type(write: Caller) -> None:
    app = AsApplication(write)
    method, sent = "crm.automation.trigger.execute", {"CODE": "order.paid", "OWNER_TYPE_ID": 2, "OWNER_ID": 1}
    assert await app.refused(method, sent) == (400, "")
    await app.result("crm.automation.trigger.add", TRIGGER)
    assert await app.result(method, sent) is True
    for wrong in ({"OWNER_TYPE_ID": 99}, {"OWNER_ID": 0}, {"CODE": "a b"}, {"CODE": ""}):
        assert await app.refused(method, {**sent, **wrong}) == (400, "")


async def test_triggers_are_for_administrators_of_an_application(write: Caller) -> None:
    _, answer = await write.refused("crm.automation.trigger.list")
    assert answer["error_description"] == "Access denied! Application context required"
    assert await AsApplication(write, 2).refused("crm.automation.trigger.list") == (403, "ACCESS_DENIED")


async def test_each_user_of_an_application_has_a_channel_and_all_share_one(call: Caller) -> None:
    mine = (await AsApplication(call).result("pull.application.config.get"))["channels"]
    other = (await AsApplication(call, 2).result("pull.application.config.get"))["channels"]
    assert mine["shared"]["id"] == other["shared"]["id"]
    assert mine["private"]["id"] != other["private"]["id"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [({}, "COMMAND_ERROR"), ({"COMMAND": "go", "PARAMS": "x"}, "PARAMS_ERROR"), ({"MODULE_ID": 1}, "MODULE_ID_ERROR")],
)
async def test_a_malformed_event_is_refused(call: Caller, sent: dict[str, object], code: str) -> None:
    app = AsApplication(call)
    assert await app.refused("pull.application.event.add", sent) == (400, code)
    assert await app.result("pull.application.event.add", {"COMMAND": "go", "PARAMS": {"a": 1}}) is True


async def test_other_users_are_reached_by_an_administrator_only(call: Caller) -> None:
    app, user = AsApplication(call), AsApplication(call, 2)
    event = {"COMMAND": "go", "USER_ID": [1]}
    assert await user.refused("pull.application.event.add", event) == (400, "USER_ID_ACCESS_ERROR")
    assert await app.result("pull.application.event.add", event) is True
    assert await user.refused("pull.application.push.add", {"TEXT": "Hi"}) == (400, "ACCESS_ERROR")
    assert await app.refused("pull.application.push.add") == (400, "TEXT_ERROR")
    assert await app.result("pull.application.push.add", {"TEXT": "Hi"}) is True
    for method in ("config.get", "event.add", "push.add"):
        status, answer = await call.refused(f"pull.application.{method}")
        assert (status, answer["error"]) == (403, "WRONG_AUTH_TYPE")


async def test_telephone_settings_wait_for_an_administrator_when_an_application_asks(call: Caller) -> None:
    sent = {"USER_ID": [1, 2]}
    refused = await AsApplication(call).refused("voximplant.user.get", sent)
    assert refused == (401, "METHOD_CONFIRM_WAITING")
    assert [person["ID"] for person in await call.result("voximplant.user.get", sent)] == ["1", "2"]
