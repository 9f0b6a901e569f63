"""Workflow actions, robots, senders of messages, AI engines, mail services and external lines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.as_application import AsApplication
from tests.sandbox.conftest import Caller

HANDLER = "https://example.com/handler"
ACTION = {"CODE": "md5", "NAME": "Hash", "HANDLER": HANDLER}
SENDER = {"CODE": "sms", "NAME": "Sender", "TYPE": "SMS", "HANDLER": HANDLER}
ENGINE = {"name": "Engine", "code": "gpt", "category": "text", "completions_url": HANDLER}


@pytest.mark.parametrize(
    ("family", "sent", "change"),
    [
        ("bizproc.activity", ACTION, {"FIELDS": {"NAME": "Other"}}),
        ("bizproc.robot", ACTION, {"FIELDS": {"NAME": "Other"}}),
        ("messageservice.sender", SENDER, {"NAME": "Other"}),
    ],
)
async def test_a_provider_is_listed_by_its_code_until_it_is_deleted(
    write: Caller, family: str, sent: dict[str, Any], change: dict[str, Any]
) -> None:
    app, error = AsApplication(write), "SENDER" if "sender" in family else "ACTIVITY"
    assert await app.result(f"{family}.add", sent) is True
    assert await app.refused(f"{family}.add", sent) == (400, f"ERROR_{error}_ALREADY_INSTALLED")
    assert await app.result(f"{family}.list") == [sent["CODE"]]
    assert await app.result(f"{family}.update", {"CODE": sent["CODE"], **change}) is True
    refused = await app.refused(f"{family}.update", {"CODE": sent["CODE"]})
    nothing = "OTHER_PARAMS_REQUIRED" if error == "SENDER" else "VALIDATION_FAILURE"
    assert refused == (400, f"ERROR_{error}_{nothing}")
    assert await app.result(f"{family}.delete", {"CODE": sent["CODE"]}) is True
    assert await app.refused(f"{family}.delete", {"CODE": sent["CODE"]}) == (400, f"ERROR_{error}_NOT_FOUND")
    assert await app.result(f"{family}.list") == []


@pytest.mark.parametrize("family", ["bizproc.activity", "bizproc.robot", "messageservice.sender"])
async def test_providers_are_for_administrators_of_an_application(write: Caller, family: str) -> None:
    status, answer = await write.refused(f"{family}.list")
    assert (status, answer["error"], answer["error_description"]) == (
        403,
        "ACCESS_DENIED",
        "Application context required",
    )
    assert await AsApplication(write, 2).refused(f"{family}.list") == (403, "ACCESS_DENIED")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CODE": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"CODE": "md 5"}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"NAME": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"HANDLER": "ftp://example.com/"}, "ERROR_UNSUPPORTED_PROTOCOL"),
        ({"HANDLER": "https:///handler"}, "ERROR_WRONG_HANDLER_URL"),
        ({"PROPERTIES": "text"}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"FILTER": "text"}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
    ],
)
async def test_a_wrong_value_of_a_workflow_action_is_refused(write: Caller, change: dict[str, Any], code: str) -> None:
    app = AsApplication(write)
    assert await app.refused("bizproc.activity.add", {**ACTION, **change}) == (400, code)
    assert await app.result("bizproc.activity.list") == []


async def test_an_action_and_a_robot_share_their_codes(write: Caller) -> None:
    app = AsApplication(write)
    await app.result("bizproc.robot.add", ACTION)
    assert await app.refused("bizproc.activity.add", ACTION) == (400, "ERROR_ACTIVITY_ALREADY_INSTALLED")


async def test_a_sender_sends_sms_only(write: Caller) -> None:
    app = AsApplication(write)
    refused = await app.refused("messageservice.sender.add", {**SENDER, "TYPE": "MAIL"})
    assert refused == (400, "ERROR_SENDER_VALIDATION_FAILURE")


async def test_an_engine_is_registered_once_for_a_category(write: Caller) -> None:
    app = AsApplication(write)
    record = await app.result("ai.engine.register", ENGINE)
    assert await app.refused("ai.engine.register", ENGINE) == (400, "ENGINE_REGISTER_ERROR_CODE_UNIQUE")
    await app.result("ai.engine.register", {**ENGINE, "category": "image"})
    shown = await app.result("ai.engine.list", {"filter": {"category": "text"}})
    assert [(engine["id"], engine["code"]) for engine in shown] == [(record, "gpt")]
    assert len(await app.result("ai.engine.list", {"limit": 1})) == 1
    assert await app.result("ai.engine.unregister", {"code": "gpt"}) is True
    assert await app.result("ai.engine.list") == []
    assert await app.result("ai.engine.unregister", {"code": "gpt"}) is False


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "NAME"),
        ({"code": 5}, "CODE"),
        ({"code": "g p t"}, "CODE_FORMAT"),
        ({"category": ""}, "CATEGORY"),
        ({"category": "video"}, "CATEGORY_FORMAT"),
        ({"completions_url": ""}, "COMPLETIONS_URL"),
        ({"completions_url": "nowhere"}, "COMPLETIONS_URL_FAIL"),
        ({"settings": "text"}, "SETTINGS_FORMAT"),
    ],
)
async def test_a_wrong_value_of_an_engine_is_refused(write: Caller, change: dict[str, Any], code: str) -> None:
    refused = await AsApplication(write).refused("ai.engine.register", {**ENGINE, **change})
    assert refused == (400, f"ENGINE_REGISTER_ERROR_{code}")


async def test_a_mail_service_is_added_changed_and_deleted(write: Caller) -> None:
    _, answer = await write.refused("mailservice.list")
    assert answer["error_description"] == "No mail services found"
    record = await write.result("mailservice.add", {"NAME": "Mail", "SERVER": "imap.example.com", "PORT": 993})
    shown = await write.result("mailservice.get", {"ID": record})
    assert (shown["ID"], shown["NAME"], shown["PORT"], shown["ACTIVE"]) == (str(record), "Mail", "993", "Y")
    assert [service["ID"] for service in await write.result("mailservice.list")] == [str(record)]
    assert await write.result("mailservice.update", {"ID": record, "NAME": "Post", "ACTIVE": "N"}) is True
    assert (await write.result("mailservice.get", {"ID": record}))["NAME"] == "Post"
    await write.refused("mailservice.list")
    assert await write.result("mailservice.delete", {"ID": record}) is True
    _, answer = await write.refused("mailservice.get", {"ID": record})
    assert answer["error_description"] == "Mail service not found"


async def test_a_mail_service_needs_a_name_valid_values_and_an_administrator(write: Caller) -> None:
    for sent, words in (
        ({"SERVER": "imap.example.com"}, 'Required field "Name" not filled'),
        ({"NAME": "Mail", "PORT": 70000}, 'Invalid value for "Порт"'),
        ({"NAME": "Mail", "ACTIVE": "perhaps"}, 'Invalid value for "Активность"'),
    ):
        _, answer = await write.refused("mailservice.add", sent)
        assert (answer["error"], answer["error_description"]) == ("ERROR_CORE", words)
    user = AsApplication(write, 2)
    assert await user.refused("mailservice.add", {"NAME": "Mail"}) == (400, "ERROR_CORE")
    assert (await user.result("mailservice.fields"))["NAME"] == "Название"


async def test_an_external_line_has_a_number_of_its_own(write: Caller) -> None:
    app, line = AsApplication(write), "telephony.externalLine"
    record = (await app.result(f"{line}.add", {"NUMBER": "74951234567", "NAME": "Help"}))["ID"]
    assert await app.refused(f"{line}.add", {"NUMBER": "74951234567"}) == (400, "ERROR_CORE")
    shown = {"NUMBER": "74951234567", "NAME": "Help", "CRM_AUTO_CREATE": "Y"}
    assert await app.result(f"{line}.get") == [shown]
    changed = await app.result(f"{line}.update", {"NUMBER": "74951234567", "CRM_AUTO_CREATE": "N"})
    assert changed == {"ID": str(record)}
    assert await app.result(f"{line}.get") == [{**shown, "CRM_AUTO_CREATE": "N"}]
    assert await app.refused(f"{line}.update", {"NUMBER": "74951234567"}) == (400, "ERROR_CORE")
    assert await app.result(f"{line}.delete", {"NUMBER": "74951234567"}) == []
    assert await app.refused(f"{line}.delete", {"NUMBER": "74951234567"}) == (400, "ERROR_CORE")
    status, answer = await write.refused(f"{line}.get")
    assert (status, answer["error"]) == (403, "WRONG_AUTH_TYPE")


async def _finished(app: AsApplication) -> str:
    sent = {"USER_ID": 1, "PHONE_NUMBER": "+70005551234", "TYPE": 2}
    number: str = (await app.result("telephony.externalCall.register", sent))["CALL_ID"]
    refused = await app.refused("telephony.externalCall.attachRecord", {"CALL_ID": number, "FILENAME": "a.mp3"})
    assert refused == (400, "ERROR_CORE")
    await app.result("telephony.externalCall.finish", {"CALL_ID": number, "USER_ID": 1, "DURATION": 5})
    return number


async def test_a_record_is_attached_at_once_or_uploaded_to_the_given_address(write: Caller) -> None:
    app = AsApplication(write)
    number = await _finished(app)
    method = "telephony.externalCall.attachRecord"
    attached = await app.result(method, {"CALL_ID": number, "FILENAME": "a.mp3", "FILE_CONTENT": "QUJD"})
    assert attached["FILE_ID"] > 0
    place = await app.result(method, {"CALL_ID": number, "FILENAME": "a.mp3"})
    response = await write.http.post(place["uploadUrl"], files={place["fieldName"]: ("a.mp3", b"ABC")})
    assert response.json()["result"]["FILE_ID"] > attached["FILE_ID"]
    for wrong in ({}, {"FILENAME": "a.txt"}):
        assert await app.refused(method, {"CALL_ID": number, **wrong}) == (400, "ERROR_CORE")


async def test_a_transcript_is_attached_to_a_finished_call(write: Caller) -> None:
    app = AsApplication(write)
    number = await _finished(app)
    message = {"SIDE": "User", "START_TIME": 0, "STOP_TIME": 1, "MESSAGE": "Hello"}
    method = "telephony.call.attachTranscription"
    assert (await app.result(method, {"CALL_ID": number, "MESSAGES": [message]}))["TRANSCRIPT_ID"] > 0
    for wrong in ({"SIDE": "Cat"}, {"START_TIME": -1}, {"STOP_TIME": 0}, {"MESSAGE": ""}):
        sent = {"CALL_ID": number, "MESSAGES": [{**message, **wrong}]}
        assert await app.refused(method, sent) == (400, "ERROR_CORE")


async def test_a_phone_number_finds_its_clients(write: Caller) -> None:
    phone = {"VALUE": "+7 (000) 555-77-11", "VALUE_TYPE": "WORK"}
    fields = {"NAME": "Ada", "LAST_NAME": "Lind", "PHONE": [phone], "ASSIGNED_BY_ID": 2}
    contact = await write.result("crm.contact.add", {"fields": fields})
    found = await write.result("telephony.externalCall.searchCrmEntities", {"PHONE_NUMBER": "70005557711"})
    assert [(client["CRM_ENTITY_TYPE"], client["CRM_ENTITY_ID"], client["NAME"]) for client in found] == [
        ("CONTACT", contact, "Ada Lind")
    ]
    assert found[0]["ASSIGNED_BY"]["ID"] == "2"
    _, answer = await write.refused("telephony.externalCall.searchCrmEntities")
    assert answer["error_description"] == "PHONE_NUMBER is empty"
